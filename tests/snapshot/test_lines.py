"""What a task costs its reader: the lines of code it adds to the file of its pipeline."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipegen import ir
from pipegen.compiler import compile_project
from pipegen.project import load

ROOT = Path(__file__).parents[2]
MOST = 15


def words(statement: ast.stmt) -> Iterator[str]:
    """Yield the names in a statement, and what is quoted in it."""
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name) | ast.Constant(value=str(name)) | ast.FunctionDef(name=name):
                yield name


def is_of_tasks(statement: ast.stmt, tasks: tuple[ir.Task, ...]) -> bool:
    """Whether a statement names a task: `orders`, `run_orders`, `shop__orders`, `shop.orders`."""
    names = {task.name.split(".")[-1] for task in tasks}
    forms = names | {f"run_{name}" for name in names}
    ends = tuple(f"{separator}{name}" for name in names for separator in ("__", "."))
    return any(word in forms or word.endswith(ends) for word in words(statement))


def lines_of_tasks(text: str, tasks: tuple[ir.Task, ...]) -> int:
    """Return the lines of code in statements of the module that name a task.

    That is every definition, call and list of tasks, and the DAG or the flow that holds them,
    without blank lines and comments. Imports, constants, helpers and the job of Dagster name
    none, and are the same for any number of tasks.
    """
    count = 0
    lines = text.splitlines()
    for statement in ast.parse(text).body:
        if is_of_tasks(statement, tasks):
            decorators = getattr(statement, "decorator_list", [])
            first = min(node.lineno for node in (statement, *decorators))
            held = [line.strip() for line in lines[first - 1 : statement.end_lineno]]
            count += sum(bool(line) and not line.startswith("#") for line in held)
    return count


@pytest.mark.parametrize("backend", ["airflow", "dagster", "headless", "prefect"])
def test_a_task_of_the_shop_is_at_most_fifteen_lines(backend: str) -> None:
    project = load(ROOT / "examples" / "shop")
    tasks = lines = 0
    for compiled in compile_project(project, {backend: project.targets()[backend]}).pipelines:
        assert compiled.pipeline
        name = f"pg_{compiled.pipeline.name}.py"
        files = [file for output in compiled.outputs for file in output.files]
        [text] = [file.text for file in files if file.path.name == name]
        tasks += len(compiled.pipeline.tasks)
        lines += lines_of_tasks(text, compiled.pipeline.tasks)
    assert tasks > 20
    assert lines / tasks <= MOST
