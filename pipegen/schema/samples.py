"""An example of each key, from documents in which every key of the language stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from inspect import get_annotations
from pathlib import Path
from typing import Any

from pipegen import references
from pipegen.model import SpecModel
from pipegen.source import Document, read
from pipegen.spec import PipelineSpec, ProjectSpec

LANGUAGE = Path(__file__).parent / "language"


class Samples:
    """The shortest value of each key, by the model that has the key first.

    Models that inherit a key then show the same example of it.
    """

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Any] = {}
        project = ProjectSpec.parse(read(LANGUAGE / "pipegen.yaml", "pipegen.yaml"))
        self._take(project)
        for path in sorted(LANGUAGE.glob("*/pipegen.yaml")):  # of what a project has one only
            self._take(ProjectSpec.parse(read(path, path.name)))
        for path in sorted((LANGUAGE / "pipelines").glob("*.yaml")):
            self._take(_pipeline(read(path, path.name), project.vars))
        self.models = {model.__name__: model for model in _below(SpecModel)}

    def of(self, model: str, key: str) -> Any:
        """Return an example of a model's key; raise KeyError if no document has it."""
        return self.found[_first(self.models[model], key), key]

    def _take(self, value: object) -> None:
        match value:
            case SpecModel():
                for key in sorted(value.model_fields_set):
                    self._keep(_first(type(value), key), key, value.written(key))
                    self._take(getattr(value, key))
            case dict():
                for item in value.values():
                    self._take(item)
            case tuple():
                for item in value:
                    self._take(item)

    def _keep(self, model: str, key: str, raw: Any) -> None:
        for example in _examples(raw):
            known = self.found.setdefault((model, key), example)
            self.found[model, key] = min(known, example, key=lambda each: len(json.dumps(each)))


def _pipeline(document: Document, variables: Mapping[str, object]) -> PipelineSpec:
    """Return a pipeline with its rows, and filled from the first of them."""
    value: Any = document.value
    row = value.get("for_each", [{}])[0]
    filled, _ = references.fill(value, {"var": variables, "each": row})
    return PipelineSpec.parse(replace(document, value=filled))


def _examples(raw: Any) -> Iterator[Any]:
    """Yield a value, or one entry at a time of a mapping whose keys people choose."""
    if isinstance(raw, dict) and raw and all(isinstance(item, dict) for item in raw.values()):
        yield from ({key: item} for key, item in raw.items())
    elif raw is not None:
        yield raw


def _first(model: type, key: str) -> str:
    """Return the name of the model that has a key first, of those a model is made from."""
    declared = (c for c in reversed(model.__mro__) if key in get_annotations(c))
    return next(declared).__name__


def _below(model: type[SpecModel]) -> Iterator[type[SpecModel]]:
    for sub in model.__subclasses__():
        yield sub
        yield from _below(sub)
