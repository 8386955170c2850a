"""The tables of `docs/language.md`, and `docs/support.md`: `python -m pipegen.schema.page`.

The page around them is written by hand. `<!-- keys PythonKind -->` asks for the keys of a model,
`<!-- keys DbtTransform without TaskSpec -->` for those that it does not take over from another,
and several models make one table that says whose each key is. `<!-- kinds -->` asks for the kinds
of task. What stands from there to `<!-- end -->` is written anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pipegen.model import SpecModel
from pipegen.model.docs import attribute_docstrings
from pipegen.resources import resource
from pipegen.schema import support
from pipegen.schema.takes import default, takes
from pipegen.spec import PipelineSpec

PAGE = "language.md"
SECTIONS = ("sources", "transforms", "checks", "activations")

_KEYS = re.compile(r"<!-- keys ((?:\w+ )+?)(?:without (\w+) )?-->\n")
_TABLE = re.compile(r"(<!-- (?:keys [\w ]+|kinds) -->\n)(.*?)(<!-- end -->\n)", re.DOTALL)
_HEADING = re.compile(r"^(?:```.*?^```$|#+ (.*?)$)", re.MULTILINE | re.DOTALL)


def filled(page: str) -> str:
    """Return the page with its tables as the models are now."""
    links = dict(_links(page))
    return _TABLE.sub(lambda found: f"{found[1]}{_table(found[1], links)}{found[3]}", page)


def write(folder: Path) -> None:
    """Write the tables of the page in `folder` again, and the page of support."""
    path = folder / PAGE
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    support.write(folder)


def anchor(heading: str) -> str:
    """Return how a heading is linked to, as GitHub names it."""
    return re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")


def headings(page: str) -> list[str]:
    """Return the headings of a page: what follows a `#` in an example is a comment."""
    return [heading for heading in _HEADING.findall(page) if heading]


def shown(page: str) -> Iterator[tuple[type[SpecModel], str]]:
    """Yield each key that a table of the page shows, with its model."""
    for found in _KEYS.finditer(page):
        for model in _models(found):
            yield from ((model, key) for key in _keys(model, found[2]))


def models() -> dict[str, type[SpecModel]]:
    """Return every model of the specification by its name."""
    known: dict[str, type[SpecModel]] = {}
    left: list[type[SpecModel]] = [SpecModel]
    while left:
        for model in left.pop().__subclasses__():
            known[model.__name__] = model
            left.append(model)
    return known


def kinds(section: str) -> dict[str, type[SpecModel]]:
    """Return the models of the tasks of a section by their `kind`."""
    held = get_args(get_type_hints(PipelineSpec, include_extras=True)[section])[1]
    union = get_args(held)[0]
    members = (get_args(member)[0] if get_args(member) else member for member in get_args(union))
    return {_kind(member): member for member in members}


def _kind(model: type[SpecModel]) -> str:
    (kind,) = get_args(model.model_fields["kind"].annotation)
    return str(kind)


def _models(found: re.Match[str]) -> list[type[SpecModel]]:
    known = models()
    return [known[name] for name in found[1].split()]


def _links(page: str) -> Iterator[tuple[type[SpecModel], str]]:
    """Yield each model with a table, and the heading above that."""
    for found in _KEYS.finditer(page):
        *_, heading = headings(page[: found.start()])
        for model in _models(found):
            yield model, f"#{anchor(heading)}"


def _table(marker: str, links: dict[type[SpecModel], str]) -> str:
    found = _KEYS.match(marker)
    if not found:
        return _rows(("kind", *SECTIONS, ""), _of_kinds())
    of = _models(found)
    if len(of) == 1:
        rows: Iterator[tuple[str, ...]] = _of_keys(of[0], found[2], links)
        return _rows(("key", "takes", "default", "meaning"), rows)
    labelled = (
        (f"`{_kind(model)}`" if not place else "", *row)
        for model in of
        for place, row in enumerate(_of_keys(model, found[2], links, named=False))
    )
    return _rows(("kind", "key", "takes", "default", "meaning"), labelled)


def _keys(model: type[SpecModel], without: str | None) -> Iterator[str]:
    left_out = models()[without].model_fields if without else {}
    return (key for key in model.model_fields if key not in left_out)


def _of_keys(
    model: type[SpecModel],
    without: str | None,
    links: dict[type[SpecModel], str],
    *,
    named: bool = True,
) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a model; its `kind` is one of them unless the table has it already."""
    types: dict[str, Any] = get_type_hints(model, include_extras=True)
    meanings = attribute_docstrings(model)
    for key in _keys(model, without):
        if named or key != "kind":
            taken = takes(types[key], links.__getitem__)
            yield f"`{key}`", taken, default(model.model_fields[key]), meanings[key]


def _of_kinds() -> Iterator[tuple[str, ...]]:
    of = {section: kinds(section) for section in SECTIONS}
    known = {kind: model for section in of.values() for kind, model in section.items()}
    for kind, model in known.items():
        where = ("yes" if kind in of[section] else "" for section in SECTIONS)
        yield f"`{kind}`", *where, attribute_docstrings(model)["kind"]


def _rows(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


if __name__ == "__main__":
    write(resource("docs"))
