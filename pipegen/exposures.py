"""dbt exposures of the activations: dbt's docs and lineage then reach what leaves the warehouse.

There is a file for each dbt project whose models or source tables activations read, among the
project's own models, for dbt reads properties nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipegen import ir, problems
from pipegen.consistency import Found, Understood
from pipegen.dbt.manifest import ManifestError
from pipegen.dbt.project import FILE, models_of
from pipegen.diagnostics import Span
from pipegen.emit import Code, yaml_string
from pipegen.files import Output, PlannedFile
from pipegen.lower.lock import LockedNode
from pipegen.project import Project
from pipegen.resources import resource

NAME = "exposures"
"""What stands for exposures where the other outputs have the name of a back end."""

_TEMPLATES = resource("templates") / NAME

_FILE = PurePosixPath("pipegen_exposures.yml")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_RENDERED = re.compile(r"\{[{%#]|[#}%]\}")
"""What makes dbt read a description as a template; every other text is one always."""
_LOST = re.compile(r"\{[{%#]|\r|\n\Z")
"""What a template does not print as it stands."""
_NUMBER = re.compile(r"0|[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Exposure:
    """An entry of the file, in YAML. `owner_key` is `name` or `email`."""

    name: Code
    label: Code
    owner_key: Code
    owner: Code
    description: Code | None
    depends_on: tuple[Code, ...]
    tags: tuple[Code, ...]
    pipeline: Code
    kind: Code


@dataclass(frozen=True, slots=True)
class _Use:
    """What an activation reads of the dbt project in the folder `dir`."""

    pipeline: int
    item: Understood
    task: ir.Task
    dir: PurePosixPath
    depends_on: tuple[str, ...]

    @property
    def name(self) -> str:
        """The exposure's name, of which dbt wants letters, digits and underscores."""
        return f"{self.item.name}__{self.task.name}"

    @property
    def title(self) -> str:
        return f"{self.item.name}.{self.task.name}"


def check(pipelines: Sequence[Understood], project: Project) -> Found:
    """Yield what keeps the activations from being exposures."""
    first: dict[tuple[PurePosixPath, str], _Use] = {}
    asked: set[PurePosixPath] = set()
    for use in _uses(pipelines, project):
        span = use.task.span
        if use.dir not in asked:
            asked.add(use.dir)
            try:
                models_of(project.root / use.dir)
            except ManifestError as error:
                place = Span(str(use.dir / FILE))
                yield use.pipeline, problems.bad_dbt_project(str(use.dir), str(error), place)
        if not use.task.owner:
            yield use.pipeline, problems.exposure_without_owner(use.title, span)
        other = first.setdefault((use.dir, use.name), use)
        if other is not use:
            yield (
                use.pipeline,
                problems.same_exposure(use.name, other.title, span, other.task.span),
            )


def outputs(pipelines: Iterable[Understood], project: Project) -> Iterator[Output]:
    """Yield the file of each dbt project that is to have exposures, once `check` found nothing."""
    from pipegen.render import render

    of_dir: dict[PurePosixPath, list[_Use]] = {}
    for use in _uses(pipelines, project):
        of_dir.setdefault(use.dir, []).append(use)
    for name, spec in project.spec.dbt.projects.items():
        if uses := of_dir.pop(spec.dir, []):
            view = tuple(_exposure(use) for use in sorted(uses, key=lambda use: use.name))
            file = PlannedFile(_FILE, "exposures.yml.j2", view, "pipegen.yaml")
            out = _folder(project, spec.dir)
            yield Output(out, render([file], _TEMPLATES), f"{NAME}/{name}")


def folders(project: Project) -> Iterator[PurePosixPath]:
    """Yield the folders where files of exposures may lie from before."""
    for spec in project.spec.dbt.projects.values():
        try:
            yield _folder(project, spec.dir)
        except ManifestError:
            continue


def _folder(project: Project, dir: PurePosixPath) -> PurePosixPath:
    return dir / models_of(project.root / dir) / NAME


def _uses(pipelines: Iterable[Understood], project: Project) -> Iterator[_Use]:
    dirs = {name: spec.dir for name, spec in project.spec.dbt.projects.items()}
    for index, item in enumerate(pipelines):
        for task in item.pipeline.tasks:
            if task.stage is not ir.Stage.ACTIVATION:
                continue
            nodes: dict[PurePosixPath, dict[str, None]] = {}
            for written in item.spec.activations[task.name].reads:
                if reference := item.lock.references.get(written):
                    locked = item.lock.projects[reference.project]
                    node = locked.nodes[reference.unique_id]
                    call = _call(reference.unique_id, node, locked.package)
                    nodes.setdefault(dirs[reference.project], {})[call] = None
            for dir, calls in nodes.items():
                yield _Use(index, item, task, dir, tuple(calls))


def _call(unique_id: str, node: LockedNode, package: str) -> str:
    """Return how dbt's `depends_on` names a node, in a project whose package is given."""
    if node.resource_type == "source":
        source = unique_id.removeprefix(f"source.{node.package}.").removesuffix(f".{node.name}")
        return f"source({_quoted(source)}, {_quoted(node.name)})"
    names = [node.name] if node.package == package else [node.package, node.name]
    arguments = [_quoted(name) for name in names]
    if node.version is not None:
        is_number = _NUMBER.fullmatch(node.version)
        arguments.append(f"v={node.version if is_number else _quoted(node.version)}")
    return f"ref({', '.join(arguments)})"


def _quoted(text: str) -> str:
    """Return the literal of `text` in Jinja, which dbt renders twice: no brace may stand in it."""
    return str.__repr__(text).replace("{", r"\x7b").replace("}", r"\x7d")


def _exposure(use: _Use) -> Exposure:
    task, owner = use.task, use.task.owner or ""
    return Exposure(
        name=yaml_string(use.name),
        label=yaml_string(f"{use.item.name}: {task.name}"),
        owner_key=Code("email" if _ADDRESS.fullmatch(owner) else "name"),
        owner=_literally(owner),
        description=_description(task.description) if task.description else None,
        depends_on=tuple(yaml_string(call) for call in use.depends_on),
        tags=tuple(_literally(tag) for tag in task.tags),
        pipeline=yaml_string(use.item.name),
        kind=yaml_string(use.item.spec.activations[task.name].kind),
    )


def _description(text: str) -> Code:
    return _literally(text) if _RENDERED.search(text) else yaml_string(text)


def _literally(text: str) -> Code:
    """Return the YAML of a text that dbt renders, such that it comes out as it is."""
    lost = _LOST.search(text)
    return yaml_string(f"{{{{ {str.__repr__(text)} }}}}" if lost else text)
