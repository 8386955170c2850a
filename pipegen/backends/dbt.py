"""Invocations of dbt as generated code writes them: shared by the back ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeGuard

from pipegen import ir
from pipegen.backends.calls import Run, fits, items
from pipegen.backends.params import uses
from pipegen.emit import Code, brackets, expression, identifier, indented, literal
from pipegen.naming import take

Action = ir.Dbt | ir.Freshness

_REFRESHED = ("build", "run", "seed")
_WORDS = {"docs": ("docs", "generate")}


@dataclass(frozen=True, slots=True)
class Project:
    """A constant that holds the options which say what dbt parses, and with what."""

    constant: str
    options: tuple[Code, ...]


Place = tuple[str, str]
"""A dbt project's name, and its target, empty for the profile's own."""


class Constants:
    """The constants a file holds for its dbt projects, and which of them an action takes.

    There is one for each project and target and, where a transform has variables of
    its own, one for these, which starts with the other's options. The file defines `ROOT`.
    """

    def __init__(
        self, tasks: Iterable[ir.Task], taken: set[str], *, suffix: str = "", own: bool = True
    ) -> None:
        self._projects: dict[Place, ir.DbtProject] = {}
        used: list[tuple[ir.Task, Action]] = []
        for task in tasks:
            if is_dbt(task.action):
                used.append((task, task.action))
                self._projects.setdefault(place(task.action), task.action.project)
        names = [name for name, _ in self._projects]
        self._base: dict[Place, Project] = {}
        for where, meant in sorted(self._projects.items(), key=lambda item: item[0]):
            wanted = "_".join(filter(None, where)) if names.count(where[0]) > 1 else where[0]
            name = take(_constant(f"{wanted}{suffix}"), taken)
            self._base[where] = Project(name, project_options(meant))
        self._own: dict[tuple[Code, ...], Project] = {}
        for task, action in used if own else ():
            options = self._options(action)
            if len(options) > 1 and options not in self._own:
                wanted = f"{self.base(action)}_{_constant(task.group or task.name)}"
                self._own[options] = Project(take(wanted, taken), options)

    def all(self) -> tuple[Project, ...]:
        """Return the constants, in the order they can be defined in."""
        return (*self._base.values(), *self._own.values())

    def based(self) -> Iterator[tuple[Project, ir.DbtProject]]:
        """Yield the constant of each project and target, and the project."""
        yield from ((self._base[where], meant) for where, meant in self._projects.items())

    def base(self, action: Action) -> str:
        """Return the constant of the project and target of an action."""
        return self._base[place(action)].constant

    def of(self, action: Action) -> str:
        """Return the constant with the options of an action."""
        found = self._own.get(self._options(action))
        return found.constant if found else self.base(action)

    def _options(self, action: Action) -> tuple[Code, ...]:
        return (Code(f"*{self.base(action)}"), *fixed(action))


def place(action: Action) -> Place:
    """Return where an action runs."""
    return (action.project.name, action.project.target or "")


def is_dbt(action: ir.Action) -> TypeGuard[Action]:
    """Whether an action runs dbt."""
    return isinstance(action, ir.Dbt | ir.Freshness)


def is_expanded(action: ir.Action) -> bool:
    """Whether the orchestrator's own tool makes the tasks of an action."""
    return isinstance(action, ir.Dbt) and action.is_expanded


def project_options(project: ir.DbtProject) -> tuple[Code, ...]:
    """Return the options that lead dbt to its project; the file they stand in defines `ROOT`."""
    folders = [folder(project, path) for path in (project.dir, project.profiles_dir)]
    options = [literal("--project-dir"), folders[0], literal("--profiles-dir"), folders[1]]
    if project.target:
        options += literal("--target"), literal(project.target)
    return tuple(options)


def arguments(action: Action, run: Run) -> tuple[Code, ...]:
    """Return the command, the selection and the options that only this command takes."""
    if isinstance(action, ir.Freshness):
        return _literals("source", "freshness", "--select", *action.select)
    if action.command == "run-operation":
        words = _literals("run-operation", action.macro or "", *flags(action))
        return (*words, *macro_arguments(action, run))
    words = _literals(*_asked(action), *flags(action))
    return (*words, *_refresh(action, run), *deferral(action))


def macro_arguments(action: ir.Dbt, run: Run) -> tuple[Code, ...]:
    """Return the option that tells `run-operation` what its macro is given."""
    return (literal("--args"), _json(action.args, run)) if action.args.items else ()


def project(action: Action, constant: str, run: Run) -> Code:
    """Return the expression for the options a project is parsed with, where a task runs."""
    if isinstance(action, ir.Dbt) and not is_fixed(action.vars):
        given = (Code(f"*{constant}"), literal("--vars"), _json(action.vars, run))
        return Code("(" + brackets(given)[1:-1] + ")")
    return identifier(constant)


def deferral(action: ir.Dbt) -> tuple[Code, ...]:
    """Return the options that say where to read what is not selected."""
    if action.state_dir is None:
        return ()
    place = action.state_dir
    state = _below_root(place) if isinstance(place, str) else expression(place, {})
    return (*_literals("--defer", "--state"), state)


