"""The command line: arguments in, exit codes out.

Exit codes: 0 fine, 1 findings, drift or a failed run, 2 wrong usage, 3 refused for safety,
70 a fault of pipegen, 130 interrupted. stdout is the product, stderr the log.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from pipegen import __version__, console, opening
from pipegen.graph import GraphFormat
from pipegen.report import Format

P = ParamSpec("P")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Compile declarative YAML pipelines to code for Airflow, Dagster, Prefect and dbt.",
)

INTERNAL, INTERRUPTED = 70, 130

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Pipeline files or folders; the whole project if left out."),
]
OutputFormat = Annotated[
    Format | None,
    typer.Option(
        "--output-format", help="How findings are written; `github` under GitHub Actions."
    ),
]
Backends = Annotated[
    list[str] | None,
    typer.Option("--backend", help="This back end only; may be repeated.", metavar="NAME"),
]
Environment = Annotated[
    str | None,
    typer.Option("--env", help="Lay one of the project's environments over it.", metavar="NAME"),
]
Rules = Annotated[
    list[str] | None,
    typer.Option("--select", help="Check these rules only, as PG601 or PG6.", metavar="CODE"),
]
Ignored = Annotated[
    list[str] | None,
    typer.Option("--ignore", help="Leave these rules out, as PG603.", metavar="CODE"),
]
Pipeline = Annotated[str, typer.Argument(help="The pipeline's name or file.")]


def main() -> None:
    """Run the command line."""
    gc.disable()  # a command ends before garbage matters, and looking for it takes a third longer
    app()


def _guarded(command: Callable[P, int]) -> Callable[P, None]:
    """Turn what a command returns or raises into an exit code."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except (typer.Exit, typer.BadParameter):
            raise
        except opening.UsageError as error:
            raise typer.BadParameter(str(error)) from None
        except console.Faulty as error:
            code = error.code
        except KeyboardInterrupt:
            code = INTERRUPTED
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        except Exception as error:
            code = _internal(error)
        raise typer.Exit(code)

    return run


def _internal(error: Exception) -> int:
    import traceback

    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno}"
    typer.echo(
        f"internal error: {type(error).__name__}: {error} ({place})\n"
        "This is a fault of pipegen, not of your files. Set PIPEGEN_DEBUG=1 for the traceback.",
        err=True,
    )
    if os.environ.get("PIPEGEN_DEBUG"):
        traceback.print_exception(error)
    return INTERNAL


