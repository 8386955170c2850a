"""`granularity: lineage` keeps every gate of `model`, with the fewest tasks: ADR 12."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import PurePosixPath
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from pipegen import ir, semantics
from pipegen.diagnostics import Span
from pipegen.lower.graph import ordered
from pipegen.lower.grouping import grouped
from pipegen.lower.lock import Lock, LockedNode, LockedProject, LockedTest
from pipegen.semantics import End, State

SPAN = Span("pipelines/drawn.yaml", 1, 1, 1)
PROJECT = ir.DbtProject(
    name="p",
    package="p",
    profile="p",
    dir=PurePosixPath("dbt"),
    profiles_dir=PurePosixPath("dbt"),
    span=SPAN,
)


@dataclass(frozen=True)
class Drawn:
    """A pipeline with a task for each node, and what dbt knows of these."""

    tasks: tuple[ir.Task, ...]
    lock: Lock

    def pipeline(self, tasks: Sequence[ir.Task]) -> ir.Pipeline:
        return ir.Pipeline(name="drawn", source="drawn.yaml", tasks=tuple(tasks), span=SPAN)


def drawn(seed: int) -> Drawn:
    """Draw sources, models in two transforms, tests of several models, and activations."""
    random = Random(seed)
    sources = [f"s{i}" for i in range(random.randint(1, 4))]
    models = [f"m{i}" for i in range(random.randint(1, 9))]
    transform = {model: random.choice(("one", "one", "two")) for model in models}
    parents: dict[str, list[str]] = {}
    for place, model in enumerate(models):
        above = [*models[:place], *sources]
        parents[model] = random.sample(above, random.randint(1, min(3, len(above))))
    tests = {
        f"t{i}": (sorted(random.sample(models, 2)), random.random() < 0.7)
        for i in range(random.randint(0, 3) if len(models) > 1 else 0)
    }
    retries = {model: random.choice((0, 0, 0, 1)) for model in models}
    most = min(2, len(models))
    activations = {f"a{i}": random.sample(models, random.randint(1, most)) for i in range(3)}
    names = {model: f"{transform[model]}.{model}" for model in models}
    ancestors = closure(parents)

    tasks = [task(source, step(source)) for source in sources]
    test_names = {test: f"one.{test}" for test in tests}
    for model in models:
        gates = gating(ancestors[model], ancestors, tests)
        waits = [names.get(parent, parent) for parent in parents[model]]
        waits += [test_names[test] for test in gates]
        action = dbt("build", nodes=(node(model),))
        tasks.append(task(names[model], action, waits, transform[model], retries[model]))
    for test, (tested, blocks) in tests.items():
        parents_of = tuple(map(unique_id, tested))
        found = ir.DbtTest(unique_id=test, name=test, blocks=blocks, parents=parents_of)
        waits = [names[model] for model in tested]
        tasks.append(task(test_names[test], dbt("test", tests=(found,)), waits, "one"))
    for name, reads in activations.items():
        above = set(reads).union(*(ancestors[model] for model in reads))
        waits = [names[model] for model in reads]
        waits += [test_names[test] for test in gating(above, ancestors, tests)]
        tasks.append(task(name, step(name), waits))
    locked = LockedProject(
        package="p",
        profile="p",
        nodes={
            unique_id(model): LockedNode(
                *(model, "p", "model", None, model),
                tuple(unique_id(parent) for parent in parents[model] if parent in names),
            )
            for model in models
        },
        tests={
            test: LockedTest(
                *(test, "p", "error" if blocks else "warn", test), tuple(map(unique_id, tested))
            )
            for test, (tested, blocks) in tests.items()
        },
    )
    return Drawn(ordered(tasks), Lock("drawn", {"p": locked}))


def closure(parents: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for model, above in parents.items():
        found[model] = set(above).union(*(found.get(parent, set()) for parent in above))
    return found


def gating(
    above: set[str], ancestors: Mapping[str, set[str]], tests: Mapping[str, tuple[list[str], bool]]
) -> list[str]:
    """Return the error tests whose models are all above, as `dbt build` has it."""
    return [test for test, (tested, blocks) in tests.items() if blocks and above >= set(tested)]


def unique_id(model: str) -> str:
    return f"model.p.{model}"


def node(model: str) -> ir.DbtNode:
    return ir.DbtNode(unique_id=unique_id(model), name=model, resource_type="model")


def step(name: str) -> ir.Python:
    return ir.Python(module="m", function=name, args=ir.NOTHING, span=SPAN)


def dbt(command: str, **what: tuple[object, ...]) -> ir.Dbt:
    return ir.Dbt(
        project=PROJECT,
        command=command,
        select=(),
        granularity=ir.Granularity.LINEAGE,
        span=SPAN,
        **what,  # type: ignore[arg-type]
    )


def task(
    name: str,
    action: ir.Action,
    waits: Sequence[str] = (),
    group: str | None = None,
    retries: int = 0,
) -> ir.Task:
    return ir.Task(
        name=name,
        stage=ir.Stage.TRANSFORM if group else ir.Stage.SOURCE,
        action=action,
        dependencies=tuple(ir.Dependency(other, ir.Reason.LINEAGE) for other in sorted(set(waits))),
        retries=ir.Retries(count=retries, span=SPAN),
        group=group,
        span=SPAN,
    )


def ran(pipeline: ir.Pipeline, failing: frozenset[str]) -> tuple[dict[str, State], set[str]]:
    """Return how the tasks outside dbt end, and which nodes and tests dbt is asked for."""
    trace = semantics.run(
        pipeline,
        lambda task, _: End.OK if failing.isdisjoint(semantics.elements(task)) else End.FAIL,
    )
    asked: set[str] = set()
    outside = {}
    for name, end in trace.tasks:
        action = pipeline.task(name).action
        if not isinstance(action, ir.Dbt):
            outside[name] = end.state
        elif end.attempts:
            asked |= {found.unique_id for found in (*action.nodes, *action.tests)}
    return outside, asked


def plans(pipeline: ir.Pipeline) -> Iterator[frozenset[str]]:
    """Yield each single failure: more of them fail what each of them fails."""
    yield frozenset()
    for task in pipeline.tasks:
        yield from (frozenset([element]) for element in semantics.elements(task))


def keeps(one: ir.Pipeline, other: ir.Pipeline, failing: frozenset[str]) -> bool:
    """Whether both are alike to whoever looks from outside dbt, or at what is built."""
    outside, asked = ran(one, failing)
    outside_too, asked_too = ran(other, failing)
    in_dbt = {e for t in one.tasks if isinstance(t.action, ir.Dbt) for e in semantics.elements(t)}
    return outside == outside_too and (asked == asked_too or not in_dbt.isdisjoint(failing))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9), st.data())
def test_every_gate_is_kept(seed: int, data: st.DataObject) -> None:
    found = drawn(seed)
    model = found.pipeline(found.tasks)
    tasks, _ = grouped(found.tasks, found.lock)
    lineage = found.pipeline(ordered(tasks))
    assert len(lineage.tasks) == len(tasks), "a cycle"
    elements = sorted({e for task in model.tasks for e in semantics.elements(task)})
    for failing in [*plans(model), frozenset(data.draw(st.sets(st.sampled_from(elements))))]:
        assert keeps(model, lineage, failing), failing


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**9))
def test_no_two_groups_could_be_one(seed: int) -> None:
    found = drawn(seed)
    model = found.pipeline(found.tasks)
    tasks, _ = grouped(found.tasks, found.lock)
    groups = [task for task in tasks if isinstance(task.action, ir.Dbt)]
    for first, second in combinations(groups, 2):
        alike = (first.group, first.retries) == (second.group, second.retries)
        if not alike:
            continue
        one = merged(tasks, first, second)
        in_order = ordered(one)
        if len(in_order) == len(one):  # no cycle
            coarser = found.pipeline(in_order)
            assert any(not keeps(model, coarser, failing) for failing in plans(model))


def merged(tasks: Sequence[ir.Task], first: ir.Task, second: ir.Task) -> list[ir.Task]:
    """Return the tasks with two of them as one."""
    assert isinstance(first.action, ir.Dbt)
    assert isinstance(second.action, ir.Dbt)
    action = replace(
        first.action,
        nodes=(*first.action.nodes, *second.action.nodes),
        tests=(*first.action.tests, *second.action.tests),
    )
    both = {first.name, second.name}

    def renamed(task: ir.Task) -> ir.Task:
        waits = {replace(d, task=first.name) if d.task in both else d for d in task.dependencies}
        return replace(task, dependencies=tuple(sorted(waits)))

    waits = {d for task in (first, second) for d in task.dependencies if d.task not in both}
    one = replace(first, action=action, dependencies=tuple(sorted(waits)))
    return [*(renamed(task) for task in tasks if task.name not in both), one]


def test_the_drawn_pipelines_are_worth_drawing() -> None:
    """Groups of several nodes and of one, and some that hold a test of their own."""
    sizes = set()
    for seed in range(50):
        found = drawn(seed)
        actions = [task.action for task in grouped(found.tasks, found.lock)[0]]
        sizes |= {(len(a.nodes), bool(a.tests)) for a in actions if isinstance(a, ir.Dbt)}
    assert sizes >= {(1, False), (1, True), (2, False), (2, True), (3, False), (0, True)}
