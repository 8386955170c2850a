"""Turn planned files into text. The only module that knows Jinja."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, nodes
from jinja2.compiler import CodeGenerator, Frame

from pipegen.emit import Code, EmissionError, comment, dotted, identifier, indented, literal
from pipegen.files import PlannedFile, RenderedFile
from pipegen.resources import resource


class _Generator(CodeGenerator):
    """Compiles templates that call nothing: what a call returns would pass the gate."""

    def visit_Call(  # noqa: N802 (Jinja's name)
        self, node: nodes.Call, frame: Frame, forward_caller: bool = False
    ) -> None:
        self.fail("a template calls nothing", node.lineno)

    def visit_ScopedEvalContextModifier(  # noqa: N802
        self, node: nodes.ScopedEvalContextModifier, frame: Frame
    ) -> None:
        self.fail("a template escapes nothing on its own", node.lineno)


class RenderError(Exception):
    """A template and its view do not fit: a fault of pipegen, never of its user."""


def render(files: Iterable[PlannedFile], templates: Path) -> tuple[RenderedFile, ...]:
    """Render every planned file; raise RenderError naming the template at fault."""
    env = environment(str(templates))
    return tuple(RenderedFile(file.path, _text(env, file)) for file in files)


@cache
def environment(folder: str) -> Environment:
    """Return the Jinja environment: strict names, whole-line tags, and the emission gate.

    A template sees `view` and `source`, and prints what the filters `lit`, `ident`, `dotted`,
    `comment` and `indent` return: any other value is refused.
    """
    env = Environment(
        loader=FileSystemLoader([folder, str(resource("templates") / "shared")]),
        undefined=StrictUndefined,
        finalize=_gate,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    env.code_generator_class = _Generator
    env.globals.clear()
    env.tests = {}
    env.filters = {
        "lit": literal,
        "ident": identifier,
        "dotted": dotted,
        "comment": comment,
        "indent": indented,
    }
    return env


def _gate(value: object) -> Code:
    if type(value) is not Code:
        raise EmissionError(f"a template printed a {type(value).__name__} that no filter made")
    return value


def _text(env: Environment, file: PlannedFile) -> str:
    try:
        text = env.get_template(file.template).render(view=file.view, source=file.source)
    except (TemplateError, EmissionError) as error:
        raise RenderError(f"{file.template} for {file.source}: {error}") from error
    return re.sub(r"\n{4,}", "\n\n\n", text).rstrip("\n") + "\n"
