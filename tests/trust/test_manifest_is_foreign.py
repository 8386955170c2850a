"""What a dbt project calls its models, tests and packages is another's text too: it arrives as it
is, changes no program, and what dbt or Python cannot take ends in a code."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from random import Random
from typing import Any

import black
import pytest

from tests.dbt.conftest import document, model
from tests.trust.hostile import ACCEPTED, REFUSED, put, times
from tests.trust.mutate import mutant
from tests.trust.running import PIPELINE, PROJECT, project
from tests.trust.test_no_value_becomes_code import MODE, outcome, python_files
from tests.trust.test_validate_never_crashes import Count, assert_coded, validated

PLAIN_NAMES = ("orders", "_", "__tmp", "日本", "9", "a-b", "a b", "class", "key", "key_", "café")


def written(root: Path, manifest: dict[str, Any], granularity: str) -> Path:
    """Write a project that builds every model of a manifest."""
    dbt = {"projects": {"shop": {"dir": "dbt", "target": "dev", "manifest": "manifest.json"}}}
    transforms = {
        "all": {"project": "shop", "select": "resource_type:model", "granularity": granularity}
    }
    spec = {**PIPELINE, "transforms": transforms}
    project(root, pipegen={**PROJECT, "dbt": dbt}, **{"pipelines/x": spec})
    put(root / "manifest.json", json.dumps(manifest))
    put(root / "dbt" / "dbt_project.yml", 'name: shop\nprofile: "it\'s"')
    return root


def manifest(names: list[str], text: str) -> dict[str, Any]:
    """Return a manifest of models with these names, each reading the one before it."""
    nodes = {}
    for i, name in enumerate(names):
        unique_id = f"model.shop.{name}"
        parents = [f"model.shop.{names[i - 1]}"] if i else []
        nodes[unique_id] = model(
            unique_id,
            parents,
            **{"name": name, "alias": name, "fqn": ["shop", name], "package_name": "shop"},
            **{"tags": [text], "description": text, "path": f"{text}.sql", "raw_code": text},
        )
    return {**document({}), "nodes": nodes}


@pytest.mark.parametrize("granularity", ["model", "step"])
def test_a_hostile_manifest_changes_no_program(granularity: str, tmp_path: Path) -> None:
    compiled, codes = 0, set()
    for seed in range(times(16)):
        random = Random(seed)
        pieces = [piece for piece in (*ACCEPTED, *REFUSED) if piece.strip()]
        names = random.sample(PLAIN_NAMES, 3)
        names.append("x" + "".join(random.choices(pieces, k=random.randint(1, 3))))
        text = "".join(random.choices(pieces, k=3))
        root = written(tmp_path / f"{seed}", manifest(names, text), granularity)
        files, errors = outcome(root)
        codes |= {error.code for error in errors}
        if errors:
            continue
        compiled += 1
        for path, source in python_files(files):
            tree = ast.parse(source.encode("utf-8"))
            assert black.format_str(source, mode=MODE) == source, (seed, path)
            assert all(char.isprintable() or char == "\n" for char in source), (seed, path)
            found = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            is_pipeline = "definitions" not in path
            assert (
                not is_pipeline
                or {f"model.shop.{name}" for name in names} <= found
                or ("airflow" in path and granularity == "step")
            ), (seed, path)
    assert compiled > 0.3 * times(16)
    assert codes <= {"PG204", "PG401", "PG404"}
    print(f"{compiled} of {times(16)}; {codes}")


def test_a_mutated_manifest_ends_in_codes(tmp_path: Path) -> None:
    count, random = Count(), Random(14)
    data = manifest(["a", "b", "c"], "text")
    data["nodes"]["test.shop.t"] = model(
        "test.shop.t", ["model.shop.a"], config={"severity": "ERROR", "enabled": True}
    )
    data["sources"] = {}
    root = written(tmp_path, data, "model")
    for _ in range(times(200)):
        text = json.dumps(mutant(random, data))
        (root / "manifest.json").write_text(text)
        assert_coded(lambda: validated(root), count, text)
    print(count)
