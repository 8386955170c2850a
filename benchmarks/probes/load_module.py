"""Load files of Dagster definitions or of Prefect flows, and print what each load cost.

    python load_module.py ROUNDS PACKAGE[,PACKAGE] FILE...

One process imports the packages and forks for each load. The answer is one JSON object a file:
CPU seconds, a list of one number a round. `new` is a file nobody has compiled, `first` one with
bytecode. Where a file has `defs`, loading is done when Dagster has resolved them.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from importlib import import_module
from importlib.util import cache_from_source, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from forks import forked, spent


def main() -> None:
    """Load each file in turn, so many times, and print the costs."""
    rounds, packages, files = int(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:]
    for package in packages:
        import_module(package)
    costs: list[dict[str, Any]] = [defaultdict(list) for _ in files]
    for _ in range(rounds):
        for file, cost in zip(files, costs, strict=True):
            Path(cache_from_source(file)).unlink(missing_ok=True)
            for part in ("new", "first"):
                cost[part].append(forked(lambda file=file: spent(load, file)[0]))
    print(json.dumps(costs))


def load(file: str) -> None:
    """Import a file, and resolve what it defines."""
    spec = spec_from_file_location(Path(file).stem, file)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    if hasattr(module, "defs"):
        import dagster

        dagster.Definitions.validate_loadable(module.defs)


if __name__ == "__main__":
    main()
