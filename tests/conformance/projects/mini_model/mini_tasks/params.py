"""What tasks are told of the parameters of a run, with the types it has when it arrives."""

import os
import sys

from mini_tasks.log import attempt


def note(**told: object) -> None:
    """Log what the task is told, and the type of each."""
    types = {name: type(value).__name__ for name, value in told.items()}
    attempt("note_params", told=told, types=types)


if __name__ == "__main__":
    attempt("shell_params", words=sys.argv[1:], share=os.environ["SHARE"])
