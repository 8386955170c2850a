"""The dbt invocations a transform becomes: one for all it selects, or one for each node."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipegen import ir
from pipegen.lower.lock import LockedNode, LockedProject, LockedSelection, LockedTest
from pipegen.spec import DbtTransform

MADE = {
    "build": ("model", "seed", "snapshot", "function"),
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

    `tests` are those that compare what other tasks build. Who reads what it builds waits for
    `gate` instead, which tests all of the transform once all is built.
    """

    name: str
    transform: str
    group: str | None
    action: ir.Dbt
    builds: tuple[Dataset, ...] = ()
    tests: tuple[str, ...] = ()
    gate: str | None = None

    @property
    def target(self) -> Place:
        """Where it builds: the dbt project and its target."""
        return (self.action.project.name, self.action.project.target)

    @property
    def is_gate(self) -> bool:
        """Whether readers of its transform wait for it alone."""
        return self.gate == self.name


def action(transform: DbtTransform, project: ir.DbtProject, **own: Any) -> ir.Dbt:
    """Return a dbt invocation with what all of a transform have in common."""
    is_build = transform.command == "build"
    return ir.Dbt(
        **{"select": (), **own},
        project=project,
        granularity=ir.Granularity(transform.cut if is_build else "step"),
        expand=ir.Expand(transform.expand),
        run_tests=ir.RunTests(transform.tests),
        vars=ir.Fields(tuple(transform.vars.items())),
        env=ir.Fields(tuple(transform.env.items())),
        full_refresh=transform.full_refresh,
        threads=transform.threads,
        store_failures=transform.store_failures,
        state_dir=transform.defer.state_dir if transform.defer else None,
        macro=transform.macro,
        args=ir.Fields(tuple(transform.args.items())),
        span=transform.span,
    )


@dataclass(frozen=True, slots=True)
class Selected:
    """What a transform selects: `mine` are the tests of it that run there."""

    name: str
    transform: DbtTransform
    selection: LockedSelection
    project: LockedProject
    target: ir.DbtProject
    mine: tuple[str, ...]

    @property
    def gate(self) -> str | None:
        """The name of the task that runs all tests, if one does."""
        spec = self.transform
        is_late = spec.command == "build" and spec.tests == "after_all" and self.mine
        if not is_late:
            return None
        names = {self.project.nodes[key].name for key in self.selection.nodes}
        return f"{self.name}.{'tests' if 'tests' not in names else f'tests_of_{self.name}'}"

    @property
    def is_untested(self) -> bool:
        """Whether what it builds is not tested as it is built."""
        return self.transform.command == "build" and self.transform.tests != "after_each"

    def step(self) -> DbtWork:
        """Return the one task of the whole selection."""
        transform, selection, project = self.transform, self.selection, self.project
        others = selection.tests if transform.command in _TESTING else ()
        elsewhere = [project.tests[key].select for key in others if key not in self.mine]
        made = MADE.get(transform.command, ())
        built = [key for key in selection.nodes if project.nodes[key].resource_type in made]
        tests = () if self.is_untested else self.mine
        return DbtWork(
            name=f"{self.name}.build" if self.gate else self.name,
            transform=self.name,
            group=self.name if self.gate else None,
            action=action(
                transform,
                self.target,
                command=transform.command,
                **self._asked(_ALL_TESTS if self.is_untested else elsewhere, built, tests),
                nodes=self._nodes(built),
                tests=tuple(_test(key, project.tests[key]) for key in tests),
            ),
            builds=tuple((transform.project, key) for key in built),
            tests=tuple(key for key in tests if not set(project.tests[key].parents) <= set(built)),
        )

    def tested(self, gate: str) -> DbtWork:
        """Return the task that runs all tests of the selection."""
        others = [key for key in self.selection.tests if key not in self.mine]
        elsewhere = [self.project.tests[key].select for key in others]
        return DbtWork(
            name=gate,
            transform=self.name,
            group=self.name,
            action=action(
                self.transform,
                self.target,
                command="test",
                **self._asked(elsewhere, (), self.mine),
                tests=tuple(_test(key, self.project.tests[key]) for key in self.mine),
            ),
            tests=self.mine,
            gate=gate,
        )

    def _asked(
        self, left_out: Sequence[str], built: Sequence[str], tests: Sequence[str]
    ) -> dict[str, Any]:
        """Return what dbt is asked for: what the transform says, but for what is left out.

        dbt takes no `--exclude` beside `--selector`: all that it selects is named then.
        """
        transform = self.transform
        if transform.selector and left_out:
            named = [self.project.nodes[key].select for key in built]
            named += [self.project.tests[key].select for key in tests]
            return {"select": tuple(named), "indirect_selection": ir.IndirectSelection.EMPTY}
        return {
            "select": transform.select or (),
            "selector": transform.selector,
            "exclude": (*transform.exclude, *left_out),
            "indirect_selection": ir.IndirectSelection(transform.indirect_selection),
        }

    def models(self) -> Iterator[DbtWork]:
        """Yield a task for each node, and for each test that no node has for itself."""
        transform, project = self.transform, self.project
        attached: dict[str, list[str]] = {key: [] for key in self.selection.nodes}
        alone: list[str] = []
        for key, test in project.tests.items():
            if len(test.parents) == 1 and test.parents[0] in attached:
                attached[test.parents[0]].append(key)
            elif key in self.mine and not self.gate:
                alone.append(key)
        labels = _labels(
            {key: project.nodes[key] for key in self.selection.nodes}
            | {key: project.tests[key] for key in alone}
        )
        for key in self.selection.nodes:
            tests = [t for t in attached[key] if t in self.mine and not self.is_untested]
            left_out = [project.tests[t].select for t in attached[key] if t not in tests]
            yield DbtWork(
                name=f"{self.name}.{labels[key]}",
                transform=self.name,
                group=self.name,
                action=action(
                    transform,
                    self.target,
                    command="build",
                    select=(project.nodes[key].select,),
                    exclude=_ALL_TESTS if self.is_untested else tuple(left_out),
                    indirect_selection=ir.IndirectSelection.CAUTIOUS,
                    nodes=self._nodes([key]),
                    tests=tuple(_test(t, project.tests[t]) for t in tests),
                ),
                builds=((transform.project, key),),
            )
        for key in alone:
            test = project.tests[key]
            yield DbtWork(
                name=f"{self.name}.{labels[key]}",
                transform=self.name,
                group=self.name,
                action=action(
                    transform,
                    self.target,
                    command="test",
                    select=(test.select,),
                    tests=(_test(key, test),),
                ),
                tests=(key,),
            )

    def _nodes(self, keys: Sequence[str]) -> tuple[ir.DbtNode, ...]:
        """Return the nodes one task builds, with what they read of each other."""
        nodes = self.project.nodes
        return tuple(
            ir.DbtNode(
                unique_id=key,
                name=nodes[key].name,
                resource_type=nodes[key].resource_type,
                parents=tuple(parent for parent in nodes[key].parents if parent in keys),
            )
            for key in keys
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


def _test(key: str, test: LockedTest) -> ir.DbtTest:
    return ir.DbtTest(
        unique_id=key, name=test.name, blocks=test.severity == "error", parents=test.parents
    )
