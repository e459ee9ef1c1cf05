"""Sequences of `order: any`: so many steps, each by an event of its own, in whatever order.

One event may fit several steps, so this is a matching. By Hall's theorem (with a deficiency) k of n steps can be served by different
events exactly if every set of steps has at least (its size − (n − k)) events that fit one of them: a count for each set.
"""

from itertools import combinations

from sqlglot import exp

from engage_cli.plan.leaves import Sequence
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.events import EventQueries
from engage_cli.sql.literals import all_of, any_of, column, integer_literal
from engage_cli.sql.relations import Relations, comment

MARK = "m"
ANCHOR = "a"
WITHOUT = "w"


class UnorderedSequence:
    """The relations of one sequence without order."""

    def __init__(self, leaf: Sequence, name: str, queries: EventQueries, relations: Relations) -> None:
        self.leaf = leaf
        self.name = name
        self.queries = queries
        self.relations = relations
        self.parents: list[str] = []

    def build(self) -> None:
        """Add the relations; the last bears the sequence's name."""
        marks = self._marks()
        bounded = self.leaf.duration is not None or bool(self.leaf.without)
        query = self._anchored(marks) if bounded else self._whole(marks)
        self.relations.add(self.name, query, comment("who did so many of the steps", self.leaf.span), self.parents)

    def _marks(self) -> str:
        """One row an event that fits a step, with the steps it fits as the bits of `steps`."""
        selects: list[exp.Select] = []
        for index, step in enumerate(self.leaf.steps):
            bit = exp.alias_(integer_literal(1 << index), "step")
            columns = [column("user_key", "e"), column("ts", "e"), column("message_id", "e"), bit]
            selects.append(self.queries.select(step.events, columns))
        union: exp.Query = selects[0]
        for select in selects[1:]:
            union = exp.union(union, select, distinct=False)
        keys = [column("user_key", MARK), column("ts", MARK), column("message_id", MARK)]
        bits = exp.alias_(exp.cast(exp.Sum(this=column("step", MARK)), "BIGINT"), "steps")
        query = exp.select(*keys, bits).from_(exp.alias_(union.subquery(), MARK, table=True))
        name = f"{self.name}_events"
        self.parents.append(name)
        grouped = query.group_by(*(key.copy() for key in keys))
        return self.relations.add(name, grouped, comment("events and the steps they fit", self.leaf.span))

    def _enough(self) -> exp.Expr:
        """So many steps can be served by different events of the group."""
        count, spare = len(self.leaf.steps), len(self.leaf.steps) - self.leaf.at_least
        tests: list[exp.Expr] = []
        for size in range(spare + 1, count + 1):
            for chosen in combinations(range(count), size):
                bits = sum(1 << index for index in chosen)
                fits = exp.NEQ(
                    this=exp.Paren(this=exp.BitwiseAnd(this=column("steps", MARK), expression=integer_literal(bits))),
                    expression=integer_literal(0),
                )
                served = exp.Count(this=exp.Case(ifs=[exp.If(this=fits, true=integer_literal(1))]))
                tests.append(exp.GTE(this=served, expression=integer_literal(size - spare)))
        return all_of(tests)

    def _whole(self, marks: str) -> exp.Select:
        query = exp.select(column("user_key", MARK)).from_(exp.alias_(exp.to_table(marks), MARK, table=True))
        return query.group_by(column("user_key", MARK)).having(self._enough())

    def _anchored(self, marks: str) -> exp.Select:
        """From each instant that could be the earliest: the events up to `span` and up to the next of `without`."""
        anchors = exp.select(column("user_key", MARK), column("ts", MARK)).distinct()
        anchors = anchors.from_(exp.alias_(exp.to_table(marks), MARK, table=True))
        query = exp.select(column("user_key", ANCHOR)).distinct()
        query = query.from_(exp.alias_(anchors.subquery(), ANCHOR, table=True))
        conditions: list[exp.Expr] = []
        for number in range(len(self.leaf.without)):
            query = self._next_without(query, f"{WITHOUT}{number + 1}", number, conditions)
            self.parents.append(self._without_name(number))
        link: list[exp.Expr] = [
            exp.EQ(this=column("user_key", MARK), expression=column("user_key", ANCHOR)),
            exp.GTE(this=column("ts", MARK), expression=column("ts", ANCHOR)),
        ]
        if self.leaf.duration is not None:
            latest = after_duration(column("ts", ANCHOR), self.leaf.duration, self.queries.zone)
            link.append(exp.LTE(this=column("ts", MARK), expression=latest))
        query = query.join(exp.alias_(exp.to_table(marks), MARK, table=True), on=all_of(link))
        if conditions:
            query = query.where(all_of(conditions))
        return query.group_by(column("user_key", ANCHOR), column("ts", ANCHOR)).having(self._enough())

    def _without_name(self, number: int) -> str:
        return f"{self.name}_without_{number + 1}"

    def _next_without(self, query: exp.Select, alias: str, number: int, conditions: list[exp.Expr]) -> exp.Select:
        """The next forbidden event strictly after the anchor: no event after it may be taken."""
        events = self.leaf.without[number]
        rows = self.queries.select(events, [column("user_key", "e"), column("ts", "e")]).distinct()
        name = self.relations.add(
            self._without_name(number), rows, comment(f"what must not happen: {', '.join(events.names)}", events.span)
        )
        link = exp.and_(
            exp.EQ(this=column("user_key", ANCHOR), expression=column("user_key", alias)),
            exp.LT(this=column("ts", ANCHOR), expression=column("ts", alias)),
        )
        nearest = column("ts", alias)
        allowed = [
            exp.Is(this=nearest, expression=exp.null()),
            exp.GTE(this=nearest.copy(), expression=column("ts", MARK)),
        ]
        conditions.append(any_of(allowed))
        return query.join(exp.alias_(exp.to_table(name), alias, table=True), on=link, join_type="asof left")
