"""Lower dbt transforms: which invocations of dbt a pipeline has, and which of them tests what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pipegen import ir
from pipegen.lower.graph import ranks
from pipegen.lower.invocations import MADE, DbtWork, Place, Selected, action
from pipegen.lower.lock import Lock
from pipegen.spec import DbtTransform


def works(
    transforms: Mapping[str, DbtTransform], lock: Lock, projects: Mapping[str, ir.DbtProject]
) -> Iterator[DbtWork]:
    """Yield the dbt invocations of a pipeline, in the order of the specification.

    A selection that may be empty and is makes none.
    """
    targets = {
        name: replace(projects[t.project], target=t.target) if t.target else projects[t.project]
        for name, t in transforms.items()
    }
    places = {name: (target.name, target.target) for name, target in targets.items()}
    homes = _homes(transforms, lock, places)
    for name, transform in transforms.items():
        project, target = lock.projects[transform.project], targets[name]
        if name not in lock.selections:
            yield DbtWork(name, name, None, action(transform, target, command=transform.command))
            continue
        selection = lock.selections[name]
        if selection.is_empty:
            continue
        mine = tuple(t for t in selection.tests if homes.get((places[name], t)) == name)
        found = Selected(name, transform, selection, project, target, mine)
        if transform.cut == "step" or transform.command != "build":
            built = [found.step()]
        else:
            built = [*found.models()]
        yield from (replace(work, gate=found.gate) for work in built)
        if found.gate:
            yield found.tested(found.gate)


def _homes(
    transforms: Mapping[str, DbtTransform], lock: Lock, places: Mapping[str, Place]
) -> dict[tuple[Place, str], str]:
    """Return the one transform each test of a target runs in: the last that selects and tests it.

    A test of models of two transforms would otherwise run in both, in the first of them
    before all it compares is built.
    """
    if not lock.selections:
        return {}
    builders = {
        (places[name], key): name
        for name, selection in lock.selections.items()
        if transforms[name].command in MADE
        for key in selection.nodes
    }
    upstream: dict[str, set[str]] = {}
    for name, selection in lock.selections.items():
        nodes = lock.projects[selection.project].nodes
        used = {parent for key in selection.nodes for parent in (key, *nodes[key].parents)}
        feeding = {builders.get((places[name], key)) for key in used}
        upstream[name] = {feeder for feeder in feeding if feeder and feeder != name}
    rank = ranks(upstream)
    return {
        (places[name], test): name
        for name, selection in sorted(lock.selections.items(), key=lambda item: rank[item[0]])
        if _tests(transforms[name])
        for test in selection.tests
    }


def _tests(transform: DbtTransform) -> bool:
    """Whether a transform runs tests."""
    if transform.command == "build":
        return transform.tests != "none"
    return transform.command == "test"
