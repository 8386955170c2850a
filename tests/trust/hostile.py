"""Whole projects in which every free text is hostile, and the same projects with tame texts.

A text of the language is a `Slot`, marked by its number: `~7~` when tame, and when hostile the
same mark among characters that end literals, comments, templates and lines elsewhere. So what
a hostile project became is what its tame twin became, with each mark replaced by the text.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

QUOTES = (
    *('"', "'", '"""', "'''", "\\", '\\"', "\\'", "\\\\", "\\\n", "\\" * 7, "'\\'" * 3),
    *("\\N{BULLET}", "\\x41", "\\u0041", "\\0", "`", "\\"),
)
LINES = ("\n", "\r\n", "\t", "\n\n\n\n", "\n# fmt: off\n", "\n    pass\n", "\nimport os\n", " ")
LETTERS = (
    "é",
    "e\u0301",
    "ﬁ",
    "ａ",
    "😀",
    "👩‍🚀".replace("\u200d", ""),
    "שלום",
    "مرحبا",
    "日本",
    "\u00a0",
)
PROGRAMS = (
    *("#", "# fmt: off", "# fmt: skip", "# fmt: on", "# type: ignore", "# noqa", "# pragma"),
    *("coding: utf-7", "-*- coding: latin-1 -*-", "+ACI-", '");import os;os.system("id")#'),
    *("__import__('os')", ", **x", "*", "=", ":", "</script>", "%s", "%(x)s", "{x}", "{", "}"),
    *('f"{x}"', "b'x'", "{{7*7}}", "{{ conn.x.password }}", "{{ $x }}", "{#", "#}", "}}", "{{{"),
    *("${HOME}", "$(id)", "$${", "${ENV:X}", "${{ x }}", "$", "0", "-1", "1e999", "None", "null"),
    *("---", "...", "- a", ": ", "&a", "*a", "<<", "!!python/name:os.system", "%YAML 1.1", "|"),
    *("a" * 120, "word " * 30, "x" * 3000, "../../etc/passwd", "..\\", "", "{'a': 1}", "[1]"),
)
ACCEPTED = (*QUOTES, *LINES, *LETTERS, *PROGRAMS)
REFUSED = (
    *("\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u2028", "\u2029", "\x85", "\0", "\x0b"),
    *("\x0c", "\x1c", "\x1b[31m", "\x7f", "\ud800", "\udfff", "\U000e0041", "\ufffe", "\r"),
    *("{% raw %}", "{%"),
)
"""What the loader or the language refuses, wherever it stands and however it is written."""

MARK = re.compile(r"~(\d+)~")


@dataclass(frozen=True, slots=True)
class Slot:
    """A free text: its number, the hostile text that holds `~number~`, and what precedes both."""

    number: int
    text: str
    prefix: str = ""

    @property
    def hostile(self) -> str:
        return self.prefix + self.text

    @property
    def tame(self) -> str:
        return f"{self.prefix}~{self.number}~"


@dataclass(frozen=True, slots=True)
class Parts:
    """A text of slots and of references written as they stand."""

    parts: tuple[Slot | str, ...]


def escaped(text: str) -> str:
    """Write a text so that the language takes it for no reference."""
    return re.sub(r"\$\{|\{\{", lambda match: {"${": "$${", "{{": "{{{{"}[match[0]], text)


def written(tree: Any, is_hostile: bool) -> Any:
    """Return the plain values of a tree, with hostile or with tame texts."""

    def write(item: Any) -> Any:
        match item:
            case Slot():
                return escaped(item.hostile) if is_hostile else item.tame
            case Parts(parts):
                return "".join(part if isinstance(part, str) else write(part) for part in parts)
            case dict():
                return {write(key): write(part) for key, part in item.items()}
            case list():
                return [write(part) for part in item]
        return item

    return write(tree)


def raw(tree: Any, is_hostile: bool) -> Any:
    """Return the plain values of a tree that holds no references: a lock or a manifest."""
    match tree:
        case Slot():
            return tree.hostile if is_hostile else tree.tame
        case dict():
            return {raw(key, is_hostile): raw(part, is_hostile) for key, part in tree.items()}
        case list():
            return [raw(part, is_hostile) for part in tree]
    return tree


def quoted(text: str) -> str:
    """Return a text as a double-quoted scalar of YAML, in ASCII."""
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}

    def escape(char: str) -> str:
        code = ord(char)
        if char in short or " " <= char <= "~":
            return short.get(char, char)
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

    return f'"{"".join(map(escape, text))}"'


