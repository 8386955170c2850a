"""What running a model by itself costs, in CPU time: in process, in a process, or all at once.

    python benchmarks/overhead.py [--models N] [--rounds N]

Pipelines of K and of 2K views run for real on each back end; the difference, divided by K, is
what one model more costs. The views are among the models of a dbt project of N, which dbt has
parsed before, and have no tests.

`in process` is what pipegen writes for `granularity: model`. `dbt in a process` starts dbt's
command line for each model. `one dbt build` is `granularity: step`, the floor.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import synthetic
from lanes import PROBES, ROOT, environment, grid, render

PROJECT = """\
version: 1
project: benchmark
backends: {airflow: {}, dagster: {}, prefect: {}, headless: {}}
dbt:
  projects:
    shop: {dir: dbt, profiles_dir: dbt, target: dev, manifest: dbt/target/manifest.json}
"""
PIPELINE = """\
version: 1
pipeline: daily
transforms:
"""
SELECTED = "  views: {{project: shop, select: {}, granularity: {}, tests: none}}\n"
COMMAND = "  {}: {{kind: shell, command: {}, depends_on: {}}}\n"
FILES = {
    "airflow": "dags/pg_daily.py",
    "dagster": "defs/pg_daily.py",
    "prefect": "flows/pg_daily.py",
    "headless": "run/pg_daily.py",
}
MANY = 20
FEW = 2


@dataclass(frozen=True)
class Form:
    """A way to run models on a back end: how it is specified, and how many models K is."""

    lane: str
    name: str
    spec: str
    size: int
    invocation: str = "DBT_RUNNER"
    arguments: tuple[str, ...] = ()


FORMS = (
    Form("headless", "one dbt build", "step", MANY),
    Form("headless", "in process", "model", MANY),
    Form("headless", "dbt in a process", "shell", FEW),
    Form("airflow", "one dbt build", "step", MANY),
    Form("airflow", "in process", "model", MANY),
    Form("airflow", "in process, a fork an attempt", "model", FEW, arguments=("own",)),
    Form("airflow", "dbt in a process", "model", FEW, invocation="SUBPROCESS"),
    Form("dagster", "one dbt build", "step", MANY),
    Form("dagster", "in process", "model", MANY),
    Form("dagster", "dbt in a process", "shell", FEW),
    Form("prefect", "one dbt build", "step", MANY),
    Form("prefect", "in process", "model", MANY),
    Form("prefect", "dbt in a process", "shell", FEW),
)


def main() -> None:
    """Measure, and print a table."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lanes", nargs="*", default=list(FILES))
    options = parser.parse_args()
    cells = [["", "K", "CPU seconds a model", "one dbt build", "rounds"]]
    floor = 0.0
    with TemporaryDirectory() as scratch:
        folder = synthetic.project(Path(scratch), options.models)
        (folder / "pipegen.yaml").write_text(PROJECT, encoding="utf-8")
        (folder / "pipelines").mkdir()
        for form in FORMS:
            if form.lane not in options.lanes:
                continue
            slopes = sorted(measured(form, folder, options.rounds))
            best = median(slopes)
            floor = best if form.spec == "step" else floor
            ratio = f"{best / floor:.0f}x" if best >= floor > 0 else ""
            spread = f"{slopes[0]:.3f} to {slopes[-1]:.3f}"
            name = f"{form.lane}: {form.name}"
            cells.append([name, str(form.size), f"{best:.3f}", ratio, spread])
            print(*cells[-1], file=sys.stderr, flush=True)
    grid(f"Views in a dbt project of {options.models} models", cells)


def measured(form: Form, folder: Path, rounds: int) -> Iterator[float]:
    """Yield what a model more costs, one number a round."""
    once, twice = (written(form, folder, count) for count in (form.size, 2 * form.size))
    spent(form, once)  # dbt parses the project, Python compiles
    for _ in range(rounds):
        less, more = spent(form, once), spent(form, twice)
        yield (more - less) / form.size


def written(form: Form, folder: Path, count: int) -> Path:
    """Render a pipeline of so many models; return the generated file."""
    (folder / "pipelines" / "daily.yaml").write_text(
        PIPELINE + "".join(transforms(form, folder / "dbt", views(folder, count))),
        encoding="utf-8",
    )
    out = f"{form.lane}_{form.name.replace(' ', '_').replace(',', '')}_{count}"
    render(folder, "--backend", form.lane, "--out", out)
    (file,) = (folder / out).rglob(FILES[form.lane])
    if form.invocation != "DBT_RUNNER":
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("DBT_RUNNER", form.invocation), encoding="utf-8")
    return file


def views(folder: Path, count: int) -> list[str]:
    """Return the names of so many staging models, which are views."""
    names = sorted(path.stem for path in (folder / "dbt/models/staging").rglob("*.sql"))
    assert len(names) >= count, "the project is too small"
    return names[:count]


def transforms(form: Form, dbt: Path, names: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the specification that run these models."""
    if form.spec != "shell":
        yield SELECTED.format(json.dumps(names), form.spec)
        return
    options = ["--quiet", "--project-dir", str(dbt), "--profiles-dir", str(dbt)]
    for place, name in enumerate(names):
        command = ["dbt", "build", "--select", name, "--exclude", "resource_type:test", *options]
        before = names[:place][-1:]  # one at a time: DuckDB locks its file
        yield COMMAND.format(name, json.dumps(command), json.dumps(before))


def spent(form: Form, file: Path) -> float:
    """Run a generated file; return the CPU seconds of its process and those it started.

    Raises RuntimeError with what it said if it fails.
    """
    folder = file.parents[1]
    env = environment(form.lane, file.parents[3], SYNTHETIC_DB=str(folder / "synthetic.duckdb"))
    python = ROOT / ".venv" / ("dev" if form.lane == "headless" else form.lane) / "bin" / "python"
    command: list[object] = [python, PROBES / f"run_{form.lane}.py", file, *form.arguments]
    if form.lane == "headless":
        command = [python, file]
    elif form.lane != "airflow":
        command.append("daily")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(
        list(map(str, command)), cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ran.returncode:
        raise RuntimeError(f"{form.lane}, {form.name}:\n{(ran.stdout + ran.stderr)[-4000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
