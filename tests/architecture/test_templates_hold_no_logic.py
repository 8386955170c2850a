"""Templates print; they do not decide."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import nodes

from pipegen.render import environment
from pipegen.resources import resource

ROOT = resource("templates")
TEMPLATES = sorted(ROOT.rglob("*.j2"))

ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Filter,
    nodes.Const,
    nodes.For,
    nodes.Tuple,
    nodes.If,
    nodes.Include,
)


def decisions(tree: nodes.Template) -> list[tuple[str, int]]:
    found = list(tree.find_all(nodes.Node))
    kinds = [(type(node).__name__, node.lineno) for node in found if type(node) not in ALLOWED]
    tests = [node.test for node in found if isinstance(node, nodes.If | nodes.For) and node.test]
    kinds += [
        (f"If {type(test).__name__}", test.lineno)
        for test in tests
        if not isinstance(test, nodes.Name | nodes.Getattr)
    ]
    return kinds


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_template_holds_no_logic(path: Path) -> None:
    tree = environment(str(path.parent)).parse(path.read_text(encoding="utf-8"))
    assert decisions(tree) == []


@pytest.mark.parametrize(
    "text",
    [
        "{% set name = view.name %}",
        "{% set name %}text{% endset %}",
        "{{ (view.a + view.b) | lit }}",
        "{{ (view.a ~ view.b) | lit }}",
        "{{ (view.a if view.b else view.c) | lit }}",
        "{{ view.name.upper() | lit }}",
        "{{ [view.name] | lit }}",
        "{{ view.items[0] | lit }}",
        "{% if view.a == view.b %}{% endif %}",
        "{% if not view.a %}{% endif %}",
        "{% if view.a and view.b %}{% endif %}",
        "{% if view.a is defined %}{% endif %}",
        "{% if view.a | lit %}{% endif %}",
        "{% for item in view.items if item.name == 'a' %}{% endfor %}",
        "{% macro name() %}{% endmacro %}",
        "{% call name() %}{% endcall %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
    ],
)
def test_a_template_that_decides_is_found(text: str) -> None:
    env = environment(str(ROOT / "shared"))
    assert decisions(env.parse(text)) != []


def test_every_template_compiles_under_the_gate() -> None:
    assert TEMPLATES
    for path in TEMPLATES:
        environment(str(path.parent)).get_template(path.name)
