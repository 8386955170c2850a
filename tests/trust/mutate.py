"""Broken specifications: valid ones as data, changed in the ways people and attackers do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

Path = tuple[str | int, ...]


def nested(depth: int) -> Any:
    value: Any = "x"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


WEIRD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 10**17, -(10**17), 2.5, -0.0, 1e300, 1e-300),
    *(
        "",
        " ",
        "x",
        "-x",
        "--vars",
        "a:b",
        "a.b:c",
        ":",
        ".",
        "..",
        "../x",
        "/abs",
        "a/b",
        "x" * 5000,
    ),
    *("${", "${}", "${var.x}", "${var.a.b}", "${ENV:A}", "${ENV:a}", "$${", "${each.x}", "${env}"),
    *(
        "{{",
        "}}",
        "{{ run.date }}",
        "{{run.date}}",
        "{{ run.id }}",
        "{{ x }}",
        "{{{{",
        "{%",
        "{{ tasks.a.b }}",
    ),
    *(
        "0 5 * * *",
        "0 0 31 2 *",
        "* * * * * *",
        "@daily",
        "60 * * * *",
        "*/0 * * * *",
        "5-1 * * * *",
    ),
    *("L * * * *", "0 0 * * 7#5", "99999999999999999999 * * * *", "\u0661 * * * *", "R * * * *"),
    *("UTC", "Europe/Rome", "../../etc/passwd", "/etc/localtime", "Europe", "utc", "a\nb", "CON"),
    *("30m", "0s", "999999d", "1000000d", "-1m", "1.5h", "2026-02-30", "0000-01-01", "9999-12-31"),
    *(
        "tag:x",
        "+a+",
        "@a",
        "path:..",
        "selector:x",
        "a,b",
        "1+a",
        "state:new",
        "config.a:b",
        "a b",
    ),
    *(
        "http",
        "python",
        "shell",
        "dbt",
        "sql",
        "None",
        "class",
        "__import__",
        "__class__",
        "name",
        "é",
    ),
    *(
        "1e999",
        "9" * 30,
        "\ue000",
        "😀",
        "e\u0301",
        "\u00a0",
        "\t",
        "\n",
        "%s",
        "[bold]x[/bold]",
        "::error",
    ),
    *([], {}, [[]], [{}], [None], {"": None}, {"a": {}}, [1, "a", None], {"kind": "http"}),
    *(
        {"kind": None},
        {"kind": ["http"]},
        {"cron": "0 5 * * *"},
        {"count": 10**17},
        nested(6),
        nested(25),
    ),
)
KEYS = (
    *(
        "",
        " ",
        "x",
        "kind",
        "name",
        "pipeline",
        "__class__",
        "self",
        "depends_on",
        "select",
        "args",
    ),
    *(
        "model_config",
        "_document",
        "span",
        "[key]",
        "0",
        "a.b",
        "a-b",
        "A",
        "é",
        "x" * 200,
        "class",
    ),
    *("{{ x }}", "${var.x}", "parse", "action", "copy"),
)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value below the root."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from places(item, (*path, key))


def mutant(random: Random, data: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a specification with one to four changes."""
    changed = deepcopy(data)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        paths = list(places(changed))
        if not paths:
            break
        random.choice(CHANGES)(random, changed, random.choice(paths))
    return changed


def _get(data: Any, path: Path) -> Any:
    for key in path:
        data = data[key]
    return data


def _holder(data: Any, path: Path) -> Any:
    return _get(data, path[:-1])


def _set(data: Any, path: Path, value: Any) -> None:
    _holder(data, path)[path[-1]] = value


def _drop(_: Random, data: Any, path: Path) -> None:
    del _holder(data, path)[path[-1]]


def _replace(random: Random, data: Any, path: Path) -> None:
    _set(data, path, deepcopy(random.choice(WEIRD)))


def _rename(random: Random, data: Any, path: Path) -> None:
    holder, key = _holder(data, path), path[-1]
    if isinstance(holder, dict):
        value = holder.pop(key)
        holder[random.choice((*KEYS, f"{key}s", str(key)[:-1], str(key).upper()))] = value


def _add(random: Random, data: Any, path: Path) -> None:
    holder = _holder(data, path)
    if isinstance(holder, dict):
        holder[random.choice(KEYS)] = deepcopy(random.choice(WEIRD))
    else:
        holder.insert(random.randint(0, len(holder)), deepcopy(random.choice(WEIRD)))


def _swap(random: Random, data: Any, path: Path) -> None:
    other = random.choice(list(places(data)))
    first, second = deepcopy(_get(data, path)), deepcopy(_get(data, other))
    _set(data, path, second)
    if path != other[: len(path)]:
        _set(data, other, first)


def _duplicate(random: Random, data: Any, path: Path) -> None:
    holder, value = _holder(data, path), deepcopy(_get(data, path))
    if isinstance(holder, list):
        holder.append(value)
    else:
        holder[random.choice((f"{path[-1]}_", f"{path[-1]}__x", *KEYS))] = value


def _nest(random: Random, data: Any, path: Path) -> None:
    value = _get(data, path)
    _set(
        data,
        path,
        random.choice(([value], {"a": value}, [value, value], {"kind": value}, [[value]])),
    )


def _unnest(random: Random, data: Any, path: Path) -> None:
    match _get(data, path):
        case dict() | list() as inner if inner:
            items = list(inner.values()) if isinstance(inner, dict) else inner
            _set(data, path, random.choice(items))


def _text(random: Random, data: Any, path: Path) -> None:
    match _get(data, path):
        case str() as text:
            at = random.randint(0, len(text))
            added = random.choice([w for w in WEIRD if isinstance(w, str)])
            _set(data, path, text[:at] + added + text[at + random.randint(0, 2) :])


CHANGES: tuple[Callable[[Random, Any, Path], None], ...] = (
    *(_drop, _replace, _replace, _rename, _add, _swap, _duplicate, _nest, _unnest, _text, _text),
)

TOKENS = (
    *(
        "&a ",
        "*a",
        "<<: ",
        "!!python/name:os ",
        "!t ",
        "? ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "|\n",
    ),
    *(
        ">",
        "%YAML 1.1\n",
        "---\n",
        "...\n",
        "\t",
        "\0",
        "\r",
        "\u2028",
        "\u202e",
        "\ud800",
        "\ufeff",
    ),
    *(
        "# ",
        "null",
        "no",
        "1e999",
        "9" * 30,
        "0x" + "f" * 40,
        ": ",
        ",",
        "\\",
        "{{ ",
        "${",
        "@",
        "`",
    ),
)


def scrambled(random: Random, text: str) -> str:
    """Return a text with one to six characters or tokens added, taken or copied."""
    for _ in range(random.randint(1, 6)):
        at, kind = random.randrange(len(text) + 1), random.random()
        if kind < 0.4:
            text = text[:at] + random.choice(TOKENS) + text[at:]
        elif kind < 0.6:
            text = text[:at] + text[at + random.randint(1, 9) :]
        elif kind < 0.8:
            first, last = sorted((at, random.randrange(len(text) + 1)))
            text = text[:at] + text[first:last][:80] + text[at:]
        else:
            character = chr(random.randrange(random.choice((0x80, 0x110000))))
            text = text[:at] + character + text[at + 1 :]
    return text
