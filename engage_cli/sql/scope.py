"""What a predicate can see while it is compiled: the relations in reach, by the aliases they have there."""

from collections.abc import Callable, Iterable
from typing import assert_never

from msgspec import Struct, field
from sqlglot import exp

from engage_cli.definitions.paths import Path
from engage_cli.plan.checks import OfContext, OfKey, OfStep, OfTrait, Referred
from engage_cli.plan.needs import Catalog, ListNeed, Reading
from engage_cli.records import replace
from engage_cli.sql.literals import column
from engage_cli.sql.readers import ColumnReader, JsonReader, Reader, TextReader, UserIdReader

TRAITS = "t"
USERS = "u"
EVENTS = "e"
KEY = "key"
CONTEXT = "context"
"""What a journey's instance has beside it: its key, and what it carries as the text of a JSON object."""


_LIST = "values_of_"
_FOLDED = "folded_"
_RELATION = "relation "


def list_alias(table: str, *, fold: bool) -> str:
    """The alias under which a whole list file is joined as one value."""
    return f"{_LIST}{_FOLDED if fold else ''}{table}"


def list_value(table: str, *, fold: bool) -> exp.Expr:
    """One value of a list file."""
    value = column("value", table)
    return exp.Lower(this=value) if fold else value


def join_subject(query: exp.Select, used: set[str], user_key: exp.Expr, as_of: exp.Expr | None = None) -> exp.Select:
    """`query` joined with what its conditions refer to beside their own row: traits, users, whole lists. It keeps its rows.

    Traits are those of the run's instant, or, where what was so at earlier ones is staged, as of another.
    """
    traits = "traits" if as_of is None else "trait_history"
    for alias, relation, side in ((TRAITS, traits, "left"), (USERS, "users", "inner")):
        if alias in used:
            on: exp.Expr = exp.EQ(this=column("user_key", alias), expression=user_key.copy())
            if alias == TRAITS and as_of is not None:
                on = exp.and_(on, _was_so(alias, as_of))
            query = query.join(exp.alias_(exp.to_table(relation), alias, table=True), on=on, join_type=side)
    for relation in relations_used(used):
        on = exp.EQ(this=column("user_key", relation), expression=user_key.copy())
        query = query.join(exp.to_table(relation), on=on, join_type="left")
    for alias in sorted(name for name in used if name.startswith(_LIST)):
        fold = alias.startswith(_LIST + _FOLDED)
        table = alias.removeprefix(_LIST).removeprefix(_FOLDED)
        values = exp.alias_(exp.ArrayAgg(this=list_value(table, fold=fold)), "list_values")
        whole = exp.select(values).from_(exp.to_table(table)).subquery()
        query = query.join(exp.alias_(whole, alias, table=True), join_type="cross")
    return query


def _was_so(history: str, as_of: exp.Expr) -> exp.Expr:
    begun = exp.LTE(this=column("since", history), expression=as_of.copy())
    lasts = exp.or_(
        exp.Is(this=column("until", history), expression=exp.null()), exp.LT(this=as_of.copy(), expression=column("until", history))
    )
    return exp.and_(begun, lasts)


class Derived(Struct, frozen=True):
    """A computed trait: how its value is read, over relations that are joined to the subject by its key under their own names."""

    reader: Reader
    relations: tuple[str, ...]


Computed = Callable[[Path], Derived | None]
"""Finds a computed trait by a path into its value; None where the trait is one of the profile's."""


def nothing_computed(_path: Path) -> Derived | None:
    """No trait is computed."""
    return None


def relation_alias(relation: str) -> str:
    """The mark in `used` that a relation is to be joined under its own name."""
    return f"{_RELATION}{relation}"


def relations_used(used: set[str]) -> list[str]:
    """The relations among what was used."""
    return sorted(name.removeprefix(_RELATION) for name in used if name.startswith(_RELATION))


