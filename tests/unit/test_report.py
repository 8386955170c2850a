"""Diagnostics are shown as a person or a machine can use them, and never obeyed by a terminal."""

from __future__ import annotations

import json

import pytest

from pipegen import problems
from pipegen.diagnostics import Diagnostic, Related, Severity, Span
from pipegen.report import Format, render

FILE = "pipelines/daily_sales.yaml"
TEXT = """\
activations:
  crm_accounts:
    reads: [fct_order]
    reads: [fct_orders]
"""


def at(line: int, column: int, end_column: int, file: str = FILE) -> Span:
    return Span(file, line, column, line, end_column)


def shown(*diagnostics: Diagnostic, text: str | None = TEXT, format: Format = Format.HUMAN) -> str:
    return render(diagnostics, format, lambda file: text, color=False)


def wrong(span: Span, message: str = "no") -> Diagnostic:
    return problems.wrong_value(message, span)


UNKNOWN = problems.unknown_model("crm_accounts", "fct_order", ["fct_orders"], at(3, 13, 22))


def test_a_person_sees_the_line_at_fault_and_a_way_out() -> None:
    assert (
        shown(UNKNOWN)
        == """\
error[PG203]: 'crm_accounts' reads unknown model 'fct_order'
 --> pipelines/daily_sales.yaml:3:13
  |
3 |     reads: [fct_order]
  |             ^^^^^^^^^
  = help: did you mean 'fct_orders'?

1 error in 1 file"""
    )


def test_the_gutter_is_as_wide_as_the_line_number() -> None:
    text = "\n" * 51 + "    reads: [fct_order]\n"
    found = problems.unknown_model("a", "fct_order", ["fct_orders"], at(52, 13, 22))
    assert (
        shown(found, text=text)
        == """\
error[PG203]: 'a' reads unknown model 'fct_order'
  --> pipelines/daily_sales.yaml:52:13
   |
52 |     reads: [fct_order]
   |             ^^^^^^^^^
   = help: did you mean 'fct_orders'?

1 error in 1 file"""
    )


def test_a_second_place_is_a_note() -> None:
    found = problems.duplicate_key("reads", at(4, 5, 10), at(3, 5, 10))
    assert "  = note: first defined here: pipelines/daily_sales.yaml:3:5\n  = help:" in shown(found)


def test_several_diagnostics_stand_in_order_with_a_blank_line_between() -> None:
    warning = problems.degraded("airflow", "task.tags", "they are lost", at(2, 3, 15))
    other = wrong(Span("a.yaml"))
    lines = shown(UNKNOWN, warning, other).split("\n")
    heads = [line for line in lines if line.startswith(("error", "warning"))]
    assert [head.partition(":")[0] for head in heads] == [
        "error[PG102]",
        "warning[PG302]",
        "error[PG203]",
    ]
    assert [lines[lines.index(head) - 1] for head in heads[1:]] == ["", ""]
    assert lines[-2:] == ["", "2 errors, 1 warning in 2 files"]


@pytest.mark.parametrize(
    ("errors", "warnings", "expected"),
    [
        (1, 0, "1 error in 1 file"),
        (0, 2, "2 warnings in 1 file"),
        (2, 1, "2 errors, 1 warning in 1 file"),
    ],
)
def test_the_last_line_counts(errors: int, warnings: int, expected: str) -> None:
    found = [wrong(at(1, 1, 2)) for _ in range(errors)]
    found += [problems.degraded("a", "b", "c", at(1, 1, 2)) for _ in range(warnings)]
    assert shown(*found).split("\n")[-1] == expected


def test_nothing_found_is_nothing_said() -> None:
    for format in (Format.HUMAN, Format.CONCISE, Format.GITHUB):
        assert not format.is_document
        assert shown(format=format) == ""
    assert shown(format=Format.JSON) == "[]"


def test_a_file_that_cannot_be_shown_leaves_the_snippet_out() -> None:
    assert (
        shown(UNKNOWN, text=None)
        == """\
error[PG203]: 'crm_accounts' reads unknown model 'fct_order'
 --> pipelines/daily_sales.yaml:3:13
  = help: did you mean 'fct_orders'?

1 error in 1 file"""
    )


