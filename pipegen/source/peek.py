"""Read a text or two of a YAML file of another's format, whatever else that file holds."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

MAX_DEPTH = 200
"""How deep a document may be nested."""


def top_level(text: str, key: str) -> str | None:
    """Return the text at `key` of the mapping a document is; None if there is none.

    Raises ValueError if the text is not YAML, or nested too deeply.
    """
    for name, value in _entries(text):
        if name == key and isinstance(value[0], yaml.ScalarEvent):
            return str(value[0].value)
    return None


def top_level_list(text: str, key: str) -> tuple[str, ...] | None:
    """Return the texts of the list at `key` of the mapping a document is; None if it has no `key`.

    Raises ValueError if the text is not YAML, or what stands there is no list of texts.
    """
    for name, (first, *rest) in _entries(text):
        if name == key:
            if not isinstance(first, yaml.SequenceStartEvent):
                raise ValueError(f"{key} is not a list")
            texts = [item for item in rest[:-1] if isinstance(item, yaml.ScalarEvent)]
            if len(texts) < len(rest) - 1:
                raise ValueError(f"{key} is not a list of texts")
            return tuple(str(item.value) for item in texts)
    return None


def _entries(text: str) -> Iterator[tuple[str | None, list[yaml.Event]]]:
    """Yield each key of the document's mapping, None if it is no text, and its value's events.

    It goes by libyaml's events, so nothing recurses and no alias is followed. Raises ValueError
    where it is nested so deeply that libyaml, which looks at every level again, takes for ever.
    """
    depth, name, is_key, found = 0, None, True, list[yaml.Event]()
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            opens = isinstance(event, yaml.CollectionStartEvent)
            depth += opens - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ValueError("nested too deeply")
            if opens and depth == 1:  # what holds all else
                if isinstance(event, yaml.SequenceStartEvent):
                    return
                continue
            if depth == 0:
                continue
            found.append(event)
            if depth == 1:  # a key or a value of the document's mapping has just ended
                if is_key:
                    name = str(event.value) if isinstance(event, yaml.ScalarEvent) else None
                else:
                    yield name, found
                is_key, found = not is_key, []
    except yaml.YAMLError as error:
        raise ValueError(str(error).partition("\n")[0]) from None
