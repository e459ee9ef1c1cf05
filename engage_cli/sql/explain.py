"""Queries behind `explain`: the truth and the value of every part for one user or account, and the events that made it so."""

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.conditions import HasEntity
from engage_cli.definitions.subjects import Subject
from engage_cli.plan.checks import ANY_ROW
from engage_cli.plan.explain import ExplainedPart, event_sets, trait_paths
from engage_cli.plan.instants import Bound, Stretch
from engage_cli.plan.leaves import Events, EventSet, FirstEvents, InShareOf, Leaf, Sequence, SomeLinked
from engage_cli.plan.needs import Catalog, Reading
from engage_cli.plan.predicates import Always, Plan
from engage_cli.plan.qualifying import Qualifying, qualifying_at
from engage_cli.sql.accounts import ACCOUNT_EVENTS
from engage_cli.sql.atoms import Atom
from engage_cli.sql.compile import Compiler, Selection, about, with_relations
from engage_cli.sql.entities import ROW_KEY, ROWS, entity_table
from engage_cli.sql.events import ordered
from engage_cli.sql.functions import e_bucket
from engage_cli.sql.literals import column, known, text_literal
from engage_cli.sql.qualifying import ROW_ID, qualified
from engage_cli.sql.scope import EVENTS, USERS
from engage_cli.sql.sequences import references


class EventQuery(Struct, frozen=True):
    """How many events of a set there are, and the newest of them: (event name, time, message id, properties).

    `matching` meet everything, `in_window` have the name and lie in the window, `ever` have the name.
    """

    names: tuple[str, ...]
    matching: exp.Select
    in_window: exp.Select
    ever: exp.Select
    newest: exp.Select
    steps: tuple[int, ...] = ()
    """Of a sequence the steps, counted from 1, that the events are for."""


class Explanation(Struct, frozen=True):
    """The queries of one explanation, to be run over what was staged for the user."""

    truths: exp.Select
    """One row: whether each part holds (`part_0` …), and the values that leaves look at (`value_<part>_<n>`)."""
    values: dict[str, str]
    """What each value column is, in words."""
    events: dict[int, tuple[EventQuery, ...]]
    """By part: the event sets of its leaf, in the order written."""
    stages: dict[int, exp.Select]
    """By part: for a sequence, the steps that could be reached, (step, states)."""
    linked: dict[int, exp.Select]
    """By part: for a quantifier, how many users (accounts) it is about, and how many of them its leaf finds."""
    rows: dict[int, dict[str, exp.Select]]
    """By part: for a condition on rows, by entity the keys of those that make it hold, in order."""


def explanation(tree: ExplainedPart, plan: Plan, catalog: Catalog, user: str) -> Explanation:
    """Compile the queries that explain a tree for one user, or account."""
    compiler = Compiler(plan, catalog)
    for audience in plan.audiences.values():
        compiler.audience(audience)
    (asked,) = plan.asked
    explainer = _Explainer(compiler, Selection(plan.audiences[asked].of), user)
    for number, part in enumerate(tree.walk()):
        explainer.part(number, part)
    return explainer.result()


