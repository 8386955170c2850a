"""Lower dbt transforms: which dbt invocation each task makes, and what it builds and tests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipegen import ir
from pipegen.lower.graph import ranks
from pipegen.lower.lock import Lock, LockedNode, LockedProject, LockedSelection, LockedTest
from pipegen.spec import DbtTransform

_MADE = {
    "build": ("model", "seed", "snapshot"),
    "run": ("model",),
    "seed": ("seed",),
    "snapshot": ("snapshot",),
}
"""What each dbt command builds."""

_TESTING = ("build", "test")
_ALL_TESTS = ("resource_type:test", "resource_type:unit_test")
"""What `dbt build` leaves out where nothing is to be tested."""

Dataset = tuple[str, str]
"""A node of a dbt project: the project's name, and dbt's unique id."""

Place = tuple[str, str | None]
"""Where nodes are built: a dbt project's name and its target."""


@dataclass(frozen=True, slots=True)
class DbtWork:
    """The dbt invocation of one task: its name, what it builds, and what it tests besides.

    `tests` are those that compare what other tasks build.
    """

    name: str
    transform: str
    group: str | None
    action: ir.Dbt
    builds: tuple[Dataset, ...] = ()
    tests: tuple[str, ...] = ()

    @property
    def target(self) -> Place:
        """Where it builds: the dbt project and its target."""
        return (self.action.project.name, self.action.project.target)


def works(
    transforms: Mapping[str, DbtTransform], lock: Lock, projects: Mapping[str, ir.DbtProject]
) -> Iterator[DbtWork]:
    """Yield the dbt invocations of a pipeline, in the order of the specification."""
    targets = {
        name: replace(projects[t.project], target=t.target) if t.target else projects[t.project]
        for name, t in transforms.items()
    }
    places = {name: (target.name, target.target) for name, target in targets.items()}
    homes = _homes(transforms, lock, places)
    for name, transform in transforms.items():
        project, target = lock.projects[transform.project], targets[name]
        if name not in lock.selections:
            yield DbtWork(name, name, None, _action(transform, target, command=transform.command))
            continue
        selection = lock.selections[name]
        mine = tuple(t for t in selection.tests if homes.get((places[name], t)) == name)
        if transform.granularity == "step" or transform.command != "build":
            yield _step(name, transform, selection, project, target, mine)
        else:
            yield from _models(name, transform, selection, project, target, mine)


def _action(transform: DbtTransform, project: ir.DbtProject, **own: Any) -> ir.Dbt:
    """Return a dbt invocation with what all of a transform have in common."""
    is_build = transform.command == "build"
    return ir.Dbt(
        **{"select": (), **own},
        project=project,
        granularity=ir.Granularity(transform.granularity if is_build else "step"),
        run_tests=ir.RunTests(transform.tests),
        vars=ir.Fields(tuple(transform.vars.items())),
        env=ir.Fields(tuple(transform.env.items())),
        full_refresh=transform.full_refresh,
        threads=transform.threads,
        macro=transform.macro,
        args=ir.Fields(tuple(transform.args.items())),
        span=transform.span,
    )


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
        if transforms[name].command in _MADE
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


def _is_untested(transform: DbtTransform) -> bool:
    return transform.command == "build" and transform.tests == "none"


def _step(
    name: str,
    transform: DbtTransform,
    selection: LockedSelection,
    project: LockedProject,
    target: ir.DbtProject,
    mine: tuple[str, ...],
) -> DbtWork:
    others = selection.tests if transform.command in _TESTING else ()
    elsewhere = [project.tests[key].select for key in others if key not in mine]
    if _is_untested(transform):
        elsewhere = [*_ALL_TESTS]
    made = _MADE.get(transform.command, ())
    built = [key for key in selection.nodes if project.nodes[key].resource_type in made]
    return DbtWork(
        name=name,
        transform=name,
        group=None,
        action=_action(
            transform,
            target,
            command=transform.command,
            select=transform.select or (),
            selector=transform.selector,
            exclude=(*transform.exclude, *elsewhere),
            indirect_selection=ir.IndirectSelection(transform.indirect_selection),
            nodes=tuple(_node(key, project.nodes[key]) for key in built),
            tests=tuple(_test(key, project.tests[key]) for key in mine),
        ),
        builds=tuple((transform.project, key) for key in built),
        tests=tuple(key for key in mine if not set(project.tests[key].parents) <= set(built)),
    )


def _models(
    name: str,
    transform: DbtTransform,
    selection: LockedSelection,
    project: LockedProject,
    target: ir.DbtProject,
    mine: tuple[str, ...],
) -> Iterator[DbtWork]:
    attached: dict[str, list[str]] = {key: [] for key in selection.nodes}
    alone: list[str] = []
    for key, test in project.tests.items():
        if len(test.parents) == 1 and test.parents[0] in attached:
            attached[test.parents[0]].append(key)
        elif key in mine:
            alone.append(key)
    labels = _labels(
        {key: project.nodes[key] for key in selection.nodes}
        | {key: project.tests[key] for key in alone}
    )
    for key in selection.nodes:
        node = project.nodes[key]
        left_out = [project.tests[test].select for test in attached[key] if test not in mine]
        if _is_untested(transform):
            left_out = [*_ALL_TESTS]
        yield DbtWork(
            name=f"{name}.{labels[key]}",
            transform=name,
            group=name,
            action=_action(
                transform,
                target,
                command="build",
                select=(node.select,),
                exclude=tuple(left_out),
                indirect_selection=ir.IndirectSelection.CAUTIOUS,
                nodes=(_node(key, node),),
                tests=tuple(_test(t, project.tests[t]) for t in attached[key] if t in mine),
            ),
            builds=((transform.project, key),),
        )
    for key in alone:
        test = project.tests[key]
        yield DbtWork(
            name=f"{name}.{labels[key]}",
            transform=name,
            group=name,
            action=_action(
                transform,
                target,
                command="test",
                select=(test.select,),
                tests=(_test(key, test),),
            ),
            tests=(key,),
        )


def _labels(resources: Mapping[str, LockedNode | LockedTest]) -> dict[str, str]:
    """Return a name for each resource within its transform: its own, as far as that is unique."""

    def short(resource: LockedNode | LockedTest) -> str:
        version = resource.version if isinstance(resource, LockedNode) else None
        name = f"{resource.name}_v{version}" if version else resource.name
        return re.sub(r"[^A-Za-z0-9_]", "_", name)

    count = Counter(short(resource) for resource in resources.values())
    return {
        key: short(r) if count[short(r)] == 1 else f"{r.package}__{short(r)}"
        for key, r in resources.items()
    }


def _node(key: str, node: LockedNode) -> ir.DbtNode:
    return ir.DbtNode(unique_id=key, name=node.name, resource_type=node.resource_type)


def _test(key: str, test: LockedTest) -> ir.DbtTest:
    return ir.DbtTest(unique_id=key, name=test.name, blocks=test.severity == "error")
