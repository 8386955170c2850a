"""What starts a script at its times: a line for cron, and a workflow of GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import calls
from pipegen.backends.headless.script import overlap
from pipegen.backends.params import is_required
from pipegen.emit import Code, yaml_string


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a crontab. One that is `off` is a comment."""

    pipeline: str
    off: bool
    cron: Code
    timezone: Code
    script: Code
    log: Code
    flag: Code


@dataclass(frozen=True, slots=True)
class Crontab:
    """Exactly what `crontab.txt.j2` prints; `path` is where it lies in the project."""

    path: Code
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """A parameter that whoever starts a run may set."""

    name: Code
    description: Code
    required: bool
    variable: Code
    value: Code


@dataclass(frozen=True, slots=True)
class Secret:
    """A variable a task reads, and where the workflow has it from."""

    name: Code
    value: Code


@dataclass(frozen=True, slots=True)
class Workflow:
    """Exactly what `workflow.yml.j2` prints. One that is `off` is only started by hand."""

    file: Code
    name: Code
    off: bool
    cron: Code
    timezone: Code
    inputs: tuple[Input, ...]
    names: Code | None
    skips: bool
    queues: bool
    requirements: Code
    script: Code
    log: Code
    flag: Code
    secrets: tuple[Secret, ...]


def crontab(pipelines: Iterable[ir.Pipeline], out: PurePosixPath, path: PurePosixPath) -> Crontab:
    """Return the view of the crontab of some pipelines, whose scripts lie below `out`."""
    lines = tuple(
        Line(
            pipeline=pipeline.name,
            off=not schedule.enabled,
            cron=Code(schedule.cron.replace("%", r"\%")),
            timezone=Code(schedule.timezone),
            script=_script(pipeline, out),
            log=Code(f"pg_{pipeline.name}.jsonl"),
            flag=Code(f" {flag}" if (flag := _flag(pipeline)) else ""),
        )
        for pipeline in pipelines
        if (schedule := pipeline.schedule) and schedule.cron
    )
    return Crontab(Code(str(out / path)), lines)


def workflow(pipeline: ir.Pipeline, schedule: ir.Schedule, out: PurePosixPath) -> Workflow:
    """Return the view of the workflow of a pipeline whose schedule has a cron expression."""
    met = overlap(pipeline)
    inputs = tuple(_input(param) for param in pipeline.params)
    leaves = [leaf for task in pipeline.tasks for leaf in calls.leaves(task.action)]
    leaves += [leaf for param in pipeline.params for leaf in ir.leaves(param.default)]
    secrets = sorted({leaf.name for leaf in leaves if isinstance(leaf, ir.Env)})
    return Workflow(
        file=Code(f"pg_{pipeline.name}.yml"),
        name=yaml_string(pipeline.name),
        off=not schedule.enabled,
        cron=yaml_string(schedule.cron or ""),
        timezone=yaml_string(schedule.timezone),
        inputs=inputs,
        names=Code(" ".join(param.name for param in pipeline.params)) if inputs else None,
        skips=met is ir.Overlap.SKIP,
        queues=met is ir.Overlap.QUEUE,
        requirements=Code(str(out / "requirements.txt")),
        script=_script(pipeline, out),
        log=Code(f"pg_{pipeline.name}.jsonl"),
        flag=_flag(pipeline),
        secrets=tuple(Secret(Code(name), Code(f"${{{{ secrets.{name} }}}}")) for name in secrets),
    )


def _script(pipeline: ir.Pipeline, out: PurePosixPath) -> Code:
    return Code(str(out / "run" / f"pg_{pipeline.name}.py"))


def _flag(pipeline: ir.Pipeline) -> Code:
    """Return the argument by which a run that is started by cron looks for another."""
    return Code("" if overlap(pipeline) is ir.Overlap.ALLOW else "--scheduled")


def _input(param: ir.Param) -> Input:
    told = param.description or param.name
    return Input(
        name=Code(param.name),
        description=yaml_string(f"{told} ({param.type})".replace("${{", "$ {{")),
        required=is_required(param),
        variable=Code(f"PARAM_{param.name}"),
        value=Code(f"${{{{ inputs.{param.name} }}}}"),
    )
