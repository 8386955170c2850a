"""Whatever a specification asks for is a feature that a back end must say it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml

from pipegen import backends, features, ir
from pipegen.backends import BUILT_IN
from pipegen.capabilities import Feature, Level
from pipegen.diagnostics import CompileError
from pipegen.expand import specifications
from pipegen.model import SpecModel
from pipegen.spec import PipelineSpec
from tests.language import whole
from tests.language.world import World

DBT = "transforms: {t: {project: lab, select: events, %s}}"
MORE = "transforms: {t: {project: more, select: %s, expand: runtime}}"
SHELL = "sources: {a: {kind: shell, command: [a], %s}}"
PYTHON = "sources: {a: {kind: python, callable: m:f, %s}}"
JOIN = "checks: {a: {kind: python, callable: m:f, if_false: skip}}\n%s"
TEXT = 'sources: {a: {kind: shell, command: ["%s"]}}'
CLOCKS = 'schedule: {cron: "%s", timezone: Europe/Rome}'
CRON = 'schedule: {cron: "0 5 * * *", %s}'
SLA = "sources: {a: {kind: shell, command: [a]}}\nslas: {s: {tasks: [a], %s}}"

MINIMAL = {
    Feature.CRON: CRON % "",
    Feature.SKIPPED_TIME: CLOCKS % "30 2 * 3 *",
    Feature.REPEATED_TIME: CLOCKS % "30 2 * 10 *",
    Feature.REPEATED_HOUR: CLOCKS % "30 * * * *",
    Feature.HOURS_OF_DAYS: CLOCKS % "30 * * * mon",
    Feature.TIMEZONE: CRON % "timezone: Europe/Rome",
    Feature.START: CRON % "start: 2026-01-01",
    Feature.CATCHUP: CRON % "start: 2026-01-01, catchup: true",
    Feature.AFTER: "schedule: {after: [other]}",
    Feature.ON_UPDATE: "schedule: {on_update: {any: [events]}}",
    Feature.OVERLAP_UNSAID: CRON % "enabled: true",
    Feature.OVERLAP_SKIP: CRON % "overlap: skip",
    Feature.OVERLAP_QUEUE: CRON % "overlap: queue",
    Feature.OVERLAP_ALLOW: CRON % "overlap: allow",
    Feature.DISABLED: CRON % "enabled: false",
    Feature.PARTITION: "partition: daily",
    Feature.RUN_TIMEOUT: "timeout: 1h",
    Feature.MAX_PARALLEL: "max_parallel: 2",
    Feature.PARAMS: "params: {x: {type: string}}",
    Feature.RETRIES: SHELL % "retries: 1",
    Feature.BACKOFF: SHELL % "retries: {count: 1, delay: 1s, backoff: exponential}",
    Feature.TIMEOUT: SHELL % "timeout: 1m",
    Feature.TIMEOUT_IN_PROCESS: PYTHON % "timeout: 1m",
    Feature.RUN_IF: "sources: {b: {kind: shell, command: [a]}, "
    "a: {kind: shell, command: [a], run_if: all_done, depends_on: [b]}}",
    Feature.ALLOW_FAILURE: SHELL % "allow_failure: true",
    Feature.POOL: SHELL % "pool: few",
    Feature.WAIT_FOR: SHELL % "wait_for: [other]",
    Feature.OUTPUTS: PYTHON % "outputs: [rows]",
    Feature.CHECK: "checks: {a: {kind: python, callable: m:f}}",
    Feature.CHECK_SKIPS_JOIN: JOIN % "sources: {b: {kind: shell, command: [a]}, "
    "c: {kind: shell, command: [a], depends_on: [a, b]}}",
    Feature.CHECK_SKIPS_DBT: JOIN % "sources: {b: {kind: shell, command: [a]}}\n"
    "transforms: {t: {project: lab, select: events, depends_on: [a, b]}}",
    Feature.FRESHNESS_BLOCK: SHELL % "loads: [raw.events], freshness: {on_stale: block}",
    Feature.FRESHNESS_ALERT: SHELL % "loads: [raw.users], freshness: {on_stale: alert}",
    Feature.DBT_STEP: DBT % "granularity: step",
    Feature.DBT_MODEL: DBT % "",
    Feature.DBT_LINEAGE: DBT % "granularity: lineage",
    Feature.DBT_EXPAND: DBT % "expand: runtime",
    Feature.DBT_EXPAND_TESTS: DBT % "expand: runtime",
    Feature.DBT_EXPAND_UNIT_TESTS: MORE % "total",
    Feature.DBT_EXPAND_FUNCTIONS: MORE % "doubled",
    Feature.DBT_EXPAND_DECIDED: DBT % "expand: runtime, allow_failure: true",
    Feature.DBT_EXPAND_PARTS: DBT % "expand: runtime, allow_failure: true",
    Feature.DBT_EXPAND_STORED: DBT % "expand: runtime, store_failures: true",
    Feature.DBT_TESTS_AFTER_ALL: DBT % "tests: after_all",
    Feature.DBT_TESTS_NONE: DBT % "tests: none",
    Feature.DBT_COMMAND: DBT % "command: test",
    Feature.DBT_DOCS: "transforms: {t: {project: lab, command: docs}}",
    Feature.DBT_SELECTOR: "transforms: {t: {project: lab, selector: nightly, granularity: step}}",
    Feature.DBT_NO_TARGET: "transforms: {t: {project: shop, select: fct_orders}}",
    Feature.DBT_TARGETS: (
        "transforms: {t: {project: lab, select: events}, "
        "u: {project: lab, select: users, target: x}}"
    ),
    Feature.DBT_VARS: DBT % "vars: {x: 1}",
    Feature.DBT_ENV: DBT % "env: {X: one}",
    Feature.DBT_FULL_REFRESH: DBT % "full_refresh: true",
    Feature.DBT_THREADS: DBT % "threads: 2",
    Feature.DBT_STORE_FAILURES: DBT % "store_failures: true",
    Feature.DBT_DEFER: DBT % "defer: {state_dir: state}",
    Feature.PYTHON: PYTHON % "",
    Feature.SHELL: SHELL % "",
    Feature.SHELL_SCRIPT: "sources: {a: {kind: shell, script: a.sh}}",
    Feature.HTTP: "sources: {a: {kind: http, connection: api}}",
    Feature.HTTP_EXPECT: "sources: {a: {kind: http, connection: api, expect: [404]}}",
    Feature.SQL: 'sources: {a: {kind: sql, connection: db, sql: "select 1"}}',
    Feature.AIRBYTE: "sources: {a: {kind: airbyte, connection: airbyte, connection_id: 1}}",
    Feature.FIVETRAN: "sources: {a: {kind: fivetran, connection: fivetran, connector_id: 1}}",
    Feature.HIGHTOUCH: "activations: {a: {kind: hightouch, connection: hightouch, sync_id: 1}}",
    Feature.CENSUS: "activations: {a: {kind: census, connection: census, sync_id: 1}}",
    Feature.DBT_CLOUD: "transforms: {a: {kind: dbt_cloud, connection: cloud, job_id: 1}}",
    Feature.RUN_ID: TEXT % "{{ run.id }}",
    Feature.RUN_WINDOW: "partition: daily\n" + TEXT % "{{ run.end }}",
    Feature.FORMAT: TEXT % "{{ run.date | format('%d') }}",
    Feature.SLA_READY_BY: SLA % 'ready_by: "08:00"',
    Feature.SLA_MAX_AGE: SLA % "max_age: 1h",
    Feature.SLA_MAX_DURATION: SLA % "max_duration: 1h",
    Feature.NOTIFY_FAILURE: "notifications: {on_failure: [alerts]}",
    Feature.NOTIFY_SUCCESS: "notifications: {on_success: [alerts]}",
    Feature.PIPELINE_OWNER: "owner: a",
    Feature.PIPELINE_TAGS: "tags: [a]",
    Feature.PIPELINE_DESCRIPTION: "description: a",
    Feature.TASK_OWNER: SHELL % "owner: a",
    Feature.TASK_TAGS: SHELL % "tags: [a]",
    Feature.TASK_DESCRIPTION: SHELL % "description: a",
}
OF_THE_PROJECT = {
    Feature.SECRET_STORE,
    Feature.DBT_INSTALL_DEPS,
}

FRONT_END = {
    ("backends",): "it says for whom the meaning is written, not what it is",
    ("backends", "prefect"): "as above",
    ("backends", "prefect", "enabled"): "as above",
    ("backends", "prefect", "accept"): "as above",
    ("transforms", "again", "allow_overlap"): "it lets a finding be, which this target has not",
    ("transforms", "again", "allow_empty"): "it lets a finding be, which this selection has not",
    ("transforms", "again", "kind"): "it is what a transform is of if it says nothing",
    ("slas", "young", "of", "project"): "the pipeline has one dbt project",
}
"""Keys whose absence changes nothing in the IR, by their place in the specifications below."""


def needs(world: World, text: str) -> set[Feature]:
    return {feature for feature, _ in features.required(world.meaning(f"pipeline: p\n{text}"))}


def test_the_table_below_leaves_no_feature_out() -> None:
    assert {*MINIMAL, *OF_THE_PROJECT} == set(Feature)


@pytest.mark.parametrize("feature", MINIMAL, ids=lambda feature: feature.name.lower())
def test_what_asks_for_a_feature_requires_it(world: World, feature: Feature) -> None:
    assert feature in needs(world, MINIMAL[feature])


def lacking(backend: str) -> set[Feature]:
    """Return what a back end says it lacks."""
    table = backends.get(backend).capabilities
    return {feature for feature, kept in table.items() if kept.level is Level.UNSUPPORTED}


@pytest.mark.parametrize("feature", MINIMAL, ids=lambda feature: feature.name.lower())
def test_a_back_end_refuses_a_feature_if_and_only_if_it_lacks_it(
    world: World, feature: Feature
) -> None:
    """The cells of the table that say no: each is asked for in a specification."""
    found = world.compile(f"pipeline: p\n{MINIMAL[feature]}", backends=BUILT_IN).diagnostics
    refused = {problem.message for problem in found if problem.code == "PG301"}
    titles = {name: backends.get(name).title for name in BUILT_IN}
    assert {name for name in BUILT_IN if feature in lacking(name)} == {
        name
        for name, title in titles.items()
        if f"`{feature}` is not supported for {title}" in refused
    }


@pytest.mark.parametrize("command", ["run", "test"])
def test_a_dbt_command_is_one_task_and_a_feature(world: World, command: str) -> None:
    needed = needs(world, DBT % f"command: {command}")
    assert {Feature.DBT_COMMAND, Feature.DBT_STEP} <= needed
    assert Feature.DBT_MODEL not in needed


@pytest.mark.parametrize(("backend", "store"), [("airflow", "connection"), ("prefect", "block")])
def test_the_secret_store_is_a_feature_of_the_target(
    world: World, backend: str, store: str
) -> None:
    project = f"{world.text}backends: {{{backend}: {{secrets: {store}}}}}\n"
    found = world.compile("pipeline: p\n" + SHELL % "", project=project, backends=(backend,))
    assert [p.code for p in found.findings if "secrets" in p.message] == ["PG301"]
    assert Feature.SECRET_STORE in lacking(backend)


def test_installing_packages_is_a_feature_of_the_dbt_project(world: World) -> None:
    folder = "{dir: dbt/lab"
    assert folder in world.text
    project = world.text.replace(folder, f"{folder}, install_deps: true")
    text = "pipeline: p\n" + DBT % ""
    assert Feature.DBT_INSTALL_DEPS in {
        feature for feature, _ in features.required(world.meaning(text, project=project))
    }


def models(value: object) -> Iterator[SpecModel]:
    match value:
        case SpecModel():
            yield value
            for name in type(value).model_fields:
                yield from models(getattr(value, name))
        case dict():
            for item in value.values():
                yield from models(item)
        case tuple():
            for item in value:
                yield from models(item)


def origin(model: type[SpecModel], name: str) -> tuple[str, str]:
    """Return the class that defines a field: a key of all tasks is one key."""
    owners = [c for c in model.__mro__ if name in getattr(c, "__annotations__", {})]
    return owners[-1].__name__, name


def subclasses(model: type[SpecModel]) -> Iterator[type[SpecModel]]:
    for below in model.__subclasses__():
        yield below
        yield from subclasses(below)


def parsed(world: World, text: str) -> PipelineSpec:
    project = world.project(text)
    (spec,) = specifications(project.read("pipelines/0.yaml"), project.spec.vars)
    return spec


def test_the_specifications_here_say_all_there_is_to_say(world: World) -> None:
    specs = [parsed(world, t) for t in (whole.TASKS, whole.AFTER, whole.UPDATED, whole.ANY)]
    said = {
        origin(type(model), name)
        for spec in specs
        for model in models(spec)
        for name in model.model_fields_set
    }
    of_pipelines = {
        origin(model, name)
        for model in subclasses(SpecModel)
        if model.__module__.startswith(("pipegen.spec.", "pipegen.kinds."))
        and model.__module__
        not in (
            "pipegen.spec.execution",
            "pipegen.spec.project",
            "pipegen.spec.policy",
            "pipegen.kinds.connections",
        )
        and not model.__name__.endswith("Channel")
        for name in model.model_fields
    }
    taken_apart = {("PipelineSpec", "for_each")}  # each row has become a specification
    assert of_pipelines - said == taken_apart


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(value, dict):
            yield (*above, key)
        if isinstance(item, dict | list):
            yield from places(item, (*above, key))


def without(value: Any, place: tuple[Any, ...]) -> str:
    copy = deepcopy(value)
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    return json.dumps(copy)


def meaning(world: World, text: str) -> ir.Pipeline | None:
    try:
        return world.meaning(text)
    except CompileError:
        return None


@pytest.mark.parametrize("text", [whole.TASKS, whole.AFTER, whole.UPDATED, whole.ANY])
def test_no_key_can_be_left_out_without_another_meaning_or_a_finding(
    world: World, text: str
) -> None:
    value = yaml.safe_load(text)
    before = world.meaning(json.dumps(value))
    assert before == world.meaning(text)
    written = list(places(value))
    silent = [
        ".".join(map(str, place))
        for place in written
        if place not in FRONT_END and meaning(world, without(value, place)) == before
    ]
    assert len(written) > 4
    assert silent == []
