"""The command line: arguments in, exit codes out.

Exit codes: 0 fine, 1 findings, drift or a failed run, 2 wrong usage, 3 refused for safety,
70 a fault of pipegen, 130 interrupted. stdout is the product, stderr the log.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from pipegen import console
from pipegen.diagnostics import CompileError, Diagnostic
from pipegen.graph import GraphFormat
from pipegen.report import Format

if TYPE_CHECKING:
    from pipegen.backends import Target
    from pipegen.compiler import Compiled
    from pipegen.project import Project

P = ParamSpec("P")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Compile declarative YAML pipelines to code for Airflow, Dagster, Prefect and dbt.",
)

FINDINGS, REFUSED, INTERNAL, INTERRUPTED = 1, 3, 70, 130

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
    typer.Option("--backend", help="Write for this back end; may be repeated.", metavar="NAME"),
]


def main() -> None:
    """Run the command line."""
    app()


def _guarded(command: Callable[P, int]) -> Callable[P, None]:
    """Turn what a command returns or raises into an exit code."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except (typer.Exit, typer.BadParameter):
            raise
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


@app.command()
@_guarded
def validate(paths: Paths = None, output_format: OutputFormat = None) -> int:
    """Check everything that can be known without running."""
    from pipegen.compiler import compile_project

    project, chosen = _open(paths, output_format)
    compilation = compile_project(project, project.targets())
    mine = [compiled for compiled in compilation.pipelines if compiled.file in chosen]
    found = [problem for compiled in mine for problem in compiled.diagnostics]
    console.report(found, project.root, output_format, sys.stdout)
    if not found and output_format in (None, Format.HUMAN, Format.CONCISE):
        typer.echo(f"{_count(len(mine), 'pipeline')} fine", err=True)
    return _code(found)


@app.command()
@_guarded
def render(
    paths: Paths = None,
    backend: Backends = None,
    out: Annotated[
        Path | None, typer.Option(help="Write below this folder instead of the project's.")
    ] = None,
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

    project, chosen = _open(paths, output_format)
    targets = _targets(project, backend)
    compilation = compile_project(project, targets)
    parcels = deliver.parcels(compilation, chosen, project.root, out)
    found = [p for c in compilation.pipelines if c.file in chosen for p in c.diagnostics]
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
    whole = paths is None and out is None and backend is None
    if check and whole and all(compiled.pipeline for compiled in compilation.pipelines):
        found += deliver.orphans(project.root, compilation, targets)
    console.report(found, project.root, output_format, sys.stderr)
    return _code(found)


@app.command()
@_guarded
def graph(
    pipeline: Annotated[str, typer.Argument(help="The pipeline's name or file.")],
    format: Annotated[GraphFormat, typer.Option(help="How to write it.")] = GraphFormat.MERMAID,
) -> int:
    """Draw the lineage of a pipeline, task by task."""
    from pipegen.compiler import compile_project
    from pipegen.graph import draw

    project, _ = _open([Path(pipeline)] if Path(pipeline).is_file() else None, None)
    compiled = _named(compile_project(project, {}).pipelines, pipeline)
    console.report(compiled.diagnostics, project.root, None, sys.stderr)
    if compiled.pipeline is None:
        return _code(compiled.diagnostics)
    typer.echo(draw(compiled.pipeline, format), nl=False)
    return 0


@app.command()
@_guarded
def run(
    pipeline: Annotated[str, typer.Argument(help="The pipeline's name or file.")],
    date: Annotated[
        str | None, typer.Option(help="The date of the run, YYYY-MM-DD; today if left out.")
    ] = None,
) -> int:
    """Run a pipeline here, headless, with progress and a summary."""
    from pipegen import deliver, runner
    from pipegen.compiler import compile_project

    project, _ = _open([Path(pipeline)] if Path(pipeline).is_file() else None, None)
    target = project.target("headless")
    compiled = _named(compile_project(project, {"headless": target}).pipelines, pipeline)
    errors = [problem for problem in compiled.diagnostics if problem.is_error]
    console.report(errors, project.root, None, sys.stderr)
    if _code(compiled.diagnostics):
        return _code(compiled.diagnostics)
    with deliver.script(project.root, compiled, target) as path:
        return runner.run(path, project.root, date)


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


def _open(
    paths: Sequence[Path] | None, output_format: Format | None
) -> tuple[Project, frozenset[str]]:
    """Return the project and the chosen pipeline files; exit if its own file is at fault."""
    from pipegen.project import FILE, load, pipelines, root_of

    start = paths[0] if paths else Path.cwd()
    root = root_of(start)
    if root is None:
        raise typer.BadParameter(f"there is no {FILE} in '{start}' or in a folder above it")
    try:
        return load(root), frozenset(pipelines(root, paths or ()))
    except CompileError as error:
        console.report(error.diagnostics, root, output_format, sys.stderr)
        raise typer.Exit(_code(error.diagnostics)) from None


def _targets(project: Project, names: Iterable[str] | None) -> dict[str, Target]:
    """Return the targets asked for, or those the project names."""
    from pipegen import backends

    chosen = tuple(names or ()) or tuple(project.targets())
    if not chosen:
        raise typer.BadParameter("no back end: name some under `backends`, or use --backend")
    for name in chosen:
        if name not in backends.available():
            known = ", ".join(backends.available())
            raise typer.BadParameter(f"no back end is called '{name}'; there are {known}")
    return {name: project.target(name) for name in chosen}


def _named(pipelines: Iterable[Compiled], wanted: str) -> Compiled:
    """Return the pipeline of a name or file; exit if there is none."""
    listed = list(pipelines)
    for compiled in listed:
        stem = Path(compiled.file).stem
        name = compiled.pipeline.name if compiled.pipeline else stem
        if wanted in (name, compiled.file) or Path(wanted).name == Path(compiled.file).name:
            return compiled
    known = ", ".join(sorted(c.pipeline.name if c.pipeline else c.file for c in listed))
    raise typer.BadParameter(f"no pipeline is called '{wanted}'; there are: {known or 'none'}")


def _code(found: Iterable[Diagnostic]) -> int:
    """Return the exit code findings ask for: warnings ask for none."""
    errors = [problem for problem in found if problem.is_error]
    if any(problem.refusal for problem in errors):
        return REFUSED
    return FINDINGS if errors else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
