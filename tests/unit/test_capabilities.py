"""What a back end says it can do, and what pipegen makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from pipegen import backends, ir
from pipegen.backends import BUILT_IN
from pipegen.capabilities import Feature, Level, check, degraded, native, unsupported
from pipegen.diagnostics import Severity, Span
from pipegen.features import required

HERE = Span("pipelines/p.yaml", 3, 1)
THERE = Span("pipelines/p.yaml", 9, 3)


def pipeline() -> ir.Pipeline:
    fetch = ir.Task(
        name="fetch",
        stage=ir.Stage.SOURCE,
        action=ir.Shell(command=("true",), env=ir.Fields(()), span=THERE),
        retries=ir.Retries(count=2, span=THERE),
        timeout=timedelta(minutes=5),
        span=THERE,
    )
    schedule = ir.Schedule(cron="0 5 * * *", timezone="UTC", start=date(2026, 1, 1), span=HERE)
    tasks = (fetch, replace(fetch, name="again"))
    return ir.Pipeline(name="p", source="p.yaml", schedule=schedule, tasks=tasks, span=HERE)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_back_end_names_every_feature_in_a_sentence(name: str) -> None:
    table = backends.get(name).capabilities
    assert set(table) == set(Feature)
    for feature, support in table.items():
        assert support.how, feature
        assert bool(support.differs) == (support.level is Level.DEGRADED), feature


def test_only_what_a_pipeline_uses_is_required() -> None:
    assert {feature for feature, _ in required(pipeline())} == {
        *(Feature.CRON, Feature.TIMEZONE, Feature.START, Feature.OVERLAP_UNSAID),
        *(Feature.SHELL, Feature.RETRIES, Feature.TIMEOUT),
    }


def test_what_a_back_end_lacks_is_an_error_where_it_is_used_first() -> None:
    table = dict.fromkeys(Feature, native("yes")) | {Feature.RETRIES: unsupported("no: do this")}
    (problem,) = check(required(pipeline()), "Some", table)
    assert (problem.code, problem.span, problem.help) == ("PG301", THERE, "no: do this")


def test_what_a_back_end_degrades_is_a_warning_that_says_what_differs() -> None:
    table = dict.fromkeys(Feature, native("yes")) | {Feature.START: degraded("so", "it differs")}
    (problem,) = check(required(pipeline()), "Some", table)
    assert (problem.code, problem.severity, problem.span) == ("PG302", Severity.WARNING, HERE)
    assert "it differs" in problem.message


def test_a_table_that_does_not_know_a_feature_lacks_it() -> None:
    problems = list(check(required(pipeline()), "Old", {}))
    assert {problem.code for problem in problems} == {"PG301"}


def test_an_unknown_back_end_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        backends.get("cron")


def test_the_built_in_back_ends_are_available() -> None:
    assert set(BUILT_IN) <= set(backends.available())


def test_what_is_accepted_is_not_told_again() -> None:
    table = dict.fromkeys(Feature, native("yes")) | {Feature.TIMEOUT: degraded("so", "it differs")}
    assert list(check(required(pipeline()), "Some", table, accepted=["task.timeout"])) == []
    table = table | {Feature.TIMEOUT: unsupported("no")}
    assert list(check(required(pipeline()), "Some", table, accepted=["task.timeout"]))
