"""What the lowering of a kind may look up."""

from __future__ import annotations

from collections.abc import Mapping

from pipegen import ir, problems
from pipegen.diagnostics import Diagnostic
from pipegen.kinds.connections import ConnectionSpec
from pipegen.model import SpecModel

NOWHERE = ir.Fields()


class Scope:
    """The connections a kind may name; collects the problems met, and what was used."""

    def __init__(self, connections: Mapping[str, ConnectionSpec]) -> None:
        self.connections = connections
        self.problems: list[Diagnostic] = []
        self.used: set[str] = set()

    def connection(self, task: SpecModel, name: str, kinds: tuple[str, ...]) -> ir.Connection:
        """Return the connection a task names; report one that is not there or of another kind."""
        self.used.add(name)
        span = task.span_of("connection")
        spec = self.connections.get(name)
        if spec is None:
            fitting = [n for n, c in self.connections.items() if kind_of(c) in kinds]
            known = fitting or self.connections
            self.problems.append(problems.unknown_connection(name, known, span))
        elif kind_of(spec) not in kinds:
            found = problems.wrong_connection(name, kind_of(spec), kinds, span, spec.span)
            self.problems.append(found)
        else:
            return spec.lowered(name)
        return ir.Connection(name=name, kind=kinds[0], settings=NOWHERE, span=span)


def kind_of(spec: SpecModel) -> str:
    """Return the kind of a connection or a channel."""
    kind: str = getattr(spec, "kind", "")
    return kind
