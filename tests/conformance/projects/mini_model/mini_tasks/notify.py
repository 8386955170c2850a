"""The shell task: `python -m mini_tasks.notify 2026-01-05` logs the day as the task `notify`."""

import sys

from mini_tasks.log import attempt

if __name__ == "__main__":
    attempt("notify", day=sys.argv[1])
