"""The identifiers of events: columns of the files, kept in the store beside the properties."""

from collections.abc import Mapping

from msgspec import Struct

from engage_cli.definitions.identity import Identity
from engage_cli.definitions.paths import Path
from engage_cli.engine.identity.ids import written_subject
from engage_cli.engine.store.layout import Layout
from engage_cli.engine.template import NULL, Sql
from engage_cli.plan.needs import Column, Reading
from engage_cli.records import replace

_PLACE = "identifiers of engage"
"""Where the store has the identifiers of an event: no name that a property has."""


class EventIdentifiers(Struct, frozen=True):
    """The identifiers that a batch of events has, as text over its raw columns."""

    identity: Identity
    values: Mapping[str, Sql]

    @property
    def subject(self) -> Sql:
        """Who did it: see ids.written_subject."""
        return written_subject(self.identity, dict(self.values))

    def value(self, name: str) -> Sql:
        """The value of an identifier as it is written."""
        return self.values.get(name, NULL)


def identifier_column(name: str) -> Column:
    """The column of the store that has an identifier."""
    return Column(Path((_PLACE, name)), Reading.TEXT)


def identifier_of(column: Column) -> str | None:
    """The name of the identifier that a column of the store has; None of a property."""
    place, *names = column.path.parts
    return str(names[0]) if place == _PLACE and names else None


def with_identifiers(layout: Layout, identity: Identity | None) -> Layout:
    """A layout with the identifiers of every event."""
    if identity is None:
        return layout
    columns = frozenset(identifier_column(name) for name in identity.others)
    return replace(layout, columns=layout.columns | columns, names=layout.names | {"*"})
