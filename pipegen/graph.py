"""Draw a pipeline's tasks and why each waits for another: Mermaid and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum

from pipegen.ir import Dbt, Pipeline, RemoteJob, Stage, Task
from pipegen.naming import slug


class GraphFormat(StrEnum):
    """How a graph is written."""

    MERMAID = "mermaid"
    JSON = "json"


def draw(pipeline: Pipeline, format: GraphFormat) -> str:
    """Return the graph of a pipeline as text that ends with a line end."""
    match format:
        case GraphFormat.MERMAID:
            return "\n".join(_mermaid(pipeline)) + "\n"
        case GraphFormat.JSON:
            return json.dumps(_json(pipeline), indent=2, ensure_ascii=False) + "\n"


_SHAPES = {
    Stage.SOURCE: ("[/", "/]"),
    Stage.TRANSFORM: ("[", "]"),
    Stage.CHECK: ("{{", "}}"),
    Stage.FRESHNESS: ("{{", "}}"),
    Stage.WAIT: ("((", "))"),
    Stage.ACTIVATION: ("([", "])"),
}


def _mermaid(pipeline: Pipeline) -> Iterator[str]:
    yield "flowchart LR"
    for group in dict.fromkeys(task.group for task in pipeline.tasks):
        members = [task for task in pipeline.tasks if task.group == group]
        if group is None:
            yield from (f"  {_shape(task, task.name)}" for task in members)
            continue
        yield f"  subgraph {group}"
        yield from (f"    {_shape(task, task.name.partition('.')[2])}" for task in members)
        yield "  end"
    for upstream, downstream in pipeline.edges():
        yield f"  {_id(upstream)} --> {_id(downstream)}"


def _id(name: str) -> str:
    """Return an id Mermaid cannot take for one of its words, such as `end`."""
    return f"t_{slug(name)}"


def _shape(task: Task, label: str) -> str:
    opening, closing = _SHAPES[task.stage]
    return f'{_id(task.name)}{opening}"{label}"{closing}'


def _json(pipeline: Pipeline) -> dict[str, object]:
    return {
        "pipeline": pipeline.name,
        "nodes": [_node(task) for task in pipeline.tasks],
        "edges": [
            {
                "from": upstream,
                "to": task.name,
                "because": [
                    {"reason": dependency.reason, "detail": dependency.detail}
                    for dependency in task.dependencies
                    if dependency.task == upstream
                ],
            }
            for task in pipeline.tasks
            for upstream in task.upstream
        ],
    }


def _node(task: Task) -> dict[str, object]:
    node: dict[str, object] = {"name": task.name, "stage": task.stage, "group": task.group}
    match task.action:
        case Dbt() as dbt:
            node["action"] = "dbt"
            node["builds"] = [item.unique_id for item in dbt.nodes]
            node["tests"] = [item.unique_id for item in dbt.tests]
        case RemoteJob(service=service):
            node["action"] = service
        case action:
            node["action"] = type(action).__name__.lower()
    if task.loads:
        node["loads"] = list(task.loads)
    if task.reads:
        node["reads"] = list(task.reads)
    return node
