"""Finding parts of a plan, wherever they stand in it."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any


def found_in(thing: object, kinds: tuple[type, ...]) -> Iterator[Any]:
    """Everything of these kinds within a plan's predicates, leaves, rows and checks."""
    if isinstance(thing, kinds):
        yield thing
    elif is_dataclass(thing):
        for part in fields(thing):
            yield from found_in(getattr(thing, part.name), kinds)
    elif isinstance(thing, tuple):
        for one in thing:
            yield from found_in(one, kinds)
