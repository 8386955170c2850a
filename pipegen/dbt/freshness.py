"""Whether a manifest still tells of the dbt project it was made from.

A manifest is another's text: it says which files to compare, and never which to open. Those are
the ones found below the project, where no link is followed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipegen.bounded import read_bytes
from pipegen.dbt.files import Found, found_in, inside
from pipegen.dbt.manifest import COLLECTIONS, Manifest
from pipegen.dbt.project import name_of

MAX_BYTES = 64 * 1024 * 1024
"""How much is read to be compared, of all files together."""

_CONFIGURATION = ("dbt_project.yml", "selectors.yml")
_MODELS = (".sql", ".py")
_HIDDEN = (".", "#", "~")


def doubt(manifest: Manifest, folder: Path) -> str | None:
    """Return why a manifest is not that of the dbt project in `folder`; None if it may be."""
    name = name_of(folder)
    if name and manifest.project_name and name != manifest.project_name:
        return f"it is of the project '{manifest.project_name}', and this is '{name}'"
    named = _named(manifest)
    try:
        written = manifest.path.stat().st_mtime_ns
        found = found_in(folder, {path.partition("/")[0] for path in named.files})
    except OSError:
        return None
    if found is None:
        return None
    version = str(manifest.raw["metadata"].get("dbt_version"))
    return next(_Comparison(folder, named, found, written, MAX_BYTES).doubts(version), None)


@dataclass(slots=True)
class _Named:
    """The files a manifest was made from: their checksums, macros, and the folders of models."""

    files: dict[str, str | None] = field(default_factory=dict)
    macros: dict[str, list[str]] = field(default_factory=dict)
    models: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Comparison:
    """What a manifest names, beside what there is; `left` is how much may still be read."""

    folder: Path
    named: _Named
    found: Found
    written: int
    left: int

    def doubts(self, version: str) -> Iterator[str]:
        """Yield what speaks against a manifest of a `version` of dbt; cheap things first."""
        yield from self._gone()
        yield from self._unknown()
        found = sorted(self.found.changed.items())
        newer = [path for path, changed in found if changed > self.written]
        summed = [path for path, _ in found if self.named.files.get(path)]
        compared = [path for path in newer if self.named.files.get(path)]
        if version.startswith("1."):  # another dbt may sum files up otherwise, as 1.12 does
            yield from self._changed(compared)
        if len(compared) < len(summed):  # in a fresh clone, all files are newer
            yield from self._newer(newer)

    def _gone(self) -> Iterator[str]:
        for path in sorted(self.named.files.keys() - self.found.changed.keys()):
            if not self.found.is_below_link(path):
                yield f"'{path}' is gone"

    def _unknown(self) -> Iterator[str]:
        if ".dbtignore" in self.found.changed:
            return  # it may have dbt leave any file out
        for path in sorted(self.found.changed.keys() - self.named.files.keys()):
            if _is_model(path, self.named.models):
                yield f"'{path}' is not in it"

    def _changed(self, paths: list[str]) -> Iterator[str]:
        for path in paths:
            content, known = self._content(path), self.named.files[path]
            if content is not None and not any(each == known for each in _checksums(content)):
                yield f"'{path}' has changed since"

    def _newer(self, paths: list[str]) -> Iterator[str]:
        """Yield files that are newer than the manifest, which has no checksum of them."""
        for path in paths:
            if path in self.named.macros:
                text = (self._content(path) or b"").decode("utf-8", "replace")
                if not all(macro in text for macro in self.named.macros[path]):
                    yield f"'{path}' has changed since"
            elif path in _CONFIGURATION or self.named.files.get(path, "") is None:
                yield f"'{path}' is newer"

    def _content(self, path: str) -> bytes | None:
        try:
            content = read_bytes(self.folder / path, self.left)
        except OSError:
            return None
        self.left -= len(content)
        return content


def _named(manifest: Manifest) -> _Named:
    """Return the files of the root project that a manifest names."""
    named = _Named()
    raw, package = manifest.raw, manifest.project_name
    for entry in _entries(raw):
        if not isinstance(entry, dict) or entry.get("package_name") != package:
            continue
        path = inside(entry.get("original_file_path"))
        if path is None or entry.get("resource_type") == "operation":
            continue
        if entry.get("resource_type") == "macro":
            named.files.setdefault(path, None)
            named.macros.setdefault(path, []).append(str(entry.get("macro_sql") or "").strip())
            continue
        named.files[path] = _checksum(entry.get("checksum")) or named.files.get(path)
        patch = str(entry.get("patch_path") or "").partition("://")
        if patch[0] == package and (properties := inside(patch[2])):
            named.files.setdefault(properties, None)
        below = "/" + (inside(entry.get("path")) or "")
        if entry.get("resource_type") == "model" and path.endswith(below):
            named.models.add(path.removesuffix(below))
    return named


def _entries(raw: Mapping[str, Any]) -> Iterator[Any]:
    for collection in (*COLLECTIONS, "macros", "docs"):
        entries = raw.get(collection)
        yield from entries.values() if isinstance(entries, dict) else ()
    disabled = raw.get("disabled")
    for entries in disabled.values() if isinstance(disabled, dict) else ():
        yield from entries if isinstance(entries, list) else ()


def _checksum(value: Any) -> str | None:
    is_known = isinstance(value, dict) and value.get("name") == "sha256"
    return str(value.get("checksum") or "") if is_known else None


def _is_model(path: str, folders: set[str]) -> bool:
    """Whether dbt takes a file for a model, in one of the folders where it has found some."""
    name = posixpath.basename(path)
    if not name.endswith(_MODELS) or name.startswith(_HIDDEN):
        return False
    return any(path.startswith(f"{folder}/") for folder in folders)


def _checksums(content: bytes) -> Iterator[str]:
    """Yield what dbt-core may have written for a file: from 1.12 on, white space counts as one."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return
    for form in (text.strip(), " ".join(text.split()), text.replace("\r\n", "\n").strip(), text):
        yield sha256(form.encode()).hexdigest()