class Scope(Struct, frozen=True):
    """How the values of one row are read, and those that it may refer to.

    `values` reads a path of the row itself; `step` one of an earlier step's event. `used` collects the aliases of the relations
    (TRAITS, USERS, whole lists) that were referred to, so that the query joins them.
    """

    catalog: Catalog
    zone: str
    values: Callable[[Path | None], Reader]
    element_zone: str | None
    step: Callable[[OfStep], Reader] | None = None
    computed: Computed = nothing_computed
    depth: int = 0
    whole_lists: bool = False
    """Lists are joined as values: where the condition stands in a join, which takes no subquery."""
    used: set[str] = field(default_factory=set)
    subject: str = USERS
    """The alias of the relation that has instants of the subject's own, where there are any (plan/relative.py)."""

    def referred(self, reference: Referred) -> Reader:
        """The reader of a referred value."""
        match reference:
            case OfTrait(path):
                return self.trait(path)
            case OfStep():
                assert self.step is not None, "a ref outside a sequence"
                return self.step(reference)
            case OfKey():
                return TextReader(column(KEY, self.subject), self.zone)
            case OfContext(path):
                return context_reader(path, self)
            case _:
                assert_never(reference)

    def trait(self, path: Path) -> Reader:
        """The reader of one of the subject's traits."""
        if path == self.catalog.subject_id:
            self.used.add(USERS)
            return UserIdReader(USERS, self.zone)
        derived = self.computed(path)
        if derived is not None:
            self.used.update(relation_alias(name) for name in derived.relations)
            return derived.reader
        self.used.add(TRAITS)
        return ColumnReader(TRAITS, path, self.catalog.trait_lists)

    def columns(self, paths: Iterable[Path], *readings: Reading) -> list[exp.Expr]:
        """Each trait under its own name: in the one reading, or as text in the first of several that it has."""
        found = []
        for path in paths:
            first, *rest = (self.trait(path).read(reading) for reading in readings)
            value = exp.Coalesce(this=first, expressions=[exp.cast(way, "TEXT") for way in rest]) if rest else first
            found.append(exp.alias_(value, path.text, quoted=True))
        return found

    def list_table(self, file: str, path: Path | None) -> str:
        """The relation of an in_file list, for a value compared under the path's last name."""
        return self.catalog.list_tables[ListNeed(file, "" if path is None else str(path.parts[-1]))]

    def inside(self, element: exp.Expr, of: Reader | None = None) -> "Scope":
        """The scope of one element of a list (`of` reads that), whose paths are its own."""
        zone = of.source_zone if isinstance(of, JsonReader) else self.element_zone
        return replace(self, values=lambda path: JsonReader(element, path, zone, self.zone), element_zone=zone, depth=self.depth + 1)


def event_scope(
    catalog: Catalog,
    zone: str,
    table: str = EVENTS,
    step: Callable[[OfStep], Reader] | None = None,
    computed: Computed = nothing_computed,
) -> Scope:
    """The scope of a row of events under an alias."""

    def column_reader(path: Path | None) -> Reader:
        assert path is not None, "only an element is read as a whole"
        return ColumnReader(table, path, catalog.event_lists)

    return Scope(catalog, zone, column_reader, catalog.elements_zone, step=step, computed=computed, subject=table)


def entity_scope(catalog: Catalog, zone: str, entity: str, alias: str, computed: Computed = nothing_computed) -> Scope:
    """The scope of a row of an entity under an alias."""
    staged = catalog.entities[entity]

    def column_reader(path: Path | None) -> Reader:
        assert path is not None, "only an element is read as a whole"
        return ColumnReader(alias, path, staged.lists)

    return Scope(catalog, zone, column_reader, staged.zone, computed=computed)


def trait_scope(catalog: Catalog, zone: str, computed: Computed = nothing_computed) -> Scope:
    """The scope of a subject's traits."""

    def trait_reader(path: Path | None) -> Reader:
        assert path is not None, "only an element is read as a whole"
        return scope.trait(path)

    scope = Scope(catalog, zone, trait_reader, catalog.trait_elements_zone, computed=computed)
    return scope


def context_scope(catalog: Catalog, zone: str, computed: Computed = nothing_computed, subject: str = USERS) -> Scope:
    """The scope of what a journey's instance carries, beside the subjects under an alias."""

    def reader(path: Path | None) -> Reader:
        assert path is not None, "only an element is read as a whole"
        return context_reader(path, scope)

    scope = Scope(catalog, zone, reader, catalog.elements_zone, computed=computed, subject=subject)
    return scope


def context_reader(path: Path, scope: Scope) -> Reader:
    """The reader of a value that a journey's instance carries. It came from an event, and is read as an element of its lists is."""
    return JsonReader(exp.cast(column(CONTEXT, scope.subject), "JSON"), path, scope.catalog.elements_zone, scope.zone)
