"""Resolve dbt selections as `dbt build` would, from a manifest alone.

dbt-core does the work, in `pipegen.dbt.core`. It takes two seconds to import, so that happens
inside `select`, and only when there is something to resolve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pipegen.dbt.manifest import Manifest

if TYPE_CHECKING:
    from pipegen.dbt.core import Selector


class SelectionError(Exception):
    """A selection dbt refuses; the text is the reason, `index` says which one it was."""

    def __init__(self, reason: str, index: int) -> None:
        """Keep the reason on one line."""
        super().__init__(" ".join(reason.split()))
        self.index = index


@dataclass(frozen=True, slots=True)
class Selection:
    """`--select`, `--exclude` and `--indirect-selection` of one dbt invocation.

    `selector` names one of `selectors.yml` instead. With none of these it is what dbt takes
    then: the default selector or, without one, everything.
    """

    select: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    indirect_selection: str = "eager"
    selector: str | None = None


def select(
    manifest: Manifest, project_dir: Path, selections: Sequence[Selection]
) -> tuple[tuple[str, ...], ...]:
    """Return, for each selection, the sorted unique ids `dbt build` would select with it.

    These are models (ephemeral ones too), seeds, snapshots, functions, tests and unit tests.
    `path:` is resolved among the files in `project_dir`. Raises SelectionError for the first
    selection at fault, and ManifestError if dbt cannot read the manifest.
    """
    for index, selection in enumerate(selections):
        _refuse_options(selection, index)
    if not selections:
        return ()

    _keep_to_one_process()
    from pipegen.dbt.core import RefusedError, alone

    resolved = []
    with alone(project_dir):
        selector = _selector(manifest)
        for index, selection in enumerate(selections):
            try:
                unique_ids = selector.resolve(
                    selection.select,
                    selection.exclude,
                    selection.indirect_selection,
                    selection.selector,
                )
            except RefusedError as error:
                raise SelectionError(str(error), index) from error
            resolved.append(tuple(sorted(unique_ids)))
    return tuple(resolved)


def _keep_to_one_process() -> None:
    """Give dbt's manifest a lock of this process, before dbt is imported.

    Its own is one that processes share. Python starts a process to look after these, which
    looks for modules in the working folder first: in a project that anyone may have sent.
    """
    import multiprocessing.dummy

    import dbt.mp_context

    dbt.mp_context._MP_CONTEXT = multiprocessing.dummy


_selectors: WeakKeyDictionary[Manifest, Selector] = WeakKeyDictionary()


def _selector(manifest: Manifest) -> Selector:
    """Return dbt's view of the manifest, made once."""
    from pipegen.dbt.core import link

    selector = _selectors.get(manifest)
    if selector is None:
        selector = _selectors[manifest] = link(manifest.raw)
    return selector


def _refuse_options(selection: Selection, index: int) -> None:
    for argument in (*selection.select, *selection.exclude):
        for token in argument.split(" "):
            if token.startswith("-"):
                raise SelectionError(f"'{token}' would be read as an option of dbt", index)
