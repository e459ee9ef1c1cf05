"""Wheres: what one event, or one element of a list in it, must be like (language.md, "Comparing")."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from tests.reference.dataset import Event
from tests.reference.operators import OPERATORS, compares, is_reference
from tests.reference.paths import EACH, values_at
from tests.reference.subject import Subject, event_data
from tests.reference.values import Datum

Where: TypeAlias = Mapping[str, Any]
Lookup: TypeAlias = Callable[[str], Sequence[Datum]]
"""The values at a path: of an event, or of an element."""


def event_meets(event: Event, where: Where, subject: Subject) -> bool:
    """Whether all parts of the where hold for this one event."""
    return _holds(where, lambda path: event_data(event, path), subject)


def _holds(where: Where, lookup: Lookup, subject: Subject) -> bool:
    return all(_part_holds(key, wanted, lookup, subject) for key, wanted in where.items())


def _part_holds(key: str, wanted: Any, lookup: Lookup, subject: Subject) -> bool:
    match key:
        case "all":
            return all(_holds(one, lookup, subject) for one in wanted)
        case "any":
            return any(_holds(one, lookup, subject) for one in wanted)
        case "none":
            return not any(_holds(one, lookup, subject) for one in wanted)
        case "not":
            return not _holds(wanted, lookup, subject)
    if key.endswith(EACH) and _is_where(wanted):
        return any(_holds(wanted, _element_lookup(element), subject) for element in lookup(key))
    return compares(lookup(key), _tests(wanted), subject)


def _tests(wanted: Any) -> Mapping[str, Any]:
    """A bare value is `eq`, a bare list is `in`."""
    if isinstance(wanted, Mapping) and not is_reference(wanted):
        return wanted
    return {"in": wanted} if isinstance(wanted, list) else {"eq": wanted}


def _is_where(wanted: Any) -> bool:
    """A mapping that speaks of the element's own properties, not of operators."""
    return isinstance(wanted, Mapping) and not is_reference(wanted) and not set(wanted) <= OPERATORS


def _element_lookup(element: Datum) -> Lookup:
    return lambda path: [Datum(value, element.zone) for value in values_at(element.value, path)]
