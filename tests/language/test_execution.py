"""Where dbt runs on Airflow: what a pipeline cannot have there is said, and where it is written."""

from __future__ import annotations

import pytest

from pipegen.diagnostics import CompileError, Severity
from tests.language.world import PROJECT, World

VIRTUALENV = "{kind: virtualenv, requirements: [dbt-duckdb]}"
DOCKER = "{kind: docker, image: i, root: /app}"
KUBERNETES = "{kind: kubernetes, image: i, root: /app, namespace: data}"
MAPPED = "profiles: {lab: {kind: duckdb, connection: c}}"
FRESH = "sources: {a: {kind: shell, command: [a], loads: [raw.%s], freshness: {on_stale: %s}}}"
DBT = "transforms: {t: {project: lab, select: events, %s}}"
BLOCK = FRESH % ("events", "block")
ALERT = FRESH % ("users", "alert")
TIMEOUT = DBT % "timeout: 1m"
DOCS = "transforms: {t: {project: lab, command: docs}}"
TARGETS = (
    "transforms: {t: {project: lab, select: events}, u: {project: lab, select: users, target: x}}"
)


def found(world: World, text: str, options: str) -> set[tuple[str, str]]:
    """Return the codes of what does not fit Airflow, and the features."""
    project = f"{PROJECT}backends: {{airflow: {{{options}}}}}\n"
    (pipeline,) = world.compile(
        "pipeline: p\n" + text, project=project, backends=("airflow",)
    ).pipelines
    told = [d for d in pipeline.diagnostics if d.code in ("PG301", "PG302")]
    assert all(d.is_error is (d.code == "PG301") for d in told)
    return {(d.code, d.message.split("`")[1]) for d in told}


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (DBT % "", f"execution: {VIRTUALENV}", set()),
        (TIMEOUT, "execution: {kind: local}", set()),
        (TIMEOUT, f"execution: {VIRTUALENV}", {("PG302", "task.timeout (dbt and python)")}),
        (ALERT, f"execution: {VIRTUALENV}", set()),
        (TIMEOUT, f"execution: {DOCKER}", set()),
        (BLOCK, f"execution: {KUBERNETES}", set()),
        (ALERT, f"execution: {KUBERNETES}", {("PG301", "source.freshness.on_stale: alert")}),
        (
            DBT % "granularity: step",
            f"execution: {KUBERNETES}",
            {("PG302", "transform.granularity: step")},
        ),
        (
            DOCS,
            f"execution: {DOCKER}",
            {("PG301", "transform.command: docs"), ("PG302", "transform.granularity: step")},
        ),
        (DBT % "", "execution: {kind: watcher}", {("PG301", "transform.granularity: model")}),
        (
            DBT % "expand: runtime",
            f"execution: {DOCKER}",
            {("PG301", "transform.expand: runtime")},
        ),
        (
            DBT % "expand: runtime",
            f"execution: {VIRTUALENV}",
            {("PG302", "transform.expand: runtime")},
        ),
        (DBT % "", MAPPED, set()),
        (TARGETS, MAPPED, {("PG301", "transform.target (several of one project)")}),
        (
            DBT % "",
            f"execution: {DOCKER}, {MAPPED}",
            {("PG301", "transform.granularity: model")},
        ),
    ],
)
def test_what_an_execution_does_not_keep_is_told(
    world: World, text: str, options: str, expected: set[tuple[str, str]]
) -> None:
    assert found(world, text, options) == expected


def test_what_is_lost_there_alone_can_be_accepted(world: World) -> None:
    project = f"{PROJECT}backends: {{airflow: {{execution: {DOCKER}}}}}\n"
    accepting = "pipeline: p\nbackends: {airflow: {accept: ['transform.granularity: step']}}\n"
    text = accepting + DBT % "granularity: step"
    told = world.compile(text, project=project, backends=("airflow",)).pipelines[0].diagnostics
    assert [d for d in told if d.severity is Severity.ERROR or d.code == "PG302"] == []
    told = world.compile(text, backends=("airflow",)).pipelines[0].diagnostics
    assert "PG228" in {d.code for d in told}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("profiles: {nobody: {kind: duckdb, connection: c}}", "PG208"),
        ("profiles: {lab: {kind: access, connection: c}}", "PG104"),
        ("execution: {kind: virtualenv}", "PG103"),
        ("execution: {kind: virtualenv, requirements: ['x @ https://example.org']}", "PG102"),
        ("execution: {kind: docker, image: i, root: app}", "PG102"),
        ("execution: {kind: podman}", "PG104"),
        ("execution: {kind: local, image: i}", "PG101"),
    ],
)
def test_an_option_that_does_not_hold_is_refused(world: World, options: str, code: str) -> None:
    with pytest.raises(CompileError) as raised:
        world.project("pipeline: p\n", project=f"{PROJECT}backends: {{airflow: {{{options}}}}}\n")
    assert [problem.code for problem in raised.value.diagnostics] == [code]
