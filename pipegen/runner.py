"""Run a generated headless script in a process of its own, and show what it tells.

The script is the engine: it writes what happens as lines of JSON (`--events`), and nothing else
is known of the run here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread, Timer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress

FAILED, REFUSED, INTERRUPTED = 1, 2, 130

_PATIENCE_SECONDS = 15
_STYLES = {"success": "green", "failed": "red"}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens in a run: `plan`, `start`, `attempt_failed`, `end` or `summary`.

    With the plan come `tasks`, the names of all, each after those it waits for, and the states
    of those that an earlier run has `done`.
    """

    name: str
    task: str = ""
    attempt: int = 0
    state: str = ""
    error: str = ""
    time: float = 0.0
    pipeline: str = ""
    tasks: tuple[str, ...] = ()
    done: Mapping[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The event as a line for people."""
        match self.name:
            case "plan":
                done = f", {len(self.done)} of them done before" if self.done else ""
                return f"{self.pipeline}: {len(self.tasks)} tasks{done}"
            case "start":
                return f"{self.task}: attempt {self.attempt}"
            case "attempt_failed":
                return f"{self.task}: attempt {self.attempt} failed: {_first_line(self.error)}"
            case "end":
                return f"{self.task}: {self.state}"
        return f"{self.pipeline}: {self.state}"


@dataclass(slots=True)
class Record:
    """What is known of a task: how it ended, or an empty state if it did not."""

    task: str
    state: str = ""
    attempts: int = 0
    started: float | None = None
    ended: float | None = None
    error: str = ""

    def note(self, event: Event) -> None:
        """Take in an event of the task."""
        self.attempts = event.attempt
        match event.name:
            case "start":
                self.started = self.started or event.time
            case "attempt_failed":
                self.error = event.error
            case "end":
                self.state, self.ended = event.state, event.time
                self.error = event.error or self.error

    @property
    def seconds(self) -> float | None:
        """How long it took, with all attempts and the delays between them."""
        return self.ended - self.started if self.started and self.ended else None


class Progressing:
    """Where progress is shown: a bar on a terminal, else lines, both on stderr."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None) if bar else None

    def show(self, event: Event) -> None:
        """Show an event."""
        if self._bar is None or self._task is None:
            print(f"{time.strftime('%H:%M:%S')} {event.sentence}", file=sys.stderr, flush=True)
            return
        if event.name in ("attempt_failed", "end"):
            self._bar.console.print(event.sentence, style=_STYLES.get(event.state, "yellow"))
        total = len(event.tasks) or None
        advance = int(event.name == "end") + len(event.done)
        self._bar.update(self._task, description=event.task, advance=advance, total=total)

    def log(self, lines: Iterable[str]) -> None:
        """Show what the tasks print."""
        for line in lines:
            if self._bar:
                from rich.text import Text

                self._bar.console.print(Text.from_ansi(line.rstrip("\n")))
            else:
                sys.stderr.write(line)
                sys.stderr.flush()


def run(script: Path, root: Path, options: Sequence[str] = ()) -> int:
    """Run a headless script in the project's root, with progress and a summary.

    `options` are arguments of the script. Return 0 if all went well, 1 if a task failed, 2 if
    the script refuses its arguments, and 130 if interrupted.
    """
    records: dict[str, Record] = {}
    pipeline = result = ""
    with _progressing() as progress, _process(script, root, options) as child:
        assert child.stdout
        assert child.stderr
        logs = Thread(target=progress.log, args=(child.stderr,), daemon=True)
        logs.start()
        with _Interrupts(child) as interrupts:
            for event in map(parse, child.stdout):
                if event.name != "summary":
                    progress.show(event)
                records |= {t: Record(t, event.done.get(t, "")) for t in event.tasks}
                pipeline = pipeline or event.pipeline
                if event.task:
                    records[event.task].note(event)
                result = event.state
            code = child.wait()
        if interrupts.count:
            code, result = INTERRUPTED, "interrupted"
        logs.join(_PATIENCE_SECONDS)  # a task may leave a process behind that holds stderr
    if not records and code == REFUSED:
        return REFUSED
    if code not in (0, FAILED, INTERRUPTED) or not result:
        print(f"the script stopped before its end (exit code {code})", file=sys.stderr)
        code, result = FAILED, "failed"
    _print_summary(pipeline, result, tuple(records.values()))
    return code


def parse(line: str) -> Event:
    """Read a line that the script wrote."""
    fields: dict[str, object] = json.loads(line)
    tasks, asked = fields.get("tasks"), fields.get("run")
    return Event(
        name=str(fields["event"]),
        task=str(fields.get("task", "")),
        attempt=int(str(fields.get("attempt", 0))),
        state=str(fields.get("state", "")),
        error=str(fields.get("error", "")),
        time=float(str(fields.get("time", 0))),
        pipeline=str(fields.get("pipeline", "")),
        tasks=tuple(task["name"] for task in tasks) if isinstance(tasks, list) else (),
        done=asked["done"] if isinstance(asked, dict) else {},
    )


def table(records: tuple[Record, ...]) -> tuple[str, ...]:
    """Return the lines of a summary, the heading first."""
    rows = [("task", "state", "attempts", "seconds", "error")]
    for record in records:
        seconds = "" if record.seconds is None else f"{record.seconds:.1f}"
        state = record.state or ("interrupted" if record.attempts else "not started")
        error = "" if state == "success" else _first_line(record.error)
        rows.append((record.task, state, str(record.attempts), seconds, error))
    names, states = (max(len(row[column]) for row in rows) for column in (0, 1))
    return tuple(
        f"{task:<{names}}  {state:<{states}}  {attempts:>8}  {seconds:>7}  {error}".rstrip()
        for task, state, attempts, seconds, error in rows
    )


@contextmanager
def _progressing() -> Iterator[Progressing]:
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield Progressing(None)
        return
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    columns = (
        progress.SpinnerColumn(),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.description}", markup=False),
    )
    with progress.Progress(*columns, console=console, transient=True) as bar:
        yield Progressing(bar)


@contextmanager
def _process(script: Path, root: Path, options: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Start the script where the user's modules can be imported, and with this Python's programs.

    It leads a group of its own, so that Ctrl-C reaches it once: from here.
    """
    command = [sys.executable, str(script.resolve()), "--events"]
    path = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    programs = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    with subprocess.Popen(
        [*command, *options],
        cwd=root,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path),
            "PATH": os.pathsep.join(programs),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as child:
        yield child


class _Interrupts:
    """Hands Ctrl-C on to the script and what it started, and ends them if that does not help.

    No exception is raised here: what the script tells before it ends is still read.
    """

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self.child = child
        self.count = 0
        self.timer = Timer(_PATIENCE_SECONDS, self._send, [signal.SIGKILL])

    def __enter__(self) -> Self:
        self.before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self.before)
        self.timer.cancel()

    def _interrupt(self, *_: object) -> None:
        self.count += 1
        self._send(signal.SIGINT if self.count == 1 else signal.SIGKILL)
        if self.count == 1:
            self.timer.start()

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, number)


def _print_summary(pipeline: str, result: str, records: tuple[Record, ...]) -> None:
    from rich.console import Console

    console = Console(markup=False, highlight=False, soft_wrap=True)
    heading, *lines = table(records)
    console.print(heading, style="bold")
    for record, line in zip(records, lines, strict=True):
        console.print(line, style=_STYLES.get(record.state, "yellow"))
    console.print(f"{pipeline}: {result}", style=_STYLES.get(result, "yellow"))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
