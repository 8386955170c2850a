"""No text of a specification, however hostile, changes what the generated files are or loses a
character on its way into them; and black and ruff leave every file as it is."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import black
import jinja2
import pytest
import yaml

from pipegen.compiler import compile_project
from pipegen.diagnostics import CompileError, Diagnostic
from pipegen.output import seal
from pipegen.project import load
from tests.trust.hostile import Case, Texts, numbers, raw, tainted, times
from tests.trust.projects import case
from tests.trust.shapes import Found, document, program

EXAMPLES = times(30)
TAINTED = times(16)
TOOLS = Path(sys.executable).parent
BACKENDS = ("airflow", "dagster", "prefect", "headless")
MODE = black.Mode(line_length=88, target_versions={black.TargetVersion.PY311})
PLACEHOLDER = re.compile(r"\{(?=\{\s*[\w.\-\[\]$]+\s*\}\})")
"""What Prefect fills in when it reads a `prefect.yaml`; its documentation gives the pattern."""


@dataclass(frozen=True)
class Pair:
    """What a hostile project and its tame twin became."""

    seed: int
    case: Case
    hostile: Mapping[str, str]
    tame: Mapping[str, str]


def outcome(root: Path) -> tuple[dict[str, str], list[Diagnostic]]:
    """Compile a project for every back end: its files, and its errors."""
    try:
        project = load(root)
    except CompileError as error:
        return {}, list(error.diagnostics)
    compilation = compile_project(project, project.targets())
    outputs = [o for item in compilation.pipelines for o in item.outputs] + [*compilation.shared]
    files = {
        str(output.out / file.path): seal(file.text).decode("utf-8")
        for output in outputs
        for file in output.files
    }
    return files, [found for found in compilation.diagnostics if found.is_error]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    """Compile the hostile projects that nothing refuses, and their twins."""
    folder = tmp_path_factory.mktemp("hostile")
    found = []
    for seed in range(EXAMPLES):
        made = case(seed)
        hostile, _ = outcome(made.write(folder / f"{seed}-hostile", is_hostile=True))
        tame, errors = outcome(made.write(folder / f"{seed}-tame", is_hostile=False))
        assert errors == [], seed
        if hostile:
            found.append(Pair(seed, made, hostile, tame))
    return found


@pytest.fixture(scope="module")
def on_disk(pairs: list[Pair], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write every hostile Python file under a name that tells its seed."""
    folder = tmp_path_factory.mktemp("files")
    for pair in pairs:
        for path, text in python_files(pair.hostile):
            place = folder / f"{pair.seed}_{path.replace('/', '_')}"
            place.write_text(text, encoding="utf-8", newline="")
    return folder


