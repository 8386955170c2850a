"""What people find jobs and assets by: descriptions, owners, tags and metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pipegen import ir
from pipegen.backends.dagster.names import listed
from pipegen.backends.dagster.views import Labels
from pipegen.emit import Code, literal

NO_TAGS: Mapping[str, str] = MappingProxyType({})

_EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,7}")
_TAG = re.compile(r"[A-Za-z0-9_.-]{1,63}")


def labels(
    node: ir.Pipeline | ir.Task,
    owner: str | None,
    metadata: Mapping[str, str | None],
    tags: Mapping[str, str] = NO_TAGS,
) -> Labels:
    """Return what a job or an asset is found by; `metadata` has no place of its own.

    `tags` are more than those of the node: Dagster's own.
    """
    valid = [tag for tag in node.tags if _TAG.fullmatch(tag)]
    refused = {"tags": ", ".join(tag for tag in node.tags if tag not in valid)}
    told = {name: text for name, text in {**metadata, **refused}.items() if text}
    return Labels(
        description=node.description,
        owners=owners(owner) if owner else None,
        tags=literal({**dict.fromkeys(valid, ""), **tags}) if valid or tags else None,
        metadata=literal(told) if told else None,
    )


def owners(owner: str) -> Code:
    """Return the list of who owns an asset."""
    return listed((_owner(owner),), beside=20)


def _owner(owner: str) -> str:
    """Return an owner as Dagster takes one: an address, or a team."""
    is_valid = _EMAIL.fullmatch(owner) or (owner.startswith("team:") and owner != "team:")
    return owner if is_valid else f"team:{owner}"
