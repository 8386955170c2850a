"""Parameters of a job: fields of a resource, which a run may configure in one place."""

from __future__ import annotations

from dataclasses import dataclass

from pipegen import ir
from pipegen.backends import calls, params
from pipegen.emit import Code, braces, expression, literal
from pipegen.naming import take

_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "date": "str",
}
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_NAMES = """
    configure_at_launch construct copy create_resource dict from_orm from_resource_context
    from_resource_context_cm get_resource_context get_resource_definition json
    model_computed_fields model_config model_construct model_copy model_dump model_dump_json
    model_extra model_fields model_fields_set model_json_schema model_parametrized_name
    model_post_init model_rebuild model_validate model_validate_json model_validate_strings
    nested_resources parse_file parse_obj parse_raw process_config_and_initialize
    process_config_and_initialize_cm schema schema_json setup_for_execution
    teardown_after_execution to_config_schema to_fields_dict update_forward_refs validate
    with_replaced_resource_context with_resource_context yield_for_execution
"""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the resource."""

    name: str
    type: Code
    value: Code | None


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters: the key of the resource, its fields, what tasks are given of them, and the
    defaults that are known when a run starts.
    """

    key: str
    fields: tuple[Field, ...]
    given: Code
    defaults: Code | None

    @property
    def pydantic(self) -> bool:
        """Whether a field says more than its default."""
        return any(field.value and field.value.startswith("Field") for field in self.fields)


def declared(pipeline: ir.Pipeline, run: calls.Run) -> Params | None:
    """Return the parameters of a pipeline; None if it has none.

    The names that a resource has itself are no fields: these have a `_` appended.
    """
    if not pipeline.params:
        return None
    taken = set(_NAMES.split())
    names = {param.name: take(param.name, taken) for param in pipeline.params}
    late = {
        param.name: expression(param.default, run)
        for param in pipeline.params
        if params.is_late(param)
    }
    return Params(
        key=f"{pipeline.name}_params",
        fields=tuple(_field(param, names[param.name]) for param in pipeline.params),
        given=braces({name: Code(f"run.{field}") for name, field in names.items()}),
        defaults=braces(late) if late else None,
    )


def _field(param: ir.Param, name: str) -> Field:
    type, default = _TYPES[param.type], None
    if params.is_late(param):
        type, default = f"{type} | None", literal(None)
    elif not params.is_required(param):
        default = params.default(param)
    more = {"pattern": Code(f'r"{_DAY}"')} if param.type == "date" else {}
    if param.description:
        more["description"] = literal(param.description)
    if not more:
        return Field(name, Code(type), default)
    given = {"default": default, **more} if default else more
    return Field(name, Code(type), Code(f"Field({calls.arguments((), given, beside=200)})"))
