"""The flow of a pipeline: a Prefect task for each task of the IR, and the order they run in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import Target, calls, dbt, remote
from pipegen.backends.params import is_dated, is_formatted, reads_environment, uses
from pipegen.backends.prefect import control
from pipegen.backends.prefect.expand import expanded
from pipegen.backends.prefect.params import declared
from pipegen.backends.prefect.views import Definition, Flow, Late, Options, Submission
from pipegen.emit import Code, brackets, expression, identifier, literal
from pipegen.files import PlannedFile
from pipegen.naming import slug, take

_RUN = calls.Given("run_date()")
_WIDTH = 88
_FLOW_WIDTH = 45
_NAMES = """
    Annotated Any Callable Cancelled Completed DBT_CLOUD_POLL DBT_LOCK DBT_MANIFESTS DEFAULT Failed
    Field FlowRunContext Iterator Mapping ObjectAlreadyExists Path Pending PrefectFuture ROOT
    Sequence State TIMEZONE ThreadPoolTaskRunner UUID WITH_PACKAGES ZoneInfo added allow_failure
    build_nodes contextmanager date datetime dbt defaults ended flow flow_run freshness get_client
    get_run_logger get_transaction given has_no_answer held_back httpx in_time invoke_dbt json
    limit_tag os params parse_dbt quote run run_date run_dbt run_dbt_cloud stale_tables
    subprocess suppress task task_run threading time told unkept upstream wait
"""


class _Names:
    """Gives out Python names for a file, each of them once."""

    def __init__(self) -> None:
        self.taken = set(_NAMES.split())

    def new(self, wanted: str, width: int) -> str:
        """Return a name like `wanted`; if that is too wide, its start and a digest."""
        if len(wanted) > width:
            digest = hashlib.sha256(wanted.encode()).hexdigest()[:6]
            wanted = f"{slug(wanted)[: width - 7]}_{digest}"
        return take(wanted, self.taken)


def plan(pipeline: ir.Pipeline, target: Target) -> tuple[PlannedFile, ...]:
    """Plan the file of a pipeline's flow."""
    path = _path(pipeline)
    pipeline = control.bounded(pipeline)
    rules = control.rules(pipeline.tasks)
    names = _Names()
    function = names.new(pipeline.name, _FLOW_WIDTH)
    params, given, defaults = declared(pipeline, _RUN, names.taken)
    actions = [task.action for task in pipeline.tasks]
    constants = dbt.Constants(pipeline.tasks, names.taken)
    helpers = dbt.helpers(pipeline.tasks, constants)
    definitions, submissions = _tasks(pipeline, names, constants, rules)
    may_fail = [
        Code(run.variable)
        for task, run in zip(pipeline.tasks, submissions, strict=True)
        if task.allow_failure
    ]
    start = pipeline.schedule.start if pipeline.schedule else None
    leaves = [leaf for action in actions for leaf in calls.leaves(action)]
    view = Flow(
        function=function,
        options=_flow_options(pipeline),
        root=target.root(path),
        timezone=pipeline.timezone,
        start=start.isoformat() if start else None,
        projects=constants.all(),
        dbt=helpers
        and replace(
            helpers,
            builds=any(isinstance(a, ir.Dbt) and not a.is_expanded for a in actions),
            timeout=any(map(_may_time_out, pipeline.tasks)),
        ),
        expands=any(map(dbt.is_expanded, actions)),
        expands_in_time=any(dbt.is_expanded(t.action) and t.timeout for t in pipeline.tasks),
        definitions=definitions,
        submissions=submissions,
        returned=calls.items([Code(run.variable) for run in submissions], beside=11),
        environment=any(isinstance(leaf, ir.Env) for leaf in leaves)
        or reads_environment(pipeline)
        or any(isinstance(action, ir.Dbt | ir.Shell) and action.env.items for action in actions),
        shell=any(isinstance(action, ir.Shell) for action in actions),
        http=any(isinstance(action, ir.Http) for action in actions),
        date=start is not None
        or is_dated(pipeline)
        or any(isinstance(leaf, ir.RunValue) for leaf in leaves),
        formatted=is_formatted(pipeline)
        or any(param.type == "date" for param in pipeline.params)
        or any(map(calls.formats, actions)),
        late=bool(helpers and helpers.late),
        logs=any(isinstance(a, ir.Dbt) and not a.is_expanded for a in actions),
        dbt_cloud=any(map(remote.is_dbt_cloud, actions)),
        resumes=any(map(remote.resumes, pipeline.tasks)),
        params=params,
        given=given,
        defaults=defaults,
        control=control.control(pipeline, rules, may_fail),
    )
    return (PlannedFile(path, "flow.py.j2", view, pipeline.source),)


