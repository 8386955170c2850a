"""Write rendered files, or say what writing them would change.

Nothing is written outside the folder it is meant for, and no file that pipegen did not write,
or that somebody edited since, is ever replaced. Every folder on the way is opened relative to
the one above it and never through a link; a file is replaced whole or not at all.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from pathlib import Path, PurePosixPath

from pipegen import problems
from pipegen.diagnostics import Diagnostic, Span
from pipegen.files import RenderedFile

_SEAL = re.compile(
    rb'^(# pipegen-sha256: |[ \t{]*"pipegen-sha256": ")([0-9a-f]{64})(?=$|")', re.MULTILINE
)
_UNSEALED = b"0" * 64
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}", re.ASCII)
_SUFFIXES = frozenset((".py", ".yaml", ".yml", ".json", ".toml", ".txt"))
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Ownership(StrEnum):
    """Whose a file is: pipegen's as it left it, pipegen's with edits, or somebody else's."""

    OWNED = "owned"
    EDITED = "edited"
    FOREIGN = "foreign"


class Status(StrEnum):
    """What writing a file does, or why it is refused."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    EDITED = "edited"
    FOREIGN = "foreign"
    UNSAFE = "unsafe"

    @property
    def is_refusal(self) -> bool:
        """Whether the file, and with it its whole group, is left as it is."""
        return self in (Status.EDITED, Status.FOREIGN, Status.UNSAFE)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at `path`, relative to the root; `detail` says why it is not safe."""

    path: PurePosixPath
    status: Status
    detail: str = ""


class _UnsafeError(Exception):
    """A path leads through something that is no plain folder, or to no plain file."""


def seal(text: str) -> bytes:
    """Return the bytes to write: the hash of the text stands where its zeros were."""
    data = text.encode("utf-8")
    found = _SEAL.search(data)
    if found is None or found[2] != _UNSEALED:
        raise ValueError("a rendered file has no `pipegen-sha256` of zeros to fill")
    return _with_hash(data, found, hashlib.sha256(data).hexdigest().encode())


def ownership(data: bytes) -> Ownership:
    """Tell whose a file is by the hash it carries. Line ends that git converted are no edit."""
    data = _canonical(data)
    found = _SEAL.search(data)
    if found is None:
        return Ownership.FOREIGN
    unsealed = _with_hash(data, found, _UNSEALED)
    same = hashlib.sha256(unsealed).hexdigest().encode() == found[2]
    return Ownership.OWNED if same else Ownership.EDITED


def inspect(root: Path, out: PurePosixPath, file: RenderedFile) -> Finding:
    """Return what `write` would do with one file; nothing is touched."""
    path = out / file.path
    try:
        old = _read(root, path)
    except _UnsafeError as error:
        return Finding(path, Status.UNSAFE, str(error))
    if old is None:
        return Finding(path, Status.CREATED)
    match ownership(old):
        case Ownership.FOREIGN:
            return Finding(path, Status.FOREIGN)
        case Ownership.EDITED:
            return Finding(path, Status.EDITED)
    same = _canonical(old) == seal(file.text)
    return Finding(path, Status.UNCHANGED if same else Status.UPDATED)


def write(root: Path, out: PurePosixPath, files: Iterable[RenderedFile]) -> tuple[Finding, ...]:
    """Write a group of files below `root / out` and return what was done with each.

    If one of them is refused, none is written: the others then say what would have been done.
    """
    files = tuple(files)
    findings = tuple(inspect(root, out, file) for file in files)
    if any(finding.status.is_refusal for finding in findings):
        return findings
    return tuple(
        _written(root, finding, seal(file.text))
        for file, finding in zip(files, findings, strict=True)
    )


def difference(root: Path, out: PurePosixPath, file: RenderedFile) -> str:
    """Return the unified diff from the file on disk to the rendered one; empty when equal.

    Nothing is read, and the diff is empty, where the path is not safe.
    """
    path = out / file.path
    try:
        old = _read(root, path)
    except _UnsafeError:
        return ""
    before = "" if old is None else _canonical(old).decode("utf-8", errors="replace")
    name = "/dev/null" if old is None else f"a/{path}"
    lines = unified_diff(_lines(before), _lines(seal(file.text).decode()), name, f"b/{path}")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def orphans(root: Path, out: PurePosixPath, kept: Set[PurePosixPath]) -> tuple[PurePosixPath, ...]:
    """Return the files below `out` that pipegen wrote and no longer generates, sorted.

    `kept` are paths relative to `out`, as rendered files have them; what is returned is
    relative to `root`. Edited files are somebody's work and are not among them.
    """
    try:
        with _folder(root, _plain(out)) as top:
            found = tuple(path for path in _generated(top) if path not in kept)
    except (_UnsafeError, FileNotFoundError):
        return ()
    return tuple(sorted(out / path for path in found))


