"""Each rule of `policies`, kept and broken."""

from __future__ import annotations

import pytest

from tests.language.world import PROJECT, World

TASK = "sources: {x: {kind: shell, command: [x]%s}}\n"
CRON = 'schedule: {cron: "%s", timezone: %s}\n' + TASK % ""
MODELS = "transforms: {t: {project: lab, selector: nightly%s}}\n"
OVER = ", overrides: [{select: report, %s}]"
PII = "pii: {meta: pii, approved: cleared}"
SENDS = "activations: {x: {kind: shell, command: [x], reads: [%s]%s}}\n"
NIGHT = "schedule: {windows: ['22:00-06:00']}"
ROME = "schedule: {timezone: Europe/Rome, windows: ['06:00-07:00']}"
CASES = [
    ("require: [owner]", TASK % "", ["PG601"]),
    ("require: [owner]", "owner: a\n" + TASK % "", []),
    ("require: [description]", TASK % "", ["PG601"]),
    ("require: [tags]", "tags: [a]\n" + TASK % "", []),
    ("require: [schedule]", TASK % "", ["PG601"]),
    ("require: [notifications]", TASK % "", ["PG601"]),
    ("require: [notifications]", "notifications: {on_failure: [alerts]}\n" + TASK % "", []),
    ("require: [timeout]", TASK % "", ["PG601"]),
    ("require: [timeout]", TASK % ", timeout: 1h", []),
    ("require: [timeout]", MODELS % "", ["PG601"]),
    ("owners: [a]", "owner: a\n" + TASK % "", []),
    ("owners: [a]", "owner: b\n" + TASK % "", ["PG602"]),
    ("owners: [a]", "owner: a\n" + TASK % ", owner: b", ["PG602"]),
    ("min_retries: 1", TASK % "", ["PG603"]),
    ("min_retries: 1", TASK % ", retries: 1", []),
    ("min_retries: 1", MODELS % "", []),
    ("max_retries: 2", TASK % ", retries: 3", ["PG603"]),
    ("max_retries: 2", TASK % ", retries: 2", []),
    ("max_retries: 2", MODELS % (OVER % "retries: 3"), ["PG603"]),
    ("max_timeout: 1h", TASK % "", ["PG604"]),
    ("max_timeout: 1h", TASK % ", timeout: 2h", ["PG604"]),
    ("max_timeout: 1h", TASK % ", timeout: 1h", []),
    ("max_timeout: 1h", MODELS % (", timeout: 1h" + OVER % "timeout: 2h"), ["PG604"]),
    (NIGHT, CRON % ("0 22 * * *", "UTC"), []),
    (NIGHT, CRON % ("0 6 * * *", "UTC"), []),
    (NIGHT, CRON % ("30 23,0,5 * * *", "UTC"), []),
    (NIGHT, CRON % ("1 6 * * *", "UTC"), ["PG605"]),
    (NIGHT, CRON % ("0 * * * *", "UTC"), ["PG605"]),
    (ROME, CRON % ("30 6 * * *", "Europe/Rome"), []),
    (ROME, CRON % ("30 5 * * *", "UTC"), ["PG605"]),
    (ROME, CRON % ("30 6 * * *", "UTC"), ["PG605"]),
    (ROME, CRON % ("30 0 * * *", "America/New_York"), []),
    ("sla_tags: [tier1]", "tags: [tier1]\n" + TASK % "", ["PG606"]),
    ("sla_tags: [tier1]", "tags: [tier2]\n" + TASK % "", []),
    (
        "sla_tags: [tier1]",
        "tags: [tier1]\nslas: {s: {tasks: [x], max_duration: 1h}}\n" + TASK % "",
        [],
    ),
    (PII, MODELS % "" + SENDS % ("users", ""), ["PG607"]),
    (PII, MODELS % "" + SENDS % ("users", ", tags: [cleared]"), []),
    (PII, MODELS % "" + SENDS % ("events", ""), []),
    ("pii: {tag: private, approved: yes_}", MODELS % "" + SENDS % ("users", ""), ["PG607"]),
    ("require: [owner], ignore: [PG601]", TASK % "", []),
    ("require: [owner], ignore: [PG6]", TASK % "", []),
]


@pytest.mark.parametrize(("policies", "text", "expected"), CASES)
def test_a_rule_is_told_where_it_is_broken(
    world: World, policies: str, text: str, expected: list[str]
) -> None:
    project = f"{PROJECT}policies: {{{policies}}}\n"
    compilation = world.compile(f"pipeline: p\n{text}", project=project)
    found = [problem.code for problem in compilation.diagnostics]
    assert [code for code in found if code != "PG224"] == expected


def test_a_rule_can_be_left_out_for_once(world: World) -> None:
    project = f"{PROJECT}policies: {{require: [owner], owners: [a]}}\n"
    text = "pipeline: p\n" + TASK % ", owner: b"

    def told(*ignore: str) -> list[str]:
        found = world.compile(text, project=project, ignore=ignore).diagnostics
        return [problem.code for problem in found if problem.code != "PG224"]

    assert told() == ["PG601", "PG602"]
    assert told("PG601") == ["PG602"]
    assert told("PG6") == []
