"""The scalar types of the language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from functools import cache
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipegen import references
from pipegen.ir import Env, ParamValue, leaves

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_DURATION = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_CRON_FIELD = re.compile(
    r"(?:[0-9*/,\-]|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat))+"
)
_CRON_NUMBERS = (
    "[0-5]?[0-9]",
    "([01]?[0-9]|2[0-3])",
    "(0?[1-9]|[12][0-9]|3[01])",
    "(0?[1-9]|1[0-2]|[A-Za-z]{3})",
    "(0?[0-7]|[A-Za-z]{3})",
)
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def refuse(kind: str, message: str, **context: Any) -> PydanticCustomError:
    """Return the error a type raises; `kind` and `context` say which diagnostic it becomes."""
    return PydanticCustomError(kind, message, context)


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


def _duration(raw: Any) -> timedelta:
    if isinstance(raw, str) and (match := _DURATION.fullmatch(raw)):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    raise refuse("bad_duration", "a duration: a number and `s`, `m`, `h` or `d`, as in `30m`")


def _positive(raw: Any) -> timedelta:
    length = _duration(raw)
    if not length:
        raise refuse("positive", "longer than nothing: leave it out for no limit")
    return length


def _date(raw: Any) -> date:
    if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw, re.ASCII):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            pass
    raise refuse("bad_date", "a date, written as in `2026-01-31`")


def _time(raw: Any) -> time:
    if isinstance(raw, str) and (match := re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", raw)):
        return time(int(match[1]), int(match[2]))
    raise refuse("bad_time", 'a time of day in quotes, as in `"08:00"`')


def _window(raw: Any) -> tuple[time, time]:
    if isinstance(raw, str) and len(ends := raw.split("-")) == 2:
        return (_time(ends[0]), _time(ends[1]))
    raise refuse("bad_window", 'a part of the day in quotes, as in `"22:00-06:00"`')


@cache
def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError
        known = sorted(available_timezones())
        raise refuse("bad_timezone", "not a timezone", known=known) from None
    return text


@cache
def _cron(text: str) -> str:
    from croniter import CroniterBadDateError, CroniterError, croniter

    def bad(reason: str) -> PydanticCustomError:
        return refuse("bad_cron", "not a cron expression", reason=reason)

    fields = text.split()
    if len(fields) != 5:
        raise bad(f"it has {len(fields)} field{'' if len(fields) == 1 else 's'}, not five")
    for field in fields:
        if not _CRON_FIELD.fullmatch(field):
            raise bad(f"the orchestrators do not agree on '{field}'")
    try:
        croniter(text).get_next()
    except CroniterBadDateError:
        raise bad("no such day ever comes") from None
    except (CroniterError, ValueError, KeyError):
        raise bad("a field is out of its range") from None
    return " ".join(fields)


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


def listed(raw: Any) -> Any:
    """Return one text as a list of one."""
    return [raw] if isinstance(raw, str) else raw


def exactly_one(keys: Mapping[str, object]) -> None:
    """Raise the error of a mapping that has none or several of keys that exclude each other."""
    given = [key for key, value in keys.items() if value not in (None, ())]
    if len(given) != 1:
        raise refuse("one_of", "one of", keys=list(keys), given=given)


def looks(pattern: str, *examples: str, wanted: str = "") -> WithJsonSchema:
    """Return what an editor knows of a text: its pattern, how it is written, or in words."""
    schema: dict[str, Any] = {"type": "string", "pattern": f"^{pattern}$"}
    if examples:
        schema["examples"] = list(examples)
    if wanted:
        schema["patternErrorMessage"] = wanted
    return WithJsonSchema(schema)


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

Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    looks("[0-9]{1,6}[smhd]", "30m"),
]
"""A length of time: `30s`, `5m`, `12h`, `7d`."""

Limit = Annotated[
    timedelta,
    PlainValidator(_positive),
    looks("(?!0+[smhd])[0-9]{1,6}[smhd]", "2h"),
]
"""A length of time that is longer than nothing."""

Date = Annotated[date, PlainValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
"""A day, `2026-01-31`."""

TimeOfDay = Annotated[
    time,
    PlainValidator(_time),
    looks("([01][0-9]|2[0-3]):[0-5][0-9]", "08:00"),
]
"""A time of day, `"08:00"`."""

Window = Annotated[
    tuple[time, time],
    PlainValidator(_window),
    looks("([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]", "22:00-06:00"),
]
"""A part of the day, `"22:00-06:00"`; one that ends before it begins goes past midnight."""

Timezone = Annotated[
    Plain,
    AfterValidator(_timezone),
    WithJsonSchema({"type": "string", "examples": ["UTC", "Europe/Rome", "America/New_York"]}),
]
"""A name of the IANA database."""

_FIELDS = " +".join(rf"(\*|{n})([-,](\*|{n})|/[0-9]+)*" for n in _CRON_NUMBERS)

Cron = Annotated[Plain, AfterValidator(_cron), looks(f" *{_FIELDS} *", "0 5 * * 1-5")]
"""Five fields that every orchestrator reads alike."""

_OF_PROJECT = "A path inside the project: letters, digits, `_`, `-` and `.` between `/`."

Inside = Annotated[
    PurePosixPath,
    PlainValidator(_inside),
    looks(rf"(\.|{_SEGMENT.pattern}(/{_SEGMENT.pattern})*)", wanted=_OF_PROJECT),
]
"""A path relative to the project's root that does not leave it."""

_OUT = r"([A-Za-z0-9_]|\$\{env\})([A-Za-z0-9_.-]|\$\{env\})*"

Out = Annotated[str, PlainValidator(_out), looks(rf"(\.|{_OUT}(/{_OUT})*)", wanted=_OF_PROJECT)]
"""Such a path, in which `${env}` stands for the chosen environment."""
