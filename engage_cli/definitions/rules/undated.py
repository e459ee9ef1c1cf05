"""What of a journey or broadcast rests on inputs whose values of earlier are not known: it is right, and notes say what follows."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.broadcast_walk import conditions_of
from engage_cli.definitions.condition_walk import leaves_of, quantifiers_of, references_of
from engage_cli.definitions.conditions import Condition, HasEntity, InAudience, InSql, TraitIs
from engage_cli.definitions.journey import Journey
from engage_cli.definitions.journey_steps import SetTrait
from engage_cli.definitions.journey_walk import Asked, AskedCondition, asked_by, references_asked
from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.project import Config, Source
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait import FromSql, Rfm, Trait
from engage_cli.definitions.trait_references import traits_of
from engage_cli.definitions.values import TraitRef
from engage_cli.source import Issue, Severity, Span


def check(loaded: Loaded) -> Iterator[Issue]:
    """A note for each such input of each journey and broadcast, where it is first read; of a `when` that acts apart from the others."""
    if loaded.config is None:
        return
    journeys = loaded.sound_journeys()
    inputs = _Inputs(
        loaded.config,
        {name: one.definition for name, one in loaded.by_name().items() if one.definition is not None},
        {trait.name: trait.definition for trait in loaded.traits if trait.definition is not None},
        frozenset(step.trait for journey in journeys.values() for step in journey.all_steps() if isinstance(step, SetTrait)),
    )
    for journey in journeys.values():
        yield from _of_journey(journey, inputs)
    for broadcast in loaded.sound_broadcasts().values():
        yield from _of_broadcast(broadcast, inputs)


def _of_journey(journey: Journey, inputs: "_Inputs") -> Iterator[Issue]:
    noted: set[tuple[str, bool]] = set()
    for asked in asked_by(journey):
        acts = isinstance(asked, AskedCondition) and asked.acts
        for what, span in inputs.of_condition(asked.condition) if isinstance(asked, AskedCondition) else inputs.of_references(asked):
            if (what, acts) in noted:
                continue
            noted.add((what, acts))
            follows = (
                "this `when` acts at the tick that sees it, and not at the instant at which it becomes true"
                if acts
                else "it is taken as it is at the tick, whatever it was at the instant of the step"
            )
            yield Issue("undated", f"{what} has only its present value: {follows}", span, None, Severity.NOTE)


def _of_broadcast(broadcast: Broadcast, inputs: "_Inputs") -> Iterator[Issue]:
    if broadcast.send_at is None:
        return  # sent by hand, it is asked at the instant of the run
    noted: set[str] = set()
    for condition in conditions_of(broadcast).values():
        for what, span in inputs.of_condition(condition):
            if what not in noted:
                noted.add(what)
                follows = "it is taken as it is at the run that makes the recipients, whatever it was at `send_at`"
                yield Issue("undated", f"{what} has only its present value: {follows}", span, None, Severity.NOTE)


class _Inputs(Struct, frozen=True):
    """What conditions rest on. `settable` are the traits that journeys set."""

    config: Config
    audiences: Mapping[str, Audience]
    traits: Mapping[str, Trait]
    settable: frozenset[str]

    def of_condition(self, condition: Condition, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, Span]]:
        """The undated inputs of a condition, in words, with the places where they are read."""
        for quantified in quantifiers_of(condition):
            if not _are_logs(self.config.sources.of("memberships")):
                yield "which user belongs to which account", quantified.span
        for leaf in leaves_of(condition):
            match leaf:
                case TraitIs(path, span=span):
                    yield from self.of_trait(path.name, span)
                case HasEntity(entity, span=span):
                    yield f"what is linked of `{entity}`", span
                case InSql(span=span):
                    yield "what `sql` selects", span
                case InAudience(name, span) if name in self.audiences and name not in seen:
                    inner = self.of_condition(self.audiences[name].members, seen | {name})
                    yield from ((what, span) for what, _ in inner)
                case _:
                    pass
            for reference, span in references_of(leaf):
                if isinstance(reference, TraitRef):
                    yield from self.of_trait(reference.path.name, span)

    def of_references(self, asked: Asked) -> Iterator[tuple[str, Span]]:
        """The undated inputs to which an event or a value refers."""
        for reference, span in references_asked(asked):
            if isinstance(reference, TraitRef):
                yield from self.of_trait(reference.path.name, span)

    def of_trait(self, name: str, span: Span) -> Iterator[tuple[str, Span]]:
        """The undated inputs of a trait, itself among them."""
        waiting, seen = [name], {name}
        for one in waiting:
            trait = self.traits.get(one)
            if trait is None and not self._is_dated(one):
                yield f"the profile's trait `{one}`", span
            if trait is None:
                continue
            if isinstance(trait.computation, FromSql):
                yield f"outside what `engage trait build` recorded, the SQL trait `{one}`", span
            if isinstance(trait.computation, Rfm):
                yield f"outside what `engage trait build` recorded, the RFM trait `{one}`", span
            following = [other for other in traits_of(trait) if other not in seen]
            waiting += following
            seen.update(following)

    def _is_dated(self, name: str) -> bool:
        """Whether the values of a trait that is not computed are known by date."""
        ids = {subject.id_name for subject in Subject}
        return name in self.settable or name in ids or _are_logs(self.config.sources.of("profiles"))


def _are_logs(sources: tuple[Source, ...]) -> bool:
    """Whether all of some sources say since when their values are."""
    return all(source.segment or "timestamp" in source.columns for source in sources)
