"""The three kinds of reference a value may hold, and no others.

`${var.name}` and `${each.name}` are filled at compile time, `${ENV:NAME}` is read when the
task runs, and `{{ run.date }}` is told by the orchestrator. `$${` and `{{{{` write `${` and
`{{`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from pipegen import problems
from pipegen.diagnostics import Diagnostic
from pipegen.ir import (
    Env,
    Fields,
    Items,
    ParamValue,
    Reference,
    RunField,
    RunValue,
    TaskOutput,
    Text,
    Value,
    join,
)
from pipegen.source import Document

MAX_FILLED = 1_000_000
"""How much variables may fill in, in values and characters: they must not grow into a bomb."""

DIRECTIVES = "YymdHMSj%"
"""What `format` takes after a `%`: the directives of strftime that know no language."""

_TOKEN = re.compile(
    r"(?P<dollars>\$\$\{)|(?P<braces>\{\{\{\{)"
    r"|(?P<fill>\$\{[^}]*\}?)|(?P<run>\{\{.*?(?:\}\}|$))|(?P<block>\{%.*?(?:%\}|$))",
    re.DOTALL,
)
_ENV = re.compile(r"\$\{ENV:([A-Z][A-Z0-9_]{0,63})\}")
_FILL = re.compile(r"\$\{(var|each)\.([a-z][a-z0-9_]{0,62})\}")
_RUN = re.compile(r"\{\{\s*([a-z][a-z0-9_.]*)\s*(?:\|\s*format\('([^']*)'\)\s*)?\}\}")
_FORMAT = re.compile(rf"(?:[^%{{}}\\]|%[{DIRECTIVES}])+")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FORMATTED = (RunField.DATE, RunField.START, RunField.END)

Path = tuple[str | int, ...]


class ReferenceProblem(Exception):
    """A reference that is not of the language, at `path` below the value read.

    `unknown` is the variable that is not defined, if that is what is wrong: `var` or `each`,
    and its name.
    """

    def __init__(
        self, text: str, why: str, path: Path = (), unknown: tuple[str, str] | None = None
    ) -> None:
        super().__init__(f"{text!r} {why}")
        self.text = text
        self.why = why
        self.path = path
        self.unknown = unknown


Variables = Mapping[str, Mapping[str, object]]
"""Values for `${var.name}` and `${each.name}`, by the word before the point."""


def fill(value: object, variables: Variables) -> tuple[object, tuple[ReferenceProblem, ...]]:
    """Return a plain value with every `${var.…}` filled, and the references that cannot be.

    A scalar that is nothing but one reference takes the variable's type. Of `var` and `each`
    only those are filled that `variables` has.
    """
    problems: list[ReferenceProblem] = []
    spent = 0

    def known(match: re.Match[str], path: Path) -> object:
        nonlocal spent
        found = _known(match, variables, path)
        spent += _weight(found)
        if spent > MAX_FILLED:
            raise ReferenceProblem(match[0], "fills in more than a specification can hold", path)
        return found

    def filled(item: object, path: Path) -> object:
        match item:
            case str() if "${" in item:
                try:
                    return _fill_text(item, known, path)
                except ReferenceProblem as problem:
                    problems.append(problem)
            case dict():
                return {key: filled(part, (*path, key)) for key, part in item.items()}
            case list():
                return [filled(part, (*path, i)) for i, part in enumerate(item)]
        return item

    return filled(value, ()), tuple(problems)


def _known(match: re.Match[str], variables: Variables, path: Path) -> object:
    space, name = match.groups()
    if space not in variables:
        raise ReferenceProblem(match[0], "stands outside of a pipeline with `for_each`", path)
    if name not in variables[space]:
        raise ReferenceProblem(match[0], "is not defined", path, unknown=(space, name))
    return variables[space][name]


def _weight(value: object) -> int:
    """Return how much a value is: its values, and the characters of its texts."""
    match value:
        case str():
            return 1 + len(value)
        case dict():
            return 1 + sum(len(key) + _weight(item) for key, item in value.items())
        case list():
            return 1 + sum(map(_weight, value))
    return 1


def _fill_text(text: str, known: Callable[[re.Match[str], Path], object], path: Path) -> object:
    if alone := _FILL.fullmatch(text):
        return known(alone, path)
    parts: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        reference = _FILL.fullmatch(token[0])
        parts.append(text[end : token.start()])
        parts.append(_as_text(known(reference, path), token[0], path) if reference else token[0])
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


def text(raw: str) -> str | Reference | Text:
    """Return what text with references means; raise ReferenceProblem if it is not clear."""
    if "{" not in raw:
        return raw
    return join(*_parts(raw))


def _parts(raw: str) -> Iterator[str | Reference]:
    end = 0
    for token in _TOKEN.finditer(raw):
        yield raw[end : token.start()]
        yield _reference(token)
        end = token.end()
    yield raw[end:]


def _reference(token: re.Match[str]) -> str | Reference:
    written = token[0]
    match token.lastgroup:
        case "dollars":
            return "${"
        case "braces":
            return "{{"
        case "fill":
            if env := _ENV.fullmatch(written):
                return Env(env[1])
            if _FILL.fullmatch(written):
                raise ReferenceProblem(written, "stands where no variables are filled in")
            raise ReferenceProblem(written, "is not a reference")
        case "run":
            if run := _RUN.fullmatch(written):
                return _run_value(written, run[1], run[2])
            raise ReferenceProblem(written, "is not a value of the run")
    raise ReferenceProblem(written, "is not of this language")


def _run_value(written: str, name: str, format: str | None) -> Reference:
    if format is not None and not _FORMAT.fullmatch(format):
        taken = ", ".join(f"%{directive}" for directive in DIRECTIVES)
        raise ReferenceProblem(written, f"has a format of other directives than {taken}")
    match name.split("."):
        case ["params", param] if _NAME.fullmatch(param):
            return ParamValue(param, format or "")
        case ["tasks", task, output] if _NAME.fullmatch(task) and _NAME.fullmatch(output):
            if format is not None:
                raise ReferenceProblem(written, "cannot be formatted: only dates can")
            return TaskOutput(task, output)
        case _ if name in set(RunField):
            if format is not None and name not in _FORMATTED:
                raise ReferenceProblem(written, "cannot be formatted: only dates can")
            return RunValue(RunField(name), format or "")
    raise ReferenceProblem(written, "is not a value of the run")


def in_keys(document: Document) -> Iterator[Diagnostic]:
    """Yield a problem for each key that looks as if it held a reference: none is ever filled."""
    for path in document.keys_with("{"):
        if _TOKEN.search(str(path[-1])):
            why = "stands in a key: references stand in values only"
            yield problems.bad_reference(str(path[-1]), why, document.key_span(path))


def plain(raw: str) -> str:
    """Return text that may hold no reference; raise ReferenceProblem if it does."""
    if "{" not in raw:
        return raw
    meaning = text(raw)
    if isinstance(meaning, str):
        return meaning
    token = next(t for t in _TOKEN.finditer(raw) if not isinstance(_reference(t), str))
    raise ReferenceProblem(token[0], "cannot stand here: this key takes plain text")