@pytest.mark.parametrize(
    "span",
    [
        Span(FILE, 5, 1, 5, 2),
        Span(FILE, 6, 1, 6, 2),
        Span(FILE, 900, 70, 901, 3),
        Span(FILE, 3, 500, 3, 600),
        Span(FILE, 3, 22, 3, 13),
        Span(FILE, 0, 0, 0, 0),
        Span(FILE, 1, 1, 900, 1),
    ],
)
@pytest.mark.parametrize("text", [TEXT, "", "\n", "\ufeffa", None])
def test_a_place_past_the_end_is_no_fault(span: Span, text: str | None) -> None:
    for format in Format:
        assert "PG102" in shown(wrong(span), text=text, format=format)


def snippet(line: str, column: int, end_column: int) -> tuple[str, str]:
    """Return the line as shown and the line with carets, without the gutter."""
    text = shown(wrong(at(1, column, end_column)), text=line + "\nnext")
    lines = text.split("\n")
    assert (lines[3][:4], lines[4][:4]) == ("1 | ", "  | ")
    return lines[3][4:], lines[4][4:]


def test_the_caret_marks_at_least_one_character() -> None:
    assert snippet("a:", 3, 3) == ("a:", "  ^")


def test_a_place_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    found = wrong(Span(FILE, 1, 4, 3, 1))
    assert "1 | a: |- # x\n  |    ^^^^^^\n" in shown(found, text="a: |- # x\n  one\n  two\n")


def test_a_tab_is_shown_as_four_columns() -> None:
    assert snippet("\ta\tb", 4, 5) == ("    a    b", "         ^")


def test_a_wide_character_takes_two_columns_and_a_combining_one_none() -> None:
    assert snippet("日本e\u0301😀: x", 8, 9) == ("日本e\u0301😀: x", " " * 9 + "^")
    assert snippet("a: 日本", 4, 6) == ("a: 日本", "   ^^^^")


def test_a_long_line_is_cut_around_the_place() -> None:
    line, carets = snippet("x" * 300 + "BAD" + "y" * 300, 301, 304)
    assert len(line) == 102
    assert (line[0], line[-1]) == ("…", "…")
    assert line[carets.index("^") : carets.rindex("^") + 1] == "BAD"


def test_a_long_place_is_marked_as_far_as_it_is_shown() -> None:
    line, carets = snippet("x" * 300, 1, 301)
    assert (line, carets) == ("x" * 100 + "…", "^" * 100)


def test_the_start_of_a_long_line_is_not_cut_off() -> None:
    line, carets = snippet("key: " + "y" * 300, 1, 4)
    assert line.startswith("key: y")
    assert carets == "^^^"


HOSTILE = "\x1b[31m\x07\u202e\u200b\x9b\ud800\x00"


def test_nothing_a_terminal_would_obey_is_printed() -> None:
    span = Span(f"a{HOSTILE}.yaml", 1, 1, 1, 9)
    found = Diagnostic("PG102", HOSTILE, span, HOSTILE, related=(Related(HOSTILE, span),))
    for format in Format:
        text = shown(found, text=HOSTILE, format=format)
        assert all(character.isprintable() for character in text.replace("\n", ""))
    assert "\ufffd[31m" in shown(found, text=HOSTILE)


@pytest.mark.parametrize("format", [Format.HUMAN, Format.CONCISE, Format.GITHUB])
def test_a_message_stays_on_its_line_and_cannot_command_a_ci_log(format: Format) -> None:
    span = Span("::warning file=x::\n::error::", 1, 1, 1, 2)
    found = Diagnostic("PG102", "a\n::error::b\r\n  ::set-env::c", span, "d\n::e")
    lines = shown(found, text="::error::x", format=format).split("\n")
    assert [line for line in lines if line.lstrip().startswith("::")] == (
        lines if format is Format.GITHUB else []
    )
    assert len(lines) == {"human": 8, "concise": 1, "github": 1}[format]


def test_concise_is_one_line_each() -> None:
    warning = problems.degraded("airflow", "task.tags", "they are lost", at(2, 3, 15))
    assert shown(UNKNOWN, warning, format=Format.CONCISE) == (
        f"{FILE}:2:3: warning[PG302]: airflow only partly keeps `task.tags`: they are lost\n"
        f"{FILE}:3:13: error[PG203]: 'crm_accounts' reads unknown model 'fct_order'"
    )


