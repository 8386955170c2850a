"""Work in processes of its own, and what a call costs."""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def spent(call: Callable[[Argument], Result], argument: Argument) -> tuple[float, Result]:
    """Return the CPU seconds of a call, and what it returned."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    result = call(argument)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result


def forked(work: Callable[[], Result]) -> Result:
    """Return what a process of its own makes of the work, which JSON can hold.

    Raises RuntimeError if it failed.
    """
    reader, writer = os.pipe()
    if not (pid := os.fork()):
        try:
            os.write(writer, json.dumps(work()).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    if not text:
        raise RuntimeError("the work failed")
    result: Result = json.loads(text)
    return result
