"""The JSON Schema of the specification, for editors: `schemas/`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pipegen.model import SpecModel
from pipegen.schema import layout
from pipegen.schema.editable import editable
from pipegen.schema.samples import Samples
from pipegen.spec import PipelineSpec, ProjectSpec

SCHEMAS: dict[str, type[SpecModel]] = {
    "pipeline.schema.json": PipelineSpec,
    "project.schema.json": ProjectSpec,
}


def text(name: str) -> str:
    """Return the schema file `name`; raise KeyError if there is none."""
    model = SCHEMAS[name]
    filled = model is PipelineSpec  # a project's file is where the variables come from
    schema = editable(model.model_json_schema(), name.partition(".")[0], filled, _samples())
    return layout.text(schema) + "\n"


@cache
def _samples() -> Samples:
    return Samples()


def write(folder: Path) -> None:
    """Write every schema file to `folder`."""
    for name in SCHEMAS:
        (folder / name).write_text(text(name), encoding="utf-8")
