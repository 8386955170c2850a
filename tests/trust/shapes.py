"""What a generated file is but for its texts: the shape of a program, and its texts in order."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Part = str | ast.AST


@dataclass(frozen=True, slots=True)
class Found:
    """A text of a program: strings, and between them the dumps of expressions.

    `is_template` says that the orchestrator expands templates in it.
    """

    parts: tuple[tuple[bool, str], ...]
    is_template: bool = False


def program(source: str) -> tuple[list[str], list[Found]]:
    """Return the shape of a Python file, and its texts in the order they stand."""
    shape: list[str] = []
    texts: list[Found] = []
    _walk(ast.parse(source.encode("utf-8")), shape, texts, False)
    return shape, texts


def _walk(node: Any, shape: list[str], texts: list[Found], is_template: bool) -> None:
    if (parts := _text(node)) is not None:
        shape.append("text")
        texts.append(Found(tuple(_merged(parts)), is_template))
    elif isinstance(node, ast.AST):
        is_template = _is_template(node, is_template)
        shape.append(type(node).__name__)
        for name, value in ast.iter_fields(node):
            shape.append(name)
            _walk(value, shape, texts, is_template)
        shape.append("end")
    elif isinstance(node, list):
        shape.append(f"{len(node)} of")
        for item in node:
            _walk(item, shape, texts, is_template)
    else:
        shape.append(repr(node))


def _is_template(node: ast.AST, is_within: bool) -> bool:
    """Whether Airflow expands templates in a node: in what operators are given to run."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name.endswith(("LocalOperator", "DbtCloudRunJobOperator"))
        case ast.keyword(arg=name):
            return is_within and name in ("select", "exclude", "job_id", "steps_override")
    return is_within


def _text(node: Any) -> list[tuple[bool, str]] | None:
    """Return the parts of a literal, an f-string or a join of parts; None for anything else."""
    match node:
        case ast.Constant(value=str(text)):
            return [(True, text)]
        case ast.JoinedStr(values=values):
            return [_part(value) for value in values]
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=""), attr="join"),
            args=[ast.List(elts=elements)],
            keywords=[],
        ):
            return [_part(element) for element in elements]
    return None


def _part(node: ast.expr) -> tuple[bool, str]:
    match node:
        case ast.Constant(value=str(text)):
            return True, text
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return False, ast.dump(value)
    return False, ast.dump(node)


def _merged(parts: list[tuple[bool, str]]) -> Iterator[tuple[bool, str]]:
    """Yield the parts with neighbouring strings as one, and without empty ones."""
    pending = ""
    for is_string, text in parts:
        if is_string:
            pending += text
            continue
        if pending:
            yield True, pending
        pending = ""
        yield False, text
    if pending or not parts:
        yield True, pending


def document(value: Any) -> tuple[list[str], list[Found]]:
    """Return the shape of a document of data, and its texts; keys are texts too."""
    shape: list[str] = []
    texts: list[Found] = []

    def walk(item: Any) -> None:
        match item:
            case str():
                shape.append("text")
                texts.append(Found(((True, item),)))
            case dict():
                shape.append(f"{len(item)} pairs")
                for key, part in item.items():
                    walk(key)
                    walk(part)
            case list():
                shape.append(f"{len(item)} of")
                for part in item:
                    walk(part)
            case _:
                shape.append(repr(item))

    walk(value)
    return shape, texts
