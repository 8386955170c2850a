"""References in what a task does: whether they lead somewhere, and to which task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from pipegen import ir, problems
from pipegen.diagnostics import Diagnostic
from pipegen.lower.text import as_text
from pipegen.model import SpecModel
from pipegen.spec import ParamSpec, PipelineSpec

_LOOKED_UP = ir.RunValue | ir.ParamValue | ir.TaskOutput
_TOLD = (ir.RunValue(ir.RunField.DATE), ir.RunValue(ir.RunField.ID))
"""Values that every run has: nothing is to be looked up for them."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


@dataclass(slots=True)
class References:
    """What the values of a pipeline may name; collects what they name in vain."""

    spec: PipelineSpec
    problems: list[Diagnostic] = field(default_factory=list)
    outputs: set[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        """Look up what tasks give out."""
        self.outputs = {
            (name, output) for name, task in self.spec.tasks for output in task.said("outputs")
        }

    def action(self, action: ir.Action, place: SpecModel) -> ir.Action:
        """Return the action of a task written at `place`, with what is known now filled in."""
        leaves = (leaf for value in ir.values(action) for leaf in ir.leaves(value))
        if not any(isinstance(leaf, _LOOKED_UP) and leaf not in _TOLD for leaf in leaves):
            return action
        known = ir.with_references(action, partial(self._known, place))
        return as_text(known, self.spec.params)

    def value(self, value: ir.Value, place: SpecModel) -> ir.Value:
        """Return a value written at `place`, with what is known now filled in."""
        return ir.replaced(value, partial(self._known, place))

    def flag(self, flag: ir.Value, key: str, place: SpecModel) -> None:
        """Report a parameter that stands for true or false and is neither."""
        param = self.spec.params.get(flag.name) if isinstance(flag, ir.ParamValue) else None
        if isinstance(flag, ir.ParamValue) and param and param.type != "boolean":
            why = f"is no boolean, which `{key}` takes: it is a {param.type}"
            span = place.span_of(key)
            self.problems.append(problems.bad_reference(f"params.{flag.name}", why, span))

    def params(self) -> Iterator[ir.Param]:
        """Yield the parameters of the pipeline."""
        for name, param in self.spec.params.items():
            default = self._default(param)
            if not _fits(default, param.type):
                span = param.span_of("default")
                self.problems.append(problems.wrong_default(name, param.type, span))
            elif param.default is None and self.spec.schedule:
                self.problems.append(problems.no_default(name, param.span))
            yield ir.Param(
                name=name,
                type=param.type,
                default=default,
                description=param.description,
                span=param.span,
            )

    def _default(self, param: ParamSpec) -> ir.Value:
        """Return the default of a parameter, which is known before any parameter or task is."""
        for leaf in ir.leaves(param.default):
            match leaf:
                case ir.ParamValue(name):
                    written = f"params.{name}"
                case ir.TaskOutput(task, output):
                    written = f"tasks.{task}.{output}"
                case _:
                    continue
            why = "cannot stand here: a default is known before parameters and tasks are"
            span = param.span_of("default")
            self.problems.append(problems.bad_reference(written, why, span))
            return None
        return self.value(param.default, param)

    def _known(self, place: SpecModel, reference: ir.Reference) -> str | ir.Reference:
        match reference:
            case ir.RunValue(ir.RunField.PIPELINE):
                return self.spec.pipeline
            case ir.RunValue(ir.RunField.START | ir.RunField.END) if not self.spec.partition:
                span = place.span_holding(reference.field)
                self.problems.append(problems.no_partition(reference.field, span))
            case ir.ParamValue(name) if name not in self.spec.params:
                span = place.span_holding(f"params.{name}")
                self.problems.append(problems.unknown_param(name, self.spec.params, span))
            case ir.ParamValue(name, format) if format and self.spec.params[name].type != "date":
                span, why = (
                    place.span_holding(f"params.{name}"),
                    "cannot be formatted: it is no date",
                )
                self.problems.append(problems.bad_reference(f"params.{name}", why, span))
            case ir.TaskOutput(task, output) if (task, output) not in self.outputs:
                span = place.span_holding(f"tasks.{task}.{output}")
                known = (f"{task}.{output}" for task, output in self.outputs)
                self.problems.append(problems.unknown_output(task, output, known, span))
        return reference


def outputs_used(action: ir.Action) -> Iterator[ir.TaskOutput]:
    """Yield the outputs of other tasks that an action uses."""
    for value in ir.values(action):
        for leaf in ir.leaves(value):
            if isinstance(leaf, ir.TaskOutput):
                yield leaf


def _fits(default: ir.Value, type: str) -> bool:
    if default is None:
        return True
    if not isinstance(default, bool | int | float | str):  # a template, which gives text
        return type in ("string", "date") and not isinstance(default, ir.Items | ir.Fields)
    if type == "date":
        return isinstance(default, str) and _is_date(default)
    return isinstance(default, _TYPES[type]) and isinstance(default, bool) == (type == "boolean")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
