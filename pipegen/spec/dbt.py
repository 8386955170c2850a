"""The transform that builds dbt nodes, and dbt's selection syntax."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, model_validator

from pipegen.kinds.shell import Variable
from pipegen.model import (
    Flag,
    Limit,
    Name,
    Place,
    Plain,
    SpecModel,
    Template,
    Value,
    Word,
    exactly_one,
    listed,
    looks,
    refuse,
)
from pipegen.spec.task import Retries, TaskSpec


def _no_option(text: str) -> str:
    if text.startswith("-"):
        raise refuse("option", "a selection, not an option of dbt's command line")
    if not text.strip():
        raise refuse("empty", "a selection: this one is empty")
    return text


Selected = Annotated[
    Plain,
    AfterValidator(_no_option),
    looks(
        r"(?!-)[ \t\n]*[^ \t\n](.|\n)*",
        wanted="A selection is not empty, and no option of dbt's command line.",
    ),
]
Selection = Annotated[
    tuple[Selected, ...],
    BeforeValidator(listed, json_schema_input_type=Selected | tuple[Selected, ...]),
]
"""dbt selection syntax. A list is a union."""


class OverrideSpec(SpecModel):
    """What some of a transform's nodes have that the others do not."""

    select: Annotated[Selection, Field(min_length=1)]
    """Which of the transform's nodes, in dbt's own selection syntax."""
    retries: Retries | None = None
    """How often their tasks are tried again."""
    timeout: Limit | None = None
    """How long one attempt of theirs may take."""
    pool: Name | None = None
    """The pool they take a slot of."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.retries is None and self.timeout is None and self.pool is None:
            raise refuse("needs", "missing", key="retries")
        return self


class DeferSpec(SpecModel):
    """What is not selected is read where another run built it: dbt's own deferral."""

    state_dir: Place
    """The folder of that run's artefacts: in the project, or `${ENV:NAME}`."""


class DbtTransform(TaskSpec):
    """A selection of a dbt project's nodes, built and tested."""

    kind: Literal["dbt"] = "dbt"
    """Builds dbt nodes."""
    project: Plain
    """The name of one of the project's `dbt.projects`."""
    select: Annotated[Selection, Field(min_length=1)] | None = None
    """What to build, in dbt's own selection syntax."""
    exclude: Selection = ()
    """What to leave out."""
    selector: Word | None = None
    """A selector of the dbt project's `selectors.yml`, instead of `select`."""
    indirect_selection: Literal["eager", "cautious", "buildable", "empty"] = "eager"
    """Which tests come with the selected nodes: dbt's own option of this name."""
    granularity: Literal["model", "lineage", "step"] = "model"
    """`model`: one task per dbt node. `step`: one task for the whole selection. `lineage`: the
    fewest tasks that keep every gate."""
    expand: Literal["compile", "runtime"] = "compile"
    """`compile`: its tasks are written into the code. `runtime`: the orchestrator's own tool for
    dbt makes them of the manifest that it finds, and readers wait for all of them."""
    tests: Literal["after_each", "after_all", "none"] = "after_each"
    """When tests run: each after its model, all at the end, or not at all."""
    command: Literal["build", "run", "test", "seed", "snapshot", "run-operation", "docs"] = "build"
    """The dbt command."""
    macro: Word | None = None
    """The macro that `run-operation` runs."""
    args: dict[Name, Value] = {}
    """The arguments of that macro."""
    vars: dict[Name, Value] = {}
    """dbt variables."""
    target: Word | None = None
    """The target of the profile, if it is not the project's."""
    full_refresh: Flag = False
    """Whether incremental models and seeds are built anew."""
    store_failures: StrictBool = False
    """Whether the rows that fail a test are kept in the warehouse."""
    defer: DeferSpec | None = None
    """Where to read what is not selected, instead of in the target itself."""
    threads: Annotated[StrictInt, Field(ge=1, le=256)] | None = None
    """How many threads dbt uses."""
    env: dict[Variable, Template] = {}
    """Variables added to dbt's environment."""
    overrides: tuple[OverrideSpec, ...] = ()
    """Retries, timeouts and pools of some of the nodes."""
    allow_overlap: StrictBool = False
    """Whether it may build nodes that another transform of the pipeline builds too."""
    allow_empty: StrictBool = False
    """Whether it may select nothing: it then makes no task, and nothing waits for it."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.command == "run-operation":
            if self.macro is None:
                raise refuse("needs", "missing", key="macro")
            if self.select or self.exclude or self.selector:
                raise refuse("select", "without a selection: `run-operation` builds no nodes")
        if self.command not in ("run-operation", "docs"):
            exactly_one({"select": self.select, "selector": self.selector})
        if self.selector and self.exclude:
            exactly_one({"selector": self.selector, "exclude": self.exclude})
        if self.overrides and (self.granularity == "step" or self.command != "build"):
            raise refuse("overrides", "without `overrides`: this transform makes one task")
        if (self.macro or self.args) and self.command != "run-operation":
            raise refuse("macro", "without `macro` and `args`: only `run-operation` takes them")
        return self

    @model_validator(mode="after")
    def _expands(self) -> Self:
        if self.expand == "runtime":
            cut = self.granularity if "granularity" in self.model_fields_set else "step"
            kept = {
                f"granularity: {cut}": (cut == "step", "the orchestrator's tool cuts it"),
                f"command: {self.command}": (self.command == "build", "the tool builds"),
                "selector": (self.selector is None, "not every tool takes it: write `select`"),
                "overrides": (not self.overrides, "the tool treats all nodes alike"),
                f"tests: {self.tests}": (
                    self.tests != "after_all",
                    "the tool tests each node after it is built, or not at all",
                ),
                f"indirect_selection: {self.indirect_selection}": (
                    self.indirect_selection == "eager",
                    "the tool chooses the tests",
                ),
            }
            for key, (fits, why) in kept.items():
                if not fits:
                    text = f"without `{key}` beside `expand: runtime`: {why}"
                    raise refuse("expand", text, key="expand")
        return self

    @property
    def cut(self) -> Literal["model", "lineage", "step"]:
        """How its selection is cut into tasks: what a tool expands is one of them."""
        return "step" if self.expand == "runtime" else self.granularity
