"""However a specification is written down, it means the same; and another means something else."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
import yaml

from tests.language import whole
from tests.language.world import World

NAMED = frozenset(
    {"sources", "transforms", "checks", "activations", "params", "slas"}
    | {"args", "env", "headers", "query", "vars", "body"}
)
"""Keys below which the order is one of what people named, and is kept."""

WRITTEN = {"tasks": whole.TASKS, "after": whole.AFTER, "updated": whole.UPDATED, "any": whole.ANY}


def shuffled(value: Any, random: Random, above: str = "") -> Any:
    """Return the value with the keys of the language in another order."""
    if isinstance(value, list):
        return [shuffled(item, random) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    if above not in NAMED:
        random.shuffle(keys)
    return {key: shuffled(value[key], random, key) for key in keys}


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_keys_means_nothing(world: World, name: str, seed: int) -> None:
    value = shuffled(yaml.safe_load(WRITTEN[name]), Random(seed))
    assert world.meaning(json.dumps(value)) == world.meaning(WRITTEN[name])


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("indent", [None, 4])
def test_flow_style_and_indentation_mean_nothing(
    world: World, name: str, indent: int | None
) -> None:
    written = json.dumps(yaml.safe_load(WRITTEN[name]), indent=indent)
    assert world.meaning(written) == world.meaning(WRITTEN[name])


def test_block_style_means_nothing(world: World) -> None:
    flow = "pipeline: p\nsources: {x: {kind: shell, command: [run, fast], retries: {count: 2}}}\n"
    block = yaml.safe_dump(yaml.safe_load(flow), default_flow_style=False)
    assert block.count("\n") > 7
    assert world.meaning(block) == world.meaning(flow)


@pytest.mark.parametrize("quote", ["'", '"'])
def test_quotes_mean_nothing_around_text(world: World, quote: str) -> None:
    plain = "pipeline: p\nowner: team\nsources: {x: {kind: shell, command: [run, fast]}}\n"
    quoted = plain
    for word in ("p", "team", "shell", "run", "fast"):
        for before, after in ((": ", "\n"), (": ", ","), ("[", ","), (" ", "]")):
            quoted = quoted.replace(
                f"{before}{word}{after}", f"{before}{quote}{word}{quote}{after}"
            )
    assert quoted.count(quote) == 10
    assert world.meaning(quoted) == world.meaning(plain)


def test_places_are_no_part_of_the_meaning(world: World) -> None:
    below = world.meaning("# a comment\n\n\n" + whole.TASKS.lstrip())
    above = world.meaning(whole.TASKS)
    assert below == above
    assert below.span != above.span


@pytest.mark.parametrize(
    ("before", "after"),
    [("count: 4", "count: 5"), ("[raw.events]", "[raw.users]"), ("max_age: 1d", "max_age: 2d")],
)
def test_another_value_is_another_meaning(world: World, before: str, after: str) -> None:
    other = whole.TASKS.replace("loads: [raw.users]", "loads: []").replace(before, after, 1)
    kept = whole.TASKS.replace("loads: [raw.users]", "loads: []")
    assert world.meaning(other) != world.meaning(kept)
