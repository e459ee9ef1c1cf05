"""Entity leaves: rows of linked tables, counted or measured for each subject, or for each row that they are linked with.

A condition on rows is one relation. At the top it is grouped by the subject. One inside `has` is grouped by `owner_key`: what the rows
around have in common with its own rows that are linked with them. Only where it refers to a trait, or to an instant of the subject's own,
is it grouped by the subject, too, over the pairs of subject and owner that can be reached; all others are evaluated once for each row,
however many subjects lead to it.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import assert_never

from msgspec import Struct, field
from sqlglot import exp

from engage_cli.plan import checks as c
from engage_cli.plan.finding import found_in
from engage_cli.plan.labels import slug
from engage_cli.plan.leaves import EntityRows, HasRows, RowMeasure
from engage_cli.plan.needs import Reading
from engage_cli.plan.predicates import Always, And, Is, Negated, Or, Predicate
from engage_cli.plan.qualifying import Qualifying
from engage_cli.plan.relative import Arrived, Own, Shifted, Turned
from engage_cli.sql.atoms import Atom
from engage_cli.sql.events import EventQueries
from engage_cli.sql.literals import all_of, any_of, column, known, negation
from engage_cli.sql.measures import OVER_NONE, aggregate_of, element_values
from engage_cli.sql.readers import ColumnReader
from engage_cli.sql.relations import Relations, comment
from engage_cli.sql.rows import row_condition
from engage_cli.sql.scope import USERS, Scope, entity_scope, join_subject

ROWS = "r"
OWNERS = "p"
AROUND = "o"
QUALIFYING = "q"
USER_KEY = "user_key"
ROW_KEY = "row_key"
OWNER_KEY = "owner_key"

Around = tuple[str, ...]
"""The entities in whose `has` a condition stands, the outermost first."""


def entity_table(name: str) -> str:
    """The staged relation of an entity's rows."""
    return f"entity_{name}"


LINKED = "linked_"


def linked_table(name: str) -> str:
    """The same, where it is read for the subjects that rows are linked to."""
    return f"{LINKED}{name}"


_OWN = (Own, Shifted, Turned, Arrived, c.AnniversaryWithin, c.OfKey, c.OfContext)
"""What a subject, or the journey's instance that it is, has beside its traits."""


@cache
def depends_on_subject(rows: EntityRows) -> bool:
    """Whether which rows match hinges on who asks: they are compared with a trait, or with an instant of the subject's own."""
    return any(True for _ in found_in(rows, (c.OfTrait, *_OWN)))


