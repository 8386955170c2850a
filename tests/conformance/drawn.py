"""Pipelines and plans of faults that nobody thought of."""

from __future__ import annotations

from typing import Any

from control import Case
from hypothesis import strategies as st

from pipegen import ir

RUN_IF = [each.value for each in ir.RunIf]
SECTIONS = ("sources", "transforms", "checks", "activations")
MODELS = (
    (),
    (("one",),),
    (("one", "two", "three"),),
    (("one",), ("two", "three")),
    (("one", "two"), ("three",)),
)
"""How the models of the dbt project may be shared out: each is built with what it reads."""
GRANULARITIES = ("step", "model", "lineage")


@st.composite
def drawn(draw: st.DrawFn, most: int) -> Case:
    """Return a case of at most `most` tasks beside those of dbt, with one plan."""
    count = draw(st.integers(1, most))
    spec: dict[str, Any] = {section: {} for section in SECTIONS}
    plan: dict[str, list[str]] = {}
    names: list[str] = []
    widest = draw(st.sampled_from((1, 2, 4)))
    for number in range(count):
        name, section = f"t{number}", draw(st.sampled_from(SECTIONS))
        task = _governed(draw, names[-8:], widest)
        if section == "checks":
            task["if_false"] = draw(st.sampled_from(("fail", "skip", "skip", "warn")))
        spec[section][name] = task
        plan |= _ends(draw, name, ("fail", "no") if section == "checks" else ("fail",))
        names.append(name)
    for number, models in enumerate(draw(st.sampled_from(MODELS)) if most > 3 else ()):
        name = f"dbt{number}"
        chosen = _some(draw, names, 2)
        spec["transforms"][name] = {
            "kind": "dbt",
            "project": "control",
            "select": " ".join(models),
            "granularity": draw(st.sampled_from(GRANULARITIES)),
            "retries": draw(st.integers(0, 1)),
            **({"depends_on": chosen} if chosen else {}),
        }
        for model in models:
            plan |= _ends(draw, model, ("fail",), often=5)
        names.append(name)
    if draw(st.integers(0, 2)) == 0:
        spec["schedule"] = _schedule(draw)
    if draw(st.integers(0, 4)) == 0:
        spec["max_parallel"] = draw(st.integers(1, 3))
    return Case("drawn", spec, {"plan": plan}, {}, {})


def _governed(draw: st.DrawFn, earlier: list[str], widest: int) -> dict[str, Any]:
    """Return what governs a task that may wait for earlier ones."""
    task: dict[str, Any] = {}
    if chosen := _some(draw, earlier, widest):
        task["depends_on"] = chosen
        if draw(st.booleans()):
            task["run_if"] = draw(st.sampled_from(RUN_IF))
    if retries := draw(st.sampled_from((0, 0, 1, 2))):
        task["retries"] = retries
    if draw(st.integers(0, 7)) == 0:
        task["allow_failure"] = True
    if draw(st.integers(0, 9)) == 0:
        task["pool"] = draw(st.sampled_from(("narrow", "wide")))
    return task


def _schedule(draw: st.DrawFn) -> dict[str, Any]:
    """Return a schedule that names no time at which somewhere the clock is changed.

    On those the orchestrators differ, each in its way: see `known_failures.yaml`.
    """
    timezone = draw(st.sampled_from(("UTC", "Asia/Kolkata", "Europe/Rome", "America/New_York")))
    fields = [
        _field(draw, 0, 59, ("*/7", "*")),
        _field(draw, 4, 23, ("4-20/3", "22,8-10")),
        _field(draw, 1, 28, ("*", "*", "*/9", "1-7,20-28")),
        _field(draw, 1, 12, ("*", "*", "*/2", "nov-feb", "JAN,jun-sep")),
        _field(draw, 0, 7, ("*", "*", "mon-fri", "sat-sun", "1-5/2", "SUN")),
    ]
    schedule: dict[str, Any] = {
        "cron": " ".join(fields),
        "timezone": timezone,
        "enabled": draw(st.booleans()),
    }
    if draw(st.booleans()):
        schedule["overlap"] = draw(st.sampled_from(("skip", "queue", "allow")))
    return schedule


def _field(draw: st.DrawFn, least: int, greatest: int, written: tuple[str, ...]) -> str:
    """Return a field of a cron expression: a number, or one of some that are written."""
    return draw(st.sampled_from(written) | st.integers(least, greatest).map(str))


def _some(draw: st.DrawFn, names: list[str], most: int) -> list[str]:
    if not names:
        return []
    return draw(st.lists(st.sampled_from(names), max_size=most, unique=True))


def _ends(draw: st.DrawFn, name: str, bad: tuple[str, ...], often: int = 3) -> dict[str, list[str]]:
    """Return how the attempts of a task end, if not all well: one in `often` does not."""
    if draw(st.integers(1, often)) > 1:
        return {}
    end = st.sampled_from(("ok", *bad, *bad))
    return {name: draw(st.lists(end, min_size=1, max_size=3))}
