"""The loader reads YAML one way only, says where everything stands, and survives any input."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipegen.diagnostics import CompileError, Diagnostic, Span
from pipegen.source import MAX_PROBLEMS, MAX_SIZE, Document, parse, read

CORPUS = sorted((Path(__file__).parent.parent / "corpus" / "yaml").glob("*.yaml"))

LARGE: dict[str, Callable[[], str]] = {
    "PG003-large-mapping-merged-often": lambda: (
        "base: &b {"
        + ",".join(f"k{i}: 1" for i in range(2000))
        + "}\n"
        + "".join(f"m{i}: {{<<: *b}}\n" for i in range(1000))
    ),
    "PG005-lists-100000-deep": lambda: "a: " + "[" * 100_000 + "]" * 100_000,
    "PG005-lists-100000-deep-and-open": lambda: "[" * 100_000,
    "PG005-mappings-100000-deep": lambda: "{a: " * 100_000 + "1" + "}" * 100_000,
    "PG005-blocks-1900-deep": lambda: "".join(" " * i + "a:\n" for i in range(1900)),
    "PG005-dashes-100000-deep": lambda: "a:\n  " + "- " * 100_000 + "x\n",
    "PG008-question-marks-100000-deep": lambda: "? " * 100_000 + "x\n",
    "PG005-key-of-a-megabyte": lambda: "? " + "k" * 1_000_000 + "\n: 1\n",
    "PG005-text-of-a-megabyte": lambda: "a: " + "x" * 1_000_000,
    "PG005-too-many-values": lambda: "a:\n" + "- 1\n" * 300_000,
    "PG005-file-too-large": lambda: "# " + "x" * MAX_SIZE,
    "PG005-hexadecimal-of-a-megabyte": lambda: "a: 0x" + "f" * 1_000_000,
    "PG007-long-hexadecimal": lambda: "a: 0x" + "f" * 60_000,
    "PG007-long-base-sixty": lambda: "a: " + ":".join(["59"] * 20_000),
    "PG009-100000-documents": lambda: "---\na: 1\n" * 100_000,
    "PG006-many-duplicate-keys": lambda: "a: 1\n" * 100_000,
    "PG002-many-hidden-characters": lambda: "\u202e" * 500_000,
    "PG001-many-open-quotes": lambda: "a: '" + "''" * 20_000,
    "ok-integer-of-5000-digits": lambda: "a: " + "9" * 5_000,
    "ok-a-megabyte-of-comments": lambda: "# x\n" * 250_000 + "a: 1\n",
    "ok-20000-keys": lambda: "".join(f"key_{i}: {i}\n" for i in range(20_000)),
}

ATTACK = """
import sys
from pathlib import Path
from pipegen.diagnostics import CompileError
from pipegen.report import Format, render
from pipegen.source import read

path = Path(sys.argv[1])
try:
    read(path, "spec.yaml")
    print("ok")
except CompileError as error:
    print(*(each.code for each in error.diagnostics))
    text = path.read_bytes().decode("utf-8", errors="replace")
    for format in Format:
        assert render(error.diagnostics, format, lambda file: text, True)
