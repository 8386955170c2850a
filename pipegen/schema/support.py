"""Which back end keeps what, from their tables of capabilities: `docs/support.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from pipegen import backends
from pipegen.backends import BUILT_IN, Backend, Target
from pipegen.capabilities import NOT_YET, UNDECLARED, Feature, Level, Support
from pipegen.schema.evidence import Evidence, evidence, links

PAGE = "support.md"
_HEAD = """\
<!-- Written by `python -m pipegen.schema.page`, from the capabilities in `pipegen/backends/`. -->

# What each back end keeps

A pipeline is written for a back end if that keeps all it uses, whatever the others keep. Where one
does not, `pipegen validate` names the feature and the line that uses it.

- **native**: the orchestrator has it.
- **emulated**: the generated code does it, with the same meaning.
- **in part**: some of the meaning is lost. A warning (PG302) says what, until the pipeline lists
  the feature in `accept`.
- **no**: it cannot be kept. Using it is an error (PG301), which says what to do instead.
- **not yet**: pipegen does not write it for this back end so far. Using it is an error (PG301).

The last column names what the tests run for it on the real orchestrators: on all back ends that
keep it, unless it says on which. What one lacks is asked for, and refused, in `test_features`.

With `execution`, [test_execution](../tests/conformance/test_execution.py) runs dbt in a virtual
environment; of containers and pods it compares what Airflow asks for, and starts none.

"""
_LEVELS = {
    Level.NATIVE: "native",
    Level.EMULATED: "emulated",
    Level.DEGRADED: "**in part**",
    Level.UNSUPPORTED: "**no**",
}


def page() -> str:
    """Return the page: a table of all features, how each back end keeps them, and what is run."""
    return _HEAD + matrix([backends.get(name) for name in BUILT_IN], evidence())


def matrix(of: Sequence[Backend], runs: Mapping[Feature, Evidence] | None = None) -> str:
    """Return a table of all features, in Markdown, and a sentence for each cell."""
    head: tuple[str, ...] = ("feature", *(_title(backend) for backend in of))
    rows = [(f"`{feature}`", *(_level(backend, feature) for backend in of)) for feature in Feature]
    if runs is not None:
        head = (*head, "executed in")
        rows = [
            (*row, _executed(feature, of, runs)) for row, feature in zip(rows, Feature, strict=True)
        ]
    lines = [_row(head), _row(("---",) * len(head)), *map(_row, rows)]
    how = (line for backend in of for line in (*_how(backend), *_otherwise(backend)))
    return "\n".join((*lines, "", *how))


def write(folder: Path) -> None:
    """Write the page to `folder`."""
    (folder / PAGE).write_text(page(), encoding="utf-8")


def keeps(backend: Backend, feature: Feature) -> bool:
    """Whether a back end keeps a feature, if only in part."""
    return backend.capabilities.get(feature, UNDECLARED).level is not Level.UNSUPPORTED


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _title(backend: Backend) -> str:
    return backend.title[0].upper() + backend.title[1:]


def _is_written(feature: Feature, support: Support) -> bool:
    return NOT_YET.get(feature) != support


def _level(backend: Backend, feature: Feature) -> str:
    support = backend.capabilities.get(feature, UNDECLARED)
    return _LEVELS[support.level] if _is_written(feature, support) else "not yet"


def _executed(feature: Feature, of: Sequence[Backend], runs: Mapping[Feature, Evidence]) -> str:
    kept_by = [backend.name for backend in of if keeps(backend, feature)]
    return links(runs.get(feature, {}), kept_by, {backend.name: _title(backend) for backend in of})


def _how(backend: Backend) -> Iterator[str]:
    yield f"## {_title(backend)}\n"
    for feature in Feature:
        support = backend.capabilities.get(feature, UNDECLARED)
        if _is_written(feature, support):
            differs = f". **What differs:** {support.differs}" if support.differs else ""
            yield f"- `{feature}`: {support.how}{differs}."
    yield ""


def _otherwise(backend: Backend) -> Iterator[str]:
    """Yield what a back end keeps otherwise, where dbt runs elsewhere."""
    if backend.name != "airflow":
        return
    yield f"## {_title(backend)}, where dbt runs\n"
    yield "With `execution`, this is kept otherwise:\n"
    for kind in ("virtualenv", "docker", "kubernetes", "watcher"):
        target = Target(PurePosixPath(), {"execution": {"kind": kind}})
        found = backend.offers(target) if backend.offers else {}
        for feature, support in found.items():
            level = f"{_LEVELS[support.level]}: " if support.level is Level.UNSUPPORTED else ""
            differs = f". **What differs:** {support.differs}" if support.differs else ""
            yield f"- `{kind}`, `{feature}`: {level}{support.how}{differs}."
    yield ""
