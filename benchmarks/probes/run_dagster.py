"""Run the job of a file of Dagster definitions in this process.

python run_dagster.py FILE JOB
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from tempfile import TemporaryDirectory

import dagster as dg


def main() -> None:
    """Run it; fail if it does."""
    spec = spec_from_file_location("definitions", sys.argv[1])
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    job = module.defs.resolve_job_def(sys.argv[2])
    with TemporaryDirectory() as home, dg.DagsterInstance.local_temp(home) as instance:
        assert job.execute_in_process(instance=instance).success


if __name__ == "__main__":
    main()
