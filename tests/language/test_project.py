"""What pipelines are to each other, and what a project says of all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipegen import ir
from pipegen.cli import app
from pipegen.compiler import Compilation, shapes
from pipegen.diagnostics import CompileError
from pipegen.opening import UsageError, left_out
from tests.language.world import PROJECT, World

EVENTS = "transforms: {t: {project: lab, select: events}}\n"
READER = "activations: {x: {kind: shell, command: [x], reads: [events]%s}}\n"
WAITS = "sources: {x: {kind: shell, command: [x], wait_for: [%s]}}\n"
EMPTY = "sources: {x: {kind: shell, command: [x]}}\n"


def codes(compilation: Compilation) -> list[str]:
    """Return what is wrong with the pipelines, but not what the project does not use."""
    return [problem.code for problem in compilation.diagnostics if problem.code != "PG224"]


@pytest.mark.parametrize(
    ("pipelines", "expected"),
    [
        (["pipeline: a\n" + EMPTY, "pipeline: a\n" + EMPTY], ["PG209"]),
        (["pipeline: a\nschedule: {after: [nobody]}\n" + EMPTY], ["PG220"]),
        (["pipeline: a\n" + WAITS % "nobody"], ["PG220"]),
        (["pipeline: a\n" + EVENTS, "pipeline: b\n" + EVENTS], ["PG223"]),
        (["pipeline: a\n" + EVENTS + READER % ""], []),
        (["pipeline: a\n" + READER % ""], ["PG222"]),
        (["pipeline: a\n" + READER % "", "pipeline: b\nnonsense: 1\n"], ["PG212", "PG101"]),
        (["pipeline: a\n" + READER % "", "pipeline: b\n" + EVENTS], ["PG212"]),
        (["pipeline: a\n" + READER % ", wait_for: [b]", "pipeline: b\n" + EVENTS], []),
        (
            ["pipeline: a\nschedule: {after: [b]}\n" + READER % "", "pipeline: b\n" + EVENTS],
            [],
        ),
    ],
)
def test_pipelines_fit_each_other_or_it_is_told(
    world: World, pipelines: list[str], expected: list[str]
) -> None:
    assert codes(world.compile(*pipelines)) == expected


LOADS = "{kind: shell, command: [x], loads: [raw.events]}"


@pytest.mark.parametrize(
    "pipelines",
    [
        [f"pipeline: a\nsources: {{x: {LOADS}, y: {LOADS}}}\n"],
        [f"pipeline: a\nsources: {{x: {LOADS}}}\n", f"pipeline: b\nsources: {{y: {LOADS}}}\n"],
    ],
)
def test_a_table_is_loaded_by_one_task(world: World, pipelines: list[str]) -> None:
    (problem,) = [p for p in world.compile(*pipelines).diagnostics if p.code != "PG224"]
    assert (problem.code, problem.message) == ("PG219", "'raw.events' is loaded by 'a.x' too")
    assert len(problem.related) == 1


def test_every_cycle_of_pipelines_is_told_with_its_path(world: World) -> None:
    def after(name: str, other: str) -> str:
        return f"pipeline: {name}\nschedule: {{after: [{other}]}}\n{EMPTY}"

    waiting = "pipeline: b\nsources: {x: {kind: shell, command: [x], wait_for: [c]}}\n"
    found = world.compile(
        after("a", "b"), waiting, after("c", "a"), after("d", "e"), after("e", "d"), after("f", "f")
    )
    told = [p.message for p in found.diagnostics if p.code == "PG221"]
    assert [message.rpartition(": ")[2] for message in told] == [
        "a -> b -> c -> a",
        "d -> e -> d",
        "'f' waits for itself",
    ]


def test_one_bad_pipeline_hides_nothing_and_keeps_nothing_from_being_written(world: World) -> None:
    compilation = world.compile(
        "pipeline: a\nnonsense: 1\n", "pipeline: b\nowner: 1\n", "pipeline: c\n" + EMPTY,
        backends=("airflow",),
    )  # fmt: skip
    assert codes(compilation) == ["PG101", "PG102"]
    written = {c.file for c in compilation.pipelines if any(o.backend for o in c.outputs)}
    assert written == {"pipelines/2.yaml"}
    assert compilation.shared == ()


def test_a_faulty_project_file_does_not_hide_what_is_wrong_with_pipelines(world: World) -> None:
    texts = {
        "pipelines/a.yaml": b"version: 1\npipeline: a\nnonsense: 1\n",
        "pipelines/b.yaml": b"version: 1\npipeline: b\nowner: '${var.who}'\n",
    }
    assert [problem.code for problem in shapes(world.root, texts)] == ["PG101"]


def test_what_no_pipeline_uses_is_told_when_all_are_known(world: World) -> None:
    using = 'pipeline: a\nsources: {x: {kind: sql, connection: db, sql: "select 1"}}\n'
    unused = [p.message for p in world.compile(using).findings]
    assert len(unused) == 8
    assert not any("'db'" in message for message in unused)
    assert world.compile(using, "pipeline: b\nnonsense: 1\n").findings == ()


def test_rows_make_a_pipeline_each_and_need_names_of_their_own(world: World) -> None:
    rows = "for_each: '${var.rows}'\n"
    compilation = world.compile("pipeline: p_${each.name}\n" + rows + EMPTY)
    assert [c.pipeline.name for c in compilation.pipelines if c.pipeline] == ["p_a", "p_b"]
    assert codes(world.compile("pipeline: p\n" + rows + EMPTY)) == ["PG209"]


@pytest.mark.parametrize(
    "text",
    [
        "tgas: [x]\n" + EMPTY,
        "owner: '${each.nobody}'\n" + EMPTY,
        "sources: {x: {kind: shell, command: [x], depends_on: [nothing]}}\n",
        "transforms: {t: {project: lab, select: nonsense}}\n",
    ],
)
def test_one_mistake_in_many_rows_is_told_once(world: World, text: str) -> None:
    pipeline = "pipeline: p_${each.name}\nfor_each: '${var.rows}'\n" + text
    assert len(codes(world.compile(pipeline))) == 1


def test_an_environment_lays_itself_over_the_project(world: World) -> None:
    project = PROJECT.replace(
        "  dev: {vars: {schema: dev}}",
        "  dev:\n"
        "    vars: {schema: dev}\n"
        "    connections: {db: {kind: postgres, host: h, database: d, user: u, "
        'password: "${ENV:PW}"}}\n'
        "    dbt: {target: test}\n"
        "    schedule: {enabled: false}\n",
    )
    text = (
        'pipeline: p\nschedule: {cron: "0 5 * * *"}\n'
        "sources: {x: {kind: sql, connection: db, sql: 'use ${var.schema}'}}\n" + EVENTS
    )
    seen = []
    for environment in (None, "dev"):
        pipeline = world.lowered(text, project=project, environment=environment).pipeline
        sql, dbt = pipeline.task("x").action, pipeline.task("t.events").action
        assert isinstance(sql, ir.Sql)
        assert isinstance(dbt, ir.Dbt)
        assert pipeline.schedule
        seen.append((sql.sql, sql.connection.kind, dbt.project.target, pipeline.schedule.enabled))
    assert seen == [
        ("use main", "duckdb", "dev", True),
        ("use dev", "postgres", "test", False),
    ]


def test_an_environment_has_its_own_locks_and_folders(world: World) -> None:
    project = PROJECT + "backends: {airflow: {out: 'out/${env}'}}\n"
    compilation = world.compile(
        "pipeline: p\n" + EVENTS, project=project, environment="dev", backends=("airflow",)
    )
    outs = {str(output.out) for c in compilation.pipelines for output in c.outputs}
    assert outs == {"pipegen.lock/dev", "out/dev"}
    with pytest.raises(CompileError) as raised:
        world.project("pipeline: p\n", project=project).targets()
    assert [problem.code for problem in raised.value.diagnostics] == ["PG225"]


@pytest.mark.parametrize(("range", "fits"), [(">=0.1", True), ("<0.1", False), (">=90", False)])
def test_a_project_says_which_versions_it_was_written_for(
    world: World, range: str, fits: bool
) -> None:
    project = f'{PROJECT}requires: "{range}"\n'
    if fits:
        assert world.project("pipeline: p\n", project=project).spec.requires == range
        return
    with pytest.raises(CompileError) as raised:
        world.project("pipeline: p\n", project=project)
    assert [problem.code for problem in raised.value.diagnostics] == ["PG226"]


def test_a_pipeline_that_is_not_for_a_back_end_is_not_in_its_files(world: World) -> None:
    shut = "pipeline: shut\nbackends: {prefect: false}\n" + EMPTY
    compilation = world.compile(shut, "pipeline: open\n" + EMPTY, backends=("prefect", "headless"))
    backends = {
        c.pipeline.name: {output.backend for output in c.outputs if output.backend}
        for c in compilation.pipelines
        if c.pipeline
    }
    assert backends == {"shut": {"headless"}, "open": {"prefect", "headless"}}
    (shared,) = [o for o in compilation.shared if o.backend == "prefect"]
    texts = "\n".join(file.text for file in shared.files)
    assert "pg_open" in texts
    assert "shut" not in texts


ACCEPT = (
    "pipeline: p\nbackends: {prefect: {accept: [%s]}}\n"
    "sources: {x: {kind: python, callable: 'm:f', timeout: 1m}}\n"
)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [("", ["PG302"]), ("task.timeout", []), ("task.timeuot", ["PG228", "PG302"])],
)
def test_what_is_accepted_is_not_told_again(
    world: World, accepted: str, expected: list[str]
) -> None:
    assert codes(world.compile(ACCEPT % accepted, backends=("prefect",))) == expected


def test_a_back_end_nobody_knows_is_an_error(world: World) -> None:
    assert codes(world.compile("pipeline: p\nbackends: {luigi: false}\n" + EMPTY)) == ["PG227"]


def test_rules_are_chosen_by_code() -> None:
    assert left_out(["PG601"], None) == tuple(f"PG60{n}" for n in range(2, 8))
    assert left_out(["PG6"], ["PG603"]) == ("PG603",)
    for unknown in ("PG699", "PG301", "nonsense"):
        with pytest.raises(UsageError):
            left_out(None, [unknown])
        with pytest.raises(UsageError):
            left_out([unknown], None)


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_a_rule_that_is_none_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    (tmp_path / "pipegen.yaml").write_text("version: 1\nproject: p\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["validate", option, "PG601"]).exit_code == 0
    assert CliRunner().invoke(app, ["validate", option, "PG699"]).exit_code == 2