def diagnostic(finding: Finding) -> Diagnostic | None:
    """Return what to tell of a finding when nothing may be written; None if all is well."""
    path = str(finding.path)
    span = Span(path)
    match finding.status:
        case Status.CREATED:
            return problems.out_of_date(path, "missing", span)
        case Status.UPDATED:
            return problems.out_of_date(path, "out of date", span)
        case Status.EDITED:
            return problems.edited_file(path, span)
        case Status.FOREIGN:
            return problems.foreign_file(path, span)
        case Status.UNSAFE:
            return problems.unsafe_path(path, finding.detail, span)
    return None


def _with_hash(data: bytes, found: re.Match[bytes], digest: bytes) -> bytes:
    return data[: found.start(2)] + digest + data[found.end(2) :]


def _canonical(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _plain(path: PurePosixPath) -> tuple[str, ...]:
    """Return the segments of a path; raise _UnsafeError unless each is the name of a file."""
    for segment in path.parts:
        if not _SEGMENT.fullmatch(segment):
            raise _UnsafeError(f"{segment!r} is no plain name")
    return path.parts


def _split(path: PurePosixPath) -> tuple[tuple[str, ...], str]:
    """Return the folders and the name of a file; raise _UnsafeError if it may not be written."""
    segments = _plain(path)
    if path.suffix not in _SUFFIXES:
        raise _UnsafeError(f"{path.suffix!r} is no suffix of a generated file")
    return segments[:-1], segments[-1]


@contextmanager
def _folder(root: Path, segments: Iterable[str], create: bool = False) -> Iterator[int]:
    """Open a folder below `root`, segment by segment and through no link."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for segment in segments:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(segment, dir_fd=folder)
            below = _open_folder(segment, folder)
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)


def _open_folder(name: str, folder: int) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise _UnsafeError(f"'{name}' is a link, or no folder") from None
        raise


def _read(root: Path, path: PurePosixPath) -> bytes | None:
    """Return the bytes of a plain file below `root`, or None if there is none."""
    folders, name = _split(path)
    try:
        with _folder(root, folders) as folder:
            return _contents(name, folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _UnsafeError(error.strerror or str(error)) from None


def _contents(name: str, folder: int) -> bytes:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(found.st_mode):
        raise _UnsafeError("it is a link, or no plain file")
    if found.st_nlink > 1:
        raise _UnsafeError("it has another name too (a hard link)")
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb") as stream:
        return stream.read()


def _written(root: Path, finding: Finding, data: bytes) -> Finding:
    if finding.status is Status.UNCHANGED:
        return finding
    folders, name = _split(finding.path)
    try:
        with _folder(root, folders, create=True) as folder:
            _replace(name, data, folder)
    except _UnsafeError as error:
        return Finding(finding.path, Status.UNSAFE, str(error))
    except OSError as error:
        return Finding(finding.path, Status.UNSAFE, error.strerror or str(error))
    return finding


def _replace(name: str, data: bytes, folder: int) -> None:
    draft = f".{os.urandom(8).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, 0o666, dir_fd=folder), "wb") as stream:
            stream.write(data)
        os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        if draft in os.listdir(folder):
            os.unlink(draft, dir_fd=folder)
        raise


def _generated(top: int) -> Iterator[PurePosixPath]:
    """Yield the plain files below an open folder that pipegen wrote and nobody edited."""
    for parent, folders, names, folder in os.fwalk(".", dir_fd=top, follow_symlinks=False):
        folders[:] = sorted(name for name in folders if _SEGMENT.fullmatch(name))
        for name in names:
            path = PurePosixPath(parent, name)
            try:
                _split(path)
                if ownership(_contents(name, folder)) is Ownership.OWNED:
                    yield path
            except (_UnsafeError, OSError):
                continue
