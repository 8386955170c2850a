"""Ways out: what a person may have meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def either(words: Sequence[str]) -> str:
    """Return words as a choice: `a, b or c`."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def alike(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like `name`, if one is much like it."""
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return close[0] if close else None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return a help text that offers the known name most like `name`, if one is."""
    close = alike(name, known)
    return f"did you mean '{close}'?" if close else None


def offer(name: str, known: Iterable[str], what: str) -> str:
    """Return `nearest`, or the list of what is known."""
    names = sorted(set(known))
    listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return nearest(name, names) or (f"{what}: {listed}" if names else f"there are no {what}")
