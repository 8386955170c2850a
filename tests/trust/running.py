"""Run pipegen as a person does: its command line, in a process of its own with limits."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.trust.hostile import put, yaml

BACKENDS: dict[str, Any] = {"airflow": {}, "dagster": {}, "prefect": {}, "headless": {}}
PROJECT: dict[str, Any] = {"version": 1, "project": "p", "backends": BACKENDS}
TASK: dict[str, Any] = {"kind": "shell", "command": ["ls"]}
PIPELINE: dict[str, Any] = {"version": 1, "pipeline": "x", "sources": {"a": TASK}}


@dataclass(frozen=True)
class Limits:
    """What a process may use: address space in MiB, and seconds of processor time."""

    memory: int = 768
    seconds: int = 10

    def __call__(self) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (self.memory << 20, self.memory << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (self.seconds, self.seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def pipegen(
    folder: Path,
    *arguments: str,
    limits: Limits | None = None,
    program: Sequence[str] = ("-m", "pipegen"),
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run pipegen in a folder. Whatever `sys.path` finds here, it finds there too."""
    path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", **(env or {})},
        preexec_fn=limits,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=60,
        check=False,
    )


def project(root: Path, **files: Any) -> Path:
    """Write a project of one fine pipeline; `files` take the place of its data, by stem."""
    data = {"pipegen": PROJECT, "pipelines/x": PIPELINE, **files}
    for stem, tree in data.items():
        put(root / f"{stem}.yaml", yaml(tree))
    return root