class _Explainer:
    def __init__(self, compiler: Compiler, selection: Selection, user: str) -> None:
        self.compiler = compiler
        self.selection = selection
        self.subjects = compiler.of[selection.of]
        self.subject = exp.EQ(this=column("user_id", USERS), expression=text_literal(user))
        self.linked: dict[int, exp.Select] = {}
        self.rows: dict[int, dict[str, exp.Select]] = {}
        self.columns: list[exp.Expr] = []
        self.values: dict[str, str] = {}
        self.events: dict[int, tuple[EventQuery, ...]] = {}
        self.stages: dict[int, exp.Select] = {}

    def part(self, number: int, part: ExplainedPart) -> None:
        """Add what is to be known of one part."""
        condition = known(self.compiler.condition(part.predicate, self.selection, exact=True))
        self.columns.append(exp.alias_(condition, f"part_{number}"))
        if isinstance(part.condition, HasEntity):
            self.rows[number] = self._rows(qualifying_at(part.condition, self.compiler.plan))
        for leaf in part.leaves:
            self._values(number, leaf)
            sets = event_sets(leaf)
            if sets:
                steps = leaf.steps if isinstance(leaf, Sequence) else ()
                places = {events: tuple(n for n, step in enumerate(steps, start=1) if step.events == events) for events in sets}
                self.events[number] = (*self.events.get(number, ()), *(self._event_query(events, of) for events, of in places.items()))
            if isinstance(leaf, Sequence):
                self.stages[number] = self._stages(leaf)
            if isinstance(leaf, SomeLinked):
                self.linked[number] = self._linked(leaf)

    def _values(self, number: int, leaf: Leaf) -> None:
        for path in trait_paths(leaf, self.subjects.catalog.subject_id):
            scope = self.compiler.scope(self.selection.of)
            self._value(number, path.text, scope.trait(path).read(Reading.VALUE))
            self.selection.use(scope.used)
        if isinstance(leaf, InShareOf):
            self._value(number, "bucket of 4294967296", e_bucket(leaf.salt, column("user_id", USERS)))
        atom: Atom = self.compiler.atom(leaf, self.selection)
        self.selection.read(atom)
        if atom.value is not None:
            self._value(number, _measure_name(atom.value), atom.value)

    def _value(self, number: int, words: str, value: exp.Expr) -> None:
        taken = [name for name, shown in self.values.items() if name.startswith(f"value_{number}_") and shown == words]
        if not taken:
            name = f"value_{number}_{len(self.values)}"
            self.values[name] = words
            self.columns.append(exp.alias_(exp.cast(value.copy(), "TEXT"), name))

    def _event_query(self, events: Events, steps: tuple[int, ...]) -> EventQuery:
        window = EventSet(events.names, events.stretch, ANY_ROW)
        ever = EventSet(events.names, Stretch(high=Bound(self.compiler.plan.as_of, True)), ANY_ROW)
        plain = events if not _refers(events) else EventSet(events.names, events.stretch, ANY_ROW)
        return EventQuery(
            events.names,
            self._count(plain),
            self._count(window),
            self._count(ever),
            self._newest(plain),
            steps,
        )

    def _count(self, events: Events) -> exp.Select:
        return self._about(self.subjects.queries.select(events, [exp.alias_(exp.Count(this=exp.Star()), "n")]), EVENTS)

    def _newest(self, events: Events) -> exp.Select:
        columns = [column(name, EVENTS) for name in ("event_key", "ts", "message_id", "properties")]
        query = self.subjects.queries.select(events, columns)
        order = [ordered(column(name, EVENTS), descending=True) for name in ("ts", "message_id")]
        return self._about(query.order_by(*order).limit(5), EVENTS)

    def _about(self, query: exp.Select, table: str) -> exp.Select:
        """The rows of `table` that are the subject's. Where one user's alone are staged, there are no others."""
        if self.compiler.plan.needs.users is not None:
            return query
        query = about(self.selection.of, query.where(exp.EQ(this=column("user_key", table), expression=self._key())))
        return with_relations(query, self.compiler.relations.needed_by([ACCOUNT_EVENTS]) if self.selection.of is Subject.ACCOUNTS else ())

    def _key(self) -> exp.Expr:
        key = exp.select(column("user_key", USERS)).from_(exp.alias_(exp.to_table("users"), USERS, table=True))
        return key.where(self.subject.copy()).subquery()

    def _stages(self, leaf: Sequence) -> exp.Select:
        """One row a step of an ordered sequence: how many states of the user reached it."""
        name = self.subjects.relations.name_for(leaf, leaf.label)[0]
        reached = [
            relation.name
            for relation in self.compiler.relations.needed_by([name])
            if relation.name.startswith(f"{name}_step_") and not relation.name.endswith("_events")
        ]
        columns = [exp.alias_(self._states(one).subquery(), f"step_{number + 1}") for number, one in enumerate(reached)]
        query = exp.select(*columns)
        return with_relations(query, self.compiler.relations.needed_by([name]))

    def _states(self, relation: str) -> exp.Select:
        states = exp.select(exp.Count(this=exp.Star())).from_(exp.to_table(relation))
        if self.compiler.plan.needs.users is not None:
            return states
        return about(self.selection.of, states.where(exp.EQ(this=column("user_key", relation), expression=self._key())))

    def _linked(self, leaf: SomeLinked) -> exp.Select:
        """(linked, found): how many of the other kind belong to the subject, and how many of them meet the leaf's predicate."""
        inner = self.compiler.meeting_relation(leaf)
        own, other = f"{self.selection.of.one}_key", f"{leaf.of.one}_key"
        query = exp.select(exp.alias_(exp.Count(this=exp.Star()), "linked")).from_("members")
        if isinstance(leaf.predicate, Always):
            query = query.select(exp.alias_(exp.Count(this=exp.Star()), "found"))
        else:
            on = exp.EQ(this=column(other, inner), expression=column(other, "members"))
            query = query.select(exp.alias_(exp.Count(this=column(other, inner)), "found"))
            query = query.join(exp.to_table(inner), on=on, join_type="left")
        key = about(self.selection.of, exp.select("*").where(exp.EQ(this=column(own, "members"), expression=self._key())))
        query = query.where(key.args["where"].this)
        return with_relations(query, self.compiler.relations.needed_by([inner]))

    def _rows(self, asked: Qualifying) -> dict[str, exp.Select]:
        found = {}
        for entity in dict.fromkeys(one.rows.entity for one in asked.walk()):
            query = exp.select(column(ROW_ID, ROWS)).from_(exp.alias_(qualified(self.subjects.entities, [asked], entity).subquery(), "q"))
            is_row = exp.EQ(this=column(ROW_KEY, ROWS), expression=column(ROW_KEY, "q"))
            query = query.join(exp.alias_(exp.to_table(entity_table(entity)), ROWS, table=True), on=is_row)
            query = query.where(exp.EQ(this=column("user_key", "q"), expression=self._key())).order_by(ordered(column(ROW_KEY, ROWS)))
            query = about(self.selection.of, query)
            named = [table.name for table in query.find_all(exp.Table)]
            found[entity] = with_relations(query, self.compiler.relations.needed_by(named))
        return found

    def result(self) -> Explanation:
        query = self.selection.over_subjects(self.columns, exp.true())
        query = about(self.selection.of, query.where(self.subject.copy()))
        truths = with_relations(query, self.compiler.relations.needed_by(self.selection.joined))
        return Explanation(truths, self.values, self.events, self.stages, self.linked, self.rows)


def _measure_name(value: exp.Expr) -> str:
    name = value.find(exp.Column)
    return "count" if name is None or name.name == "n" else name.name.replace("_", " ")


def _refers(events: Events) -> bool:
    return not isinstance(events, FirstEvents) and bool(references(events.row))
