"""The keys every task takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, model_validator

from pipegen.model import Duration, Limit, Name, Names, Plain, SpecModel, refuse


class RetriesSpec(SpecModel):
    """How often a failed task is tried again."""

    count: Annotated[StrictInt, Field(ge=0, le=100)] = 0
    """Extra tries, as in every orchestrator: 2 means three attempts at most."""
    delay: Duration = timedelta(0)
    """How long to wait before each."""
    backoff: Literal["fixed", "exponential"] = "fixed"
    """`exponential` doubles the delay from try to try."""
    max_delay: Limit | None = None
    """What an exponential delay does not grow beyond; a year if left out."""

    @model_validator(mode="after")
    def _grows_to_its_limit(self) -> Self:
        if self.max_delay is not None and self.backoff == "fixed":
            raise refuse("needs", "missing", key="backoff")
        return self


def _short(raw: Any) -> Any:
    return {"count": raw} if isinstance(raw, int) and not isinstance(raw, bool) else raw


Count = Annotated[StrictInt, Field(ge=0, le=100)]
Retries = Annotated[
    RetriesSpec, BeforeValidator(_short, json_schema_input_type=RetriesSpec | Count)
]
"""`{count: 2, delay: 1m}`, or `2` for short."""


class Defaults(SpecModel):
    """What tasks have that do not say otherwise: project, then pipeline, then task."""

    owner: Plain | None = None
    """Who answers for the tasks."""
    retries: Retries | None = None
    """How often a failed task is tried again."""
    timeout: Limit | None = None
    """How long one attempt may take."""


class TaskSpec(Defaults):
    """What every source, transform, check and activation takes."""

    description: Plain = ""
    """What the task is for."""
    tags: tuple[Plain, ...] = ()
    """Words to find it by."""
    depends_on: Names = ()
    """Tasks of this pipeline it waits for, beside those its data says."""
    wait_for: Names = ()
    """Other pipelines whose run for the same date must have ended well before it starts."""
    run_if: Literal[
        "all_success", "none_failed", "one_success", "one_failed", "any_skipped", "all_done"
    ] = "all_success"
    """When it runs, once all it waits for has ended."""
    allow_failure: StrictBool = False
    """Whether the run goes well even if this task fails."""
    pool: Name | None = None
    """One of the project's `pools`, of which it takes a slot while it runs."""

    def said(self, key: str) -> Any:
        """Return the value of a key that not every task has; an empty tuple if it has none.

        pydantic takes long to find out that an attribute is not there.
        """
        return self.__dict__.get(key, ())
