"""Which typed columns a store holds, for which events; and whether that is enough for a plan."""

from msgspec import Struct

from engage_cli.definitions.paths import parse_path
from engage_cli.engine.inputs.wanted import Wanted, name_condition
from engage_cli.engine.labels import Labels, labels_for
from engage_cli.engine.store.manifest import Manifest
from engage_cli.engine.template import TRUE
from engage_cli.plan.needs import Column, Needs, Reading


class Layout(Struct, frozen=True):
    """`columns` are filled for the events that `names` match; of those that `whole` matches all properties are there as JSON text."""

    columns: frozenset[Column] = frozenset()
    names: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()

    def covers(self, other: "Layout") -> bool:
        """Whether everything that `other` holds is in this one too."""
        return other.columns <= self.columns and _among(other.names, self.names) and _among(other.whole, self.whole)

    def with_also(self, other: "Layout") -> "Layout":
        """What holds both."""
        return Layout(self.columns | other.columns, self.names | other.names, self.whole | other.whole)

    @property
    def ordered(self) -> tuple[Column, ...]:
        """The columns by name."""
        return tuple(sorted(self.columns, key=lambda column: column.name))

    @property
    def labels(self) -> Labels:
        """The names in DuckDB of the columns in the store."""
        return labels_for(self.columns)

    def wanted(self) -> Wanted:
        """Every event, with the columns of this layout."""
        return Wanted(
            as_of=None,
            row=TRUE,
            with_columns=name_condition(self.names | self.whole),
            columns=self.ordered,
            labels=self.labels,
            with_properties=bool(self.whole),
            names=None,
            since=None,
        )


def layout_of(needs: Needs) -> Layout:
    """What a plan needs to be in the store."""
    found = [need for need in needs.events if need.columns]
    return Layout(
        frozenset(column for need in found for column in need.columns),
        frozenset(name for need in found for name in need.names),
        frozenset({"*"}) if "events" in needs.tables else needs.whole,
    )


def stored_layout(manifest: Manifest) -> Layout:
    """What a store holds."""
    return Layout(frozenset(map(_column, manifest.columns)), frozenset(manifest.names), frozenset(manifest.whole))


def _among(names: frozenset[str], others: frozenset[str]) -> bool:
    """Whether whatever some names match is matched by others, as far as that is seen by looking at the names."""
    return "*" in others or names <= others


def _column(name: str) -> Column:
    path, _, reading = name.rpartition(":")
    return Column(parse_path(path), Reading(reading))
