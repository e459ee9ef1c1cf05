"""Ids are unique within a kind."""

from collections.abc import Iterator

from engage_cli.definitions.loaded import Loaded
from engage_cli.source import Issue


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every audience whose name another one has already."""
    first = loaded.by_name()
    for audience in loaded.audiences:
        original = first[audience.name]
        if audience is not original:
            message = f"an audience `{audience.name}` is defined already, at {original.span}"
            yield Issue("duplicate-id", message, audience.span, "give one of the two another name")
