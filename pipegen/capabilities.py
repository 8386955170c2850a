"""What a pipeline needs and what a back end offers, both as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipegen import problems
from pipegen.diagnostics import Diagnostic
from pipegen.ir import Dbt, Http, Node, Pipeline, Python, Shell, Task


class Feature(StrEnum):
    """Something a specification can ask for that a back end may lack.

    The value is where it is written in the YAML.
    """

    CRON = "schedule.cron"
    TIMEZONE = "schedule.timezone"
    START = "schedule.start"
    CATCHUP = "schedule.catchup"
    RETRIES = "task.retries"
    TIMEOUT = "task.timeout"
    TIMEOUT_IN_PROCESS = "task.timeout (dbt and python)"
    DBT_STEP = "transform.granularity: step"
    DBT_MODEL = "transform.granularity: model"
    PYTHON = "kind: python"
    SHELL = "kind: shell"
    HTTP = "kind: http"
    PIPELINE_OWNER = "pipeline.owner"
    PIPELINE_TAGS = "pipeline.tags"
    PIPELINE_DESCRIPTION = "pipeline.description"
    TASK_OWNER = "task.owner"
    TASK_TAGS = "task.tags"
    TASK_DESCRIPTION = "task.description"


class Level(StrEnum):
    """How well a back end supports a feature."""

    NATIVE = "native"
    EMULATED = "emulated"
    DEGRADED = "degraded"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Support:
    """A level, a sentence on how, and for `degraded` what differs."""

    level: Level
    how: str
    differs: str = ""


def native(how: str) -> Support:
    """The orchestrator has this feature."""
    return Support(Level.NATIVE, how)


def emulated(how: str) -> Support:
    """Generated code provides this feature, with the same meaning."""
    return Support(Level.EMULATED, how)


def degraded(how: str, differs: str) -> Support:
    """Part of the meaning is lost: a warning that says what differs."""
    return Support(Level.DEGRADED, how, differs)


def unsupported(why: str) -> Support:
    """Using this feature is an error for this back end; `why` says what to do instead."""
    return Support(Level.UNSUPPORTED, why)


Capabilities = Mapping[Feature, Support]

UNDECLARED = unsupported("this back end does not declare it")


def required(pipeline: Pipeline) -> Iterator[tuple[Feature, Node]]:
    """Yield each feature the pipeline uses, with the node that uses it."""
    if schedule := pipeline.schedule:
        yield Feature.CRON, schedule
        yield Feature.TIMEZONE, schedule
        if schedule.start:
            yield Feature.START, schedule
        if schedule.catchup:
            yield Feature.CATCHUP, schedule
    if pipeline.owner:
        yield Feature.PIPELINE_OWNER, pipeline
    if pipeline.tags:
        yield Feature.PIPELINE_TAGS, pipeline
    if pipeline.description:
        yield Feature.PIPELINE_DESCRIPTION, pipeline
    for task in pipeline.tasks:
        yield from ((feature, task) for feature in _of_task(task))


def _of_task(task: Task) -> Iterator[Feature]:
    in_process = False
    match task.action:
        case Dbt():
            yield Feature.DBT_MODEL if task.group else Feature.DBT_STEP
            in_process = True
        case Python():
            yield Feature.PYTHON
            in_process = True
        case Shell():
            yield Feature.SHELL
        case Http():
            yield Feature.HTTP
    if task.retries.count:
        yield Feature.RETRIES
    if task.timeout:
        yield Feature.TIMEOUT_IN_PROCESS if in_process else Feature.TIMEOUT
    if task.owner:
        yield Feature.TASK_OWNER
    if task.tags:
        yield Feature.TASK_TAGS
    if task.description:
        yield Feature.TASK_DESCRIPTION


def check(pipeline: Pipeline, backend: str, offered: Capabilities) -> Iterator[Diagnostic]:
    """Yield an error for each feature `backend` lacks and a warning for each it degrades.

    A feature is reported once, where it is used first.
    """
    seen: set[Feature] = set()
    for feature, node in required(pipeline):
        support = offered.get(feature, UNDECLARED)
        if feature in seen:
            continue
        seen.add(feature)
        if support.level is Level.UNSUPPORTED:
            yield problems.unsupported(backend, feature, support.how, node.span)
        elif support.level is Level.DEGRADED:
            yield problems.degraded(backend, feature, support.differs, node.span)


def clashes(pipelines: Iterable[Pipeline], backend: str) -> Iterator[tuple[str, Diagnostic]]:
    """Yield an error, and the pipeline it is for, for each that makes a table of an earlier one."""
    first: dict[tuple[str, str], tuple[Pipeline, Task]] = {}
    for pipeline in pipelines:
        for task in pipeline.tasks:
            for key, name in _made(task):
                other, maker = first.setdefault(key, (pipeline, task))
                if other is not pipeline:
                    problem = problems.built_twice(backend, name, other.name, task.span, maker.span)
                    yield pipeline.name, problem


def _made(task: Task) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the tables a task builds or loads: what tells them apart, and their names."""
    if isinstance(task.action, Dbt):
        for node in task.action.nodes:
            yield (task.action.project.name, node.unique_id), node.name
    for table in task.loads:
        name = ".".join(table.split(".")[-2:])
        yield ("", name), name
