"""Queries behind `explain`: the truth and the value of every part for the staged user, and the events that made it so."""

from dataclasses import dataclass

from sqlglot import exp

from engage_cli.plan.checks import ANY_ROW
from engage_cli.plan.explain import ExplainedPart, event_sets, trait_paths
from engage_cli.plan.instants import Bound, Stretch
from engage_cli.plan.leaves import Events, EventSet, FirstEvents, InShareOf, Leaf, Sequence
from engage_cli.plan.needs import Catalog, Reading
from engage_cli.plan.predicates import Plan
from engage_cli.sql.atoms import Atom
from engage_cli.sql.compile import Compiler, Selection, with_relations
from engage_cli.sql.events import ordered
from engage_cli.sql.functions import e_bucket
from engage_cli.sql.literals import column, known, text_literal
from engage_cli.sql.scope import EVENTS, USERS, trait_scope
from engage_cli.sql.sequences import references


@dataclass(frozen=True)
class EventQuery:
    """How many events of a set there are, and the newest of them: (event name, time, message id, properties).

    `matching` meet everything, `in_window` have the name and lie in the window, `ever` have the name.
    """

    names: tuple[str, ...]
    matching: exp.Select
    in_window: exp.Select
    ever: exp.Select
    newest: exp.Select


@dataclass(frozen=True)
class Explanation:
    """The queries of one explanation, to be run over what was staged for the user."""

    truths: exp.Select
    """One row: whether each part holds (`part_0` …), and the values that leaves look at (`value_<part>_<n>`)."""
    values: dict[str, str]
    """What each value column is, in words."""
    events: dict[int, tuple[EventQuery, ...]]
    """By part: the event sets of its leaf, in the order written."""
    stages: dict[int, exp.Select]
    """By part: for a sequence, the steps that could be reached, (step, states)."""


def explanation(tree: ExplainedPart, plan: Plan, catalog: Catalog, user: str) -> Explanation:
    """Compile the queries that explain a tree for one user."""
    compiler = Compiler(plan, catalog)
    for audience in plan.audiences.values():
        compiler.audience(audience)
    explainer = _Explainer(compiler, Selection())
    for number, part in enumerate(tree.walk()):
        explainer.part(number, part)
    return explainer.result(user)


class _Explainer:
    def __init__(self, compiler: Compiler, selection: Selection) -> None:
        self.compiler = compiler
        self.selection = selection
        self.columns: list[exp.Expr] = []
        self.values: dict[str, str] = {}
        self.events: dict[int, tuple[EventQuery, ...]] = {}
        self.stages: dict[int, exp.Select] = {}

    def part(self, number: int, part: ExplainedPart) -> None:
        """Add what is to be known of one part."""
        condition = known(self.compiler.condition(part.predicate, self.selection, exact=True))
        self.columns.append(exp.alias_(condition, f"part_{number}"))
        for leaf in part.leaves:
            self._values(number, leaf)
            sets = event_sets(leaf)
            if sets:
                found = tuple(self._event_query(events) for events in sets)
                self.events[number] = tuple(dict.fromkeys((*self.events.get(number, ()), *found)))
            if isinstance(leaf, Sequence):
                self.stages[number] = self._stages(leaf)

    def _values(self, number: int, leaf: Leaf) -> None:
        for path in trait_paths(leaf):
            scope = trait_scope(self.compiler.catalog, self.compiler.plan.zone, self.compiler.traits.derived)
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

    def _event_query(self, events: Events) -> EventQuery:
        window = EventSet(events.names, events.stretch, ANY_ROW)
        ever = EventSet(events.names, Stretch(high=Bound(self.compiler.plan.as_of, True)), ANY_ROW)
        plain = events if not _refers(events) else EventSet(events.names, events.stretch, ANY_ROW)
        return EventQuery(
            events.names,
            self._count(plain),
            self._count(window),
            self._count(ever),
            self._newest(plain),
        )

    def _count(self, events: Events) -> exp.Select:
        return self.compiler.queries.select(events, [exp.alias_(exp.Count(this=exp.Star()), "n")])

    def _newest(self, events: Events) -> exp.Select:
        columns = [column(name, EVENTS) for name in ("event_key", "ts", "message_id", "properties")]
        query = self.compiler.queries.select(events, columns)
        order = [ordered(column(name, EVENTS), descending=True) for name in ("ts", "message_id")]
        return query.order_by(*order).limit(5)

    def _stages(self, leaf: Sequence) -> exp.Select:
        """One row a step of an ordered sequence: how many states of the user reached it."""
        name = self.compiler.relations.name_for(leaf, leaf.label)[0]
        reached = [
            relation.name
            for relation in self.compiler.relations.needed_by([name])
            if relation.name.startswith(f"{name}_step_") and not relation.name.endswith("_events")
        ]
        columns = [
            exp.alias_(exp.select(exp.Count(this=exp.Star())).from_(exp.to_table(one)).subquery(), f"step_{number + 1}")
            for number, one in enumerate(reached)
        ]
        query = exp.select(*columns)
        return with_relations(query, self.compiler.relations.needed_by([name]))

    def result(self, user: str) -> Explanation:
        query = self.selection.over_subjects(self.columns, exp.true())
        query = query.where(exp.EQ(this=column("user_id", USERS), expression=text_literal(user)))
        truths = with_relations(query, self.compiler.relations.needed_by(self.selection.joined))
        return Explanation(truths, self.values, self.events, self.stages)


def _measure_name(value: exp.Expr) -> str:
    name = value.find(exp.Column)
    return "count" if name is None or name.name == "n" else name.name.replace("_", " ")


def _refers(events: Events) -> bool:
    return not isinstance(events, FirstEvents) and bool(references(events.row))