class EntityLeaves(Struct):
    """Compiles conditions on rows into relations. Measures of equal sets of rows share one relation, which gets a column for each."""

    queries: EventQueries
    relations: Relations
    measures: dict[str, dict[str, exp.Expr]] = field(default_factory=dict)

    def atom(self, leaf: HasRows) -> Atom:
        """The leaf as a condition over a relation that is joined to the subjects."""
        if leaf.is_presence:
            return Atom.presence(self._grouped(leaf.rows, ()))
        relation, label = self._measured(leaf, ())
        return Atom.measure(relation, label, leaf.check, _over_none(leaf.measure))

    # ---- relations -------------------------------------------------------------------------------------------------

    def _grouped(self, rows: EntityRows, around: Around) -> str:
        """The relation of those who have such rows, which measures add columns to."""
        name, new = self._name(rows, around, _label(rows, around))
        if new:
            self.measures[name] = {}
            self._rebuild(name, rows, around)
        return name

    def _name(self, rows: EntityRows, around: Around, label: str, thing: object = None) -> tuple[str, bool]:
        place = around if depends_on_subject(rows) else around[-1:]
        return self.relations.name_for(("rows", rows, place, thing), label)

    def _rebuild(self, name: str, rows: EntityRows, around: Around) -> None:
        columns = [exp.alias_(value.copy(), label) for label, value in self.measures[name].items()]
        keys = self._keys(rows, around)
        query = self._select(rows, around, [*keys, *columns]).group_by(*(key.unalias() for key in keys))
        self.relations.add(name, query, comment(_words(rows, around), rows.span))

    def _keys(self, rows: EntityRows, around: Around) -> list[exp.Expr]:
        """What a set of rows is grouped by."""
        if not around:
            return [column(USER_KEY, ROWS)]
        owner = exp.alias_(self._owned(rows.entity, around[-1]), OWNER_KEY)
        return [column(USER_KEY, OWNERS), owner] if depends_on_subject(rows) else [owner]

    def _select(self, rows: EntityRows, around: Around, columns: list[exp.Expr]) -> exp.Select:
        """`columns` (over the alias `r`) of the rows that match: of all that are linked with a subject, or with any row around."""
        table = entity_table(rows.entity) if around else linked_table(rows.entity)
        query = exp.select(*columns).from_(exp.alias_(exp.to_table(table), ROWS, table=True))
        if not around:
            return self._matching(query, rows, around, column(USER_KEY, ROWS), [_present(column(USER_KEY, ROWS))])
        if not depends_on_subject(rows):
            return self._matching(query, rows, around, None, [])
        owners = self._owners(around, rows.entity)
        on = exp.EQ(this=column(OWNER_KEY, OWNERS), expression=self._owned(rows.entity, around[-1]))
        query = query.join(exp.alias_(exp.to_table(owners), OWNERS, table=True), on=on)
        return self._matching(query, rows, around, column(USER_KEY, OWNERS), [])

    def _matching(
        self, query: exp.Select, rows: EntityRows, around: Around, subject: exp.Expr | None, conditions: list[exp.Expr]
    ) -> exp.Select:
        """`query`, whose alias `r` is rows of the entity, limited to those that match; `subject` is the key of who asks."""
        scope = self._scope(rows.entity)
        if any(True for _ in found_in((rows.row, rows.has), _OWN)):
            scope.used.add(USERS)
        joined: dict[str, exp.Expr] = {}
        own = row_condition(rows.row, scope)
        has = [] if rows.has is None else [self._has(rows.has, rows, around, subject, joined)]
        for name, on in joined.items():
            query = query.join(exp.to_table(name), on=on, join_type="left")
        query = join_subject(query, scope.used, exp.null() if subject is None else subject)
        condition = all_of([*conditions, own, *has])
        return query if condition == exp.true() else query.where(condition)

    def _scope(self, entity: str) -> Scope:
        return entity_scope(self.queries.catalog, self.queries.zone, entity, ROWS, self.queries.computed)

    def _links(self, entity: str) -> frozenset[str]:
        return self.queries.catalog.entities[entity].links

    # ---- what rows have --------------------------------------------------------------------------------------------

    def _has(
        self,
        predicate: Predicate,
        rows: EntityRows,
        around: Around,
        subject: exp.Expr | None,
        joined: dict[str, exp.Expr],
    ) -> exp.Expr:
        """A predicate over what is linked with a row, as a condition on relations that are added to `joined`."""

        def holds(leaf: HasRows) -> exp.Expr:
            relation, condition = self._inside(leaf, (*around, rows.entity))
            joined[relation] = self._same_owner(relation, leaf.rows, rows.entity, ROWS, subject)
            return condition

        return _over_rows(predicate, holds)

    def _inside(self, leaf: HasRows, around: Around) -> tuple[str, exp.Expr]:
        """The relation of what is asked inside `has`, and the condition on it. Owners who have none read NULL from it."""
        if leaf.is_presence:
            relation = self._grouped(leaf.rows, around)
            return relation, _present(column(OWNER_KEY, relation))
        relation, label = self._measured(leaf, around)
        return relation, Atom.measure(relation, label, leaf.check, _over_none(leaf.measure)).condition

    def _same_owner(self, relation: str, rows: EntityRows, around: str, alias: str, subject: exp.Expr | None) -> exp.Expr:
        """The rows of `alias`, of the entity around, are the owners in a relation of what is asked inside."""
        same = exp.EQ(this=column(OWNER_KEY, relation), expression=self._owning(around, rows.entity, alias))
        if not depends_on_subject(rows):
            return same
        assert subject is not None, "who compares with a trait must be known"
        return exp.and_(same, exp.EQ(this=column(USER_KEY, relation), expression=subject.copy()))

    # ---- links -----------------------------------------------------------------------------------------------------

    def _owned(self, entity: str, around: str) -> exp.Expr:
        """What a row of `r` has in common with the row around that it is linked with."""
        return column(_link(around), ROWS) if around in self._links(entity) else column(ROW_KEY, ROWS)

    def _owning(self, around: str, entity: str, alias: str) -> exp.Expr:
        """The same, of a row of the entity around under an alias."""
        return column(ROW_KEY, alias) if around in self._links(entity) else column(_link(entity), alias)

    def _owners(self, around: Around, entity: str) -> str:
        """The relation (user_key, owner_key) of the rows around that each subject leads to, as owners of rows of the entity."""
        *outer, last = around
        name, new = self.relations.name_for(("owners", around, entity), f"owners_of_{entity}")
        if not new:
            return name
        owner = self._owning(last, entity, ROWS)
        source = exp.alias_(exp.to_table(entity_table(last) if outer else linked_table(last)), ROWS, table=True)
        if not outer:
            query = exp.select(column(USER_KEY, ROWS), exp.alias_(owner, OWNER_KEY)).from_(source).where(_present(column(USER_KEY, ROWS)))
        else:
            further = self._owners(tuple(outer), last)
            on = exp.EQ(this=column(OWNER_KEY, OWNERS), expression=self._owned(last, outer[-1]))
            query = exp.select(column(USER_KEY, OWNERS), exp.alias_(owner, OWNER_KEY)).from_(source)
            query = query.join(exp.alias_(exp.to_table(further), OWNERS, table=True), on=on)
        query = query.where(_present(owner.copy())).distinct()
        return self.relations.add(name, query, f"the rows of {last} that may lead to rows of {entity}, by who is linked with them")

    # ---- measures --------------------------------------------------------------------------------------------------

    def _measured(self, leaf: HasRows, around: Around) -> tuple[str, str]:
        """The relation of a count or a measure, and its column there."""
        if leaf.measure is None:
            return self._aggregated(leaf.rows, around, "n", exp.Count(this=exp.Star()))
        measure = leaf.measure
        label = f"{measure.aggregate.value}_{slug(measure.path.text)}"
        if measure.reading is Reading.INSTANT:
            label += "_instant"
        if measure.path.has_each:
            return self._over_elements(leaf.rows, around, measure, label), label
        value = ColumnReader(ROWS, measure.path, frozenset()).read(measure.reading)
        return self._aggregated(leaf.rows, around, label, aggregate_of(measure.aggregate, value))

    def _aggregated(self, rows: EntityRows, around: Around, label: str, aggregate: exp.Expr) -> tuple[str, str]:
        name = self._grouped(rows, around)
        column_name, number = label, 1
        while self.measures[name].get(column_name, aggregate) != aggregate:
            number += 1
            column_name = f"{label}_{number}"
        if column_name not in self.measures[name]:
            self.measures[name][column_name] = aggregate
            self._rebuild(name, rows, around)
        return name, column_name

    def _over_elements(self, rows: EntityRows, around: Around, measure: RowMeasure, label: str) -> str:
        name, new = self._name(rows, around, f"{label}_of_{_label(rows, around)}", measure)
        if new:
            keys = [key.output_name for key in self._keys(rows, around)]
            own = self._keys(rows, around)
            values = element_values(
                lambda columns: self._select(rows, around, columns), own, ROWS, self._scope(rows.entity), measure.path, measure.reading
            )
            query = exp.select(
                *(column(key, ROWS) for key in keys), exp.alias_(aggregate_of(measure.aggregate, column("value", ROWS)), label)
            )
            query = query.from_(exp.alias_(values.subquery(), ROWS, table=True)).group_by(*(column(key, ROWS) for key in keys))
            self.relations.add(name, query, comment(f"{label.replace('_', ' ')} of elements", rows.span))
        return name

    # ---- which rows qualified somebody -----------------------------------------------------------------------------

    def qualifying(self, asked: Qualifying) -> Iterator[tuple[str, str]]:
        """Each entity that a condition asks for, outside of negations, with a relation (user_key, row_key) of rows that made it hold."""
        rows = asked.rows
        name, new = self.relations.name_for(("qualifying", asked), f"qualifying_{rows.entity}")
        if new:
            joined: dict[str, exp.Expr] = {}

            def holds(leaf: HasRows) -> exp.Expr:
                atom = self.atom(leaf)
                assert atom.relation is not None
                joined[atom.relation] = exp.EQ(this=column(USER_KEY, atom.relation), expression=column(USER_KEY, ROWS))
                return atom.condition.copy()

            condition = _over_rows(asked.predicate, holds)
            query = self._select(rows, (), [column(USER_KEY, ROWS), column(ROW_KEY, ROWS)]).where(condition)
            for relation, on in joined.items():
                query = query.join(exp.to_table(relation), on=on, join_type="left")
            self.relations.add(name, query, comment(f"the rows of {rows.entity} that meet it", rows.span))
        yield rows.entity, name
        yield from self._qualifying_inside(asked, (), name)

    def _qualifying_inside(self, asked: Qualifying, around: Around, qualified: str) -> Iterator[tuple[str, str]]:
        inside = (*around, asked.rows.entity)
        for inner in asked.inside:
            name = self._rows_inside(inner, inside, qualified)
            yield inner.rows.entity, name
            yield from self._qualifying_inside(inner, inside, name)

    def _rows_inside(self, asked: Qualifying, around: Around, qualified: str) -> str:
        rows, outer = asked.rows, around[-1]
        name, new = self.relations.name_for(("qualifying", asked, qualified), f"qualifying_{rows.entity}")
        if not new:
            return name
        subject = column(USER_KEY, QUALIFYING)
        query = exp.select(subject, column(ROW_KEY, ROWS)).distinct().from_(exp.alias_(exp.to_table(qualified), QUALIFYING, table=True))
        is_outer = exp.EQ(this=column(ROW_KEY, AROUND), expression=column(ROW_KEY, QUALIFYING))
        query = query.join(exp.alias_(exp.to_table(entity_table(outer)), AROUND, table=True), on=is_outer)
        is_linked = exp.EQ(this=self._owned(rows.entity, outer), expression=self._owning(outer, rows.entity, AROUND))
        query = query.join(exp.alias_(exp.to_table(entity_table(rows.entity)), ROWS, table=True), on=is_linked)
        joined: dict[str, exp.Expr] = {}

        def holds(leaf: HasRows) -> exp.Expr:
            relation, condition = self._inside(leaf, around)
            joined[relation] = self._same_owner(relation, leaf.rows, outer, AROUND, subject)
            return condition

        condition = _over_rows(asked.predicate, holds)
        for relation, on in joined.items():
            query = query.join(exp.to_table(relation), on=on, join_type="left")
        query = self._matching(query, rows, around, subject, [condition])
        return self.relations.add(name, query, comment(f"the rows of {rows.entity} that meet it", rows.span))


