"""References: what they mean, what they keep literally, and what they refuse."""

from __future__ import annotations

import pytest

from pipegen.ir import (
    Env,
    Fields,
    Items,
    ParamValue,
    RunField,
    RunValue,
    TaskOutput,
    Text,
    join,
)
from pipegen.references import MAX_FILLED, ReferenceProblem, fill, plain, text, value

DATE = RunValue(RunField.DATE)


@pytest.mark.parametrize(
    ("written", "meaning"),
    [
        ("plain", "plain"),
        ("", ""),
        ("${ENV:HOME}", Env("HOME")),
        ("{{ run.date }}", DATE),
        ("{{run.date}}", DATE),
        ("a-${ENV:A_1}/{{ run.date }}", Text(("a-", Env("A_1"), "/", DATE))),
        ("{{ run.date | format('%Y%m%d') }}", RunValue(RunField.DATE, "%Y%m%d")),
        ("{{ run.id }}", RunValue(RunField.ID)),
        ("{{ pipeline.name }}", RunValue(RunField.PIPELINE)),
        ("{{ params.full_refresh }}", ParamValue("full_refresh")),
        ("{{ params.day|format('%d.%m.%y 100%%') }}", ParamValue("day", "%d.%m.%y 100%%")),
        ("{{ tasks.load.rows }}", TaskOutput("load", "rows")),
        ("$${ENV:HOME}", "${ENV:HOME}"),
        ("{{{{ run.date }}", "{{ run.date }}"),
        ("cost: $5 {x} }} %}", "cost: $5 {x} }} %}"),
    ],
)
def test_text_means(written: str, meaning: object) -> None:
    assert text(written) == meaning


@pytest.mark.parametrize(
    "written",
    [
        "${HOME}",
        "${ENV:lower}",
        "${ENV:}",
        "${env:A}",
        "${",
        "{{",
        "{{ ds }}",
        "{% x %}",
        "{%",
        "{{ run.date | upper }}",
        "${var.x}",
        "{{ run.date",
        "{{ var.value.secret }}",
        "${each.x}",
        "{{ run.id | format('%Y') }}",
        "{{ run.date | format('%A') }}",
        "{{ run.date | format('%') }}",
        "{{ run.date | format('') }}",
        "{{ run.date | format('{}') }}",
        "{{ run.date | format(%Y) }}",
        "{{ params }}",
        "{{ params.a.b }}",
        "{{ params.Aa }}",
        "{{ tasks.load }}",
        "{{ tasks.load.rows | format('%Y') }}",
    ],
)
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(ReferenceProblem):
        text(written)


def test_plain_text_takes_no_reference_but_its_escapes() -> None:
    assert plain("$${x} {{{{") == "${x} {{"
    with pytest.raises(ReferenceProblem, match=r"run\.date"):
        plain("on {{ run.date }}")


def test_a_problem_in_a_nested_value_tells_its_path() -> None:
    with pytest.raises(ReferenceProblem) as caught:
        value({"a": [1, {"b": "{{ nope }}"}]})
    assert caught.value.path == ("a", 1, "b")


def test_values_keep_their_types_and_order() -> None:
    assert value({"z": [True, None, 1.5], "a": "{{ run.date }}"}) == Fields(
        (("z", Items((True, None, 1.5))), ("a", DATE))
    )


def test_a_variable_alone_keeps_its_type() -> None:
    filled, problems = fill(
        {"a": "${var.n}", "b": "n=${var.n}", "c": "${var.l}"}, {"var": {"n": 5, "l": [1]}}
    )
    assert filled == {"a": 5, "b": "n=5", "c": [1]}
    assert problems == ()


def test_every_unknown_variable_is_reported_with_its_path() -> None:
    _, problems = fill({"a": ["${var.x}"], "b": "${var.y} ${var.x}"}, {"var": {}})
    assert [(p.unknown, p.path) for p in problems] == [
        (("var", "x"), ("a", 0)),
        (("var", "y"), ("b",)),
    ]


def test_a_list_cannot_stand_within_text() -> None:
    _, problems = fill({"a": "x ${var.l}"}, {"var": {"l": [1]}})
    assert "within text" in problems[0].why


def test_escaped_references_are_not_filled() -> None:
    assert fill("$${var.x}", {"var": {"x": 1}}) == ("$${var.x}", ())


def test_parts_join_to_the_simplest_value() -> None:
    assert join("a", "b") == "ab"
    assert join(Env("A"), "") == Env("A")
    assert join(Text(("a", DATE)), "/b") == Text(("a", DATE, "/b"))


def test_a_row_fills_what_stands_for_each() -> None:
    filled, problems = fill("${each.a}-${var.b}", {"var": {"b": 2}, "each": {"a": 1}})
    assert (filled, problems) == ("1-2", ())


def test_a_row_is_nothing_outside_of_for_each() -> None:
    _, (problem,) = fill("${each.a}", {"var": {}})
    assert "for_each" in problem.why


def test_variables_cannot_grow_into_a_bomb() -> None:
    long = "x" * 1000
    uses = ["${var.long}"] * (MAX_FILLED // 1000 + 10)
    _, problems = fill(uses, {"var": {"long": long}})
    assert problems
    assert "more than a specification" in problems[0].why
    _, none = fill(uses[:900], {"var": {"long": long}})
    assert none == ()
