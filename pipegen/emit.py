"""The emission gate: how a value becomes Python source.

Only `Code` may leave a template expression, and only the functions here make `Code`, so no
text of a specification can become a program. The text they return is what black would
print: every collection stands one item per line with a trailing comma.
"""

from __future__ import annotations

import builtins
import json
import keyword
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

from pipegen.ir import Env, Fields, Items, ParamValue, Reference, RunField, RunValue, Text, Value

_INDENT = " " * 4
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SIMPLE = re.compile(r"[^'\\{}#]*")
_ENCODING = re.compile(r"coding(?=[:=])")
_RESERVED = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins))


class EmissionError(Exception):
    """A value cannot be written as source: a fault of pipegen, never of its user."""


class Code(str):
    """Source text that is safe to print as it stands."""

    __slots__ = ()


def identifier(name: str, prefix: str = "") -> Code:
    """Return `prefix + name` as a name to bind; raise EmissionError if Python would misread it."""
    text = prefix + name
    reserved = text in _RESERVED or text.startswith("__")
    if type(name) is not str or reserved or not _IDENTIFIER.fullmatch(text):
        raise EmissionError(f"not an identifier: {text!r}")
    return Code(text)


def argument(name: str) -> Code:
    """Return the name of a keyword argument: unlike a name to bind it may be a builtin's."""
    if type(name) is not str or not _IDENTIFIER.fullmatch(name) or keyword.iskeyword(name):
        raise EmissionError(f"not the name of an argument: {name!r}")
    return Code(name)


def dotted(path: str) -> Code:
    """Return the path of a module, `package.module`."""
    parts = path.split(".")
    if not all(_IDENTIFIER.fullmatch(part) and not keyword.iskeyword(part) for part in parts):
        raise EmissionError(f"not a module path: {path!r}")
    return Code(path)


def comment(text: str) -> Code:
    """Return text that cannot end the comment it is printed in.

    Python takes `coding:` in a comment at the top for the encoding of the file, and UTF-7
    would let the text of a literal end that literal: a space keeps it a word.
    """
    if not isinstance(text, str) or not text.isprintable():
        raise EmissionError(f"a comment cannot hold {text!r}")
    return Code(_ENCODING.sub("coding ", text))


def literal(value: object) -> Code:
    """Return the literal of a plain value: None, bool, int, float, str, date, timedelta,
    or a list, tuple or string-keyed mapping of these. Tuples are written as lists.
    """
    match value:
        case None | bool():
            return Code(repr(value))
        case int():
            return Code(int.__repr__(value))
        case float():
            if not math.isfinite(value):
                raise EmissionError(f"not a finite number: {value!r}")
            return Code(float.__repr__(value).replace("e+", "e"))
        case str():
            return Code(_string(value))
        case timedelta():
            return Code(f"timedelta({_duration(value)})")
        case date() if not isinstance(value, datetime):
            return Code(f"date({value.year}, {value.month}, {value.day})")
        case Mapping():
            return braces({key: literal(item) for key, item in value.items()})
        case list() | tuple():
            return brackets([literal(item) for item in value])
    raise EmissionError(f"no literal for {type(value).__name__}")


