"""The shell task: it logs the day as the task `notify`, if it is told the same day twice.

python -m mini_tasks.notify 2026-01-05 05.01.2026
"""

import sys
from datetime import datetime

from mini_tasks.log import attempt

if __name__ == "__main__":
    _, day, formatted = sys.argv
    if datetime.strptime(formatted, "%d.%m.%Y").date().isoformat() != day:
        sys.exit(f"{formatted} is not {day}")
    attempt("notify", day=day)
