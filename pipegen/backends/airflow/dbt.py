"""How dbt runs in a DAG: what operators of Cosmos share, and what each is given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import dbt
from pipegen.backends.airflow.code import (
    Keywords,
    assets,
    joined,
    plain,
    present,
    take,
    wrapped,
)
from pipegen.backends.airflow.params import Late, is_typed, json_template, template
from pipegen.backends.airflow.views import Folder, Operator, Options, Project
from pipegen.backends.calls import items
from pipegen.emit import Code, expression, literal

ALERT = "DbtSourceAlertOperator"
"""The operator the file defines itself: one that tells of stale tables, and goes on."""

_OPERATORS = {
    "docs": "DbtDocsLocalOperator",
    "run-operation": "DbtRunOperationLocalOperator",
}


class Constants:
    """The constants of a DAG file for dbt: one for each project and target, and one for the
    options of each transform that has any.
    """

    def __init__(self, tasks: Iterable[ir.Task], taken: set[str], late: Late) -> None:
        self._late = late
        used = [(task, task.action) for task in tasks if dbt.is_dbt(task.action)]
        meant = {dbt.place(action): action.project for _, action in used}
        names = [name for name, _ in meant]
        self._folders: dict[str, Folder] = {}
        for (name, _), project in sorted(meant.items(), key=lambda item: item[0]):
            if name not in self._folders:
                self._folders[name] = _folder(project, taken)
        self._projects: dict[dbt.Place, Project] = {}
        for place, project in sorted(meant.items(), key=lambda item: item[0]):
            several = names.count(place[0]) > 1
            name = "_".join(filter(None, place)) if several else place[0]
            folder = self._folders[place[0]].name
            self._projects[place] = _project(project, folder, name, taken)
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
        base = self._projects[dbt.place(action)].constant
        given = _options(action, self._late) if isinstance(action, ir.Dbt) else {}
        return base, tuple(given.items())


def builds(task: ir.Task) -> list[str]:
    """Return the unique ids of what a task builds."""
    nodes = task.action.nodes if isinstance(task.action, ir.Dbt) else ()
    return [node.unique_id for node in nodes]


def is_alert(action: ir.Action) -> bool:
    """Whether an action tells of stale tables, and goes on."""
    return isinstance(action, ir.Freshness) and action.on_stale is ir.OnStale.ALERT


def is_rooted(action: ir.Action) -> bool:
    """Whether the file needs the root of the project for an action."""
    if not dbt.is_dbt(action):
        return False
    inside = action.project.profiles_dir.is_relative_to(action.project.dir)
    deferred = isinstance(action, ir.Dbt) and isinstance(action.state_dir, str)
    return action.project.runtime_dir is None or not inside or deferred


def reads_environ(action: ir.Action) -> bool:
    """Whether a template of an action reads the environment."""
    given = (action.vars, action.env, action.args) if isinstance(action, ir.Dbt) else ()
    return any(isinstance(leaf, ir.Env) for value in given for leaf in ir.leaves(value))


def operator(
    task: ir.Task, action: dbt.Action, constant: str, late: Late, keywords: Keywords
) -> Operator:
    """Return the operator of a task that runs dbt."""
    width = 12 if task.group else 8
    return Operator(
        name=_name(action),
        task_id=task.name.removeprefix(f"{task.group}."),
        project=constant,
        keywords=tuple(
            present(
                **_asked(action, width, late),
                **keywords,
                outlets=assets("outlets", builds(task), width),
            ).items()
        ),
        margin=Code(" " * (width - 8)),
        width=width,
    )


def _name(action: dbt.Action) -> str:
    if isinstance(action, ir.Freshness):
        return ALERT if is_alert(action) else "DbtSourceLocalOperator"
    return _OPERATORS.get(action.command, f"Dbt{action.command.title()}LocalOperator")


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


def _options(action: ir.Dbt, late: Late) -> Mapping[str, Code]:
    """Return the arguments that all operators of a transform have beside its project's."""
    words = [literal(word) for word in dbt.flags(action) if word != "--full-refresh"]
    words += dbt.deferral(action)
    for option, given in (("--vars", action.vars), ("--args", action.args)):
        if is_typed(given):
            words += literal(option), json_template(given, late)
    found: dict[str, Code] = {}
    if action.vars.items and not is_typed(action.vars):
        found["vars"] = template(action.vars, late)
    if action.env.items:
        found["env"] = template(action.env, late)
        found["append_env"] = literal(True)
    if words:
        words = [literal("--target-path"), literal("target"), *words]
        found["dbt_cmd_flags"] = items(words, beside=21)
    return found


def _folder(project: ir.DbtProject, taken: set[str]) -> Folder:
    name = take(f"{project.name}_dir".upper(), taken)
    beside = len(name) + 3
    if project.runtime_dir is None:
        return Folder(name, joined("ROOT", project.dir, beside))
    return Folder(name, wrapped("Path", expression(project.runtime_dir, {}), beside))


def _project(project: ir.DbtProject, folder: str, name: str, taken: set[str]) -> Project:
    profiles = PurePosixPath(project.profiles_dir, "profiles.yml")
    inside = profiles.is_relative_to(project.dir)
    return Project(
        folder=folder,
        constant=take(name.upper(), taken),
        cache=joined("cache_dir", PurePosixPath(name), beside=18),
        profile=project.profile,
        target=project.target or "default",
        profiles=joined(
            folder if inside else "ROOT",
            profiles.relative_to(project.dir) if inside else profiles,
            beside=31,
        ),
        install_deps=project.install_deps,
    )
