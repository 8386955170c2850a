"""Parameters of a DAG: how it declares them, and how functions and templates find them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipegen import ir
from pipegen.backends import params
from pipegen.backends.airflow.code import BRACE, plain
from pipegen.backends.calls import Given, arguments
from pipegen.emit import Code, braces, expression, literal

Late = Mapping[str, ir.Value]
"""The defaults that are known when a run starts, by parameter."""

_TYPES = {"date": "string"}


def late(pipeline: ir.Pipeline) -> Late:
    """Return the defaults that Airflow cannot hold: it does not fill in templates there."""
    return {param.name: param.default for param in pipeline.params if params.is_late(param)}


def declared(param: ir.Param) -> Code:
    """Return the declaration of a parameter; one that must be given has no default."""
    type = _TYPES.get(param.type, param.type)
    default: tuple[Code, ...] = ()
    named = {"type": literal(type)}
    if params.is_late(param):
        default, named["type"] = (literal(None),), Code(f'["null", {literal(type)}]')
    elif not params.is_required(param):
        default = (params.default(param),)
    if param.type == "date":
        named["format"] = literal("date")
    if param.description:
        named["description"] = literal(param.description)
    return Code(f"Param({arguments(default, named, beside=200)})")


def filled(found: Late) -> Code | None:
    """Return the defaults that are known when a run starts, as a function fills them in."""
    run = Given("run_date")
    codes = {name: expression(value, run) for name, value in found.items()}
    return braces(codes) if codes else None


def template(value: ir.Value, found: Late) -> Code:
    """Return a value in which Airflow fills in what is known when the task runs."""
    return expression(_filled(value, found), {})


def is_typed(fields: ir.Fields) -> bool:
    """Whether a parameter stands for itself in a mapping: filled in, it would become text."""
    return any(_is_value(value) for _, value in fields.items)


def json_template(fields: ir.Fields, found: Late) -> Code:
    """Return the JSON of a mapping, which Airflow fills in so that parameters keep their types."""
    return literal(f"{{{{ macros.json.dumps({_jinja(fields, found)}, ensure_ascii=False) }}}}")


def _is_value(value: ir.Value) -> bool:
    match value:
        case ir.ParamValue(format=format):
            return not format
        case ir.Items(items):
            return any(map(_is_value, items))
        case ir.Fields(items):
            return any(_is_value(item) for _, item in items)
    return False


def _jinja(value: ir.Value, found: Late) -> str:
    """Return the expression of Jinja for a value; its literals are all but Python's."""
    match value:
        case ir.Fields(items):
            inside = (f"{name!a}: {_jinja(item, found)}" for name, item in items)
            return f"{{{', '.join(inside)}}}"
        case ir.Items(items):
            return f"[{', '.join(_jinja(item, found) for item in items)}]"
        case ir.Text(parts):
            return f"({' ~ '.join(_jinja(part, found) for part in parts)} ~ '')"
        case ir.Env() | ir.RunValue() | ir.ParamValue() | ir.TaskOutput():
            return _known(value, found)
    return ascii(value)


def _filled(value: ir.Value, found: Late) -> ir.Value:
    match value:
        case str():
            return plain(value)
        case ir.Items(items):
            return ir.Items(tuple(_filled(item, found) for item in items))
        case ir.Fields(items):
            return ir.Fields(tuple((name, _filled(item, found)) for name, item in items))
        case ir.Text(parts):
            return _joined(parts, found)
        case ir.Env() | ir.RunValue() | ir.ParamValue() | ir.TaskOutput():
            return f"{{{{ {_known(value, found)} }}}}"
    return value


def _joined(parts: Iterable[str | ir.Reference], found: Late) -> str:
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += plain(part)
        elif text.endswith("{"):  # which would be part of the braces that follow
            text = f"{text[:-1]}{BRACE}{{{{ {_known(part, found)} }}}}"
        else:
            text += f"{{{{ {_known(part, found)} }}}}"
    return text


def _known(reference: ir.Reference, found: Late) -> str:
    match reference:
        case ir.Env(name):
            return f"environ[{name!r}]"
        case ir.RunValue(ir.RunField.DATE, format):
            day = f"strftime({format!r})" if format else "strftime('%Y-%m-%d')"
            return f"dag_run.run_after.astimezone(dag.timezone).{day}"
        case ir.ParamValue(name, format):
            known = f"params[{name!r}]"
            if name in found:
                known = f"({_jinja(found[name], found)} if {known} is none else {known})"
            return f"macros.ds_format({known}, '%Y-%m-%d', {format!r})" if format else known
    raise AssertionError(reference)