@app.callback(invoke_without_command=True)
def pipegen(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Compile declarative YAML pipelines to code for Airflow, Dagster, Prefect and dbt."""
    if version:
        typer.echo(f"pipegen {__version__}")
        raise typer.Exit


@app.command()
@_guarded
def validate(
    paths: Paths = None,
    env: Environment = None,
    select: Rules = None,
    ignore: Ignored = None,
    stdin_filename: Annotated[
        Path | None,
        typer.Option("--stdin-filename", help="With `-` for PATHS: the file that stdin holds."),
    ] = None,
    output_format: OutputFormat = None,
) -> int:
    """Check everything that can be known without running; `-` reads a file from stdin."""
    from pipegen.compiler import compile_project

    stdin = (sys.stdin.buffer, stdin_filename) if paths == [Path("-")] else None
    with console.faults(output_format, sys.stdout):
        opened = opening.project(paths, env, stdin)
        targets = opening.targets(opened.project, written=False)
    left_out = opening.left_out(select, ignore)
    compilation = compile_project(opened.project, targets, ignore=left_out, write=False)
    found = opened.findings(compilation)
    if opened.whole:
        found += [problem for problem in compilation.findings if not problem.is_error]
    texts = opened.project.texts
    console.report(found, opened.project.root, output_format, sys.stdout, texts)
    if not found and output_format in (None, Format.HUMAN, Format.CONCISE):
        typer.echo(f"{_count(len(opened.of(compilation)), 'pipeline')} fine", err=True)
    return console.code(found)


@app.command()
@_guarded
def render(
    paths: Paths = None,
    backend: Backends = None,
    out: Annotated[
        Path | None, typer.Option(help="Write below this folder instead of the project's.")
    ] = None,
    env: Environment = None,
    exposures: Annotated[
        bool,
        typer.Option(
            "--exposures",
            help="Also write dbt exposures of the activations, into the dbt projects they read.",
        ),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if a file is out of date.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what would change.")
    ] = False,
    output_format: OutputFormat = None,
) -> int:
    """Write the code of each pipeline for each back end, and its lock."""
    from pipegen import deliver, output
    from pipegen.compiler import compile_project

    with console.faults(output_format, sys.stderr):
        opened = opening.project(paths, env)
        targets = opening.targets(opened.project, backend, needed=not exposures)
    project = opened.project
    compilation = compile_project(project, targets, expose=exposures)
    parcels = deliver.parcels(compilation, opened.chosen, project.root, out)
    found = opened.findings(compilation)
    for parcel in parcels if diff else ():
        typer.echo(deliver.difference(parcel), nl=False)
    if check:
        found += [problem for parcel in parcels for problem in deliver.drift(parcel)]
    for finding in deliver.write(parcels) if not check and not diff else ():
        if finding.status in deliver.CHANGED:
            typer.echo(
                f"{finding.status} {console.prefix(out or project.root, Path.cwd()) / finding.path}"
            )
        elif problem := output.diagnostic(finding):
            found.append(problem)
    for answers in compilation.answers if not check and not diff else ():
        answers.write()
    whole = paths is None and out is None and backend is None
    if check and whole and all(compiled.pipeline for compiled in compilation.pipelines):
        found += deliver.orphans(project, compilation, targets, expose=exposures)
    console.report(found, project.root, output_format, sys.stderr)
    return console.code(found)


@app.command()
@_guarded
def graph(
    pipeline: Pipeline,
    env: Environment = None,
    format: Annotated[GraphFormat, typer.Option(help="How to write it.")] = GraphFormat.MERMAID,
) -> int:
    """Draw the lineage of a pipeline, task by task."""
    from pipegen.compiler import compile_project
    from pipegen.graph import draw

    with console.faults(None, sys.stderr):
        project = opening.around(pipeline, env).project
    compiled = opening.named(compile_project(project, {}).pipelines, pipeline)
    console.report(compiled.diagnostics, project.root, None, sys.stderr)
    if compiled.pipeline is None:
        return console.code(compiled.diagnostics)
    typer.echo(draw(compiled.pipeline, format), nl=False)
    return 0


@app.command()
@_guarded
def run(
    pipeline: Pipeline,
    env: Environment = None,
    date: Annotated[
        str | None, typer.Option(help="The date of the run, YYYY-MM-DD; today if left out.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param", help="A parameter of the run; may be repeated.", metavar="NAME=VALUE"
        ),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="Add what happens to this file, as lines of JSON.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="Run what did not succeed in the last run of this log, and add to it."),
    ] = None,
) -> int:
    """Run a pipeline here, headless, with progress and a summary."""
    from pipegen import deliver, runner
    from pipegen.compiler import compile_project

    with console.faults(None, sys.stderr):
        project = opening.around(pipeline, env).project
        target = project.target("headless")
    compiled = opening.named(compile_project(project, {"headless": target}).pipelines, pipeline)
    errors = [problem for problem in compiled.diagnostics if problem.is_error]
    console.report(errors, project.root, None, sys.stderr)
    if errors:
        return console.code(errors)
    given = {
        "--date": date,
        "--log": log and log.resolve(),
        "--resume": resume and resume.resolve(),
    }
    options = [f"{name}={value}" for name, value in given.items() if value]
    options += [f"--param={word}" for word in param or ()]
    with deliver.script(project.root, compiled, target) as path:
        return runner.run(path, project.root, options)


@app.command()
@_guarded
def explain(code: Annotated[str, typer.Argument(help="A diagnostic's code, as PG101.")]) -> int:
    """Say what a diagnostic means, with an example."""
    from pipegen import explain as explained
    from pipegen.problems import nearest

    try:
        typer.echo(explained.explain(code.upper()), nl=False)
    except KeyError:
        hint = nearest(code.upper(), explained.codes()) or "they are PG001, PG002 and so on"
        raise typer.BadParameter(f"no diagnostic is called '{code}'; {hint}") from None
    return 0


@app.command()
@_guarded
def support(backend: Backends = None) -> int:
    """Say what each back end keeps of what a pipeline can ask for, as a table in Markdown."""
    from pipegen.backends import available
    from pipegen.schema.support import matrix

    typer.echo(matrix(opening.backends_called(backend or available())), nl=False)
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
