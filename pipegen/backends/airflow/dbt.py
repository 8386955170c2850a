"""How dbt runs in a DAG: what operators of Cosmos share, and what each is given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from pipegen import ir
from pipegen.backends import dbt
from pipegen.backends.airflow import expand
from pipegen.backends.airflow.code import (
    Keywords,
    assets,
    joined,
    plain,
    present,
    take,
    wrapped,
)
from pipegen.backends.airflow.execution import ALERT, Execution
from pipegen.backends.airflow.params import Late, is_typed, json_template, template
from pipegen.backends.airflow.views import Folder, Operator, Options, Project
from pipegen.backends.calls import items
from pipegen.emit import Code, expression, literal


class Constants:
    """The constants of a DAG file for dbt: one for each project and target, and one for the
    options of each transform that has any.
    """

    def __init__(
        self, tasks: Iterable[ir.Task], taken: set[str], late: Late, execution: Execution
    ) -> None:
        self.late = late
        self.execution = execution
        used = [(task, task.action) for task in tasks if dbt.is_dbt(task.action)]
        meant = {dbt.place(action): action.project for _, action in used}
        names = [name for name, _ in meant]
        self._folders: dict[str, Folder] = {}
        for (name, _), project in sorted(meant.items(), key=lambda item: item[0]):
            if name not in self._folders:
                self._folders[name] = _folder(project, execution.path, taken)
        wanted = {(dbt.place(action), dbt.is_expanded(action)) for _, action in used}
        self._projects: dict[tuple[dbt.Place, bool], Project] = {}
        for place, expanded in sorted(wanted):
            several = names.count(place[0]) > 1
            name = "_".join(filter(None, place)) if several else place[0]
            project, folder = meant[place], self._folders[place[0]]
            if expanded:
                shared = expand.shared(execution, project, folder)
            else:
                shared = execution.shared(project, folder, name)
            constant = take((f"{name}_group" if expanded else name).upper(), taken)
            self._projects[place, expanded] = Project(constant, tuple(shared.items()))
        self._options: dict[tuple[str, tuple[tuple[str, Code], ...]], Options] = {}
        for task, action in used:
            base, given = self._given(action)
            if given and (base, given) not in self._options:
                name = take(f"{base}_{task.group or task.name}".upper(), taken)
                self._options[base, given] = Options(name, base, given)

    def folders(self) -> Iterator[Folder]:
        """Yield where the projects lie."""
        yield from self._folders.values()

    def projects(self) -> Iterator[Project]:
        """Yield the projects, in the order they are defined in."""
        yield from self._projects.values()

    def options(self) -> Iterator[Options]:
        """Yield what transforms add to their projects' constants."""
        yield from self._options.values()

    def of(self, action: dbt.Action) -> str:
        """Return the constant that holds what the operators of an action share."""
        base, given = self._given(action)
        found = self._options.get((base, given))
        return found.name if found else base

    def _given(self, action: dbt.Action) -> tuple[str, tuple[tuple[str, Code], ...]]:
        base = self._projects[dbt.place(action), dbt.is_expanded(action)].constant
        folder = self._folders[action.project.name]
        if isinstance(action, ir.Dbt) and action.is_expanded:
            return base, tuple(expand.own(self.execution, action, folder, self.late).items())
        flags = self.execution.flags(action.project, folder.name)
        return base, tuple(_options(action, flags, self).items())


def builds(task: ir.Task) -> list[str]:
    """Return the unique ids of what a task builds."""
    nodes = task.action.nodes if isinstance(task.action, ir.Dbt) else ()
    return [node.unique_id for node in nodes]


def is_alert(action: ir.Action) -> bool:
    """Whether an action tells of stale tables, and goes on."""
    return isinstance(action, ir.Freshness) and action.on_stale is ir.OnStale.ALERT


