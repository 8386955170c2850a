"""What `pipegen validate` costs, in CPU time, beside something run in the same minute.

    python benchmarks/validate.py

prints three ratios: validating one file against an interpreter that does nothing, reading a
specification against PyYAML's C loader, and a thousand pipelines against one.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

import yaml

from pipegen.source import parse

PROJECT = """\
version: 1
project: benchmark
backends: {airflow: {}, dagster: {}, prefect: {}}
connections:
  hook: {kind: http, url: "${ENV:HOOK_URL}", token: "${ENV:HOOK_TOKEN}"}
vars: {folder: exports}
defaults: {owner: data, retries: 2}
"""
PIPELINE = """\
# yaml-language-server: $schema=../schemas/pipeline.schema.json
version: 1
pipeline: load_NUMBER
description: Orders and customers of shop NUMBER, then the report
owner: data-engineering
tags: [sales, shop_NUMBER]
schedule:
  cron: "30 5 * * 1-5"
  timezone: Europe/Rome
  start: 2026-01-01
sources:
  orders:
    kind: python
    callable: ingest.orders:load
    args: {day: "{{ run.date }}", shop: NUMBER, folder: "${var.folder}/orders"}
    retries: {count: 4, delay: 30s}
  customers:
    kind: shell
    command: [python, -m, ingest.customers, --day, "{{ run.date }}", --shop, "NUMBER"]
    env: {TOKEN: "${ENV:SHOP_TOKEN}"}
  products:
    kind: http
    connection: hook
    path: /products/NUMBER
    query: {since: "{{ run.date }}"}
transforms:
  clean:
    kind: python
    callable: transform.clean:run
    depends_on: [orders, customers, products]
    description: Puts the three together
activations:
  report:
    kind: python
    callable: report.daily:write
    args: {folder: "${var.folder}", day: "{{ run.date }}"}
    depends_on: [clean]
  tell:
    kind: http
    connection: hook
    path: /done
    body: {shop: NUMBER, day: "{{ run.date }}", note: the report is there}
    depends_on: [report]
"""


def main() -> None:
    """Measure, and print the ratios."""
    with tempfile.TemporaryDirectory() as scratch:
        one, many = (project(Path(scratch) / str(count), count) for count in (1, 1000))
        nothing = spent([sys.executable, "-c", "pass"], one, times=30)
        cold = spent([sys.executable, "-m", "pipegen", "validate"], one, times=10)
        thousand = spent([sys.executable, "-m", "pipegen", "validate"], many, times=3)
    text = PIPELINE.replace("NUMBER", "7")
    ours = each(lambda: parse(text, "pipeline.yaml"))
    theirs = each(lambda: yaml.load(text, Loader=yaml.CSafeLoader))
    print(f"python -c pass                   {nothing * 1000:8.1f} ms")
    print(f"validate, one file               {cold * 1000:8.1f} ms  {cold / nothing:5.1f} x")
    print(f"validate, 1000 more              {(thousand - cold) * 1000:8.1f} ms")
    print(f"PyYAML's C loader, one file      {theirs * 1e6:8.1f} us")
    print(f"pipegen's loader, one file       {ours * 1e6:8.1f} us  {ours / theirs:5.2f} x")


def project(folder: Path, count: int) -> Path:
    """Write a project of `count` pipelines; return its folder."""
    (folder / "pipelines").mkdir(parents=True)
    (folder / "pipegen.yaml").write_text(PROJECT, encoding="utf-8")
    for number in range(count):
        text = PIPELINE.replace("NUMBER", str(number))
        (folder / "pipelines" / f"load_{number}.yaml").write_text(text, encoding="utf-8")
    return folder


def spent(command: list[str], folder: Path, times: int) -> float:
    """Return the CPU seconds of one run of a command, after one that fills the caches."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def run() -> None:
        subprocess.run(command, cwd=folder, env=env, capture_output=True, check=True)

    run()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(times):
        run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / times


def each(call: Callable[[], object], times: int = 500) -> float:
    """Return the CPU seconds of one call."""
    start = process_time()
    for _ in range(times):
        call()
    return (process_time() - start) / times


if __name__ == "__main__":
    main()
