"""The real language server behind YAML editors, on the schemas as they are committed."""

from __future__ import annotations

import pytest

from tests.schema.documents import ROOT, Specification, good, mistaken
from tests.schema.language_server import Finding, LanguageServer

SILENT = {
    "PG002": "YAML allows the character",
    "PG009": "YAML has several documents in a file, and each of these is valid",
    "PG010": "there is no value to find fault with",
    "PG102-expanded-with-overrides": "one key excludes another",
    "PG103-catchup-without-start": "one key asks for another",
    "PG106-never": "which days there are is no pattern",
    "PG107": "which zones there are changes from year to year",
    "PG108": "one key excludes another",
}
"""Mistakes that an editor does not show, and why; `pipegen validate` does."""

SHAPE = [spec for spec in mistaken() if spec.case < "PG2" and spec.problem_lines()]


def test_no_fault_is_found_with_what_compiles(editor: LanguageServer) -> None:
    fine = [spec for spec in [*good(), *mistaken()] if not spec.problem_lines()]
    texts = {spec.path.as_uri(): spec.path.read_text(encoding="utf-8") for spec in fine}
    assert {uri: told for uri, told in editor.findings(texts).items() if told} == {}


@pytest.fixture(scope="module")
def shown(editor: LanguageServer) -> dict[str, list[Finding]]:
    """Return what the server finds in every mistake, asked for all at once: it waits before it."""
    found = {spec.path: spec.path.read_text(encoding="utf-8", errors="replace") for spec in SHAPE}
    return editor.findings({path.as_uri(): text for path, text in found.items()})


@pytest.mark.parametrize("spec", SHAPE, ids=lambda spec: spec.case)
def test_a_mistake_is_shown_on_the_lines_that_validate_tells(
    spec: Specification, shown: dict[str, list[Finding]]
) -> None:
    lines = {finding.line for finding in shown[spec.path.as_uri()]}
    assert (spec.problem_lines() <= lines) is not spec.case.startswith(tuple(SILENT))


@pytest.mark.parametrize("silent", SILENT)
def test_the_silent_are_cases(silent: str) -> None:
    assert any(spec.case.startswith(silent) for spec in SHAPE)


# Completion and hover, as somebody writes; `|` is the cursor


def at(name: str) -> str:
    return (ROOT / name).as_uri()


PIPELINE = "version: 1\npipeline: p\n"
NEW = at("pipelines/new.yaml")


def test_the_keys_of_a_pipeline_are_completed_with_what_they_are_for(
    editor: LanguageServer,
) -> None:
    keys = editor.completions(NEW, PIPELINE + "|")
    assert {"schedule", "sources", "transforms", "activations"} <= keys.keys()
    assert keys["schedule"].startswith("When it runs.")
    assert "version" not in keys, "it is there already"


def test_the_kinds_of_a_source_are_completed_with_what_they_do(editor: LanguageServer) -> None:
    kinds = editor.completions(NEW, PIPELINE + "sources:\n  s:\n    kind: |\n")
    assert {"http", "python", "shell"} <= kinds.keys()
    assert kinds["http"] == "Sends a request."
    assert "dbt" not in kinds


def test_the_keys_of_a_kind_are_completed(editor: LanguageServer) -> None:
    keys = editor.completions(NEW, PIPELINE + "sources:\n  s:\n    kind: http\n    |\n")
    assert {"connection", "method", "loads", "retries"} <= keys.keys()
    assert not {"callable", "command", "reads"} & keys.keys()


def test_a_transform_without_a_kind_is_dbt(editor: LanguageServer) -> None:
    keys = editor.completions(NEW, PIPELINE + "transforms:\n  t:\n    project: shop\n    |\n")
    assert {"select", "granularity", "kind"} <= keys.keys()
    assert not {"callable", "sql"} & keys.keys()


def test_the_values_of_a_key_are_completed_when_references_may_stand_there_too(
    editor: LanguageServer,
) -> None:
    text = PIPELINE + "sources:\n  s:\n    kind: http\n    method: |\n"
    assert set(editor.completions(NEW, text)) == {"GET", "POST", "PUT", "PATCH", "DELETE"}
    text = PIPELINE + "schedule:\n  catchup: |\n"
    assert set(editor.completions(NEW, text)) == {"true", "false"}


def test_a_schedule_is_completed(editor: LanguageServer) -> None:
    keys = editor.completions(NEW, PIPELINE + "schedule:\n  |\n")
    assert {"cron", "timezone", "start", "catchup"} <= keys.keys()


def test_a_project_is_completed(editor: LanguageServer) -> None:
    keys = editor.completions(at("pipegen.yaml"), "version: 1\nconnections:\n  c:\n    kind: |\n")
    assert "http" in keys


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sche|dule:\n  cron: '0 5 * * *'\n", "When it runs."),
        ("schedule:\n  cr|on: '0 5 * * *'\n", "minute, hour, day of month"),
        ("sources:\n  s|: {kind: http}\n", "An ingestion task that sends an HTTP request."),
        ("sources:\n  s: {ki|nd: http}\n", "* `http`: Sends a request."),
        ("sources:\n  s: {kind: http, met|hod: GET}\n", "* `GET`"),
        ("defaults:\n  time|out: 5m\n", "How long one attempt may take."),
        ("defaults:\n  retries: {cou|nt: 1}\n", "2 means three attempts at most"),
    ],
)
def test_a_key_under_the_pointer_is_described(text: str, told: str, editor: LanguageServer) -> None:
    assert told in editor.hover(NEW, PIPELINE + text)
