"""What a simulation is given: definitions, data, when each event came in, and the schedule of ticks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias

from tests.reference.dataset import Dataset

Definition: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class History:
    """A project over time.

    `definitions` are its audiences, traits and journeys. `came_in` says by which tick (counted from 0) the rows of an event are first there,
    by message id, and of rows of the change log and of consents, `profile 0` and `consent 0` for the first one; what it leaves out was there from the
    start. `zone_trait` names people's time zones, `quiet_hours` when nobody is written to.
    """

    definitions: Sequence[Definition]
    dataset: Dataset
    schedule: Sequence[datetime]
    zone: str = "UTC"
    zone_trait: str | None = None
    quiet_hours: tuple[str, str] | None = None
    late_window: str = "3 days"
    came_in: Mapping[str, int] = field(default_factory=dict)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def known_by(self, tick: int) -> Dataset:
        """The rows that are there by a tick (counted from 0)."""
        data, came_in = self.dataset, self.came_in
        return replace(
            data,
            events=[row for row in data.events if came_in.get(row.message_id or "", 0) <= tick],
            profiles=[row for n, row in enumerate(data.profiles) if came_in.get(f"profile {n}", 0) <= tick],
            consents=[row for n, row in enumerate(data.consents) if came_in.get(f"consent {n}", 0) <= tick],
        )

    def of_kind(self, kind: str) -> dict[str, Definition]:
        """The definitions of a kind by id."""
        return {definition[kind]: definition for definition in self.definitions if next(iter(definition)) == kind}

    @cached_property
    def journeys(self) -> dict[str, Definition]:
        """The journeys by id, each after those that it reads of."""
        journeys = self.of_kind("journey")
        ordered: dict[str, Definition] = {}

        def visit(name: str) -> None:
            for other in sorted(journeys):
                if other != name and other not in ordered and self._reads(journeys[name], journeys[other]):
                    visit(other)
            ordered.setdefault(name, journeys[name])

        for name in sorted(journeys):
            visit(name)
        return ordered

    @cached_property
    def reads_journeys(self) -> bool:
        """Whether conditions ask what journeys did, or of traits that they set."""
        asked = [{key: value for key, value in one.items() if key != "journey"} for one in self.definitions]
        return any(next(_named(asked, key), None) for key in ("journey", "step", "set"))

    def closure(self, asked: Any) -> list[Any]:
        """The condition (or whatever asks) with every audience and computed trait that it may lead to."""
        audiences, traits = self.of_kind("audience"), self.of_kind("trait")
        found, pending = [], [asked]
        seen: set[tuple[str, str]] = set()
        while pending:
            one = pending.pop()
            found.append(one)
            for kind, named in (("audience", audiences), ("trait", traits)):
                for name in _named(one, kind):
                    if name in named and (kind, name) not in seen:
                        seen.add((kind, name))
                        pending.append({key: value for key, value in named[name].items() if key != kind})
        return found

    def _reads(self, journey: Definition, other: Definition) -> bool:
        closure = self.closure({key: value for key, value in journey.items() if key != "journey"})
        sets = {name.split(".")[0] for name in _named(other["steps"], "set")}
        return other["journey"] in _named(closure, "journey") or bool(sets & {name.split(".")[0] for name in _named(closure, "trait")})


def _named(asked: Any, key: str) -> Iterator[str]:
    """Everything that stands under a key somewhere; of expressions every word, as it may be a trait."""
    if isinstance(asked, Mapping):
        for name, value in asked.items():
            if name == key and isinstance(value, str):
                yield value
            if name == "expression" and key == "trait":
                yield from value.replace("(", " ").replace(")", " ").replace(",", " ").split()
            yield from _named(value, key)
    elif isinstance(asked, list | tuple):
        for value in asked:
            yield from _named(value, key)
