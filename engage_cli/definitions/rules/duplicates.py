"""Ids are unique within a kind."""

from collections.abc import Iterator

from engage_cli.definitions.loaded import Loaded, LoadedBroadcast, LoadedJourney, LoadedTrait
from engage_cli.source import Issue


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every audience, trait, journey or broadcast whose name another one has already."""
    first = loaded.by_name()
    for audience in loaded.audiences:
        original = first[audience.name]
        if audience is not original:
            message = f"an audience `{audience.name}` is defined already, at {original.span}"
            yield Issue("duplicate-id", message, audience.span, "give one of the two another name")
    traits: dict[str, LoadedTrait] = {}
    for trait in loaded.traits:
        earlier = traits.setdefault(trait.name, trait)
        if trait is not earlier:
            message = f"a trait `{trait.name}` is defined already, at {earlier.span}"
            yield Issue("duplicate-id", message, trait.span, "give one of the two another name")
    journeys: dict[str, LoadedJourney] = {}
    for journey in loaded.journeys:
        before = journeys.setdefault(journey.name, journey)
        if journey is not before:
            message = f"a journey `{journey.name}` is defined already, at {before.span}"
            yield Issue("duplicate-id", message, journey.span, "give one of the two another name")
    broadcasts: dict[str, LoadedBroadcast] = {}
    for broadcast in loaded.broadcasts:
        one = broadcasts.setdefault(broadcast.name, broadcast)
        if broadcast is not one:
            message = f"a broadcast `{broadcast.name}` is defined already, at {one.span}"
            yield Issue("duplicate-id", message, broadcast.span, "give one of the two another name")