def _may_time_out(task: ir.Task) -> bool:
    return task.timeout is not None and control.is_shared(task.action)


def entrypoint(pipeline: ir.Pipeline) -> str:
    """Return where Prefect finds the flow, from the folder of `prefect.yaml`."""
    return f"{_path(pipeline)}:{_Names().new(pipeline.name, _FLOW_WIDTH)}"


def tags(node: ir.Pipeline | ir.Task, inherited: str | None = None) -> tuple[str, ...]:
    """Return the tags of a flow or a task, and its owner, for whom Prefect has no other place."""
    owner = (f"owner:{node.owner}",) if node.owner and node.owner != inherited else ()
    return tuple(dict.fromkeys((*node.tags, *owner)))


def _path(pipeline: ir.Pipeline) -> PurePosixPath:
    return PurePosixPath("flows", f"pg_{pipeline.name}.py")


def _tasks(
    pipeline: ir.Pipeline, names: _Names, constants: dbt.Constants, rules: control.Rules
) -> tuple[tuple[Definition, ...], tuple[Submission, ...]]:
    """Return the Prefect tasks and their runs: dbt tasks of the same options share one."""
    definitions: dict[tuple[str, Options], Definition] = {}
    submissions: dict[str, Submission] = {}
    looks = control.holds_dbt(pipeline.tasks, rules)
    for task in pipeline.tasks:
        title, rule = task.group or task.name, rules.get(task.name)
        own = bool(rule) and not control.is_shared(task.action)
        uncached = own or (looks and isinstance(task.action, ir.Dbt) and _is_late(task.action))
        key = (task.key, tuple(_task_options(task, pipeline.owner, uncached=uncached)))
        if key not in definitions:
            name = names.new(f"run_{title}", _WIDTH // 2)
            definition = _definition(task, *key, name, pipeline.name, constants)
            definitions[key] = replace(
                definition,
                params=_is_told(task.action),
                rule=rule if own else None,
                no=control.no(task),
                expect=control.statuses(task),
            )
        function = definitions[key].name
        future = names.new(task.name, _WIDTH - len("     = .submit() ") - len(function))
        upstream = [Code(submissions[other].variable) for other in task.upstream]
        waits = control.waiting(task, rule, upstream)
        given = _given(task, constants, waits, beside=16 + len(future) + len(function))
        submissions[task.name] = Submission(future, function, given)
    return tuple(definitions.values()), tuple(submissions.values())


def _flow_options(pipeline: ir.Pipeline) -> Options:
    description = (("description", literal(pipeline.description)),) if pipeline.description else ()
    kept = (("retries", literal(0)), ("persist_result", literal(True)))
    limits = control.flow_options(pipeline)
    return (("name", literal(pipeline.name)), *description, *kept, *limits)


def _task_options(
    task: ir.Task, owner: str | None, *, uncached: bool
) -> Iterator[tuple[str, Code]]:
    yield "name", literal(task.group or task.name)
    if not control.is_shared(task.action):
        yield "task_run_name", literal(task.name)
    if task.description:
        yield "description", literal(task.description)
    if labels := (*tags(task, inherited=owner), *control.pool_tags(task)):
        yield "tags", calls.items([literal(tag) for tag in labels], beside=10)
    if dbt.is_expanded(task.action):
        yield "retries", literal(0)
    else:
        yield from control.retries(task)
    if task.timeout and isinstance(task.action, ir.Python | ir.Http):
        yield "timeout_seconds", calls.seconds(task.timeout)
    if uncached:
        yield "cache_policy", Code('DEFAULT - "upstream"')


def _is_told(action: ir.Action) -> bool:
    """Whether a task is given the parameters, and not only what follows from them."""
    if isinstance(action, ir.Dbt) and not action.is_expanded:
        return uses(replace(action, full_refresh=False))
    return uses(action)


def _definition(
    task: ir.Task,
    key: str,
    options: Options,
    name: str,
    pipeline: str,
    constants: dbt.Constants,
) -> Definition:
    match task.action:
        case ir.Dbt() as action if action.is_expanded:
            given = expanded(task, action, constants.of(action), _RUN)
            return Definition(key, name, options, template="expanded.j2", arguments=given)
        case ir.Dbt() as action if _is_late(action):
            own = (("task_run_name", literal("{name}")), *options[1:])
            late = _late(action, constants)
            return Definition(key, name, (options[0], *own), template="dbt.j2", late=late)
        case ir.Dbt():
            return Definition(key, name, options, "dbt")
        case ir.Freshness():
            return Definition(key, name, options, "freshness")
        case ir.Python(module=module, function=function, args=args):
            callee = f"{module}.{function}"
            named = {argument: expression(value, _RUN) for argument, value in args.items}
            beside = (14 if task.if_false else 6) + len(callee)
            given = calls.arguments((), named, beside)
            template = "python.j2"
            return Definition(key, name, options, "", template, None, callee, given, module)
        case ir.Shell():
            given = calls.shell(task.action, task.timeout, _RUN)
            return Definition(key, name, options, template="shell.j2", arguments=given)
        case ir.Http():
            given = calls.http(task.action, _RUN, beside=40)
            return Definition(key, name, options, template="http.j2", arguments=given)
        case ir.RemoteJob() as action:
            named = remote.run_dbt_cloud(task, action, _RUN, remote.cause(pipeline, task))
            if remote.resumes(task):
                named["resume"] = Code("task_run.run_count > 1")
            named["wait"] = Code("wait")
            given = calls.arguments((), named, beside=19)
            return Definition(key, name, options, template="dbt_cloud.j2", arguments=given)
    raise AssertionError(task.action)


def _is_late(action: ir.Dbt) -> bool:
    return not action.is_expanded and (dbt.is_late(action) or bool(action.env.items))


def _late(action: ir.Dbt, constants: dbt.Constants) -> Late:
    given = dbt.macro_arguments(action, _RUN)
    return Late(
        project=dbt.project(action, constants.of(action), _RUN),
        args=brackets([Code("*args"), *given]) if given else None,
        env=dbt.environment(action, _RUN),
    )


def _given(
    task: ir.Task, constants: dbt.Constants, options: Mapping[str, Code], beside: int
) -> Code:
    action = task.action
    params = (Code("params"),) if _is_told(action) else ()
    if not control.is_shared(action):
        return calls.arguments(params, options, beside)
    project: tuple[Code, ...] = (identifier(constants.of(action)),)
    if isinstance(action, ir.Dbt) and _is_late(action):
        project, action = (), replace(action, args=ir.NOTHING)
    words = calls.items(dbt.arguments(action, _RUN), beside=9)
    first = (literal(task.name), *project, words, *params)
    return calls.arguments(first, {**_dbt_options(task, action), **options}, beside=_WIDTH)


def _dbt_options(task: ir.Task, action: dbt.Action) -> dict[str, Code]:
    options = {}
    if isinstance(action, ir.Freshness):
        tables = [literal(table) for table in action.tables]
        options["tables"] = calls.items(tables, beside=16)
        options["block"] = literal(action.on_stale is ir.OnStale.BLOCK)
    elif action.expected:
        expected = [literal(unique_id) for unique_id in action.expected]
        options["nodes"] = calls.items(expected, beside=15)
    if task.timeout:
        options["timeout"] = calls.seconds(task.timeout)
    return options
