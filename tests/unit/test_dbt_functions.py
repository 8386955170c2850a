"""Functions of a dbt project: built as models are, before what calls them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipegen.compiler import compile_project
from pipegen.project import Project, load

BIN = Path(sys.executable).parent
FILES = {
    "pipegen.yaml": """
        version: 1
        project: functions
        backends: {headless: {}}
        dbt: {projects: {shop: {dir: dbt}}}
        """,
    "dbt/dbt_project.yml": "{name: shop, profile: shop}",
    "dbt/profiles.yml": """
        shop: {target: dev, outputs: {dev: {type: duckdb, path: "{{ env_var('DB') }}"}}}
        """,
    # dbt-duckdb has no functions of dbt yet: DuckDB calls them macros
    "dbt/macros/duckdb.sql": """
        {% macro duckdb__scalar_function_sql(target_relation) %}
        create or replace macro {{ target_relation.render() }}(x) as ({{ model.compiled_code }})
        {% endmacro %}
        """,
    "dbt/functions/doubled.sql": "x * 2",
    "dbt/functions/doubled.yml": """
        functions:
          - name: doubled
            arguments: [{name: x, data_type: integer}]
            returns: {data_type: integer}
        """,
    "dbt/models/a.sql": "select {{ function('doubled') }}(21) as answer",
}


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose dbt project dbt has parsed; it has no pipeline yet."""
    root = tmp_path_factory.mktemp("functions")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DB", str(root / "shop.duckdb"))
        patch.setenv("DO_NOT_TRACK", "1")
        dbt = [BIN / "dbt", "--quiet", "parse", "--profiles-dir", "."]
        subprocess.run(dbt, cwd=root / "dbt", check=True)
        yield root


def project(parsed: Path, more: str = "") -> Project:
    """Return the project, with one pipeline that builds all."""
    text = f"{{project: shop, select: 'fqn:*'{more}}}"
    pipeline = f"version: 1\npipeline: p\ntransforms: {{all: {text}}}\n"
    return load(parsed, texts={"pipelines/p.yaml": pipeline.encode()})


def test_a_model_that_calls_a_function_waits_for_its_task(parsed: Path) -> None:
    compiled = compile_project(project(parsed), {})
    assert compiled.diagnostics == ()
    (pipeline,) = (each.pipeline for each in compiled.pipelines if each.pipeline)
    assert {task.name: task.upstream for task in pipeline.tasks} == {
        "all.doubled": (),
        "all.a": ("all.doubled",),
    }


@pytest.mark.parametrize("more", ["", ", granularity: step"])
def test_a_function_is_there_for_the_model_that_calls_it(parsed: Path, more: str) -> None:
    opened = project(parsed, more)
    (parsed / "pipelines").mkdir(exist_ok=True)
    (parsed / "pipelines" / "p.yaml").write_bytes(opened.texts["pipelines/p.yaml"])
    Path(os.environ["DB"]).unlink(missing_ok=True)
    run = [BIN / "pipegen", "run", "p"]
    done = subprocess.run(run, cwd=parsed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(os.environ["DB"], read_only=True) as database:
        assert database.execute("select answer from a").fetchall() == [(42,)]


def test_a_function_is_no_asset_of_a_step_in_dagster(parsed: Path) -> None:
    """dagster-dbt knows none: a step that waited for one would never be whole."""
    opened = project(parsed, ", granularity: step")
    compilation = compile_project(opened, {"dagster": opened.target("dagster")})
    texts = [
        file.text for each in compilation.pipelines for out in each.outputs for file in out.files
    ]
    (code,) = (text for text in texts if "dbt_step(" in text)
    assert '"model.shop.a": "a"' in code
    assert "function.shop.doubled" not in code


@pytest.mark.parametrize(
    ("command", "built"),
    [("build", {"function.shop.doubled", "model.shop.a"}), ("run", {"model.shop.a"})],
)
def test_dbt_build_builds_functions_and_dbt_run_does_not(
    parsed: Path, command: str, built: set[str]
) -> None:
    more = f", granularity: step, command: {command}"
    (compiled,) = compile_project(project(parsed, more), {}).pipelines
    assert compiled.pipeline
    (task,) = compiled.pipeline.tasks
    assert {node.unique_id for node in task.action.nodes} == built
