"""Nothing but what the emission functions made leaves a template, and what they make is exact."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import pytest
from jinja2 import TemplateError

from pipegen.emit import (
    Code,
    EmissionError,
    argument,
    brackets,
    comment,
    dotted,
    expression,
    identifier,
    indented,
    literal,
)
from pipegen.ir import Env, Fields, Items, RunField, RunValue, Text
from pipegen.render import PlannedFile, RenderError, environment, render

EVIL = '"); import os; os.system("id") #'


@dataclass(frozen=True)
class View:
    name: str
    code: Code
    items: tuple[str, ...]
    empty: str = ""


VIEW = View(EVIL, Code("safe"), (EVIL,))


def printed(folder: Path, text: str) -> str:
    folder.joinpath("a.j2").write_text(text, encoding="utf-8")
    file = PlannedFile(PurePosixPath("a.py"), "a.j2", VIEW, "a.yaml")
    (rendered,) = render([file], folder)
    return rendered.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ view.code }}", "safe\n"),
        ("{{ view.name | lit }}", repr(EVIL) + "\n"),
        ("{{ view.items | lit }}", f"[\n    {EVIL!r},\n]\n"),
        ("{{ 'x' | lit }}", '"x"\n'),
        ("{{ source | comment }}", "a.yaml\n"),
        ("{{ 'a' | ident }}", "a\n"),
        ("{{ 'a.b' | dotted }}", "a.b\n"),
        ("{% for item in view.items %}{{ item | lit }}{% endfor %}", repr(EVIL) + "\n"),
        ("{% if view.empty %}{{ view.name }}{% endif %}x", "x\n"),
    ],
)
def test_what_a_filter_made_is_printed(tmp_path: Path, text: str, expected: str) -> None:
    assert printed(tmp_path, text) == expected


BYPASSES = (
    "{{ view.name }}",
    "{{ view }}",
    "{{ source }}",
    "{{ 'abc' }}",
    "{{ 42 }}",
    "{{ none }}",
    "{{ view.items[0] }}",
    "{{ view.name ~ view.name }}",
    "{{ view.code ~ view.name }}",
    "{{ view.code + view.name }}",
    "{{ view.name + (view.name | lit) }}",
    "{{ (view.code + '%s') % view.name }}",
    "{{ view.code * 2 }}",
    "{{ view.code[0:2] }}",
    "{{ view.name or view.code }}",
    "{{ view.name if view.name else view.code }}",
    "{{ (view.code, view.name) }}",
    "{{ view.name == view.name }}",
    "{{ view.code.replace('safe', view.name) }}",
    "{{ view.code.join(view.items) }}",
    "{{ view.code.format() }}",
    "{{ view.code.__class__(view.name) }}",
    "{{ (view.name | lit).__class__(view.name) }}",
    "{{ view.code.__class__ }}",
    "{{ view.name.__class__.__mro__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ view.__init__.__globals__ }}",
    "{{ view.missing }}",
    "{{ missing }}",
    "{{ missing.name | lit }}",
    "{{ view.missing | lit }}",
    "{{ view.missing | comment }}",
    "{{ view.missing | ident }}",
    "{{ self }}",
    "{{ range(3) }}",
    "{{ namespace(a=view.name) }}",
    "{{ cycler(view.name).next() }}",
    "{{ lipsum() }}",
    "{{ view.name | string }}",
    "{{ view.name | safe }}",
    "{{ view.name | replace('a', 'b') }}",
    "{{ view | attr('name') }}",
    "{{ view.items | join }}",
    "{{ view.items | map('upper') }}",
    "{{ view.name | ident }}",
    "{{ view.name | dotted }}",
    "{{ view.name | indent(4) }}",
    "{{ view.code | ident }}",
    "{{ view.code | lit | ident }}",
    "{{ view | lit }}",
    "{% set name = view.name %}{{ name }}",
    "{% set name %}{{ view.code }}{% endset %}{{ name }}",
    "{% set name = view.code ~ view.name %}{{ name }}",
    "{% macro m() %}{{ view.code }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ view.code }}{% endcall %}",
    "{% call view.name.format() %}{% endcall %}",
    "{% call view.code.format() %}{{ view.code }}{% endcall %}",
    "{% filter ident %}{{ view.name }}{% endfilter %}",
    "{% filter upper %}{{ view.code }}{% endfilter %}",
    "{% filter indent(4) %}text{% endfilter %}",
    "{% for item in view.items %}{{ item }}{% endfor %}",
    "{% for item in view.items %}{{ loop.index }}{% endfor %}",
    "{% for item in view.items %}{{ loop.cycle(view.name) }}{% endfor %}",
    "{% for letter in view.name %}{{ letter }}{% endfor %}",
    "{% with name = view.name %}{{ name }}{% endwith %}",
    "{% block a %}{{ view.name }}{% endblock %}",
    "{% print view.name %}",
    "{% include view.name %}",
    "{% include '../../etc/passwd' %}",
    "{% include '/etc/passwd' %}",
    "{% import view.name as m %}{{ m.x }}",
    "{% autoescape true %}{{ view.name | lit }}{% endautoescape %}",
    "{% autoescape true %}{{ view.name }}{% endautoescape %}",
    "{% do view.items.append() %}",
    "{% if view.name is defined %}{{ view.name }}{% endif %}",
    "{{ view.name is string }}",
)


@pytest.mark.parametrize("text", BYPASSES)
def test_a_template_cannot_go_round_the_gate(tmp_path: Path, text: str) -> None:
    with pytest.raises(RenderError, match=r"a\.j2 for a\.yaml"):
        printed(tmp_path, text)


def test_a_template_sees_no_globals_and_five_filters(tmp_path: Path) -> None:
    env = environment(str(tmp_path))
    assert env.globals == {}
    assert env.tests == {}
    assert set(env.filters) == {"lit", "ident", "dotted", "comment", "indent"}


def test_a_template_error_is_named(tmp_path: Path) -> None:
    with pytest.raises(RenderError) as caught:
        printed(tmp_path, "{{ view.name }}")
    assert not isinstance(caught.value, TemplateError)
    assert EVIL not in str(caught.value)


class Color(IntEnum):
    RED = 7


class Word(StrEnum):
    RED = "red"


class Loud(str):
    def __repr__(self) -> str:
        return "__import__('os').system('id')"


class LoudFloat(float):
    def __repr__(self) -> str:
        return "__import__('os').system('id')"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "None"),
        (True, "True"),
        (-3, "-3"),
        (10**17, "100000000000000000"),
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        (1e22, "1e22"),
        (1e-7, "1e-07"),
        ("", '""'),
        ("a", '"a"'),
        ("it's", '"it\'s"'),
        ('say "x"', "'say \"x\"'"),
        ("both ' and \"", '"both \' and \\""'),
        ("\n\r\t\0\x1b\u2028\u202e\ud800", '"\\n\\r\\t\\x00\\x1b\\u2028\\u202e\\ud800"'),
        ("é😀日本", '"é😀日本"'),
        ("{{ x }} # fmt: off", '"{{ x }} # fmt: off"'),
        (date(2026, 1, 2), "date(2026, 1, 2)"),
        (timedelta(seconds=0), "timedelta(seconds=0)"),
        (timedelta(seconds=90), "timedelta(seconds=90)"),
        (timedelta(minutes=5), "timedelta(minutes=5)"),
        (timedelta(hours=36), "timedelta(hours=36)"),
        (timedelta(days=7), "timedelta(days=7)"),
        (timedelta(milliseconds=1500), "timedelta(seconds=1, microseconds=500000)"),
        ((), "[]"),
        ({}, "{}"),
        ([1, ["a"]], '[\n    1,\n    [\n        "a",\n    ],\n]'),
        ({"a": {"b": 1}}, '{\n    "a": {\n        "b": 1,\n    },\n}'),
        (MappingProxyType({"a": 1}), '{\n    "a": 1,\n}'),
        (OrderedDict(a=1), '{\n    "a": 1,\n}'),
        (Color.RED, "7"),
        (Word.RED, '"red"'),
        (Loud("x"), '"x"'),
        (LoudFloat(1.5), "1.5"),
        (Code("a.b"), '"a.b"'),
    ],
)
def test_a_literal_is_written_as_black_would(value: object, expected: str) -> None:
    code = literal(value)
    assert type(code) is Code
    assert code == expected


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        datetime(2026, 1, 1, tzinfo=UTC),
        b"bytes",
        bytearray(b"x"),
        range(3),
        {1, 2},
        {1: "a"},
        {Word.RED: "a"},
        {None: "a"},
        [object()],
        1j,
        Decimal("1.5"),
        Path("a"),
        object,
        iter([]),
        Env("X"),
    ],
)
def test_what_has_no_exact_literal_is_refused(value: object) -> None:
    with pytest.raises(EmissionError):
        literal(value)


@pytest.mark.parametrize("name", ["a", "A1", "_a", "marts__fct_orders", "a" * 300])
def test_a_plain_name_is_an_identifier(name: str) -> None:
    assert identifier(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "1a", "a b", "a-b", "a.b", "a\n", "é", "ﬁle", "ａ", "a;b", "a(", EVIL),
        *("class", "None", "True", "match", "type", "_", "print", "exec", "open", "__import__"),
        *("__file__", "__class__", "__a"),
    ],
)
def test_what_python_would_misread_is_no_identifier(name: str) -> None:
    with pytest.raises(EmissionError):
        identifier(name)


def test_only_plain_text_becomes_an_identifier() -> None:
    for name in (Word.RED, Loud("x"), Code("x")):
        with pytest.raises(EmissionError):
            identifier(name)
    assert identifier("1", prefix="task_") == "task_1"


@pytest.mark.parametrize(
    "path", ["", ".", "a.", ".a", "a..b", "a b", "a\nimport os", "a;b", "a.class", "é", EVIL]
)
def test_what_is_no_module_is_not_imported(path: str) -> None:
    with pytest.raises(EmissionError):
        dotted(path)


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\x0cb", "a\u2028b", "a\x85b", "a\0b", "\u202e"])
def test_a_comment_cannot_be_ended(text: str) -> None:
    with pytest.raises(EmissionError):
        comment(text)


def test_a_comment_cannot_set_the_encoding_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    payload = "+ACI-);print(+ACI-escaped"  # a quote, as UTF-7 writes it
    source = f"# Generated from {comment('coding:utf-7 .yaml')}.\nprint({literal(payload)})\n"
    path.write_text(source, encoding="utf-8")
    ran = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert ran.stdout == f"{payload}\n"


def test_only_code_is_indented() -> None:
    assert indented(Code("[\n    1,\n]"), 4) == "[\n        1,\n    ]"
    with pytest.raises(EmissionError):
        indented(EVIL, 4)  # type: ignore[arg-type]


def test_brackets_put_one_item_on_a_line() -> None:
    assert brackets([]) == "[]"
    assert brackets([Code("a"), Code("f(x)")]) == "[\n    a,\n    f(x),\n]"


RUN = {RunField.DATE: 'context["ds"]'}
DATE = RunValue(RunField.DATE)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x", '"x"'),
        (3, "3"),
        (Env("HOME"), 'os.environ["HOME"]'),
        (DATE, 'context["ds"]'),
        (Text(("day=", DATE, "/", Env("X"))), "f\"day={context['ds']}/{os.environ['X']}\""),
        (Items(()), "[]"),
        (Fields(()), "{}"),
        (
            Fields((("a b", Items((DATE, None))),)),
            '{\n    "a b": [\n        context["ds"],\n        None,\n    ],\n}',
        ),
        (Text(("{it's ", DATE)), "f\"{{it's {context['ds']}\""),
        (Text(('"', DATE)), 'f\'"{context["ds"]}\''),
        (
            Text(("\"'", DATE)),
            '"".join(\n    [\n        "\\"\'",\n        context["ds"],\n    ]\n)',
        ),
    ],
)
def test_a_value_of_the_run_is_an_expression(value: object, expected: str) -> None:
    code = expression(value, RUN)  # type: ignore[arg-type]
    assert code == expected
    ast.parse(code)


@pytest.mark.parametrize("name", ["it's", "'+str(1)+'", "\\", "{1}", "#", "a\nb", '"'])
def test_an_odd_expression_is_not_put_between_the_quotes_of_an_f_string(name: str) -> None:
    code = expression(Text(("a ", Env(name))), {})
    assert eval(code, {"os": type("os", (), {"environ": {name: "there"}})}) == "a there"


def test_literal_text_is_escaped_for_the_orchestrator_everywhere() -> None:
    value = Items(("{{", Text(("a {{", DATE)), Fields((("k", "{{"),))))
    code = expression(value, RUN, plain=lambda text: text.replace("{{", "<<"))
    assert eval(code, {"context": {"ds": "D"}}) == ["<<", "a <<D", {"k": "<<"}]


@pytest.mark.parametrize("name", ["id", "type", "filter", "day", "Day", "_x"])
def test_an_argument_may_be_called_as_a_builtin(name: str) -> None:
    assert argument(name) == name


@pytest.mark.parametrize("name", ["", "class", "a b", "a=1", "a\n", "1a", "é", "a.b"])
def test_an_argument_is_a_plain_name(name: str) -> None:
    with pytest.raises(EmissionError):
        argument(name)
