"""CI servers read what is reported to them: GitLab, SARIF and JUnit, whatever the texts hold."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as Tree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipegen import __version__, problems
from pipegen.diagnostics import Diagnostic, Related, Severity, Span
from pipegen.report import Format, render

FILE = "pipelines/daily_sales.yaml"
DOCUMENTS = [format for format in Format if format.is_document]
HOSTILE = "]]></failure><!--\"'&amp;\x1b[31m\x00\x0b\u202e\ud800\ufffe\r\n[me](javascript:x)"


def at(line: int, column: int, end_column: int, file: str = FILE) -> Span:
    return Span(file, line, column, line, end_column)


DUPLICATE = problems.duplicate_key("reads", at(4, 5, 10), at(3, 5, 10))
UNKNOWN = problems.unknown_model("crm", "fct_order", ["fct_orders"], at(3, 13, 22))
LOST = problems.degraded("airflow", "task.tags", "they are lost", at(2, 3, 15))
ELSEWHERE = problems.wrong_value("no", at(1, 1, 2, "a.yaml"))
ALL = (DUPLICATE, UNKNOWN, LOST, ELSEWHERE)


def shown(*diagnostics: Diagnostic, format: Format) -> str:
    return render(diagnostics, format, lambda file: None, color=False)


def gitlab(*diagnostics: Diagnostic) -> Any:
    return json.loads(shown(*diagnostics, format=Format.GITLAB))


def sarif(*diagnostics: Diagnostic) -> Any:
    (run,) = json.loads(shown(*diagnostics, format=Format.SARIF))["runs"]
    return run


def junit(*diagnostics: Diagnostic) -> Tree.Element:
    (suite,) = Tree.fromstring(shown(*diagnostics, format=Format.JUNIT))
    return suite


def region(span: Span) -> Any:
    (result,) = sarif(problems.wrong_value("no", span))["results"]
    return result["locations"][0]["physicalLocation"]["region"]


def test_a_code_quality_issue_has_what_gitlab_asks_for() -> None:
    first, second = gitlab(LOST, DUPLICATE)
    assert list(first) == ["description", "check_name", "fingerprint", "severity", "location"]
    assert (first["check_name"], first["severity"]) == ("PG302", "minor")
    assert (second["check_name"], second["severity"]) == ("PG006", "major")
    assert second["location"] == {"path": FILE, "lines": {"begin": 4}}
    assert second["description"] == (
        f"duplicate key 'reads' (first defined here: {FILE}:3:5) - remove one of the two"
    )


def test_a_sarif_result_points_at_its_rule_and_its_places() -> None:
    run = sarif(*ALL)
    assert run["columnKind"] == "unicodeCodePoints"
    driver = run["tool"]["driver"]
    assert driver["name"] == "pipegen"
    assert [rule["id"] for rule in driver["rules"]] == ["PG006", "PG102", "PG203", "PG302"]
    assert driver["rules"][0]["shortDescription"]["text"] == (
        "A key written twice in one mapping: YAML would keep one in silence."
    )
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "error", "error"]
    duplicate = run["results"][-1]
    assert duplicate["message"]["text"] == "duplicate key 'reads' - remove one of the two"
    assert duplicate["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": FILE},
                "region": {"startLine": 4, "startColumn": 5, "endLine": 4, "endColumn": 10},
            }
        }
    ]
    (related,) = duplicate["relatedLocations"]
    assert related["message"]["text"] == "first defined here"
    assert related["physicalLocation"]["region"]["startLine"] == 3


def test_every_code_has_a_title_in_sarif() -> None:
    codes = ["PG001", "PG101", "PG201", "PG301", "PG401", "PG501"]
    rules = sarif(*(Diagnostic(code, "no", at(1, 1, 2)) for code in codes))["tool"]["driver"][
        "rules"
    ]
    assert [rule["id"] for rule in rules] == codes
    assert all(rule["shortDescription"]["text"].endswith(".") for rule in rules)


def test_a_code_of_a_plugin_is_its_own_title() -> None:
    (rule,) = sarif(Diagnostic("XX001", "no", at(1, 1, 2)))["tool"]["driver"]["rules"]
    assert rule == {"id": "XX001", "shortDescription": {"text": "XX001"}}


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (Span(FILE, 3, 13, 3, 22), (3, 13, 3, 22)),
        (Span(FILE, 3, 13, 5, 1), (3, 13, 5, 1)),
        (Span(FILE, 3, 22, 3, 13), (3, 22, 3, 22)),
        (Span(FILE, 3, 22, 2, 30), (3, 22, 3, 22)),
        (Span(FILE, 0, 0, 0, 0), (1, 1, 1, 1)),
        (Span(FILE, 1, 4, 2, 0), (1, 4, 2, 1)),
    ],
)
def test_a_sarif_region_counts_from_one_and_ends_after_it_starts(
    span: Span, expected: tuple[int, int, int, int]
) -> None:
    assert tuple(region(span).values()) == expected


def test_a_sarif_place_is_a_relative_uri() -> None:
    (result,) = sarif(problems.wrong_value("no", at(1, 1, 2, "a b/c:d#é%.yaml")))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "a%20b/c%3Ad%23%C3%A9%25.yaml"
    assert unquote(uri) == "a b/c:d#é%.yaml"


def test_a_sarif_message_holds_no_link_and_no_placeholder() -> None:
    (result,) = sarif(Diagnostic("PG102", "[me](http://x) {0}", at(1, 1, 2)))["results"]
    assert result["message"]["text"] == "[me] (http://x) {{0}}"


def test_a_junit_case_is_a_file_that_fails_by_errors_only() -> None:
    suite = junit(DUPLICATE, UNKNOWN, LOST, problems.degraded("b", "c", "d", at(1, 1, 2, "w.yaml")))
    assert suite.attrib == {
        **{"name": "pipegen", "tests": "2", "failures": "1", "errors": "0", "skipped": "0"}
    }
    failed, fine = suite
    assert (failed.get("name"), fine.get("name")) == (FILE, "w.yaml")
    failure, output = failed
    assert failure.attrib == {"type": "PG203", "message": f"{UNKNOWN.message} (and 1 more)"}
    assert failure.text == (
        f"{FILE}:3:13: error[PG203]: {UNKNOWN.message} - did you mean 'fct_orders'?\n"
        f"{FILE}:4:5: error[PG006]: duplicate key 'reads' (first defined here: {FILE}:3:5)"
        " - remove one of the two"
    )
    assert (output.tag, [child.tag for child in fine]) == ("system-out", ["system-out"])
    assert (output.text or "").startswith(f"{FILE}:2:3: warning[PG302]: ")


def test_nothing_found_is_an_empty_document() -> None:
    assert gitlab() == []
    assert sarif() == {
        "tool": {"driver": {"name": "pipegen", "version": __version__, "rules": []}},
        "columnKind": "unicodeCodePoints",
        "results": [],
    }
    assert (junit().get("tests"), len(junit())) == ("0", 0)


def test_hostile_texts_stay_texts() -> None:
    span = Span(f"a{HOSTILE}.yaml", 1, 1, 1, 9)
    found = Diagnostic("PG102", HOSTILE, span, HOSTILE, related=(Related(HOSTILE, span),))
    (issue,) = gitlab(found)
    (result,) = sarif(found)["results"]
    (case,) = junit(found)
    (failure,) = case
    texts = [issue["description"], issue["location"]["path"], result["message"]["text"]]
    texts += [failure.text or "", *failure.attrib.values(), *case.attrib.values()]
    for text in texts:
        assert text.isprintable()
    assert "](" not in result["message"]["text"]
    assert "]]></failure><!--\"'&amp;\ufffd[31m" in (failure.text or "")
    assert failure.get("message", "").startswith("]]></failure><!--\"'&amp;")


@given(st.text(st.characters(), max_size=40), st.text(st.characters(), max_size=40))
def test_any_text_gives_documents_of_plain_ascii(message: str, file: str) -> None:
    found = Diagnostic("PG102", message, Span(file), message, Severity.WARNING)
    for format in DOCUMENTS:
        assert shown(found, format=format).isascii()
    assert (len(gitlab(found)), len(sarif(found)["results"]), len(junit(found))) == (1, 1, 1)


@pytest.mark.parametrize("format", DOCUMENTS)
def test_the_order_of_findings_does_not_matter(format: Format) -> None:
    assert len({shown(*order, format=format) for order in permutations(ALL)}) == 1


def fingerprints(*diagnostics: Diagnostic) -> list[str]:
    issues = [issue["fingerprint"] for issue in gitlab(*diagnostics)]
    results = [result["partialFingerprints"] for result in sarif(*diagnostics)["results"]]
    assert results == [{"pipegen/v1": fingerprint} for fingerprint in issues]
    return issues


def test_a_fingerprint_names_one_finding() -> None:
    twice = [problems.wrong_value("no", at(line, 1, 2)) for line in (1, 2)]
    assert len(set(fingerprints(*twice, *ALL))) == 6


def test_a_fingerprint_stays_when_the_line_moves() -> None:
    before, after = (problems.wrong_value("no", at(line, 1, 2)) for line in (3, 90))
    assert fingerprints(before) == fingerprints(after)
    assert fingerprints(before) == ["0e63e671f0ab4f96a52ca15eebe82c8d"]


@pytest.mark.parametrize("format", DOCUMENTS)
def test_a_secret_is_in_no_document(format: Format) -> None:
    found = problems.wrong_value("'hunter22' is no reference", at(1, 8, 16))
    text = render([found], format, lambda file: "token: hunter22", color=False)
    assert "hunter22" not in text
    assert "'****' is no reference" in text