def test_json_is_one_array_with_stable_keys() -> None:
    found = problems.duplicate_key("reads", at(4, 5, 10), at(3, 5, 10))
    (record,) = json.loads(shown(found, format=Format.JSON))
    assert list(record) == [
        *("code", "severity", "message", "help"),
        *("file", "line", "column", "end_line", "end_column", "related", "refusal"),
    ]
    assert record["related"] == [
        {
            "message": "first defined here",
            "file": FILE,
            "line": 3,
            "column": 5,
            "end_line": 3,
            "end_column": 10,
        }
    ]
    assert (record["severity"], record["refusal"]) == ("error", False)


def test_a_refusal_is_told_in_json() -> None:
    found = problems.foreign_file("a.py", Span("a.py"))
    (record,) = json.loads(shown(found, format=Format.JSON))
    assert record["refusal"] is True


def test_github_annotations_are_escaped() -> None:
    span = Span("a,b:c%d.yaml", 6, 3, 6, 7)
    related = (Related("first", Span("x.yaml", 2, 1, 2, 2)),)
    found = Diagnostic("PG101", "50% of\r\n'a:b'", span, "do\nit", Severity.WARNING, related)
    assert shown(found, format=Format.GITHUB) == (
        "::warning file=a%2Cb%3Ac%25d.yaml,line=6,col=3,endLine=6,endColumn=7,title=pipegen PG101"
        "::50%25 of%0D%0A'a:b' (first: x.yaml:2:1) - do%0Ait"
    )


def test_color_adds_nothing_but_color() -> None:
    plain = shown(UNKNOWN)
    colored = render([UNKNOWN], Format.HUMAN, lambda file: TEXT, color=True)
    assert "\x1b[1;31merror[PG203]\x1b[0m" in colored
    pieces = colored.split("\x1b[")
    assert pieces[0] + "".join(piece.partition("m")[2] for piece in pieces[1:]) == plain
    for format in set(Format) - {Format.HUMAN}:
        assert render([UNKNOWN], format, lambda file: TEXT, color=True) == shown(
            UNKNOWN, format=format
        )


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("token: hunter22", "hunter22"),
        ("  password: 'correct horse'", "correct horse"),
        ('"api_key": "a1b2c3"', "a1b2c3"),
        ("db_password = hunter22", "hunter22"),
        ("private_key: MIIEvQ", "MIIEvQ"),
        ("{kind: http, token: hunter22, url: x}", "hunter22"),
        ("url: postgresql://user:hunter22@host/db", "hunter22"),
        ("key: AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        ("x: ghp_0123456789abcdefghijklmnopqrstuvwxyz", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"),
        ("x: xoxb-123456789012-abcdef", "xoxb-123456789012-abcdef"),
        ("x: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0"),
    ],
)
def test_a_secret_is_starred_out_of_snippet_and_message(line: str, secret: str) -> None:
    start = line.index(secret) + 1
    span = at(1, start, start + len(secret))
    found = wrong(span, f"'{secret}' is not an environment reference")
    other = wrong(at(1, 1, 2), f"cannot use {line}")
    for format in Format:
        text = shown(found, other, text=line, format=format)
        assert secret not in text
        assert "*" * 4 in text
    line_shown, carets = snippet(line, start, start + len(secret))
    assert line_shown == line.replace(secret, "*" * len(secret)) or "eyJ" in line
    assert carets == " " * (start - 1) + "^" * len(secret)


@pytest.mark.parametrize(
    "line",
    [
        'token: "${ENV:AIRBYTE_TOKEN}"',
        "token: ${ENV:AIRBYTE_TOKEN}",
        "airflow: {out: generated, secrets: connection}",
        "connection_id: 7c1f0f8e-0d0c-4d55-9a3e-3a1d6f8e2b11",
        "url: https://host:8080/path@v1",
        "token:",
        "callable: shop.tokens:load",
        "hash: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ],
)
def test_what_only_looks_like_a_secret_is_shown(line: str) -> None:
    assert snippet(line, 1, 2)[0] == line
