"""Read a dbt manifest: JSON in, typed resources out, dbt-core not needed."""

from __future__ import annotations

import gc
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipegen.bounded import read_bytes

MAX_BYTES = 200 * 1024 * 1024
"""The largest manifest that is read."""

SCHEMA_VERSION = 12
"""The version of the manifest's schema that is read; dbt-core 1.8 and later write it, and dbt 2.

dbt 2, which is written in Rust, leaves out what is null where dbt-core writes the null, and has
nulls where dbt-core has an empty object or list.
"""

COLLECTIONS = (
    "nodes",
    "sources",
    "exposures",
    "unit_tests",
    "functions",
    "metrics",
    "semantic_models",
    "saved_queries",
)
"""The keys of a manifest that hold what a graph is made of, by unique id."""

_SCHEMA = re.compile(r"/manifest/v(\d+)\.json")
_REFABLE = frozenset({"model", "seed", "snapshot"})


class ManifestError(Exception):
    """The manifest cannot be used; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class DbtResource:
    """Something dbt knows by a unique id: a model, a test, a source's table.

    `parents` are the unique ids it depends on, sources among them. `severity` is `error` or
    `warn`, and None for what is no test. `source_name` is set for a source's table alone;
    `identifier` is what the table or relation is called in the warehouse, `meta` are the
    keys of its meta data whose values are true. `thresholds` are the ages dbt holds a source's
    table against: `warn`, `error`.
    """

    unique_id: str
    name: str
    package: str
    resource_type: str
    fqn: tuple[str, ...]
    path: str
    version: str | None
    parents: tuple[str, ...]
    materialized: str | None
    severity: str | None
    source_name: str | None
    identifier: str | None
    description: str
    owner: str | None
    tags: tuple[str, ...]
    meta: tuple[str, ...] = ()
    thresholds: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Manifest:
    """A dbt project as dbt last parsed it; disabled resources are left out.

    `digest` sums up its bytes. `raw` is the document itself, for dbt's own code; nothing here or
    there changes it.
    """

    path: Path
    project_name: str
    resources: Mapping[str, DbtResource]
    digest: str
    raw: Mapping[str, Any]

    def sources(self) -> tuple[DbtResource, ...]:
        """Return the tables of all sources, by unique id."""
        return self._sources

    @cached_property
    def _sources(self) -> tuple[DbtResource, ...]:
        return tuple(r for r in self.resources.values() if r.resource_type == "source")

    def find(self, reference: str) -> tuple[DbtResource, ...]:
        """Return what `reference` may mean, by unique id.

        It is `model`, `package.model`, `model.v2`, `source.table` or `package.source.table`; a
        seed or a snapshot is named as a model is. As in dbt, a versioned model without a
        version is its latest.
        """
        return tuple(self.resources[unique_id] for unique_id in self._named.get(reference, ()))

    @cached_property
    def references(self) -> tuple[str, ...]:
        """Everything `find` has an answer for, sorted."""
        return tuple(sorted(self._named))

    @cached_property
    def _named(self) -> Mapping[str, tuple[str, ...]]:
        named: defaultdict[str, set[str]] = defaultdict(set)
        for resource in self.resources.values():
            for name in self._names(resource):
                named[name].add(resource.unique_id)
                named[f"{resource.package}.{name}"].add(resource.unique_id)
        return {name: tuple(sorted(unique_ids)) for name, unique_ids in named.items()}

    def _names(self, resource: DbtResource) -> Iterator[str]:
        if resource.resource_type == "source":
            yield f"{resource.source_name}.{resource.name}"
        elif resource.resource_type in _REFABLE:
            if resource.version is None:
                yield resource.name
                return
            yield f"{resource.name}.v{resource.version}"
            latest = self.raw["nodes"][resource.unique_id].get("latest_version")
            if str(latest) == resource.version:
                yield resource.name


def load(path: Path) -> Manifest:
    """Read the manifest at `path`.

    Raises FileNotFoundError if there is none, ManifestError if it is not one pipegen reads.
    """
    with all_kept():
        content = _content(path)
        raw = _document(content)
        _check_schema(raw)
        return _manifest(path, raw, sha256(content).hexdigest())


@contextmanager
def all_kept() -> Iterator[None]:
    """Put off the search for garbage, half the time it takes to read a large manifest."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _manifest(path: Path, raw: Mapping[str, Any], digest: str) -> Manifest:
    try:
        owners = {key: _owner(group) for key, group in _entries(raw, "groups")}
        resources = {
            unique_id: _resource(unique_id, entry, owners)
            for collection in COLLECTIONS
            for unique_id, entry in _entries(raw, collection)
            if (entry.get("config") or {}).get("enabled") is not False
        }
        project_name = str(raw["metadata"].get("project_name") or "")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ManifestError(f"not a manifest dbt wrote: {error!r}") from error
    return Manifest(path, project_name, dict(sorted(resources.items())), digest, raw)


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path, MAX_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}") from error


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        raw = json.loads(content)
    except RecursionError as error:
        raise ManifestError("nested too deeply") from error
    except ValueError as error:
        raise ManifestError(f"not valid JSON: {error}") from error
    if not isinstance(raw, dict):
        raise ManifestError("not a dbt manifest: the document is not an object")
    return raw


