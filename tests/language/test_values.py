"""What keys take: names, references, times, and combinations that exclude each other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipegen import ir
from pipegen.ir import Env, Fields, Items, ParamValue, RunField, RunValue, Text
from tests.language.world import World

TASK = "sources: {x: {kind: shell, command: [x]%s}}\n"
DBT = "transforms: {t: {project: lab, select: events%s}}\n"
ARGS = "params: {d: {type: date}, n: {type: integer}}\npartition: daily\n" + (
    "sources: {x: {kind: python, callable: 'm:f', args: {v: %s}}}\n"
)
PARAM = "params: {x: {type: %s, default: %s}}\n" + TASK % ""
ROWS = "for_each: [{name: a, size: 3}]\n"
LONG = "a" * 63


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("'${var.schema}'", "main"),
        ("'${var.retries}'", 3),
        ("'n=${var.retries}'", "n=3"),
        ("'${var.on}'", True),
        ("'is ${var.on}'", "is true"),
        ("'${var.tables}'", Items(("raw.events",))),
        ("'${ENV:HOME}'", Env("HOME")),
        ("'a ${ENV:HOME}'", Text(("a ", Env("HOME")))),
        ("'$${var.x}'", "${var.x}"),
        ("'{{{{ x }}'", "{{ x }}"),
        ("'{{ run.date }}'", RunValue(RunField.DATE)),
        ("'{{ run.id }}'", RunValue(RunField.ID)),
        ("\"{{ run.start | format('%Y%m%d') }}\"", RunValue(RunField.START, "%Y%m%d")),
        ("\"{{ params.d | format('%d.%m') }}\"", ParamValue("d", "%d.%m")),
        ("'{{ params.n }}'", ParamValue("n")),
        ("'{{ pipeline.name }}'", "p"),
        (
            "{a: [1, 2.5, null], b: '{{ run.date }}'}",
            Fields((("a", Items((1, 2.5, None))), ("b", RunValue(RunField.DATE)))),
        ),
    ],
)
def test_a_value_arrives_with_its_type(world: World, written: str, value: ir.Value) -> None:
    (task,) = world.meaning("pipeline: p\n" + ARGS % written).tasks
    assert isinstance(task.action, ir.Python)
    assert task.action.args == Fields((("v", value),))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ARGS % "'${var.nobody}'", ["PG205"]),
        (ARGS % "'${each.name}'", ["PG206"]),
        (ARGS % "'${other.x}'", ["PG206"]),
        (ARGS % "'${ENV:lower}'", ["PG206"]),
        (ARGS % "'n=${var.tables}'", ["PG206"]),
        (ARGS % "'{{ run.weekday }}'", ["PG206"]),
        (ARGS % "\"{{ run.date | upper('x') }}\"", ["PG206"]),
        (ARGS % "\"{{ run.date | format('%A') }}\"", ["PG206"]),
        (ARGS % "\"{{ run.id | format('%Y') }}\"", ["PG206"]),
        (ARGS % "\"{{ params.n | format('%Y') }}\"", ["PG206"]),
        (ARGS % "'{% if x %}'", ["PG206"]),
        (ARGS % "'{{ params.nobody }}'", ["PG214"]),
        (ARGS % "'{{ tasks.x.rows }}'", ["PG216"]),
        (TASK % ", cwd: '{{ run.start }}'", ["PG217"]),
        (TASK % ", description: '{{ run.date }}'", ["PG206"]),
        (TASK % ", owner: '${ENV:ME}'", ["PG206"]),
        (TASK % ", tags: ['{{ run.date }}']", ["PG206"]),
        ("owner: '{{ run.date }}'\n" + TASK % "", ["PG206"]),
        (ROWS + "owner: '${each.nobody}'\n" + TASK % "", ["PG205"]),
        ("for_each: [{name: a}, {name: b, Bad: c}]\n" + TASK % "", ["PG105"]),
        ("for_each: []\n" + TASK % "", ["PG102"]),
        ("for_each: '${var.nobody}'\n" + TASK % "", ["PG205"]),
        (PARAM % ("string", "text"), []),
        (PARAM % ("string", "3"), ["PG215"]),
        (PARAM % ("integer", "3"), []),
        (PARAM % ("integer", "3.5"), ["PG215"]),
        (PARAM % ("integer", "true"), ["PG215"]),
        (PARAM % ("number", "3.5"), []),
        (PARAM % ("boolean", "false"), []),
        (PARAM % ("boolean", "0"), ["PG215"]),
        (PARAM % ("date", "2026-02-28"), []),
        (PARAM % ("date", "2026-02-30"), ["PG215"]),
        (PARAM % ("date", "tomorrow"), ["PG215"]),
        (PARAM % ("date", "'{{ run.date }}'"), []),
        (PARAM % ("date", "'{{ run.start }}'"), ["PG217"]),
        (PARAM % ("string", "'{{ params.x }}'"), ["PG206"]),
        (PARAM % ("string", "'{{ tasks.x.rows }}'"), ["PG206"]),
        ("params: {f: {type: boolean}}\n" + DBT % ", full_refresh: '{{ params.f }}'", []),
        ("params: {f: {type: string}}\n" + DBT % ", full_refresh: '{{ params.f }}'", ["PG206"]),
        (DBT % ", full_refresh: '{{ params.f }}'", ["PG214"]),
    ],
)
def test_a_reference_stands_where_it_means_something(
    world: World, text: str, expected: list[str]
) -> None:
    assert world.codes("pipeline: p\n" + text) == expected


@pytest.mark.parametrize("name", ["a", "a1_b", LONG])
def test_a_name_is_lower_case(world: World, name: str) -> None:
    text = f"pipeline: {name}\nsources: {{{name}: {{kind: shell, command: [x]}}}}\n"
    (task,) = world.meaning(text).tasks
    assert task.name == name


@pytest.mark.parametrize("name", ["A", "1a", "_a", "a-b", "a.b", "é", f"{LONG}a"])
def test_what_is_no_name_is_refused_for_pipelines_and_tasks(world: World, name: str) -> None:
    text = f"pipeline: {name}\nsources: {{{name}: {{kind: shell, command: [x]}}}}\n"
    assert world.codes(text) == ["PG105", "PG105"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sources: {x: {kind: shell}}\n", ["PG108"]),
        (TASK % ", script: a.sh", ["PG108"]),
        ("sources: {x: {kind: sql, connection: db, sql: a, file: b.sql}}\n", ["PG108"]),
        ("sources: {x: {kind: sql, connection: db}}\n", ["PG108"]),
        ("sources: {x: {kind: sql, connection: api, sql: a}}\n", ["PG213"]),
        ("sources: {x: {kind: sql, connection: nobody, sql: a}}\n", ["PG207"]),
        ("sources: {x: {kind: http, connection: api, expect: [2xx, 404]}}\n", []),
        ("sources: {x: {kind: http, connection: api, method: FETCH}}\n", ["PG104"]),
        ("sources: {x: {kind: dbt_cloud, connection: cloud, job_id: 1}}\n", ["PG104"]),
        (DBT % ", selector: nightly", ["PG108"]),
        ("transforms: {t: {project: lab}}\n", ["PG108"]),
        ("transforms: {t: {project: lab, selector: nightly, exclude: users}}\n", ["PG108"]),
        ("transforms: {t: {project: lab, selector: nobody}}\n", ["PG401"]),
        ("transforms: {t: {project: nobody, select: events}}\n", ["PG208"]),
        ("transforms: {t: {project: lab, command: run-operation}}\n", ["PG103"]),
        (DBT % ", overrides: [{select: users, retries: 1}]", ["PG406"]),
        (DBT % ", granularity: step, overrides: [{select: events, retries: 1}]", ["PG102"]),
        ("schedule: {}\n" + TASK % "", ["PG108"]),
        ("schedule: {cron: '0 5 * * *', after: [a]}\n" + TASK % "", ["PG108"]),
        ("schedule: {on_update: {all: [events], any: [users]}}\n" + TASK % "", ["PG108"]),
        ("schedule: {on_update: {all: [nobody]}}\n" + TASK % "", ["PG203"]),
        ("schedule: {cron: '0 5 * * *', catchup: true}\n" + TASK % "", ["PG103"]),
        ("schedule: {cron: '0 5 * * *', overlap: wait}\n" + TASK % "", ["PG104"]),
        ("schedule: {cron: '0 5 30 2 *'}\n" + TASK % "", ["PG106"]),
        ("schedule: {cron: '0 5 * * *', timezone: Europe/Roma}\n" + TASK % "", ["PG107"]),
        ("slas: {s: {max_age: 1h}}\n" + TASK % "", ["PG108"]),
        ("slas: {s: {tasks: [x]}}\n" + TASK % "", ["PG108"]),
        ("slas: {s: {tasks: [x], max_age: 1h, max_duration: 1h}}\n" + TASK % "", ["PG108"]),
        ("slas: {s: {tasks: [nobody], max_age: 1h}}\n" + TASK % "", ["PG201"]),
        ("slas: {s: {of: [nobody], max_age: 1h}}\n" + DBT % "", ["PG203"]),
        ("slas: {s: {of: {select: nobody}, max_age: 1h}}\n" + DBT % "", ["PG402"]),
        ("slas: {s: {of: {select: events}, max_age: 1h}}\n" + TASK % "", ["PG103"]),
        ("slas: {s: {of: {select: events, project: lab}, max_age: 1h}}\n" + TASK % "", []),
        ("slas: {s: {tasks: [x], max_age: 1h, notify: [nobody]}}\n" + TASK % "", ["PG218"]),
        ("notifications: {on_failure: [nobody]}\n" + TASK % "", ["PG218"]),
        (TASK % ", loads: [raw.nothing]", ["PG405"]),
        (TASK % ", timeout: 0s", ["PG102"]),
        (TASK % ", timeout: 90", ["PG102"]),
        (TASK % ", retries: -1", ["PG102"]),
        (TASK % ", run_if: sometimes", ["PG104"]),
        (TASK % ", wait_for: [raw]" + "checks: {wait_for_raw: {kind: python, callable: 'm:f'}}\n",
         ["PG204"]),
    ],
)  # fmt: skip
def test_keys_fit_each_other_or_it_is_told(world: World, text: str, expected: list[str]) -> None:
    assert world.codes("pipeline: p\n" + text) == expected


@pytest.mark.parametrize(
    ("text", "length"),
    [("30s", 30), ("5m", 300), ("12h", 43200), ("7d", 604800)],
)
def test_a_length_of_time_is_a_number_and_a_unit(world: World, text: str, length: int) -> None:
    (task,) = world.meaning("pipeline: p\n" + TASK % f", timeout: {text}").tasks
    assert task.timeout == timedelta(seconds=length)


def test_a_number_stands_for_retries_and_a_channel_for_a_message(world: World) -> None:
    short = world.meaning(
        "pipeline: p\nnotifications: {on_failure: [hook]}\n" + TASK % ", retries: 2"
    )
    full = world.meaning(
        "pipeline: p\nnotifications: {on_failure: [{channel: hook}]}\n"
        + TASK % ", retries: {count: 2}"
    )
    assert short == full
    assert short.notifications[0].channel.name == "hook"


def test_of_overrides_the_last_that_has_a_node_counts(world: World) -> None:
    pipeline = world.meaning(
        "pipeline: p\ndefaults: {timeout: 1h, retries: 1}\n"
        "transforms: {t: {project: lab, select: 'tag:first', overrides: "
        "[{select: 'tag:first', retries: 2}, {select: events, retries: 3}, "
        "{select: users, timeout: 2h}]}}\n"
    )
    found = {t.name: (t.retries.count, t.timeout) for t in pipeline.tasks}
    hour = timedelta(hours=1)
    assert found["t.events"] == (3, hour)
    assert found["t.users"] == (2, 2 * hour)
    assert found["t.events_have_users"] == (1, hour)
