"""Start what runs pipelines live, on the loopback interface, and wait for what it does.

Imported by the scripts that run in an orchestrator's own environment, and by the tests.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 480.0


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@contextmanager
def running(log: Path, *command: str | Path, **options: Any) -> Iterator[None]:
    """Run a command until the block ends, and tell the end of its log if the block fails."""
    with log.open("ab") as out:
        options = {"stdout": out, "stderr": out, "start_new_session": True, **options}
        process = subprocess.Popen(command, **options)
    try:
        yield
    except BaseException as error:
        error.add_note(f"{log.name}:\n{log.read_text(errors='replace')[-4000:]}")
        raise
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        finally:
            with suppress(ProcessLookupError):  # unless it left something behind
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(question: Callable[[], Any], what: object = None) -> Any:
    """Return the first answer that is true; `what` says what was waited for if none is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(0.2)
    raise TimeoutError(what or question)


def listens(port: int) -> bool:
    """Return whether somebody listens on a port."""
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0


def told(script: Path, python: Path, *arguments: object, **environment: object) -> list[str]:
    """Run a script in an orchestrator's environment, and return the lines it prints."""
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    given = {name: str(value) for name, value in environment.items()}
    done = subprocess.run(
        [str(part) for part in (python, script, *arguments)],
        env={**os.environ, "PATH": path, "DO_NOT_TRACK": "1", **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-8000:]
    return done.stdout.splitlines()