def yaml_string(text: str) -> Code:
    """Return the double-quoted YAML scalar of `text`, which YAML 1.1 and 1.2 read alike."""
    quoted = json.dumps(text, ensure_ascii=False)
    return Code("".join(char if char.isprintable() else _escape(char) for char in quoted))


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def expression(
    value: Value,
    run: Mapping[RunField | ParamValue, str],
    env: Callable[[str], str] = lambda name: f"os.environ[{_string(name)}]",
    plain: Callable[[str], str] = lambda text: text,
) -> Code:
    """Return the expression for an argument of an action.

    `run` gives the expression for each fact about the run and each parameter, and `env` for an
    environment variable, each a single expression. A day is ISO text; a formatted one needs `date`
    imported. `plain` escapes literal text for an orchestrator that reads templates in it.
    """

    def written(item: Value) -> Code:
        match item:
            case str():
                return literal(plain(item))
            case Env(name):
                return Code(env(name))
            case RunValue(field, format) if field in run:
                return _day(run[field], format)
            case ParamValue(name, format):
                return _day(run[ParamValue(name)], format)
            case Text(parts):
                return _text(parts)
            case Items(items):
                return brackets([written(part) for part in items])
            case Fields(items):
                return braces({key: written(part) for key, part in items})
        return literal(item)

    def _text(parts: tuple[str | Reference, ...]) -> Code:
        pieces = [plain(part) if isinstance(part, str) else written(part) for part in parts]
        return _f_string(pieces) or Code(f'"".join({_hugged([written(part) for part in parts])})')

    return written(value)


def _day(known: str, format: str) -> Code:
    return Code(f"date.fromisoformat({known}).strftime({_string(format)})" if format else known)


def _f_string(pieces: Sequence[str]) -> Code | None:
    """Return literal texts and expressions (Code) as an f-string that Python 3.11 takes.

    Returns None if it would need an escape: such a text is joined from its parts.
    """
    texts = "".join(piece for piece in pieces if not isinstance(piece, Code))
    codes = [piece for piece in pieces if isinstance(piece, Code)]
    quote, other = ("'", '"') if '"' in texts else ('"', "'")
    if quote in texts or "\\" in texts or not texts.isprintable():
        return None
    if not all(_SIMPLE.fullmatch(code) and code.isprintable() for code in codes):
        return None
    body = "".join(
        "{" + piece.replace('"', other) + "}"
        if isinstance(piece, Code)
        else piece.replace("{", "{{").replace("}", "}}")
        for piece in pieces
    )
    return Code(f"f{quote}{body}{quote}")


def brackets(items: Sequence[Code]) -> Code:
    """Return a list display, one item per line."""
    return _exploded("[", items, "]")


def _hugged(items: Sequence[Code]) -> Code:
    inner = brackets(items)
    return Code(f"\n{_INDENT}{indented(inner, 4)}\n") if items else inner


def braces(items: Mapping[str, Code]) -> Code:
    """Return a dict display, one item per line."""
    return _exploded("{", [Code(f"{_key(key)}: {item}") for key, item in items.items()], "}")


def _key(key: object) -> str:
    if type(key) is not str:
        raise EmissionError(f"not a string key: {key!r}")
    return _string(key)


def _exploded(opening: str, items: Sequence[Code], closing: str) -> Code:
    if not items:
        return Code(opening + closing)
    lines = "".join(f"{_INDENT}{indented(item, 4)},\n" for item in items)
    return Code(f"{opening}\n{lines}{closing}")


def indented(code: Code, width: int) -> Code:
    """Return `code` with every line but the first moved `width` columns to the right.

    Safe on any Code: a literal never holds a line end of its own.
    """
    if type(code) is not Code:
        raise EmissionError(f"only Code can be indented, not {type(code).__name__}")
    return Code(code.replace("\n", "\n" + " " * width))


def _duration(value: timedelta) -> str:
    """Return the arguments of a timedelta, in the largest unit that divides it."""
    for unit in ("days", "hours", "minutes"):
        count, rest = divmod(value, timedelta(**{unit: 1}))
        if count and not rest:
            return f"{unit}={count}"
    seconds, rest = divmod(value, timedelta(seconds=1))
    return f"seconds={seconds}" + (f", microseconds={rest.microseconds}" if rest else "")


def _string(text: str) -> str:
    """Return the literal of `text` in the quotes black prefers."""
    written = str.__repr__(text)
    if written[0] == '"':
        return written
    body = written[1:-1]
    if '"' not in body:
        return f'"{body}"'
    double = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', body.replace("\\'", "'"))
    return f'"{double}"' if double.count("\\") <= body.count("\\") else written
