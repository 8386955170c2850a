"""Every value and key stands where PyYAML says, and no text breaks the loader or its reports."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipegen.diagnostics import CompileError, Diagnostic, Span
from pipegen.report import Format, render
from pipegen.source import Document, Key, parse

KEYS = ("a", "bb", "key_x", '"q k"', "'s'", "é", "日本", "x-y", "1")
SCALARS = (
    *("1", "x y", '"dq \\n e"', "'it''s'", "true", "null", "1.5", '"😀 z"', "日本 語", '"a: b"'),
    *("[]", "{}", "[1, x, {a: b}]", '{p: [1, 2], q: "r", s: }', "[[a], [[b, c]]]", "{a, b: c}"),
    *("[ 1 ,\n    2 ]", "2026-01-01", "'x' # comment: {", "http://h/p?q=1#f", "- not", ""),
)


def block(random: Random, depth: int, indent: int) -> str:
    """Return what may stand after `key:` or `-`, in any of YAML's styles."""
    pad = " " * indent
    choice = random.random() if depth else random.uniform(0.55, 1)
    if depth > 3 or choice < 0.4:
        return " " + random.choice(SCALARS)
    if choice < 0.5:
        style = random.choice(("|", ">-", "|+", ">"))
        return f" {style}\n{pad}  block\n\n{pad}  te: xt"
    if choice < 0.55:
        return f" plain\n{pad}  multi" if random.random() < 0.5 else f' "two\n{pad}  lines"'
    if choice < 0.8:
        lines = (
            f"{noise(random, pad)}{pad}{key}:{block(random, depth + 1, indent + 2)}"
            for key in random.sample(KEYS, random.randint(1, 5))
        )
        return "\n" + "\n".join(lines)
    items = (f"{pad}-{block(random, depth + 1, indent + 2)}" for _ in range(random.randint(1, 4)))
    return "\n" + "\n".join(items)


def noise(random: Random, pad: str) -> str:
    return random.choice(("", "", "", "\n", f"{pad}# c: {{\n", "   \n"))


def documents(count: int) -> Iterator[str]:
    """Yield texts that PyYAML reads, half of them with the line ends of Windows."""
    random = Random(7)
    while count:
        text = f"top:{block(random, 0, 2)}\nend: 1\n"
        if random.random() < 0.5:
            text = text.replace("\n", "\r\n")
        try:
            yaml.compose(text, Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            continue
        yield text
        count -= 1


def composed(text: str) -> yaml.Node:
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert node
    return node


def place(node: yaml.Node) -> Span:
    start, end = node.start_mark, node.end_mark
    assert start
    assert end
    if isinstance(node, yaml.CollectionNode):
        return Span("f", start.line + 1, start.column + 1, start.line + 1, start.column + 2)
    return Span("f", start.line + 1, start.column + 1, end.line + 1, end.column + 1)


Places = dict[tuple[Key, ...], Span]


def marks(node: yaml.Node, path: tuple[Key, ...], places: Places, keys: Places) -> None:
    places[path] = place(node)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            keys[(*path, key.value)] = place(key)
            marks(value, (*path, key.value), places, keys)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            marks(item, (*path, index), places, keys)


class Core(yaml.CSafeLoader):
    """PyYAML without what YAML 1.2 dropped: dates stay text, and so do keys."""


Core.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def text_keys(loader: Core, node: yaml.MappingNode) -> dict[str, object]:
    return {key.value: loader.construct_object(value, deep=True) for key, value in node.value}


Core.add_constructor("tag:yaml.org,2002:map", text_keys)


def test_two_thousand_documents_have_the_values_and_places_of_pyyaml() -> None:
    seen = 0
    for text in documents(2000):
        document = parse(text, "f")
        places: Places = {}
        keys: Places = {}
        marks(composed(text), (), places, keys)
        assert {path: document.span(path) for path in document.places} == places, text
        assert {path: document.key_span(path) for path in document.keys} == keys, text
        assert document.value == yaml.load(text, Loader=Core), text
        seen += len(places)
    assert seen > 15_000


def test_every_place_leads_back_to_what_is_written_there() -> None:
    for text in documents(200):
        document = parse(text, "f")
        lines = document.text.split("\n")
        for path in document.keys:
            span = document.key_span(path)
            written = lines[span.line - 1][span.column - 1 : span.end_column - 1]
            assert composed(written).value == path[-1]


PIECES = (
    *("a", "b: ", "k: v\n", "- ", "  ", "\n", "\r\n", "\r", "{", "}", "[", "]", ",", ":", "? "),
    *(">", '"', "'", "#", "&a ", "*a", "<<: ", "!!python/name:os ", "!t ", "%YAML 1.1\n", "---\n"),
    *("...\n", "\t", "\0", "\u2028", "\u202e", "\ud800", "\ufeff", "\x85", "null", "no", "1e999"),
    *("9" * 30, "0x" + "f" * 40, "12:30", "\\", "{{ run.date }}", "é😀", "@", "`", "token: x1y2"),
    "|\n",
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=60)


@given(TEXTS)
@settings(max_examples=1500, deadline=None)
def test_any_text_is_a_document_or_diagnostics_within_it(text: str) -> None:
    document, diagnostics = outcome(text)
    if document:
        assert_complete(document, (), document.value)
    for found in diagnostics:
        assert found.code.startswith("PG0")
        for span in (found.span, *(related.span for related in found.related)):
            assert_within(span, text.removeprefix("\ufeff"))
    for format in Format:
        assert render(diagnostics, format, lambda file: text, color=True) or document


def outcome(text: str) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    try:
        return parse(text, "f"), ()
    except CompileError as error:
        return None, error.diagnostics


def assert_within(span: Span, text: str) -> None:
    """A place lies in the text, or just past its end."""
    lines = text.split("\n")
    assert 1 <= span.line <= len(lines) + 1
    assert span.column >= 1
    if span.line <= len(lines):
        assert span.column <= len(lines[span.line - 1]) + 1
    assert (span.line, span.column) <= (span.end_line, span.end_column)


def assert_complete(document: Document, path: tuple[Key, ...], value: object) -> None:
    """Every path in the value has a place, and every key has one."""
    assert path in document.places
    assert_within(document.span(path), document.text)
    match value:
        case dict():
            for key, item in value.items():
                assert (*path, key) in document.keys
                assert_complete(document, (*path, key), item)
        case list():
            for index, item in enumerate(value):
                assert_complete(document, (*path, index), item)
