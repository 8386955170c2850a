"""What a specification asks dbt: its selections, and the names of models and tables in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipegen.diagnostics import Span
from pipegen.lower.lock import LockedSelection
from pipegen.spec import PipelineSpec


@dataclass(frozen=True, slots=True)
class Query:
    """A selection to be resolved: what is asked, who asks, and where it is written.

    `allow_empty` is whether nothing is an answer.
    """

    name: str
    asks: LockedSelection
    span: Span
    project_span: Span
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A name of a model or table, as written; `user` is the task or key it belongs to."""

    text: str
    user: str
    span: Span
    loads: bool = False

    @property
    def project(self) -> str | None:
        """The dbt project it names itself."""
        project, colon, _ = self.text.partition(":")
        return project if colon else None


def selections(spec: PipelineSpec) -> Iterator[Query]:
    """Yield the selection of each transform, under the transform's name."""
    for name, transform in spec.selections.items():
        if transform.select or transform.selector:
            asks = LockedSelection(
                *(transform.project, transform.select or (), transform.exclude),
                transform.indirect_selection,
                selector=transform.selector,
            )
            key = "select" if transform.select else "selector"
            alone = [0] if len(transform.select or ()) == 1 else []
            span = transform.span_of(key, *alone)
            yield Query(name, asks, span, transform.span_of("project"), transform.allow_empty)


def queries(spec: PipelineSpec, projects: tuple[str, ...]) -> Iterator[Query]:
    """Yield the selections of overrides and SLAs; an SLA's is of the one project there is."""
    for name, transform in spec.selections.items():
        for index, override in enumerate(transform.overrides):
            asks = LockedSelection(transform.project, override.select, (), "empty")
            yield Query(
                f"transforms.{name}.overrides.{index}",
                asks,
                override.span_of("select"),
                transform.span_of("project"),
                transform.allow_empty,
            )
    own = {transform.project for transform in spec.selections.values()} or set(projects)
    for name, sla in spec.slas.items():
        if sla.of and sla.of.select:
            project = sla.of.project or (min(own) if len(own) == 1 else "")
            asks = LockedSelection(project, sla.of.select, (), "empty")
            yield Query(
                f"slas.{name}.of", asks, sla.of.span_of("select"), sla.of.key_span_of("project")
            )


def written(spec: PipelineSpec) -> Iterator[Written]:
    """Yield every name of a model or table."""
    for name, task in spec.tasks:
        for key in ("loads", "reads"):
            for index, text in enumerate(task.said(key)):
                yield Written(text, name, task.span_of(key, index), loads=key == "loads")
    if spec.schedule and (update := spec.schedule.on_update):
        key = "all" if update.all else "any"
        for index, text in enumerate(update.datasets):
            yield Written(text, "schedule.on_update", update.span_of(key, index))
    for name, sla in spec.slas.items():
        for index, text in enumerate(sla.of.models if sla.of else ()):
            yield Written(text, f"slas.{name}", sla.span_of("of", "models", index))
