"""Entity conditions: how many linked rows match, or a measure over them, and conditions on what is linked with these (docs/entities.md)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from tests.reference.dataset import Entity
from tests.reference.events import measure_holds
from tests.reference.subject import Subject
from tests.reference.values import Value, read_text
from tests.reference.wheres import event_meets

Condition: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A row of an entity; its columns are read as the properties of an event are."""

    entity: str
    properties: Mapping[str, Value]
    zone: ZoneInfo


def has_rows(condition: Condition, subject: Subject) -> bool:
    """Whether so many rows that are linked with the user or account match."""
    entity = subject.entities[condition["entity"]]
    links = entity.links[subject.of]
    rows = [row for row in _rows(condition["entity"], entity) if read_text(row.properties.get(links)) == subject.user_id]
    return measure_holds(condition, matching(condition, rows, subject), subject)


def matching(condition: Condition, rows: Sequence[Row], subject: Subject) -> list[Row]:
    """Those of the rows that meet `where` and `has`."""
    meeting = [row for row in rows if event_meets(row, condition.get("where", {}), subject)]
    return [row for row in meeting if "has" not in condition or _row_holds(condition["has"], row, subject)]


def _row_holds(condition: Condition, row: Row, subject: Subject) -> bool:
    match condition:
        case {"all": parts}:
            return all(_row_holds(part, row, subject) for part in parts)
        case {"any": parts}:
            return any(_row_holds(part, row, subject) for part in parts)
        case {"none": parts}:
            return not any(_row_holds(part, row, subject) for part in parts)
        case {"not": part}:
            return not _row_holds(part, row, subject)
    return measure_holds(condition, matching(condition, linked_rows(row, condition["entity"], subject), subject), subject)


def linked_rows(row: Row, name: str, subject: Subject) -> list[Row]:
    """The rows of another entity that this row is linked with, whichever of the two holds the key of the other."""
    own, other = subject.entities[row.entity], subject.entities[name]
    if row.entity in other.links:
        column, wanted = other.links[row.entity], read_text(row.properties.get(own.key))
    else:
        column, wanted = other.key, read_text(row.properties.get(own.links[name]))
    return [one for one in _rows(name, other) if wanted is not None and read_text(one.properties.get(column)) == wanted]


def qualifying(condition: Condition, subject: Subject, audiences: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    """The rows that make a condition hold for the subject: those that match a part that holds, and that stands under no negation."""
    match condition:
        case {"all": parts} | {"any": parts}:
            for part in parts:
                yield from qualifying(part, subject, audiences)
        case {"audience": name}:
            yield from qualifying(audiences[name]["members"], subject, audiences)
        case {"entity": name}:
            entity = subject.entities[name]
            links = entity.links[subject.of]
            rows = [row for row in _rows(name, entity) if read_text(row.properties.get(links)) == subject.user_id]
            yield from _qualifying(condition, rows, subject)


def _qualifying(condition: Condition, rows: Sequence[Row], subject: Subject) -> Iterator[Row]:
    found = matching(condition, rows, subject)
    if measure_holds(condition, found, subject):
        for row in found:
            yield row
            yield from _qualifying_inside(condition.get("has", {}), row, subject)


def _qualifying_inside(condition: Condition, row: Row, subject: Subject) -> Iterator[Row]:
    match condition:
        case {"all": parts} | {"any": parts}:
            for part in parts:
                yield from _qualifying_inside(part, row, subject)
        case {"entity": name}:
            yield from _qualifying(condition, linked_rows(row, name, subject), subject)


def _rows(name: str, entity: Entity) -> list[Row]:
    """The rows that have a key. No two of a case have the same."""
    zone = ZoneInfo(entity.zone)
    return [Row(name, row, zone) for row in entity.rows if read_text(row.get(entity.key)) is not None]