"""


def attacked(path: Path) -> list[str]:
    """Read a file in a process of little memory and time, and return what it was found to be."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))

    ran = subprocess.run(
        [sys.executable, "-c", ATTACK, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=limit,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    assert ran.returncode == 0, (ran.returncode, ran.stderr[-2000:])
    return ran.stdout.split()


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_hostile_file_ends_as_its_name_says(path: Path) -> None:
    found = attacked(path)
    assert path.stem.partition("-")[0] in found
    assert all(code == "ok" or code.startswith("PG0") for code in found)


@pytest.mark.parametrize("name", LARGE)
def test_a_hostile_file_too_large_to_keep_ends_as_its_name_says(name: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(LARGE[name]().encode("utf-8"))
    found = attacked(path)
    assert name.partition("-")[0] in found
    assert len(found) <= MAX_PROBLEMS


def test_every_code_of_the_family_has_a_hostile_file() -> None:
    codes = {name.partition("-")[0] for name in [*LARGE, *(path.stem for path in CORPUS)]}
    assert codes == {"ok", *(f"PG0{number:02}" for number in range(1, 12))}


def problems(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(CompileError) as caught:
        parse(text, "f.yaml")
    return caught.value.diagnostics


def codes(text: str) -> list[tuple[str, int, int]]:
    return [(each.code, each.span.line, each.span.column) for each in problems(text)]


def place(line: int, column: int, end_line: int, end_column: int) -> Span:
    return Span("f.yaml", line, column, end_line, end_column)


def value(text: str) -> object:
    document = parse(text, "f.yaml").value
    assert isinstance(document, dict)
    return document["a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("123456789012345678", 123456789012345678),
        ("1234567890123456789", "1234567890123456789"),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1.5e+3", 1500.0),
        ("1.5e-3", 0.0015),
        ("1.0e+400", "1.0e+400"),
        ("2026-01-01", "2026-01-01"),
        ("1.2.3", "1.2.3"),
        ("tRue", "tRue"),
        ("'no'", "no"),
        ('"010"', "010"),
        ("'1'", "1"),
        ("none", "none"),
        ("1 2", "1 2"),
        ("١", "١"),
    ],
)
def test_a_plain_value_is_typed_by_the_core_schema(text: str, expected: object) -> None:
    read_value = value(f"a: {text}\n")
    assert read_value == expected
    assert type(read_value) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        *("y", "Yes", "n", "NO", "on", "Off", "010", "-010", "0o7", "0x1F", "0b1"),
        *("1_000", "-1_0", "1_0.5", "12:30", "-1:20:30.5", "1e3", "12E-4", "1.5e3", ".5e3"),
        *("1.e3", ".inf", "-.INF", "+.Inf", ".nan", ".NaN"),
    ],
)
def test_what_yaml_versions_read_differently_is_refused(text: str) -> None:
    (problem,) = problems(f"a: {text}\n")
    assert problem.code == "PG007"
    assert problem.span == place(1, 4, 1, 4 + len(text))
    assert problem.help == f'quote it: "{text}"'


def test_keys_are_always_text() -> None:
    document = parse("1: a\ntrue: b\nnull: c\non: d\n010: e\n? \n: f\n", "f.yaml")
    assert document.value == {"1": "a", "true": "b", "null": "c", "on": "d", "010": "e", "": "f"}


DOCUMENT = parse(
    """\
version: 1
sources:
  erp:
    kind: airbyte
    loads: [erp.orders, "erp customers"]
    empty:
text: |
  one
  two
""",
    "f.yaml",
)


def test_values_and_keys_have_exact_places() -> None:
    assert DOCUMENT.span(("version",)) == place(1, 10, 1, 11)
    assert DOCUMENT.key_span(("version",)) == place(1, 1, 1, 8)
    assert DOCUMENT.span(("sources", "erp", "kind")) == place(4, 11, 4, 18)
    assert DOCUMENT.span(("sources", "erp", "loads", 1)) == place(5, 25, 5, 40)
    assert DOCUMENT.span(("sources", "erp", "empty")) == place(6, 11, 6, 11)
    assert DOCUMENT.span(("text",)) == place(7, 7, 10, 1)


def test_a_collection_is_placed_at_its_first_character() -> None:
    assert DOCUMENT.span(()) == place(1, 1, 1, 2)
    assert DOCUMENT.span(("sources",)) == place(3, 3, 3, 4)
    assert DOCUMENT.span(("sources", "erp", "loads")) == place(5, 12, 5, 13)


def test_a_path_that_is_not_there_leads_to_the_nearest_ancestor() -> None:
    assert DOCUMENT.span(("sources", "erp", "connection")) == DOCUMENT.span(("sources", "erp"))
    assert DOCUMENT.span(("sources", "erp", "loads", 9)) == place(5, 12, 5, 13)
    assert DOCUMENT.span(("nothing", "at", "all")) == DOCUMENT.span(())


def test_segments_that_are_no_key_are_passed_over() -> None:
    tagged = ("sources", "erp", "airbyte", "kind")
    assert DOCUMENT.span(tagged) == DOCUMENT.span(("sources", "erp", "kind"))
    assert DOCUMENT.key_span(("sources", "erp", "[key]")) == place(3, 3, 3, 6)


def test_key_span_is_the_key_or_the_nearest_thing_to_it() -> None:
    assert DOCUMENT.key_span(("sources", "erp", "missing")) == place(3, 3, 3, 6)
    assert DOCUMENT.key_span(("sources", "erp", "loads", 0)) == place(5, 13, 5, 23)
    assert DOCUMENT.key_span(()) == place(1, 1, 1, 2)


def test_columns_count_characters() -> None:
    document = parse("é😀: 日本\n", "f.yaml")
    assert document.key_span(("é😀",)) == place(1, 1, 1, 3)
    assert document.span(("é😀",)) == place(1, 5, 1, 7)


def test_line_ends_of_windows_change_nothing() -> None:
    text = "a: 1\nb:\n  - |\n    x\n    y\n  - z\n"
    unix, windows = parse(text, "f.yaml"), parse(text.replace("\n", "\r\n"), "f.yaml")
    assert windows.value == unix.value
    assert windows.places == unix.places


def test_a_byte_order_mark_at_the_start_takes_no_column(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    document = read(path, "f.yaml")
    assert document.text == "a: 1\n"
    assert document.key_span(("a",)) == place(1, 1, 1, 2)


def test_every_duplicate_key_is_reported_with_the_first() -> None:
    found = problems("a: 1\nb: {x: 1, x: 2}\na: 3\na: {x: 1}\n")
    assert [(each.code, each.span.line) for each in found] == [
        ("PG006", 2),
        ("PG006", 3),
        ("PG006", 4),
    ]
    assert [each.related[0].span for each in found] == [
        place(2, 5, 2, 6),
        place(1, 1, 1, 2),
        place(1, 1, 1, 2),
    ]


def test_all_that_can_be_known_is_reported_at_once() -> None:
    text = "a: no\na: &x 1\nb: *x\nc: !t 2\nd: 010\ne: [1\n"
    assert codes(text) == [
        ("PG007", 1, 4),
        ("PG006", 2, 1),
        ("PG003", 2, 4),
        ("PG003", 3, 4),
        ("PG004", 4, 4),
        ("PG007", 5, 4),
        ("PG001", 7, 1),
    ]


def test_a_merge_key_is_one_problem() -> None:
    assert codes("a:\n  <<: *x\n") == [("PG003", 2, 3)]


def test_hidden_characters_are_all_shown_where_they_stand() -> None:
    assert codes("a\u202e: 1\r\nb: \x07\nc: d\re\n") == [
        ("PG002", 1, 2),
        ("PG002", 2, 4),
        ("PG002", 3, 5),
    ]


def test_a_syntax_error_also_points_to_where_its_context_starts() -> None:
    (problem,) = problems("a: 1\nb: [1,\nc: 2\n")
    assert (problem.code, problem.span.line) == ("PG001", 4)
    assert [(each.message, each.span.line, each.span.column) for each in problem.related] == [
        ("it starts here", 2, 4)
    ]


@pytest.mark.parametrize(
    ("text", "column", "help"),
    [
        ("a: {{ run.date }}\n", 4, "quote a value that starts with `{{`"),
        ("a: [{{ run.date }}]\n", 5, "quote a value that starts with `{{`"),
        ("a: b: c\n", 5, "quote a value that holds `: `"),
        ("a: @b\n", 4, "quote the value; indent with spaces, not tabs"),
    ],
)
def test_the_commonest_slips_have_a_way_out(text: str, column: int, help: str) -> None:
    (problem,) = problems(text)
    assert (problem.span.column, problem.help) == (column, help)


def test_a_long_value_is_cut_in_the_message() -> None:
    (problem,) = problems("a: " + ":".join(["59"] * 5000))
    assert len(problem.message) < 150


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "text", "- a\n", "a\n"])
def test_the_top_level_must_be_a_mapping(text: str) -> None:
    (problem,) = problems(text)
    assert problem.code == "PG010"


def unreadable(path: Path) -> Diagnostic:
    with pytest.raises(CompileError) as caught:
        read(path, "specs/f.yaml")
    (problem,) = caught.value.diagnostics
    assert problem.code == "PG011"
    assert str(path) not in problem.message
    return problem


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/zero")):
        assert "it is not a regular file" in unreadable(path).message


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    assert "No such file" in unreadable(tmp_path / "absent.yaml").message
    assert unreadable(tmp_path / "nul\0.yaml").span == Span("specs/f.yaml")


def test_text_that_is_not_utf_8_is_refused_where_it_stops_being(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes("# é\nname: café\n".encode() + b"x: caf\xe9\n")
    assert unreadable(path).span == Span("specs/f.yaml", 3, 7, 3, 8)


def test_a_document_keeps_its_text_and_the_name_people_know(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("a: 1\n")
    document = read(path, "specs/f.yaml")
    assert isinstance(document, Document)
    assert (document.file, document.text, document.value) == ("specs/f.yaml", "a: 1\n", {"a": 1})
    assert document.span(("a",)).file == "specs/f.yaml"