def _check_schema(raw: Mapping[str, Any]) -> None:
    metadata = raw.get("metadata")
    schema = metadata.get("dbt_schema_version") if isinstance(metadata, dict) else None
    found = _SCHEMA.search(schema) if isinstance(schema, str) else None
    if found is None:
        raise ManifestError("not a dbt manifest: no `metadata.dbt_schema_version` of a manifest")
    if found[1] != str(SCHEMA_VERSION):
        is_older = len(found[1]) < 4 and int(found[1]) < SCHEMA_VERSION
        way = "parse" if is_older else "use a newer pipegen, or parse"
        raise ManifestError(
            f"{_writer(metadata)}schema v{found[1][:9]} is not supported, v{SCHEMA_VERSION} is: "
            f"{way} the project with {'dbt-core 1.8 or newer' if is_older else 'an older dbt'}"
        )


def _writer(metadata: Any) -> str:
    version = metadata.get("dbt_version")
    is_one = isinstance(version, str) and re.fullmatch(r"[\w.+-]{1,40}", version)
    return f"dbt {version} wrote it, and " if is_one else ""


def _entries(raw: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    entries = raw.get(key)
    yield from () if entries is None else entries.items()


def _resource(unique_id: str, entry: Any, owners: Mapping[str, str | None]) -> DbtResource:
    config = entry.get("config") or {}
    package = str(entry["package_name"])
    group = entry.get("group") or config.get("group")
    return DbtResource(
        unique_id=unique_id,
        name=str(entry["name"]),
        package=package,
        resource_type=str(entry["resource_type"]),
        fqn=_strings(entry.get("fqn")),
        path=str(entry.get("original_file_path") or ""),
        version=_text(entry.get("version")),
        parents=tuple(sorted(set(_strings((entry.get("depends_on") or {}).get("nodes"))))),
        materialized=_text(config.get("materialized")),
        severity=_severity(entry, config),
        source_name=_text(entry.get("source_name")),
        identifier=_text(entry.get("identifier") or entry.get("alias")),
        description=str(entry.get("description") or ""),
        owner=(
            _named_owner(entry.get("meta"))
            or _named_owner(config.get("meta"))
            or _named_owner(entry.get("source_meta"))
            or _owner(entry)
            or owners.get(f"group.{package}.{group}")
        ),
        tags=tuple(sorted(set(_strings(entry.get("tags"))))),
        meta=_marks({**(entry.get("meta") or {}), **(config.get("meta") or {})}),
        thresholds=_thresholds(entry.get("freshness")),
    )


def _severity(entry: Any, config: Any) -> str | None:
    match entry["resource_type"]:
        case "test":
            return str(config.get("severity") or "error").lower()
        case "unit_test":
            return "error"
        case _:
            return None


def _thresholds(freshness: Any) -> tuple[str, ...]:
    if not isinstance(freshness, dict):
        return ()
    limits = {name: freshness.get(f"{name}_after") for name in ("warn", "error")}
    return tuple(name for name, limit in limits.items() if (limit or {}).get("count") is not None)


def _marks(meta: Mapping[Any, Any]) -> tuple[str, ...]:
    return tuple(sorted(str(key) for key, value in meta.items() if value is True))


def _named_owner(meta: Any) -> str | None:
    owner = meta.get("owner") if isinstance(meta, dict) else None
    return owner if isinstance(owner, str) and owner else None


def _owner(entry: Any) -> str | None:
    """Return who owns a group or an exposure: a name or, for want of one, an address."""
    owner = entry.get("owner")
    if not isinstance(owner, dict):
        return None
    email = owner.get("email")
    first = email[0] if isinstance(email, list) and email else email
    return next((text for text in (owner.get("name"), first) if isinstance(text, str)), None)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _strings(values: Any) -> tuple[str, ...]:
    return tuple(map(str, values or ()))
