"""`pipegen run`, on scripts the headless back end writes."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest

from pipegen import ir
from pipegen.backends import Target
from pipegen.backends.headless import BACKEND
from pipegen.diagnostics import Span
from pipegen.render import render
from pipegen.runner import run

SPAN = Span("pipelines/mini.yaml")
NOTHING = ir.Fields(())
MODULE = """
import os, sys, time

def note(text):
    print("noted", text)
    with open("notes", "a") as notes:
        notes.write(text + "\\n")

def fail():
    raise ValueError("first line\\nsecond line")

def fail_once():
    if not os.path.exists("failed"):
        open("failed", "w").close()
        raise ValueError("once")

def sleep():
    print("sleeping in", os.getpid(), flush=True)
    time.sleep(600)

def leave():
    sys.exit("I leave")

def die():
    os._exit(9)

def kill_parent():
    os.kill(os.getppid(), 9)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a project whose tasks are the functions of `MODULE`."""
    (tmp_path / "steps.py").write_text(MODULE, encoding="utf-8")
    return tmp_path


def task(
    name: str, action: ir.Action, *upstream: str, retries: int = 0, timeout: float | None = None
) -> ir.Task:
    return ir.Task(
        name=name,
        stage=ir.Stage.SOURCE,
        action=action,
        dependencies=tuple(ir.Dependency(other, ir.Reason.DEPENDS_ON) for other in upstream),
        retries=ir.Retries(count=retries, delay=timedelta(seconds=0.01), span=SPAN),
        timeout=timedelta(seconds=timeout) if timeout else None,
        span=SPAN,
    )


def python(function: str, **args: ir.Value) -> ir.Python:
    fields = ir.Fields(tuple(args.items()))
    return ir.Python(module="steps", function=function, args=fields, span=SPAN)


def shell(*command: str) -> ir.Shell:
    return ir.Shell(command=command, env=NOTHING, span=SPAN)


def script(root: Path, *tasks: ir.Task) -> Path:
    pipeline = ir.Pipeline(name="mini", source="pipelines/mini.yaml", tasks=tasks, span=SPAN)
    target = Target(PurePosixPath("generated/headless"))
    (file,) = render(BACKEND.plan(pipeline, target), BACKEND.templates)
    path = root / target.out / file.path
    path.parent.mkdir(parents=True)
    path.write_text(file.text, encoding="utf-8")
    return path


def rows(summary: str) -> list[list[str]]:
    """Return task, state and attempts of each line of a summary."""
    return [line.split()[:3] for line in summary.splitlines()[1:-1]]


def test_a_run_in_which_all_goes_well_returns_zero(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = script(root, task("a", python("note", text="a")), task("b", shell("true"), "a"))
    assert run(path, root) == 0
    out, err = capfd.readouterr()
    assert rows(out) == [["a", "success", "1"], ["b", "success", "1"]]
    assert out.endswith("mini: success\n")
    assert "a: success" in err


def test_a_failure_stays_local_and_shows_its_first_line(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = script(
        root,
        task("bad", python("fail"), retries=1),
        task("below", python("note", text="below"), "bad"),
        task("beside", python("note", text="beside")),
    )
    assert run(path, root) == 1
    out, _ = capfd.readouterr()
    assert rows(out) == [
        ["bad", "failed", "2"],
        ["below", "upstream_failed", "0"],
        ["beside", "success", "1"],
    ]
    assert "ValueError: first line" in out
    assert "second line" not in out
    assert (root / "notes").read_text() == "beside\n"


def test_a_task_is_tried_again(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = script(root, task("a", python("fail_once"), retries=3))
    assert run(path, root) == 0
    assert rows(capfd.readouterr().out) == [["a", "success", "2"]]


def test_the_tasks_learn_the_date_of_the_run(root: Path) -> None:
    day = ir.RunValue(ir.RunField.DATE)
    path = script(root, task("a", python("note", text=day)))
    assert run(path, root, ["--date", "2026-02-03"]) == 0
    assert (root / "notes").read_text() == "2026-02-03\n"


def test_a_date_that_is_none_is_refused(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = script(root, task("a", python("note", text="a")))
    assert run(path, root, ["--date", "yesterday"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "yesterday" in err
    assert not (root / "notes").exists()


@pytest.mark.parametrize("action", [python("sleep"), shell("sleep", "600")])
def test_an_attempt_beyond_its_timeout_fails(
    root: Path, action: ir.Action, capfd: pytest.CaptureFixture[str]
) -> None:
    path = script(root, task("a", action, retries=1, timeout=0.2))
    assert run(path, root) == 1
    out, _ = capfd.readouterr()
    assert rows(out) == [["a", "failed", "2"]]
    assert "no end after 0.2 seconds" in out


def test_what_tasks_print_goes_to_stderr(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = script(
        root, task("a", python("note", text="x")), task("b", shell("echo", '{"event": "end"}'))
    )
    assert run(path, root) == 0
    out, err = capfd.readouterr()
    assert rows(out) == [["a", "success", "1"], ["b", "success", "1"]]
    assert "noted x\n" in err
    assert '{"event": "end"}\n' in err


def test_a_task_that_exits_fails_alone(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = script(root, task("a", python("leave")), task("b", python("note", text="b")))
    assert run(path, root) == 1
    out, _ = capfd.readouterr()
    assert rows(out) == [["a", "failed", "1"], ["b", "success", "1"]]
    assert "SystemExit: I leave" in out


def test_an_attempt_whose_process_dies_fails_alone(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = script(root, task("a", python("die"), retries=1), task("b", python("note", text="b")))
    assert run(path, root) == 1
    out, _ = capfd.readouterr()
    assert rows(out) == [["a", "failed", "2"], ["b", "success", "1"]]
    assert "the process died (exit code 9)" in out


def test_a_script_that_dies_is_a_failed_run(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = script(root, task("a", python("kill_parent")), task("b", python("note", text="b"), "a"))
    assert run(path, root) == 1
    out, err = capfd.readouterr()
    assert rows(out) == [["a", "interrupted", "1"], ["b", "not", "started"]]
    assert out.endswith("mini: failed\n")
    assert "exit code -9" in err


def started(path: Path, root: Path, **options: int) -> subprocess.Popen[str]:
    code = (
        "import sys; from pathlib import Path; from pipegen.runner import run;"
        "sys.exit(run(Path(sys.argv[1]), Path(sys.argv[2])))"
    )
    checkout = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(checkout), "TERM": "xterm"}
    command = [sys.executable, "-c", code, str(path), str(root)]
    return subprocess.Popen(command, env=environment, text=True, **options)  # type: ignore[call-overload,no-any-return]


def test_an_interrupt_ends_the_script_and_gives_130(root: Path) -> None:
    path = script(root, task("a", python("sleep"), retries=1), task("b", shell("true"), "a"))
    with started(path, root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        sleeper = pid(process.stderr)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert rows(out) == [["a", "interrupted", "1"], ["b", "not", "started"]]
    assert out.endswith("mini: interrupted\n")
    with pytest.raises(ProcessLookupError):
        os.kill(sleeper, 0)


def pid(lines: Iterator[str] | None) -> int:
    """Return the number of the process that says it is asleep."""
    for line in lines or ():
        if match := re.search(r"sleeping in (\d+)", line):
            return int(match[1])
    raise AssertionError("nothing went to sleep")


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_shows_a_bar_and_colours_only_if_wanted(
    root: Path, no_color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = script(root, task("a", python("note", text="a")), task("b", shell("true"), "a"))
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    reader, writer = pty.openpty()
    with started(path, root, stdout=writer, stderr=writer) as process:
        os.close(writer)
        shown = "".join(chunks(reader))
    assert process.returncode == 0
    assert "2/2" in shown
    assert "noted a" in shown
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]m", shown)) is not no_color


def chunks(terminal: int) -> Iterator[str]:
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            return
        if not chunk:
            return
        yield chunk.decode("utf-8", "replace")
