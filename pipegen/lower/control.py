"""What governs a run and has no effect as it is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipegen import ir, problems
from pipegen.diagnostics import Diagnostic
from pipegen.spec import PipelineSpec


def pointless(tasks: Sequence[ir.Task], spec: PipelineSpec) -> Iterator[Diagnostic]:
    """Yield what governs a run in vain: a `run_if`, a check's `skip`, a task's timeout."""
    specs = dict(spec.tasks)
    waited_for = {name for task in tasks for name in task.upstream}
    decided: set[str] = set()
    for task in tasks:
        name = task.group or task.name
        written = specs.get(name)
        if task.run_if is not ir.RunIf.ALL_SUCCESS and not task.upstream and name not in decided:
            decided.add(name)
            place = written.span_of("run_if") if written else task.span
            yield problems.waits_for_nothing(name, task.run_if, place)
        if task.if_false is ir.IfFalse.SKIP and task.name not in waited_for:
            place = written.span_of("if_false") if written else task.span
            yield problems.skips_nothing(task.name, place)
        if written and spec.timeout and written.timeout and written.timeout > spec.timeout:
            yield problems.outlives_its_run(
                name, written.span_of("timeout"), spec.span_of("timeout")
            )
