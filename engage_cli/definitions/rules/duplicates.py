"""Ids are unique within a kind."""

from collections.abc import Iterator

from engage_cli.definitions.loaded import Loaded, LoadedTrait
from engage_cli.source import Issue


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every audience or trait whose name another one has already."""
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
