"""The docstrings of a model's fields, which the JSON Schema shows in editors."""

from __future__ import annotations

import ast
import inspect
import textwrap


def attribute_docstrings(model: type) -> dict[str, str]:
    """Return the docstring below each attribute of a class or, failing that, of its bases."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if cls.__module__.startswith("pipegen."):
            found |= _own(cls)
    return found


def _own(cls: type) -> dict[str, str]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef), "the source of a class is a class"
    found = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                found[name] = inspect.cleandoc(text)
    return found
