"""What journeys read of each other: the traits that others set, their messages, and who is inside them. It gives the order of a tick.

And what broadcasts read of journeys, and journeys of broadcasts.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.broadcast_walk import conditions_of as conditions_of_broadcast
from engage_cli.definitions.condition_walk import leaves_of, references_of
from engage_cli.definitions.conditions import Condition, InAudience, JourneyState, MessageMade, MessageOf, TraitIs
from engage_cli.definitions.journey import Journey
from engage_cli.definitions.journey_steps import SetTrait
from engage_cli.definitions.journey_walk import AskedCondition, asked_by, references_asked
from engage_cli.definitions.trait import Trait
from engage_cli.definitions.trait_references import traits_of
from engage_cli.definitions.values import TraitRef
from engage_cli.source import Span


def setters_of(journeys: Mapping[str, Journey]) -> dict[str, dict[str, Span]]:
    """For each trait that journeys set these journeys, each with the first place where it does; in the order of names."""
    found: dict[str, dict[str, Span]] = {}
    for name, journey in sorted(journeys.items()):
        for step in journey.all_steps():
            if isinstance(step, SetTrait):
                found.setdefault(step.trait, {}).setdefault(name, step.span)
    return dict(sorted(found.items()))


def journey_reads(
    journeys: Mapping[str, Journey], audiences: Mapping[str, Audience], traits: Mapping[str, Trait]
) -> dict[str, dict[str, Span]]:
    """For each journey the others that it reads, each with the first place where it does; in the order of names."""
    reader = _Reader(audiences, traits, setters_of(journeys))
    found: dict[str, dict[str, Span]] = {}
    for name, journey in sorted(journeys.items()):
        others: dict[str, Span] = {}
        for other, span in reader.of_journey(journey):
            if other in journeys and other != name:
                others.setdefault(other, span)
        found[name] = dict(sorted(others.items()))
    return found


def broadcast_reads(
    broadcasts: Mapping[str, Broadcast], journeys: Mapping[str, Journey], audiences: Mapping[str, Audience], traits: Mapping[str, Trait]
) -> dict[str, dict[str, Span]]:
    """For each broadcast the journeys that it reads, each with the first place where it does; in the order of names."""
    reader = _Reader(audiences, traits, setters_of(journeys))
    found: dict[str, dict[str, Span]] = {}
    for name, broadcast in sorted(broadcasts.items()):
        read: dict[str, Span] = {}
        for journey, span in reader.of_broadcast(broadcast):
            if journey in journeys:
                read.setdefault(journey, span)
        found[name] = dict(sorted(read.items()))
    return found


def broadcasts_read(journeys: Mapping[str, Journey], audiences: Mapping[str, Audience]) -> dict[str, dict[str, Span]]:
    """For each journey the broadcasts for whose messages it asks, itself or by an audience, with the first place; in the order of names."""
    found: dict[str, dict[str, Span]] = {}
    for name, journey in sorted(journeys.items()):
        read: dict[str, Span] = {}
        for asked in asked_by(journey):
            if isinstance(asked, AskedCondition):
                for broadcast, span in _broadcasts_in(asked.condition, audiences, set()):
                    read.setdefault(broadcast, span)
        found[name] = dict(sorted(read.items()))
    return found


def _broadcasts_in(condition: Condition, audiences: Mapping[str, Audience], seen: set[str]) -> Iterator[tuple[str, Span]]:
    for leaf in leaves_of(condition):
        match leaf:
            case MessageMade(of=MessageOf.BROADCAST, name=name, span=span):
                yield name, span
            case InAudience(name, span) if name in audiences and name not in seen:
                seen.add(name)
                yield from ((other, span) for other, _ in _broadcasts_in(audiences[name].members, audiences, seen))
            case _:
                pass


class _Reader(Struct, frozen=True):
    """Finds the journeys behind conditions. `setters` are the journeys that set a trait, by the trait's name."""

    audiences: Mapping[str, Audience]
    traits: Mapping[str, Trait]
    setters: Mapping[str, Iterable[str]]
    _of_audience: dict[str, frozenset[str]] = field(default_factory=dict)

    def of_journey(self, journey: Journey) -> Iterator[tuple[str, Span]]:
        """Every journey that one reads, with the place; often several times."""
        for asked in asked_by(journey):
            if isinstance(asked, AskedCondition):
                yield from self._of_condition(asked.condition)
            for reference, span in references_asked(asked):
                if isinstance(reference, TraitRef):
                    yield from ((name, span) for name in self._of_trait(reference.path.name))

    def of_broadcast(self, broadcast: Broadcast) -> Iterator[tuple[str, Span]]:
        """Every journey that a broadcast reads to know its recipients, with the place; often several times."""
        for condition in conditions_of_broadcast(broadcast).values():
            yield from self._of_condition(condition)
            yield from ((name, condition.span) for name in self._set_for(condition))

    def _of_condition(self, condition: Condition) -> Iterator[tuple[str, Span]]:
        for leaf in leaves_of(condition):
            match leaf:
                case JourneyState(journey, span=span):
                    yield journey, span
                case MessageMade(of=MessageOf.JOURNEY, name=name, span=span):
                    yield name, span
                case MessageMade(of=MessageOf.STEP, journey=str(name), span=span):
                    yield name, span
                case InAudience(name, span):
                    yield from ((other, span) for other in sorted(self._behind(name)))
                case TraitIs(path, span=span):
                    yield from ((name, span) for name in self._of_trait(path.name))
                case _:
                    pass

    def _behind(self, audience: str) -> frozenset[str]:
        """The journeys behind an audience. Audiences in a cycle, which are refused, have none."""
        if audience not in self._of_audience:
            self._of_audience[audience] = frozenset()
            definition = self.audiences.get(audience)
            if definition is not None:
                members = definition.members
                self._of_audience[audience] = frozenset((*self._named_by(members), *self._set_for(members)))
        return self._of_audience[audience]

    def _named_by(self, condition: Condition) -> Iterator[str]:
        yield from (name for name, _ in self._of_condition(condition))

    def _set_for(self, condition: Condition) -> Iterator[str]:
        """The journeys that set the traits with which a condition compares."""
        for leaf in leaves_of(condition):
            for reference, _ in references_of(leaf):
                if isinstance(reference, TraitRef):
                    yield from self._of_trait(reference.path.name)

    def _of_trait(self, name: str) -> Iterator[str]:
        """The journeys that set a trait, or one of which it is computed."""
        waiting, seen = [name], {name}
        for trait in waiting:
            yield from self.setters.get(trait, ())
            following = traits_of(self.traits[trait]) if trait in self.traits else []
            waiting += [other for other in following if other not in seen]
            seen.update(following)