def python_files(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from ((path, text) for path, text in files.items() if path.endswith(".py"))


def read(path: str, text: str) -> tuple[list[str], list[Found]]:
    """Return the shape and the texts of a generated file."""
    match Path(path).suffix:
        case ".py":
            return program(text)
        case ".toml":
            return document(tomllib.loads(text))
        case ".yaml":
            deployments = yaml.safe_load(text)
            for deployment in deployments["deployments"]:
                deployment.pop("description", None)  # there only if Prefect would misread it
            return document(deployments)
    return [], [Found(((True, text),))]


def generated(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the files of the back ends: a lock is sorted by what it holds."""
    yield from ((path, text) for path, text in files.items() if path.startswith("generated/"))


def expanded(found: Found) -> tuple[tuple[bool, str], ...]:
    """Return a text after the orchestrator has expanded its templates."""
    if not found.is_template:
        return found.parts
    environment = jinja2.Environment(keep_trailing_newline=True, newline_sequence="\n")
    environment.globals.update(
        environ={"A_B": "<the variable>"},
        dag=SimpleNamespace(timezone=UTC),
        dag_run=SimpleNamespace(run_after=datetime(2026, 1, 31, tzinfo=UTC)),
    )
    (part,) = found.parts
    # Jinja would make every line end a `\n`, in Airflow as here: not a matter of the emission
    return ((True, environment.from_string(part[1].replace("\r", "\ue00d")).render()),)


def expected(parts: tuple[tuple[bool, str], ...], texts: Texts) -> tuple[tuple[bool, str], ...]:
    return tuple((kind, texts.substituted(text) if kind else text) for kind, text in parts)


def test_most_hostile_projects_compile(pairs: list[Pair]) -> None:
    assert len(pairs) > 0.6 * EXAMPLES
    print(f"{len(pairs)} of {EXAMPLES} compile; {sum(len(p.hostile) for p in pairs)} files")


def test_a_hostile_text_changes_no_program(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert pair.hostile.keys() == pair.tame.keys(), pair.seed
        for path, text in generated(pair.hostile):
            shape, _ = read(path, text)
            tame, _ = read(path, pair.tame[path])
            assert shape == tame, (pair.seed, path)


def test_every_text_arrives_exactly_where_its_tame_twin_does(pairs: list[Pair]) -> None:
    checked = 0
    for pair in pairs:
        for path, text in generated(pair.hostile):
            before, after = read(path, pair.tame[path])[1], read(path, text)[1]
            for tame, found in zip(before, after, strict=True):
                wanted = expected(expanded(tame), pair.case.texts)
                if path.endswith("prefect.yaml"):
                    wanted = tuple((kind, PLACEHOLDER.sub("{ ", part)) for kind, part in wanted)
                if found.is_template:
                    wanted = tuple((kind, part.replace("\r", "\ue00d")) for kind, part in wanted)
                assert expanded(found) == wanted, (pair.seed, path)
                checked += 1
    print(f"{checked} texts")


def test_a_lock_comes_out_as_it_went_in(pairs: list[Pair]) -> None:
    for pair in pairs:
        for path, tree in pair.case.locks.items():
            lock = json.loads(pair.hostile[path])
            head = {key: lock.pop(key) for key in ("generated_by", "pipegen-sha256")}
            assert head["generated_by"] == "pipegen"
            assert holds(lock, raw(tree, is_hostile=True)), pair.seed


def holds(found: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there; a mapping may have more keys."""
    if isinstance(wanted, dict):
        return all(key in found and holds(found[key], item) for key, item in wanted.items())
    return bool(found == wanted)


def test_no_text_is_lost_on_any_back_end(pairs: list[Pair]) -> None:
    for pair in pairs:
        for backend in BACKENDS:
            files = {p: t for p, t in pair.tame.items() if p.startswith(f"generated/{backend}/")}
            told = {
                int(number) for text in files.values() for number in re.findall(r"~(\d+)~", text)
            }
            missing = pair.case.texts.slots.keys() - told - untold(pair.case, backend)
            assert not missing, (pair.seed, backend, missing)


def untold(made: Case, backend: str) -> set[int]:
    """Return the texts a back end has no use for: of a lock, those that only order tasks."""
    (pipeline,) = (tree for path, tree in made.yaml.items() if path.startswith("pipelines/"))
    tasks = [*pipeline["sources"].values(), *pipeline["activations"].values()]
    texts = numbers(list(made.locks.values()))
    if not any(task["kind"] == "http" for task in tasks):
        texts |= numbers(made.yaml["pipegen.yaml"]["connections"]["hook"])
    if backend == "airflow" and all(task.get("owner") for task in tasks):
        texts |= numbers(pipeline["owner"])  # a DAG has no owner of its own
    if backend in ("prefect", "headless"):
        texts |= {number for task in tasks for number in numbers(task.get("loads", []))}
    return texts


def test_arguments_have_the_value_and_type_that_were_written(pairs: list[Pair]) -> None:
    """Read with `ast.literal_eval`, so that nothing but a literal passes."""
    checked = Counter[str]()
    for pair in pairs:
        for path, text in python_files(pair.hostile):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.keyword) and node.arg in pair.case.arguments:
                    wanted = plain(pair.case.arguments[node.arg])
                    assert repr(ast.literal_eval(node.value)) == repr(wanted), (pair.seed, path)
                    checked[path.split("/")[1]] += 1
    assert len(set(checked.values())) == 1
    assert checked.keys() == set(BACKENDS)
    print(checked)


def plain(tree: Any) -> Any:
    match tree:
        case dict():
            return {key.hostile: plain(item) for key, item in tree.items()}
        case list():
            return [plain(item) for item in tree]
        case int() | float() | None:
            return tree
    return tree.hostile


def test_generated_files_show_all_they_hold(pairs: list[Pair]) -> None:
    for pair in pairs:
        for path, text in pair.hostile.items():
            hidden = {char for char in text if not char.isprintable() and char != "\n"}
            assert not hidden, (pair.seed, path, hidden)


def test_prefect_finds_nothing_to_fill_in(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert not PLACEHOLDER.search(pair.hostile["generated/prefect/prefect.yaml"]), pair.seed


def test_black_leaves_every_file_as_it_is(pairs: list[Pair]) -> None:
    for pair in pairs:
        for path, text in python_files(pair.hostile):
            assert black.format_str(text, mode=MODE) == text, (pair.seed, path)


@pytest.mark.parametrize(
    "command", [["format", "--check"], ["check", "--select=E9,F", "--ignore-noqa"]], ids=" ".join
)
def test_ruff_finds_nothing_to_change(on_disk: Path, command: list[str]) -> None:
    """Nor a name that is not defined, or is defined twice."""
    tool = [TOOLS / "ruff", *command, "--isolated", "--target-version=py311", on_disk]
    done = subprocess.run(tool, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_what_is_refused_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    codes = Counter[str]()
    for seed in range(TAINTED):
        made = case(seed)
        piece = tainted(made, Random(seed))
        _, errors = outcome(made.write(tmp_path / str(seed), is_hostile=True))
        assert errors, (seed, piece)
        codes.update(error.code for error in errors)
    print(dict(codes))
