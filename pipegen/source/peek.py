"""Read one text of a YAML file of another's format, whatever else that file holds."""

from __future__ import annotations

import yaml


def top_level(text: str, key: str) -> str | None:
    """Return the text at `key` of the mapping a document is; None if there is none.

    It goes by libyaml's events, so nothing recurses and no alias is followed. Raises
    ValueError if the text is not YAML.
    """
    depth, is_key, wanted = 0, True, False
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            match event:
                case yaml.SequenceStartEvent() if depth == 0:
                    return None
                case yaml.CollectionStartEvent():
                    depth += 1
                    continue
                case yaml.CollectionEndEvent():
                    depth -= 1
                case yaml.ScalarEvent() if depth == 1 and wanted:
                    return str(event.value)
                case yaml.ScalarEvent() | yaml.AliasEvent():
                    pass
                case _:
                    continue
            if depth == 1:  # a key or a value of the document's mapping has just ended
                wanted = is_key and isinstance(event, yaml.ScalarEvent) and event.value == key
                is_key = not is_key
    except yaml.YAMLError as error:
        raise ValueError(str(error).partition("\n")[0]) from None
    return None
