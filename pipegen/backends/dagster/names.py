"""What tasks and dbt projects are called in the file of a pipeline, and their assets in Dagster."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pipegen import ir
from pipegen.backends import calls, dbt
from pipegen.backends.dagster.control import Rule, control
from pipegen.backends.dagster.shared import shared
from pipegen.backends.dagster.views import Resource
from pipegen.emit import Code, literal
from pipegen.naming import slug, take

_NAMES = """
    ASSETS Any CHECKS Callable Collection DBT_CLOUD_POLL DBT_LOCK DBT_MANIFESTS DagsterDbtTranslator
    DbtCliResource DbtProject Events ExpandTranslator Field Iterator LABELS Late Mapping PARAMS
    Params Path RETRIES ROOT Self Sequence Skipped StepTranslator Switch TIMEZONE UNFINISHED
    WITH_PACKAGES Waits Work ZoneInfo added cache context contextmanager date datetime dbt_assets
    dbt_cli dbt_freshness dbt_node dbt_nodes dbt_step decided defs dg ended given governed httpx
    invoke_dbt is_running job json key os params parse_dbt refreshed response run_date run_dbt
    run_dbt_cloud run_step schedule scheduled_day state subprocess threading told told_freshness
"""
_NO_JOBS = """
    arg_dict bool conf config context dict float input input_arg_dict int meta output
    output_arg_dict str type
"""
RESERVED = frozenset(_NAMES.split())
"""The names the file imports or defines itself."""

Key = tuple[str, ...]
"""The key of an asset: for a table of dbt that table's, as dagster-dbt has it, so that lineage
reaches across pipelines; else the pipeline's name, then the task's."""


def job(pipeline: str) -> str:
    """Return the name of a pipeline's job: the same, unless Dagster keeps that for itself."""
    is_refused = keyword.iskeyword(pipeline) or pipeline in _NO_JOBS.split()
    return f"{pipeline}_" if is_refused else pipeline


class Names:
    """The names that tasks and dbt projects have in the file, and the keys of their assets."""

    def __init__(self, pipeline: ir.Pipeline) -> None:
        self.pipeline = pipeline.name
        taken = set(RESERVED)
        steps = [task for task in pipeline.tasks if is_step(task.action)]
        in_process = [task for task in pipeline.tasks if not is_step(task.action)]
        self.constants = dbt.Constants(in_process, taken)
        self._resources = dbt.Constants(steps, taken, suffix="_project", own=False)
        self.variables = {task.name: take(task.name, taken) for task in pipeline.tasks}
        self.control = control(pipeline.tasks)
        self.shared = shared(in_process, steps)
        self.verdict = take("verdict", taken | {slug(task.name) for task in pipeline.tasks})
        self.nodes = node_names(
            task.action for task in pipeline.tasks if isinstance(task.action, ir.Dbt)
        )
        self._expanded = {task.name for task in steps if dbt.is_expanded(task.action)}
        self.keys: dict[str, dict[str, Key]] = {}
        makers = [t for t in pipeline.tasks if not isinstance(t.action, ir.Freshness)]
        for task in sorted(makers, key=lambda task: bool(task.loads)):
            others = {key for keys in self.keys.values() for key in keys.values()}
            self.keys[task.name] = _keys(pipeline.name, task, self.nodes, others)

    def rule(self, task: ir.Task) -> Rule | None:
        """Return how a task's step decides whether it runs; None if Dagster does."""
        return self.control.rules.get(task.name)

    def resources(self) -> Iterator[Resource]:
        """Yield the constants of what `@dbt_assets` take."""
        for held, project in self._resources.based():
            yield Resource(held.constant, held.options[1], held.options[3], project.target)

    def resource(self, action: ir.Dbt) -> str:
        """Return the constant of what `@dbt_assets` take for an action."""
        return self._resources.base(action)

    def deps(self, task: ir.Task) -> Iterator[Code]:
        """Yield what a task's assets depend on: of a task with many, those its data names."""
        for upstream in task.upstream:
            if upstream in self.control.rules and task.name in self.control.rules:
                yield state(upstream)
                continue
            if upstream in self._expanded:
                yield Code(self.variables[upstream])  # which assets it has is known at load
                continue
            if upstream not in self.keys:
                continue  # a check, which blocks by itself what reads its asset
            keys = self.keys[upstream]
            details = (d.detail.split(" ")[-1] for d in task.dependencies if d.task == upstream)
            named = sorted(set(details).intersection(keys))
            if upstream in self.control.rules:  # with an asset more
                yield from (listed(keys[name], beside=21) for name in named or keys)
            elif len(keys) == 1 or not named:
                yield Code(self.variables[upstream])
            else:
                yield from (listed(keys[name], beside=21) for name in named)


def state(task: str) -> Code:
    """Return the call for the key of the asset that tells how a task ended."""
    return Code(f"state({calls.arguments([literal(task)], {}, beside=26)})")


def is_step(action: ir.Action) -> bool:
    """Whether dbt's command line runs it, as `@dbt_assets`: a whole selection that builds."""
    return (
        isinstance(action, ir.Dbt)
        and action.granularity is ir.Granularity.STEP
        and bool(action.nodes)
    )


def _keys(
    pipeline: str, task: ir.Task, nodes: Mapping[str, str], others: set[Key]
) -> dict[str, Key]:
    """Return the keys of a task's assets, by the name of each in dbt."""
    own = (pipeline, *task.name.split("."))
    if isinstance(task.action, ir.Dbt) and task.action.nodes:
        names = [nodes[node.unique_id] for node in tables(task.action)]
        if not others.isdisjoint((name,) for name in names):  # another target's, or built twice
            return {name: (*own, name) for name in names}
        return {name: (name,) for name in names}
    loaded = [tuple(table.split(".")[-2:]) for table in task.loads]
    keys = {".".join(table): table for table in loaded}
    clash = not others.isdisjoint(keys.values())
    return {name: (*own, *key) if clash else key for name, key in keys.items()} or {task.name: own}


def tables(action: ir.Dbt) -> tuple[ir.DbtNode, ...]:
    """Return the nodes of an action that are assets: dagster-dbt makes none of functions."""
    found = tuple(node for node in action.nodes if node.resource_type != "function")
    return found if found and is_step(action) else action.nodes


def node_names(actions: Iterable[ir.Dbt]) -> dict[str, str]:
    """Return the name of each node by unique id; it is longer where two would be the same.

    A model may be called as one of another package is, or of another dbt project.
    """
    paths = {node.unique_id: node.unique_id.split(".") for a in actions for node in a.nodes}
    count = Counter("_".join(path[2:]) for path in paths.values())
    return {
        unique_id: "_".join(path[2:] if count["_".join(path[2:])] == 1 else path[1:])
        for unique_id, path in paths.items()
    }


def listed(items: Iterable[str], beside: int) -> Code:
    """Return a list, on one line if it fits there beside that many other characters."""
    return calls.items([literal(item) for item in items], beside)
