"""The scalar types of the language."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WithJsonSchema

from pipegen import references
from pipegen.ir import Env, ParamValue, leaves
from pipegen.model.kit import looks, refuse

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise refuse("bad_name", "not a name")
    return text


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise refuse("word", "a word of letters, digits, `_`, `-` and `.`")
    return text


def _understood(read: Callable[[Any], Any], raw: Any) -> Any:
    try:
        return read(raw)
    except references.ReferenceProblem as problem:
        raise refuse(
            "bad_reference", "not a reference", text=problem.text, why=problem.why,
            path=problem.path,
        ) from None  # fmt: skip


def _plain(text: str) -> str:
    meaning: str = _understood(references.plain, text)
    return meaning


def _value(raw: Any) -> Any:
    return _understood(references.value, raw)


def _text(raw: Any) -> Any:
    if not isinstance(raw, str):
        raise refuse("string_type", "Input should be a valid string")
    return _understood(references.text, raw)


def _scalar(raw: Any) -> Any:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else _text(raw)


def _setting(raw: Any) -> Any:
    value = _scalar(raw)
    for leaf in leaves(value):
        if leaf is not None and not isinstance(leaf, str | int | Env):
            why = "cannot stand here: this key is read before any run, so it takes ${ENV:NAME} only"
            raise refuse("bad_reference", "not a setting", text=str(raw), why=why, path=())
    return value


def _place(raw: Any) -> Any:
    """Return a folder of the project, or the variable that says where one is."""
    value = _setting(raw)
    return _inside(raw).as_posix() if isinstance(value, str | int) else value


def _secret(raw: Any) -> Env:
    value = _understood(references.text, raw) if isinstance(raw, str) else raw
    if not isinstance(value, Env):
        raise refuse("literal_secret", "a secret")
    return value


def _flag(raw: Any) -> Any:
    if isinstance(raw, bool):
        return raw
    value = _understood(references.text, raw) if isinstance(raw, str) else raw
    if isinstance(value, ParamValue):
        return value
    raise refuse("flag", 'true, false, or a boolean parameter: "{{ params.name }}"')


def _inside(raw: Any) -> PurePosixPath:
    if not isinstance(raw, str) or not raw:
        raise refuse("path", "a path inside the project")
    parts = raw.split("/")
    if raw.startswith("/") or ".." in parts:
        raise refuse("unsafe_path", "a path inside the project")
    if raw != "." and not all(_SEGMENT.fullmatch(part) for part in parts):
        raise refuse("path", "a path of letters, digits, `_`, `-` and `.`")
    return PurePosixPath(raw)


def _out(raw: Any) -> str:
    _inside(raw.replace("${env}", "env") if isinstance(raw, str) else raw)
    return str(raw)


def _version(raw: Any) -> Any:
    if isinstance(raw, bool):  # to Python, true is one
        raise refuse("int_type", "a whole number")
    return raw


Version = Annotated[Literal[1], BeforeValidator(_version)]
"""The version of the language."""

Name = Annotated[
    str,
    AfterValidator(_name),
    looks(_NAME.pattern, wanted="A name has lower-case letters, digits and `_`, a letter first."),
]
"""A name: lower-case letters, digits and `_`, 63 characters at most."""

Word = Annotated[str, AfterValidator(_word), looks(_WORD.pattern)]
"""A word of letters, digits, `_`, `-` and `.`."""

Plain = Annotated[str, AfterValidator(_plain)]
"""Text that holds no reference."""

Names = tuple[Plain, ...]
"""Names of what is defined elsewhere: unknown ones are reported with what is known."""

Value = Annotated[Any, PlainValidator(_value), WithJsonSchema({})]
"""Any value, in which references stand for what is known when the task runs: an `ir.Value`."""

Template = Annotated[Any, PlainValidator(_text), WithJsonSchema({"type": "string"})]
"""Text in which references stand for what is known when the task runs: an `ir.Value`."""

Scalar = Annotated[Any, PlainValidator(_scalar), WithJsonSchema({"type": ["string", "integer"]})]
"""A number or a template: an identifier of some other system."""

Setting = Annotated[Any, PlainValidator(_setting), WithJsonSchema({"type": ["string", "integer"]})]
"""A number or text in which only `${ENV:NAME}` may stand: where a connection leads."""

Secret = Annotated[
    Any,
    PlainValidator(_secret),
    looks(
        r"\$\{ENV:[A-Z][A-Z0-9_]{0,63}\}",
        wanted="A secret stays outside: name the variable that holds it, as ${ENV:NAME}.",
    ),
]
"""The environment variable that holds a secret, `${ENV:NAME}`: an `ir.Env`."""

Flag = Annotated[
    Any,
    PlainValidator(_flag),
    WithJsonSchema(
        {
            "type": ["boolean", "string"],
            "pattern": r"^\{\{ *params\.[a-z][a-z0-9_]{0,62} *\}\}$",
            "patternErrorMessage": 'Of text, only a parameter: "{{ params.name }}".',
        }
    ),
]
"""True, false, or a parameter of the run: an `ir.Value`."""

_OF_PROJECT = "A path inside the project: letters, digits, `_`, `-` and `.` between `/`."

Inside = Annotated[
    PurePosixPath,
    PlainValidator(_inside),
    looks(rf"(\.|{_SEGMENT.pattern}(/{_SEGMENT.pattern})*)", wanted=_OF_PROJECT),
]
"""A path relative to the project's root that does not leave it."""

Place = Annotated[
    Any,
    PlainValidator(_place),
    looks(
        rf"(\.|{_SEGMENT.pattern}(/{_SEGMENT.pattern})*|[^$]*\$\{{ENV:[A-Z][A-Z0-9_]{{0,63}}\}}[^$]*)",
        wanted=f"{_OF_PROJECT[:-1]}, or ${{ENV:NAME}} for one that lies elsewhere.",
    ),
]
"""A folder: a path inside the project, or `${ENV:NAME}` for one that lies elsewhere."""

_OUT = r"([A-Za-z0-9_]|\$\{env\})([A-Za-z0-9_.-]|\$\{env\})*"

Out = Annotated[str, PlainValidator(_out), looks(rf"(\.|{_OUT}(/{_OUT})*)", wanted=_OF_PROJECT)]
"""Such a path, in which `${env}` stands for the chosen environment."""
