"""Finding parts of a plan, wherever they stand in it."""

from collections.abc import Iterator
from typing import Any

from engage_cli.records import field_names, is_record


def found_in(thing: object, kinds: tuple[type, ...]) -> Iterator[Any]:
    """Everything of these kinds within a plan's predicates, leaves, rows and checks."""
    if isinstance(thing, kinds):
        yield thing
    elif is_record(thing):
        for name in field_names(thing):
            yield from found_in(getattr(thing, name), kinds)
    elif isinstance(thing, tuple):
        for one in thing:
            yield from found_in(one, kinds)