def refreshes(action: ir.Action) -> TypeGuard[ir.Dbt]:
    """Whether a parameter of the run says if an action builds anew."""
    return (
        isinstance(action, ir.Dbt)
        and isinstance(action.full_refresh, ir.ParamValue)
        and action.command in _REFRESHED
    )


def _refresh(action: ir.Dbt, run: Run) -> tuple[Code, ...]:
    if not refreshes(action):
        return ()
    known = expression(action.full_refresh, run)
    line = f'*(["--full-refresh"] if {known} else [])'
    if fits(line, beside=17):
        return (Code(line),)
    return (Code(f'*(\n    ["--full-refresh"]\n    if {known}\n    else []\n)'),)


def environment(action: Action, run: Run) -> Code | None:
    """Return the mapping of variables that are added to dbt's environment."""
    if isinstance(action, ir.Dbt) and action.env.items:
        return expression(action.env, run)
    return None


def is_fixed(value: ir.Value) -> bool:
    """Whether a value is known now."""
    return not any(isinstance(leaf, ir.Reference) for leaf in ir.leaves(value))


def plain(value: ir.Value) -> Any:
    """Return a value that is known now as what JSON is made of."""
    match value:
        case ir.Fields(items):
            return {name: plain(item) for name, item in items}
        case ir.Items(items):
            return [plain(item) for item in items]
    return value


def is_late(action: ir.Action) -> bool:
    """Whether its options are known when the task runs; `json` writes them then."""
    return isinstance(action, ir.Dbt) and not (is_fixed(action.vars) and is_fixed(action.args))


@dataclass(frozen=True, slots=True)
class Helpers:
    """What the functions that run dbt must be able to do: build, tell ages, add to the
    environment, write options when a task runs, install the packages of some projects, by
    their folders, fail what took too long, build anew if a parameter says so, and know others.
    """

    builds: bool
    freshness: bool
    env: bool
    late: bool
    packages: Code | None
    timeout: bool = False
    refresh: bool = False
    params: bool = False


def helpers(tasks: Iterable[ir.Task], constants: Constants) -> Helpers | None:
    """Return what the tasks of a file need to run dbt in process; None if none does."""
    actions = [task.action for task in tasks if is_dbt(task.action)]
    packages = [
        Code(f"{identifier(project.constant)}[1]")
        for project, meant in constants.based()
        if meant.install_deps
    ]
    if not actions:
        return None
    return Helpers(
        builds=any(isinstance(action, ir.Dbt) for action in actions),
        freshness=any(isinstance(action, ir.Freshness) for action in actions),
        env=any(isinstance(action, ir.Dbt) and action.env.items for action in actions),
        late=any(map(is_late, actions)),
        packages=items(packages, beside=20) if packages else None,
        refresh=any(map(refreshes, actions)),
        params=any(map(uses, actions)),
    )


def fixed(action: Action) -> tuple[Code, ...]:
    """Return the options of a transform, known now, that a project is parsed with."""
    if isinstance(action, ir.Freshness):
        return ()
    given = action.vars.items and is_fixed(action.vars)
    return (literal("--vars"), _json(action.vars, {})) if given else ()


def _asked(action: ir.Dbt) -> tuple[str, ...]:
    command = _WORDS.get(action.command, (action.command,))
    mode = ("--indirect-selection", action.indirect_selection.value)
    if action.selector:
        return (*command, "--selector", action.selector, *mode)
    if not action.select:
        return command
    exclude = ("--exclude", *action.exclude) if action.exclude else ()
    return (*command, "--select", *action.select, *exclude, *mode)


def flags(action: ir.Dbt) -> Iterator[str]:
    """Yield the switches of an action that its command has."""
    if action.full_refresh is True and action.command in _REFRESHED:
        yield "--full-refresh"
    if action.store_failures and action.command in ("build", "test"):
        yield "--store-failures"
    if action.threads:
        yield from ("--threads", str(action.threads))


def _json(fields: ir.Fields, run: Run) -> Code:
    """Return the JSON of a mapping, or the call that makes it when it is known."""
    if is_fixed(fields):
        return literal(json.dumps(plain(fields), ensure_ascii=False))
    known = indented(expression(fields, run), 4)
    # dbt reads YAML, which does not put two escapes together to one character
    return Code(f"json.dumps(\n    {known},\n    ensure_ascii=False,\n)")


def _literals(*texts: str) -> tuple[Code, ...]:
    return tuple(literal(text) for text in texts)


def _constant(name: str) -> str:
    return name.upper().replace(".", "_").replace("-", "_")


def folder(project: ir.DbtProject, path: PurePosixPath) -> Code:
    """Return the text of where a path of a project lies when the task runs."""
    runtime = project.runtime_dir
    if runtime is None or not path.is_relative_to(project.dir):
        return _below_root(str(path))
    below = "".join(f"/{part}" for part in path.relative_to(project.dir).parts)
    match runtime:
        case ir.Text(parts) if below:
            runtime = ir.Text((*parts, below))
        case ir.Env() if below:
            runtime = ir.Text((runtime, below))
        case str():
            runtime += below
    return expression(runtime, {})


def _below_root(path: str) -> Code:
    line = f"str(ROOT / {literal(path)})"
    if fits(line, beside=5):
        return Code(line)
    return Code(f"str(\n    ROOT.joinpath(\n        {literal(path)},\n    )\n)")
