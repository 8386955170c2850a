"""The three kinds of reference a value may hold, and no others.

`${var.name}` is filled at compile time, `${ENV:NAME}` is read when the task runs, and
`{{ run.date }}` is told by the orchestrator. `$${` and `{{{{` write `${` and `{{`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipegen.ir import Env, Fields, Items, RunField, RunValue, Text, Value

_TOKEN = re.compile(
    r"(?P<dollars>\$\$\{)|(?P<braces>\{\{\{\{)"
    r"|(?P<fill>\$\{[^}]*\}?)|(?P<run>\{\{.*?(?:\}\}|$))|(?P<block>\{%.*?(?:%\}|$))",
    re.DOTALL,
)
_ENV = re.compile(r"\$\{ENV:([A-Z][A-Z0-9_]{0,63})\}")
_VAR = re.compile(r"\$\{var\.([a-z][a-z0-9_]{0,62})\}")
_RUN = re.compile(r"\{\{\s*([a-z.]+)\s*\}\}")

Path = tuple[str | int, ...]


class ReferenceProblem(Exception):
    """A reference that is not of the language, at `path` below the value read.

    `unknown` is the name of a variable that is not defined, if that is what is wrong.
    """

    def __init__(self, text: str, why: str, path: Path = (), unknown: str | None = None) -> None:
        super().__init__(f"{text!r} {why}")
        self.text = text
        self.why = why
        self.path = path
        self.unknown = unknown


def fill(
    value: object, variables: Mapping[str, object]
) -> tuple[object, tuple[ReferenceProblem, ...]]:
    """Return a plain value with every `${var.…}` filled, and the references that cannot be.

    A scalar that is nothing but one reference takes the variable's type.
    """
    problems: list[ReferenceProblem] = []

    def filled(item: object, path: Path) -> object:
        match item:
            case str() if "${var." in item:
                try:
                    return _fill_text(item, variables, path)
                except ReferenceProblem as problem:
                    problems.append(problem)
            case dict():
                return {key: filled(part, (*path, key)) for key, part in item.items()}
            case list():
                return [filled(part, (*path, i)) for i, part in enumerate(item)]
        return item

    return filled(value, ()), tuple(problems)


def _fill_text(text: str, variables: Mapping[str, object], path: Path) -> object:
    def known(match: re.Match[str]) -> object:
        name = match[1]
        if name not in variables:
            raise ReferenceProblem(match[0], "is not defined", path, unknown=name)
        return variables[name]

    if alone := _VAR.fullmatch(text):
        return known(alone)
    parts: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        reference = _VAR.fullmatch(token[0])
        parts.append(text[end : token.start()])
        parts.append(_as_text(known(reference), token[0], path) if reference else token[0])
        end = token.end()
    return "".join([*parts, text[end:]])


def _as_text(value: object, reference: str, path: Path) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value)
    raise ReferenceProblem(reference, "is not one value, so it cannot stand within text", path)


def value(raw: object) -> Value:
    """Return what a plain value means when the task runs; raise ReferenceProblem if unclear."""
    return _value(raw, ())


def _value(raw: object, path: Path) -> Value:
    match raw:
        case str():
            try:
                return text(raw)
            except ReferenceProblem as problem:
                raise ReferenceProblem(problem.text, problem.why, path) from None
        case dict():
            return Fields(tuple((key, _value(item, (*path, key))) for key, item in raw.items()))
        case list():
            return Items(tuple(_value(item, (*path, i)) for i, item in enumerate(raw)))
        case None | bool() | int() | float():
            return raw
    raise TypeError(type(raw).__name__)


def text(raw: str) -> str | Env | RunValue | Text:
    """Return what text with references means; raise ReferenceProblem if it is not clear."""
    return join(*_parts(raw))


def join(*parts: str | Env | RunValue | Text) -> str | Env | RunValue | Text:
    """Return the parts as one value: plain text if they are, one reference if there is but one."""
    flat: list[str | Env | RunValue] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Text) else (part,):
            if isinstance(piece, str) and flat and isinstance(flat[-1], str):
                flat[-1] += piece
            elif piece != "":
                flat.append(piece)
    match flat:
        case []:
            return ""
        case [single]:
            return single
    return Text(tuple(flat))


def _parts(raw: str) -> Iterator[str | Env | RunValue]:
    end = 0
    for token in _TOKEN.finditer(raw):
        yield raw[end : token.start()]
        yield _reference(token)
        end = token.end()
    yield raw[end:]


def _reference(token: re.Match[str]) -> str | Env | RunValue:
    written = token[0]
    match token.lastgroup:
        case "dollars":
            return "${"
        case "braces":
            return "{{"
        case "fill":
            if env := _ENV.fullmatch(written):
                return Env(env[1])
            raise ReferenceProblem(written, "is not a reference")
        case "run":
            if (run := _RUN.fullmatch(written)) and run[1] in set(RunField):
                return RunValue(RunField(run[1]))
            raise ReferenceProblem(written, "is not a value of the run")
    raise ReferenceProblem(written, "is not of this language")


def plain(raw: str) -> str:
    """Return text that may hold no reference; raise ReferenceProblem if it does."""
    meaning = text(raw)
    if isinstance(meaning, str):
        return meaning
    token = next(t for t in _TOKEN.finditer(raw) if not isinstance(_reference(t), str))
    raise ReferenceProblem(token[0], "cannot stand here: this key takes plain text")
