"""Dagster: one file of assets per pipeline, with a job and a schedule, and one that loads them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import Backend, Target, calls, remote
from pipegen.backends import params as of_run
from pipegen.backends.calls import arguments, formats
from pipegen.backends.dagster import control
from pipegen.backends.dagster.assets import RUN, assets, is_dated, reads_environment
from pipegen.backends.dagster.labels import labels, owners
from pipegen.backends.dagster.names import Names, is_step, job, listed, state
from pipegen.backends.dagster.offers import CAPABILITIES
from pipegen.backends.dagster.params import declared
from pipegen.backends.dagster.views import Call, File, Helpers, Verdict
from pipegen.backends.dbt import helpers, is_dbt, is_expanded
from pipegen.emit import Code, brackets, identifier, literal
from pipegen.files import PlannedFile
from pipegen.resources import resource


def plan(pipeline: ir.Pipeline, target: Target) -> tuple[PlannedFile, ...]:
    """Plan the file of a pipeline."""
    path = PurePosixPath("defs", f"pg_{pipeline.name}.py")
    pipeline = control.in_process(pipeline)
    names = Names(pipeline)
    schedule = f"{pipeline.name}_schedule"
    defined = tuple(assets(pipeline.tasks, names))
    used = {asset.template for asset in defined}
    dated = any(is_dated(task.action) for task in pipeline.tasks) or of_run.is_dated(pipeline)
    params = declared(pipeline, RUN)
    scheduled = pipeline.schedule is not None
    starts = pipeline.schedule is not None and pipeline.schedule.start is not None
    runs = _helpers(pipeline, names)
    switch = bool(runs and runs.refresh)
    nodes = bool(used & {"node.j2", "nodes.j2"})
    steps = "step.j2" in used
    in_process = nodes or "freshness.j2" in used
    told = bool(names.control.rules)
    checks = [a.name for a in defined if a.template == "freshness.j2" and not a.rule]
    verdict = _verdict(names)
    policies = [names.shared.retries, *(asset.retries for asset in defined)]
    waits = any(policy and policy.startswith("Waits") for policy in policies)
    skips = [asset for asset in defined if isinstance(asset.body, Call) and asset.body.skips]
    late = bool(runs and (runs.late or runs.env))
    dbt_cloud = "dbt_cloud.j2" in used
    file = File(
        name=pipeline.name,
        job=job(pipeline.name),
        root=target.root(path),
        timezone=pipeline.timezone,
        labels=labels(
            pipeline, owner=None, metadata={"owner": pipeline.owner}, tags=_limits(pipeline)
        ),
        schedule=pipeline.schedule,
        schedule_name=schedule,
        status=Code("RUNNING" if pipeline.schedule and pipeline.schedule.enabled else "STOPPED"),
        starts=control.starts(pipeline.schedule) if pipeline.schedule else None,
        settings=tuple(control.settings(pipeline, schedule)),
        projects=names.constants.all(),
        resources=tuple(names.resources()),
        dbt=runs,
        owners=owners(names.shared.owner) if names.shared.owner else None,
        retries=None if waits else names.shared.retries,
        waiting=names.shared.retries if waits else None,
        assets=defined,
        names=_listed(
            [asset.name for asset in defined if asset.name not in checks]
            + ([verdict.name] if verdict else [])
        ),
        checks=_listed(checks) if checks else None,
        verdict=verdict,
        defined=_defined(scheduled=scheduled, checked=bool(checks), told=params is not None),
        in_process=in_process,
        nodes=nodes,
        steps=steps,
        late=late,
        given=bool(runs and runs.late),
        added=bool(runs and runs.env and not in_process),
        contextmanager=bool(runs and runs.env),
        shell="shell.j2" in used,
        http="http.j2" in used,
        dbt_cloud=dbt_cloud,
        os=of_run.reads_environment(pipeline)
        or any(reads_environment(task.action) for task in pipeline.tasks),
        dated=dated,
        zoned=dated or starts,
        abc=_imported(
            Callable=late or switch or told,
            Collection=told,
            Iterator=runs is not None or told or bool(skips) or any(a.yields for a in defined),
            Mapping=runs is not None,
            Sequence=runs is not None or dbt_cloud or told,
        ),
        datetime=_imported(
            date=starts
            or (scheduled and dated)
            or of_run.is_formatted(pipeline)
            or any(formats(t.action) for t in pipeline.tasks),
            datetime=dated,
        ),
        typing=_imported(
            Any=runs is not None or params is not None or told or bool(names.shared.owner),
            Self=waits,
        ),
        params=params,
        switch=switch,
        told=told,
        state=calls.items([literal(pipeline.name), Code("task"), literal("state")], beside=10),
        skipped=any(t.if_false is ir.IfFalse.SKIP for t in pipeline.tasks if names.rule(t)),
        waits=waits,
        unfinished=bool(pipeline.schedule and control.keeps_apart(pipeline.schedule)),
    )
    return (PlannedFile(path, "pipeline.py.j2", file, pipeline.source),)


def _helpers(pipeline: ir.Pipeline, names: Names) -> Helpers | None:
    found = helpers(pipeline.tasks, names.constants)
    if found is None:
        return None
    steps = [task.action for task in pipeline.tasks if is_step(task.action)]
    selector = any(isinstance(action, ir.Dbt) and action.selector for action in steps)
    deps = any(isinstance(action, ir.Dbt) and action.project.install_deps for action in steps)
    in_process = any(
        isinstance(task.action, ir.Dbt) and not is_step(task.action) for task in pipeline.tasks
    )
    nodes = [task for task in pipeline.tasks if isinstance(task.action, ir.Dbt)]
    ages = [task for task in pipeline.tasks if isinstance(task.action, ir.Freshness)]
    return Helpers(
        **{**asdict(found), "builds": in_process},
        selector=selector,
        expands=any(map(is_expanded, (task.action for task in pipeline.tasks))),
        deps=deps,
        pool=any(task.pool for task in nodes),
        told=any(map(names.rule, nodes)),
        told_ages=any(map(names.rule, ages)),
        plain_ages=not all(map(names.rule, ages)),
    )


def _limits(pipeline: ir.Pipeline) -> dict[str, str]:
    """Return the tags of the job by which Dagster ends a run that takes too long."""
    if not pipeline.timeout:
        return {}
    return {"dagster/max_runtime": str(calls.seconds(pipeline.timeout))}


def _verdict(names: Names) -> Verdict | None:
    judged = names.control.judged
    if not judged:
        return None
    return Verdict(
        name=names.verdict,
        key=listed((names.pipeline, names.verdict), beside=9),
        deps=calls.items([state(name) for name in judged], beside=10),
    )


def _listed(names: Iterable[str]) -> Code:
    return brackets([identifier(name) for name in names])


def _defined(*, scheduled: bool, checked: bool, told: bool) -> Code:
    named = {
        "assets": "ASSETS",
        "asset_checks": "CHECKS" if checked else None,
        "jobs": "[job]",
        "schedules": "[schedule]" if scheduled else None,
        "resources": "{PARAMS: Params.configure_at_launch()}" if told else None,
    }
    given = {name: Code(value) for name, value in named.items() if value}
    return arguments((), given, beside=23)


def plan_project(pipelines: tuple[ir.Pipeline, ...], target: Target) -> tuple[PlannedFile, ...]:
    """Plan the file that loads every pipeline, and the list of what they all need."""
    tasks = [task for pipeline in pipelines for task in control.in_process(pipeline).tasks]
    dbt = [task.action for task in tasks if is_dbt(task.action)]
    dbt_cloud = any(remote.is_dbt_cloud(task.action) for task in tasks)
    needed = {
        "dagster>=1.13.27,<1.14": True,
        "dagster-webserver>=1.13.27,<1.14": True,
        "dagster-dbt>=0.29.27,<0.30": any(map(is_step, dbt)) or dbt_cloud,
        # dagster-dbt imports it without asking for it: without dbt-core nobody else does
        "python-dateutil>=2.9,<3": dbt_cloud,
        "dbt-core>=1.11,<1.12": bool(dbt),
        "httpx>=0.28,<1": any(isinstance(task.action, ir.Http) for task in tasks),
    }
    requirements = tuple(package for package, is_needed in needed.items() if is_needed)
    return tuple(
        PlannedFile(PurePosixPath(name), f"{name}.j2", view, "pipegen.yaml")
        for name, view in (("definitions.py", None), ("requirements.txt", requirements))
    )


def _imported(**names: bool) -> Code | None:
    return Code(", ".join(name for name, is_used in names.items() if is_used)) or None


BACKEND = Backend(
    name="dagster",
    title="Dagster",
    capabilities=CAPABILITIES,
    templates=resource("templates") / "dagster",
    plan=plan,
    plan_project=plan_project,
    one_builder=True,
)