def _over_rows(predicate: Predicate, holds: Callable[[HasRows], exp.Expr], *, exact: bool = False) -> exp.Expr:
    """A predicate over conditions on rows, of which `holds` reads each; never NULL where `exact`."""
    match predicate:
        case And(parts):
            return all_of(_over_rows(part, holds, exact=exact) for part in parts)
        case Or(parts):
            return any_of(_over_rows(part, holds, exact=exact) for part in parts)
        case Negated(part):
            return negation(_over_rows(part, holds, exact=True))
        case Is(HasRows() as leaf):
            condition = holds(leaf)
            return known(condition) if exact and not leaf.is_presence else condition
        case Is() | Always():
            raise AssertionError(f"nothing but rows is asked of a row: {predicate}")
        case _:
            assert_never(predicate)


def _over_none(measure: RowMeasure | None) -> int | None:
    return 0 if measure is None or measure.aggregate in OVER_NONE else None


def _link(entity: str) -> str:
    return f"to_{entity}"


def _present(value: exp.Expr) -> exp.Expr:
    return exp.not_(exp.Is(this=value, expression=exp.null()))


def _label(rows: EntityRows, around: Around) -> str:
    return f"{rows.entity}_of_{around[-1]}" if around else f"has_{rows.entity}"


def _words(rows: EntityRows, around: Around) -> str:
    return f"the {rows.entity} of {around[-1]} that meet it" if around else f"who has such {rows.entity}"
