"""The JSON Schema of the specification, for editors: `schemas/`."""

from __future__ import annotations

import json
from pathlib import Path

from pipegen.model import SpecModel
from pipegen.resources import resource
from pipegen.spec import PipelineSpec, ProjectSpec

SCHEMAS: dict[str, type[SpecModel]] = {
    "pipeline.schema.json": PipelineSpec,
    "project.schema.json": ProjectSpec,
}


def text(name: str) -> str:
    """Return the schema file `name`; raise KeyError if there is none."""
    schema = SCHEMAS[name].model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps({**head, **schema}, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write every schema file to `folder`."""
    for name in SCHEMAS:
        (folder / name).write_text(text(name), encoding="utf-8")


if __name__ == "__main__":
    write(resource("schemas"))