def is_rooted(action: ir.Action, execution: Execution) -> bool:
    """Whether the file needs the root of the project for an action."""
    if not dbt.is_dbt(action):
        return False
    inside = action.project.profiles_dir.is_relative_to(action.project.dir)
    inside = inside or action.project.name in execution.profiles
    deferred = isinstance(action, ir.Dbt) and isinstance(action.state_dir, str)
    outside = dbt.is_expanded(action) and not expand.has_manifest(action.project)
    return action.project.runtime_dir is None or not inside or deferred or outside


def reads_environ(action: ir.Action) -> bool:
    """Whether a template of an action reads the environment."""
    given = (action.vars, action.env, action.args) if isinstance(action, ir.Dbt) else ()
    return any(isinstance(leaf, ir.Env) for value in given for leaf in ir.leaves(value))


def operator(
    task: ir.Task, action: dbt.Action, constants: Constants, keywords: Keywords
) -> Operator:
    """Return the operator of a task that runs dbt."""
    width = 12 if task.group else 8
    command = "source" if isinstance(action, ir.Freshness) else action.command
    return Operator(
        name=ALERT if is_alert(action) else constants.execution.operator(command),
        task_id=task.name.removeprefix(f"{task.group}."),
        project=constants.of(action),
        keywords=tuple(
            present(
                **_asked(action, width, constants.late),
                **keywords,
                outlets=assets("outlets", builds(task), width),
            ).items()
        ),
        margin=Code(" " * (width - 8)),
        width=width,
    )


def _asked(action: dbt.Action, width: int, late: Late) -> Mapping[str, Code | None]:
    """Return the arguments that say what dbt is asked for."""

    def listed(option: str, given: Collection[str]) -> Code | None:
        texts = [literal(plain(text)) for text in given]
        return items(texts, beside=width + len(option) + 2) if texts else None

    if isinstance(action, ir.Freshness):
        return {
            "select": listed("select", action.select),
            "inlets": assets("inlets", action.tables, width),
        }
    if action.command == "run-operation":
        return {
            "macro_name": literal(action.macro or ""),
            "args": template(action.args, late) if _has_args(action) else None,
        }
    selects = bool(action.select or action.selector)
    refreshes = dbt.refreshes(action) or "--full-refresh" in dbt.flags(action)
    return {
        "select": listed("select", action.select),
        "selector": literal(plain(action.selector)) if action.selector else None,
        "exclude": listed("exclude", action.exclude),
        "indirect_selection": literal(action.indirect_selection.value) if selects else None,
        "full_refresh": template(action.full_refresh, late) if refreshes else None,
    }


def _has_args(action: ir.Dbt) -> bool:
    return bool(action.args.items) and not is_typed(action.args)


def _options(action: dbt.Action, base: list[Code], constants: Constants) -> Mapping[str, Code]:
    """Return the arguments that all operators of a transform have beside its project's."""
    words = constants.execution.strict(action)
    found: dict[str, Code] = {}
    if isinstance(action, ir.Dbt):
        words += [literal(word) for word in dbt.flags(action) if word != "--full-refresh"]
        words += dbt.deferral(action)
        for option, given in (("--vars", action.vars), ("--args", action.args)):
            if is_typed(given):
                words += literal(option), json_template(given, constants.late)
        if action.vars.items and not is_typed(action.vars):
            found["vars"] = template(action.vars, constants.late)
        if action.env.items:
            found["env"] = template(action.env, constants.late)
            if not constants.execution.in_container:
                found["append_env"] = literal(True)
    if words:
        found["dbt_cmd_flags"] = items([*base, *words], beside=21)
    return found


def _folder(project: ir.DbtProject, path: str, taken: set[str]) -> Folder:
    name = take(f"{project.name}_dir".upper(), taken)
    beside = len(name) + 3
    if project.runtime_dir is None:
        return Folder(name, joined("ROOT", project.dir, beside))
    return Folder(name, wrapped(path, expression(project.runtime_dir, {}), beside))