def yaml(value: Any) -> str:
    """Return plain values as YAML in flow style."""
    match value:
        case str():
            return quoted(value)
        case dict():
            inner = (f"{quoted(key)}: {yaml(item)}" for key, item in value.items())
            return "{" + ", ".join(inner) + "}"
        case list():
            return f"[{', '.join(map(yaml, value))}]"
        case float() if "." not in repr(value):
            return repr(value).replace("e", ".0e")
    return json.dumps(value)


@dataclass
class Texts:
    """Makes the slots of one project. With a taint, one of them holds what is refused."""

    random: Random
    slots: dict[int, str] = field(default_factory=dict)

    def _text(self, pieces: Iterable[str], count: int) -> str:
        chosen = [self.random.choice(tuple(pieces)) for _ in range(count)]
        chosen.insert(self.random.randint(0, count), f"~{len(self.slots)}~")
        text = "".join(chosen)
        return text.replace("{%", "{ %")

    def slot(self, but: str = "", longest: int = 3000, before_reference: bool = False) -> Slot:
        """Return a new slot; its pieces hold none of the characters of `but`."""
        allowed = [p for p in ACCEPTED if not set(but) & set(p) and len(p) <= longest]
        text = self._text(allowed, self.random.randint(0, 5))
        if before_reference and text.endswith(("{", "$")):
            text += " "  # the language has no way to write these two before a reference
        return self._new(text)

    def wild(self, but: str = "", prefix: str = "") -> Slot:
        """Return a new slot of a file that is not YAML: any character may stand in it."""
        but += "\ud800\udfff"  # these are no characters
        pieces = [piece for piece in (*ACCEPTED, *REFUSED) if not set(but) & set(piece)]
        return self._new(self._text(pieces, self.random.randint(0, 4)), prefix)

    def _new(self, text: str, prefix: str = "") -> Slot:
        slot = Slot(len(self.slots), text, prefix)
        self.slots[slot.number] = text
        return slot

    def key(self) -> Slot:
        """Return a new slot for a key: YAML wants it short, and references stand in values."""
        return self.slot(but="{$", longest=60)

    def template(self, references: tuple[str, ...] = ("{{ run.date }}", "${ENV:A_B}")) -> Parts:
        """Return text with references in it, between slots."""
        parts: list[Slot | str] = []
        for _ in range(self.random.randint(0, 2)):
            parts += [self.slot(before_reference=True), self.random.choice(references)]
        return Parts((*parts, self.slot()))

    def substituted(self, text: str) -> str:
        """Return what a text of the tame project is in the hostile one."""
        return MARK.sub(lambda match: self.slots[int(match[1])], text)


@dataclass(frozen=True)
class Case:
    """A project: its files as trees, the texts in it, and the arguments it passes, by name."""

    texts: Texts
    yaml: Mapping[str, Any]
    locks: Mapping[str, Any]
    arguments: Mapping[str, Any]

    def write(self, root: Path, is_hostile: bool) -> Path:
        """Write the project into a folder."""
        for path, tree in self.yaml.items():
            put(root / path, yaml(written(tree, is_hostile)))
        for path, tree in self.locks.items():
            put(root / path, json.dumps(raw(tree, is_hostile)))
        return root


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8", newline="")


def tainted(case: Case, random: Random) -> str:
    """Put what is refused into one text of the YAML files, and return it."""
    piece = random.choice(REFUSED)
    number = random.choice(sorted(numbers(case.yaml, keys=not piece.startswith("{%"))))
    bad = f"~{number}~{piece}x"
    case.texts.slots[number] = bad
    for tree in case.yaml.values():
        _replace(tree, number, bad)
    return piece


def numbers(tree: Any, keys: bool = True) -> set[int]:
    """Return the slots of a tree; those of keys are texts that no reference is looked for in."""
    match tree:
        case Slot(number=number):
            return {number}
        case Parts(parts):
            return set().union(*map(numbers, parts))
        case dict():
            inner = [*tree.values(), *(tree if keys else ())]
            return set().union(*(numbers(item, keys) for item in inner))
        case list():
            return set().union(*(numbers(item, keys) for item in tree))
    return set()


def _replace(tree: Any, number: int, text: str) -> Any:
    match tree:
        case Slot():
            return replace(tree, text=text) if tree.number == number else tree
        case Parts(parts):
            return Parts(tuple(_replace(part, number, text) for part in parts))
        case dict():
            pairs = [
                (_replace(k, number, text), _replace(v, number, text)) for k, v in tree.items()
            ]
            tree.clear()
            tree.update(pairs)
        case list():
            tree[:] = [_replace(item, number, text) for item in tree]
    return tree


def times(count: int) -> int:
    """Return how often to do something: `PIPEGEN_FUZZ` multiplies it."""
    return max(1, int(count * float(os.environ.get("PIPEGEN_FUZZ", "1"))))
