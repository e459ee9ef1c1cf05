"""The steps of a journey as a graph: plain data in, each step with its id and where its ways lead."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Definition: TypeAlias = Mapping[str, Any]

KINDS = ("delay", "hold", "split", "fork", "randomize", "send", "sync", "set", "goto", "exit")


@dataclass(frozen=True)
class Way:
    """A branch: its name, its definition, and the step it leads to (None: the token ends). `place` counts the branches from 0."""

    name: str
    place: int
    definition: Definition
    to: str | None


@dataclass(frozen=True)
class Step:
    """One step. `next` is the step after it (None: the token ends), `timeout` where a hold goes whose time is over."""

    id: str
    kind: str
    definition: Definition
    next: str | None
    ways: Sequence[Way] = field(default=())
    timeout: str | None = None

    @property
    def what(self) -> Any:
        """What stands under the kind's key."""
        return self.definition[self.kind]


@dataclass(frozen=True)
class Graph:
    """All steps by id, and the first."""

    first: str
    steps: Mapping[str, Step]


def graph_of(journey: Definition) -> Graph:
    """The graph of a journey's steps."""
    steps: dict[str, Step] = {}
    first = _add(journey["steps"], "", None, steps)
    assert first is not None
    return Graph(first, steps)


def _add(definitions: Sequence[Definition], path: str, after: str | None, steps: dict[str, Step]) -> str | None:
    """Add the steps of one list, which leads to `after`; the first of them, or `after` if there is none."""
    ids = _ids(definitions, path)
    for position in reversed(range(len(definitions))):
        definition, step_id = definitions[position], ids[position]
        following = ids[position + 1] if position + 1 < len(ids) else after
        steps[step_id] = _step(definition, step_id, following, steps)
    return ids[0] if ids else after


def _step(definition: Definition, step_id: str, following: str | None, steps: dict[str, Step]) -> Step:
    kind = kind_of(definition)
    # The branches of a fork end where they end: the fork itself goes on. All others lead on to the step after the block.
    after = None if kind == "fork" else following
    branches = definition.get("branches", []) if kind == "hold" else definition[kind] if kind in ("split", "fork", "randomize") else []
    ways = [
        Way(branch["name"], place, branch, _add(branch.get("steps", []), f"{step_id}.{branch['name']}.", after, steps))
        for place, branch in enumerate(branches)
    ]
    if kind == "goto":
        following = definition["goto"]
    timeout = _add(definition.get("timeout", []), f"{step_id}.timeout.", after, steps) if kind == "hold" else None
    return Step(step_id, kind, definition, following, ways, timeout)


def _ids(definitions: Sequence[Definition], path: str) -> list[str]:
    """The written ids; of the others path, kind, and number among the steps of that kind in the list."""
    numbers: Counter[str] = Counter()
    ids = []
    for definition in definitions:
        kind = kind_of(definition)
        numbers[kind] += 1
        ids.append(definition.get("id", f"{path}{kind}_{numbers[kind]}"))
    return ids


def kind_of(definition: Definition) -> str:
    """The one kind key of a step."""
    (kind,) = [kind for kind in KINDS if kind in definition]
    return kind
