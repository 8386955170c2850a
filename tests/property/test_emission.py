"""Whatever a value is, it arrives as that value, as one expression, and black leaves it alone."""

from __future__ import annotations

import ast
import re
from datetime import date, timedelta
from types import SimpleNamespace

import black
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipegen.emit import (
    Code,
    EmissionError,
    comment,
    expression,
    identifier,
    indented,
    literal,
    yaml_string,
)
from pipegen.ir import Env, Fields, Items, RunField, RunValue, Text, Value

QUOTES = [
    *('"', "'", '"""', "'''", "\\", '\\"', "\\'", "\\\\", "\\N{DASH}", "\\x41", "\\u0041", "\\\n"),
    *("\\" * 7, "'\\'" * 3),
]
CONTROLS = ["\n", "\r", "\t", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x1b[31m"]
ODDITIES = [
    *("\u202e", "\u2066", "\u200b", "\ufeff", "\ud800", "\udfff"),
    *("😀", "é", "e\u0301", "ﬁ", "ａ"),
]
PROGRAMS = [
    *("#", "# fmt: off", "# fmt: skip", "# type: ignore", "# noqa", "coding: utf-7", "+ACI-"),
    *("{{7*7}}", "{% raw %}", "{#", "${ENV:X}", "%s", "{x}", "{", "}", 'f"{x}"', "b'x'"),
    *('");import os;os.system("id")#', "__import__('os')", ", **x", "*", "=", ":", "</script>"),
    *("0", "-1", "1e999", "None", "True", "", " ", "a" * 120, "word " * 30),
]
TEXT = (
    st.lists(st.sampled_from([*QUOTES, *CONTROLS, *ODDITIES, *PROGRAMS]), max_size=6).map("".join)
    | st.text(max_size=20)
    | st.text(st.characters(), max_size=8)  # lone surrogates too
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)

DATE = st.just(RunValue(RunField.DATE))
NAME = st.from_regex(r"[A-Z][A-Z0-9_]{0,40}", fullmatch=True)


def values(names: st.SearchStrategy[str], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Value]:
    """Arguments of an action: constants, references, texts of both, and two levels of nesting."""
    references = DATE | st.builds(Env, names)
    parts = st.lists(TEXT | references, max_size=3)
    texts = st.builds(
        lambda before, reference, after: Text((*before, reference, *after)),
        *(parts, references, parts),
    )
    level: st.SearchStrategy[Value] = SCALARS | references | texts
    for _ in range(2):
        items = st.lists(level, max_size=4).map(lambda items: Items(tuple(items)))
        fields = st.dictionaries(keys, level, max_size=4)
        level |= items | fields.map(lambda fields: Fields(tuple(fields.items())))
    return level


MODE = black.Mode(line_length=88)
RUN_DATE = "2026-01-02"
DATES = ("run_date", 'context["ds"]', 'local("Europe/Rome").isoformat()')


class Everything(dict[str, str]):
    """An environment in which every variable is set, each to a text of its own."""

    def __missing__(self, name: str) -> str:
        return f"<{name}>"


SCOPE = {
    "os": SimpleNamespace(environ=Everything()),
    "run_date": RUN_DATE,
    "context": {"ds": RUN_DATE},
    "local": lambda zone: SimpleNamespace(isoformat=lambda: RUN_DATE),
}


def meaning(value: Value) -> object:
    match value:
        case Env(name):
            return f"<{name}>"
        case RunValue():
            return RUN_DATE
        case Text(parts):
            return "".join(str(meaning(part)) for part in parts)
        case Items(items):
            return [meaning(item) for item in items]
        case Fields(items):
            return {key: meaning(item) for key, item in items}
    return value


def same(left: object, right: object) -> bool:
    """Equal in value and in type, all the way down; -0.0 is not 0.0."""
    return repr(left) == repr(right)


def files(code: Code) -> tuple[str, ...]:
    """Return the places a template gives a value: an argument, an item, a value of a mapping."""
    return (
        f"call(\n    first=1,\n    value={indented(code, 4)},\n)\n",
        f"items = [\n    {indented(code, 4)},\n]\n",
        f"with call(\n    value={indented(code, 4)},\n) as name:\n"
        f"    call(\n        value={indented(code, 8)},\n    )\n",
        f'table = {{\n    "key": {indented(code, 4)},\n}}\n',
    )


def assert_stable(code: Code) -> None:
    for text in files(code):
        assert black.format_str(text, mode=MODE) == text


def assert_shown(code: Code) -> None:
    assert all(character.isprintable() for character in code.replace("\n", ""))
    code.encode("utf-8")


@given(PLAIN)
@settings(max_examples=600, deadline=None)
def test_a_literal_reads_back_as_the_value(value: object) -> None:
    code = literal(value)
    assert same(ast.literal_eval(code), value)
    assert_shown(code)


@given(PLAIN)
@settings(max_examples=150, deadline=None)
def test_black_leaves_a_literal_alone(value: object) -> None:
    assert_stable(literal(value))


@given(st.dates(), st.timedeltas())
@settings(max_examples=150, deadline=None)
def test_times_read_back_as_they_are(day: date, duration: timedelta) -> None:
    scope = {"date": date, "timedelta": timedelta}
    assert eval(literal(day), scope) == day
    assert eval(literal(duration), scope) == duration
    assert_stable(literal([day, duration]))


@given(values(NAME, TEXT), st.sampled_from(DATES))
@settings(max_examples=500, deadline=None)
def test_an_expression_means_what_the_value_means(value: Value, run_date: str) -> None:
    code = expression(value, {RunField.DATE: run_date})
    assert same(eval(code, dict(SCOPE)), meaning(value))
    assert_shown(code)


# Beside a name or a key longer than these, black may break the line within a reference.
SHORT_NAME = st.from_regex(r"[A-Z][A-Z0-9_]{0,15}", fullmatch=True)
SHORT_KEY = TEXT.filter(lambda key: len(literal(key)) <= 18)


@given(values(SHORT_NAME, SHORT_KEY), st.sampled_from(DATES))
@settings(max_examples=200, deadline=None)
def test_black_leaves_an_expression_alone(value: Value, run_date: str) -> None:
    assert_stable(expression(value, {RunField.DATE: run_date}))


@given(PLAIN)
@settings(max_examples=300, deadline=None)
def test_a_value_never_changes_the_shape_of_the_program(value: object) -> None:
    for text in files(literal(value)):
        for node in ast.walk(ast.parse(text)):
            assert isinstance(node, ALLOWED)
            if isinstance(node, ast.Call):
                assert isinstance(node.func, ast.Name)
                assert node.func.id == "call"


ALLOWED = (
    *(ast.Module, ast.Assign, ast.Expr, ast.With, ast.withitem, ast.Call, ast.keyword),
    *(ast.Name, ast.Load, ast.Store, ast.Constant, ast.List, ast.Dict, ast.UnaryOp, ast.USub),
)


@given(TEXT.filter(lambda text: not re.search("[\ud800-\udfff]", text)))
@settings(max_examples=500, deadline=None)
def test_a_yaml_string_reads_back_as_the_text(text: str) -> None:
    code = yaml_string(text)
    assert yaml.safe_load(f"a:\n  - {code}\n") == {"a": [text]}
    assert_shown(code)


@given(TEXT)
@settings(max_examples=500, deadline=None)
def test_a_comment_is_one_comment_or_refused(text: str) -> None:
    try:
        code = comment(text)
    except EmissionError:
        assert not text.isprintable()
        return
    source = f"# {code}\nx = 1\n".encode()
    assert ast.dump(ast.parse(source)) == ast.dump(ast.parse("x = 1\n"))


@given(TEXT | st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]*\Z"))
@settings(max_examples=500, deadline=None)
def test_an_identifier_is_one_name_or_refused(text: str) -> None:
    try:
        code = identifier(text)
    except EmissionError:
        return
    (statement,) = ast.parse(f"{code} = 1").body
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.targets[0], ast.Name)
    assert statement.targets[0].id == text


@pytest.mark.parametrize("text", [*QUOTES, *CONTROLS, *ODDITIES, *PROGRAMS])
def test_every_odd_text_is_stable_on_its_own(text: str) -> None:
    assert_stable(literal(text))
    assert ast.literal_eval(literal(text)) == text
