"""Bring a compilation to disk, or compare it with what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from pipegen import exposures, output, problems
from pipegen.backends import Target
from pipegen.compiler import Compilation, Compiled
from pipegen.diagnostics import Diagnostic, Span
from pipegen.files import Output
from pipegen.output import Finding, Status
from pipegen.project import Project

REFUSED = (Status.EDITED, Status.FOREIGN, Status.UNSAFE)
CHANGED = (Status.CREATED, Status.UPDATED)


@dataclass(frozen=True, slots=True)
class Parcel:
    """Outputs that are written together or not at all, below `root`.

    `shared` ones are of all pipelines, and wait until each of these is written.
    """

    root: Path
    outputs: tuple[Output, ...]
    shared: bool = False


def parcels(
    compilation: Compilation, chosen: Iterable[str], root: Path, out: Path | None
) -> tuple[Parcel, ...]:
    """Return what is to be written: a parcel for each chosen pipeline, one for shared files.

    With `out` everything goes below that folder instead, each back end in one of its own,
    and no lock is written.
    """
    wanted = set(chosen)
    found = [Parcel(root, c.outputs) for c in compilation.pipelines if c.file in wanted]
    found.append(Parcel(root, compilation.shared, shared=True))
    if out is not None:
        found = [replace(item, root=out, outputs=tuple(_below(item.outputs))) for item in found]
    return tuple(item for item in found if item.outputs)


def _below(outputs: Iterable[Output]) -> Iterator[Output]:
    for item in outputs:
        if item.backend:
            yield Output(PurePosixPath(item.backend), item.files, item.backend)


def inspect(parcel: Parcel) -> tuple[Finding, ...]:
    """Compare a parcel with what is on disk."""
    return tuple(
        output.inspect(parcel.root, item.out, file)
        for item in parcel.outputs
        for file in item.files
    )


def write(parcels: Iterable[Parcel]) -> Iterator[Finding]:
    """Write each parcel, and yield what was done, or what forbids to write any of it."""
    complete = True
    for parcel in parcels:
        if parcel.shared and not complete:
            continue
        parcel.root.mkdir(parents=True, exist_ok=True)
        refused = [finding for finding in inspect(parcel) if finding.status in REFUSED]
        complete = complete and not refused
        yield from refused
        for item in parcel.outputs if not refused else ():
            yield from output.write(parcel.root, item.out, item.files)


def difference(parcel: Parcel) -> str:
    """Return the unified diff from what is on disk to a parcel."""
    return "".join(
        output.difference(parcel.root, item.out, file)
        for item in parcel.outputs
        for file in item.files
    )


_DRIFT = {
    Status.CREATED: "missing",
    Status.UPDATED: "out of date",
    Status.EDITED: "edited by hand",
    Status.FOREIGN: "in the way: pipegen did not write it",
}


def drift(parcel: Parcel) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each file of a parcel that is not on disk as it should be."""
    for finding in inspect(parcel):
        path = str(finding.path)
        if finding.status in _DRIFT:
            yield problems.out_of_date(path, _DRIFT[finding.status], Span(path))
        elif problem := output.diagnostic(finding):
            yield problem


def orphans(
    project: Project,
    compilation: Compilation,
    targets: Mapping[str, Target],
    *,
    expose: bool = False,
) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each file pipegen wrote once and no pipeline makes any more.

    With `expose` exposures are among them, unless an error keeps these from being made.
    """
    outputs = [o for c in compilation.pipelines for o in c.outputs] + [*compilation.shared]
    folders = {project.locks, *(target.out for target in targets.values())}
    if expose and not any(problem.is_error for problem in compilation.diagnostics):
        folders.update(exposures.folders(project))
    for out in sorted(folders):
        kept = {file.path for item in outputs if item.out == out for file in item.files}
        for path in output.orphans(project.root, out, kept):
            if out == project.locks and path.parent != out:
                continue  # the lock of an environment
            yield problems.orphan(str(path), Span(str(path)))


@contextmanager
def script(root: Path, compiled: Compiled, target: Target) -> Iterator[Path]:
    """Yield the path of a pipeline's headless script: as committed if it is current.

    Otherwise a copy of the current one stands beside it while the block runs, for the
    script finds the project from where it stands.
    """
    (item,) = (item for item in compiled.outputs if item.backend == "headless")
    (file,) = (file for file in item.files if file.path.suffix == ".py")
    finding = output.inspect(root, item.out, file)
    if finding.status is Status.UNCHANGED:
        yield root / item.out / file.path
        return
    folder = root / item.out / file.path.parent
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix=".pipegen-", dir=folder.parent) as scratch:
            path = Path(scratch) / file.path.name
            path.write_bytes(output.seal(file.text))
            yield path
    finally:
        for parent in made:
            parent.rmdir()
