"""One version of a journey as a tick has it: its graph, and all that has to be asked on its way."""

from msgspec import Struct

from engage_cli.definitions.journey import EntryOn, EntryWhen, ExitWhen, Journey
from engage_cli.definitions.journey_graph import JourneyGraph, graph_of
from engage_cli.definitions.journey_steps import Hold
from engage_cli.journeys.happening import Awaited, awaited_by, plan_on
from engage_cli.plan.journeys.asked import Asked
from engage_cli.plan.moments import MomentPlan


class Edition(Struct, frozen=True):
    """One version of a journey, with all that has to be asked on its way."""

    journey: Journey
    version: int
    plan: MomentPlan
    values: dict[str, Asked]
    graph: JourneyGraph
    awaited: tuple[Awaited, ...]
    entry_on: Awaited | None

    @property
    def awaited_names(self) -> frozenset[str]:
        """The names of the events that it enters or waits by; each may hold `*`."""
        found = [*self.awaited, *([self.entry_on] if self.entry_on is not None else [])]
        return frozenset(name for one in found for name in one.names)

    @property
    def names(self) -> frozenset[str]:
        """The names of the events that it enters or waits by, or asks for."""
        names = self.awaited_names | self.plan.event_names
        return frozenset(names | {"*"} if isinstance(self.journey.entry, EntryWhen) else names)

    @property
    def waits(self) -> list[tuple[str, str | None]]:
        """The conditions that may become true for who stands somewhere, each with the step where that is (None: anywhere)."""
        asked: list[tuple[str, str | None]] = [
            (f"exit.{number}", None) for number, rule in enumerate(self.journey.exits) if isinstance(rule, ExitWhen)
        ]
        return asked + [
            (f"{step.id}.{branch.name}", step.id)
            for step in self.journey.all_steps()
            if isinstance(step, Hold)
            for branch in step.branches
            if branch.when is not None
        ]


def edition_of(journey: Journey, version: int, plan: MomentPlan, values: dict[str, Asked], zone: str) -> Edition:
    """A version of a journey, with its graph and the events that it waits for."""
    entry = journey.entry
    entry_on = plan_on(-1, "entry", 0, entry.on, zone) if isinstance(entry, EntryOn) else None
    return Edition(journey, version, plan, values, graph_of(journey), awaited_by(journey, zone), entry_on)
