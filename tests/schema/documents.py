"""Every specification of the examples and the suites, good and bad."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipegen import references, schema
from pipegen.diagnostics import CompileError
from pipegen.model import SpecModel
from pipegen.source import Document, read

ROOT = Path(__file__).parents[2]
LANGUAGE = "pipegen/schema/language"
PROJECTS = ("examples", "tests/conformance/projects", "tests/snapshot/cases", LANGUAGE)
MISTAKES = ROOT / "tests" / "diagnostics"
FILE = "pipegen.yaml"


@dataclass(frozen=True, slots=True)
class Specification:
    """A file that people write."""

    path: Path

    def __str__(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def case(self) -> str:
        """The folder of the mistake it makes, which starts with the code for that."""
        return self.path.relative_to(MISTAKES / "cases").parts[0]

    @property
    def schema(self) -> str:
        """The name of the schema that is for it."""
        return f"{'project' if self.path.name == FILE else 'pipeline'}.schema.json"

    @property
    def model(self) -> type[SpecModel]:
        """The model that reads it."""
        return schema.SCHEMAS[self.schema]

    def read(self) -> Document:
        """Return what it says, unfilled; raise CompileError if that cannot be known."""
        return read(self.path, str(self))

    def problem_lines(self) -> set[int]:
        """Return the lines that reading and validating it find fault with."""
        try:
            document = self.read()
            self.model.parse(replace(document, value=self.filled(document.value)))
        except CompileError as error:
            return {diagnostic.span.line for diagnostic in error.diagnostics}
        return set()

    def filled(self, value: object, **variables: object) -> object:
        """Return its value, or one made of it, as the model reads it."""
        if self.path.name == FILE:
            return value
        known = {"var": {**self._variables(), **variables}, "each": _first_row(value)}
        return references.fill(value, known)[0]

    def _variables(self) -> Mapping[str, object]:
        folders = [*self.path.parents, MISTAKES / "base"]
        project = next(folder / FILE for folder in folders if (folder / FILE).is_file())
        match read(project, FILE).value:
            case {"vars": dict() as variables}:
                return variables
        return {}


def good() -> list[Specification]:
    """Return the specifications without a mistake in their shape."""
    return [spec for folder in PROJECTS for spec in _below(ROOT / folder)]


def mistaken() -> list[Specification]:
    """Return the specifications of the mistakes that have a diagnostic."""
    return [spec for case in sorted((MISTAKES / "cases").iterdir()) for spec in _below(case)]


def _below(folder: Path) -> Iterator[Specification]:
    for path in sorted(folder.rglob("*.yaml")):
        if path.name == FILE or "pipelines" in path.relative_to(folder).parts:
            yield Specification(path)


def _first_row(value: object) -> Mapping[str, object]:
    match value:
        case {"for_each": [dict() as row, *_]}:
            return row
    return {}
