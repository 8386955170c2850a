"""The orchestrators' environments, and how what is measured in them is told."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROBES = Path(__file__).with_name("probes")
PEERS = Path(__file__).with_name("peers")

Costs = Mapping[str, Sequence[float]]
"""CPU seconds by what was measured, one number a round."""


def environment(lane: str, scratch: Path, **variables: str) -> dict[str, str]:
    """Return the variables for a process of a lane: it compiles to `scratch`, and calls nobody."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return inherited | {
        "PATH": os.pathsep.join([str(ROOT / ".venv" / lane / "bin"), os.environ["PATH"]]),
        "PYTHONPYCACHEPREFIX": str(scratch / "bytecode"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
        "DAGSTER_DISABLE_TELEMETRY": "true",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        **variables,
    }


def probe(lane: str, name: str, env: Mapping[str, str], *args: object) -> Any:
    """Return the answer of a probe, run by a lane's Python.

    Raises RuntimeError with what it said if it fails.
    """
    python = ROOT / ".venv" / lane / "bin" / "python"
    command: list[str | Path] = [python, PROBES / f"{name}.py", *map(str, args)]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"{name} failed:\n{ran.stderr[-4000:]}")
    return json.loads(ran.stdout.splitlines()[-1])


def render(folder: Path, *options: str) -> None:
    """Render a pipegen project."""
    python = ROOT / ".venv" / "dev" / "bin" / "python"
    command: list[str | Path] = [python, "-m", "pipegen", "render", *options]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"render failed:\n{ran.stderr[-4000:]}")


def table(title: str, rows: Mapping[str, Costs], parts: Sequence[str]) -> None:
    """Print the best of each cost, and how many times the first row's best it is.

    The last column says by how much the worst round of the largest was above its best.
    """
    cells = [["CPU seconds", *parts, "spread"]]
    first = next(iter(rows.values()))
    for name, costs in rows.items():
        measured = [_cell(costs[part], first[part]) for part in parts]
        largest = max((costs[part] for part in parts), key=min)
        spread = max(largest) / min(largest) - 1
        cells.append([name, *measured, f"{spread:.0%}"])
    grid(title, cells)


def grid(title: str, cells: Sequence[Sequence[str]]) -> None:
    """Print rows of text, the first of which is the head, as Markdown has tables."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    print(f"\n{title}\n")
    for line in (cells[0], rule, *cells[1:]):
        filled = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        print(f"| {line[0].ljust(widths[0])} | {' | '.join(filled)} |", flush=True)


def _cell(rounds: Sequence[float], beside: Sequence[float]) -> str:
    best = min(rounds)
    return f"{best:.3f}" if rounds is beside else f"{best:.3f} {best / min(beside):6.1f}x"
