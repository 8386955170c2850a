"""What most tasks of a pipeline have is written once: an owner, and a policy of retries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipegen import ir
from pipegen.backends.calls import usual
from pipegen.backends.dagster import control
from pipegen.emit import Code


@dataclass(frozen=True, slots=True)
class Shared:
    """What stands in `LABELS` and `RETRIES`: what most tasks have, if two or more have it."""

    owner: str | None
    retries: Code | None

    def policy(self, task: ir.Task) -> Code | None:
        """Return the policy of a task's retries, by its name if it has one."""
        own = policy(task)
        return Code("RETRIES") if own and own == self.retries else own

    def owns(self, task: ir.Task) -> bool:
        """Whether the owner of a task is the one in `LABELS`."""
        return self.owner is not None and task.owner == self.owner


def shared(tasks: Iterable[ir.Task], steps: Iterable[ir.Task]) -> Shared:
    """Return what tasks have in common: an owner, those whose assets are told one by one."""
    made = [task for task in tasks if not isinstance(task.action, ir.Freshness)]
    told = [task for task in made if task.loads or isinstance(task.action, ir.Dbt)]
    return Shared(
        owner=usual(task.owner for task in told), retries=usual(map(policy, [*made, *steps]))
    )


def policy(task: ir.Task) -> Code | None:
    """Return the policy of a task's retries, if it has any."""
    return control.retries(task.retries) if task.retries.count else None
