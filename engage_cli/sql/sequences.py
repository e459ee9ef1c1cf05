"""Sequences: a chain of states, one a step, each the events that a step may have taken and how its chain began.

A state is the last event's user and instant, and of all that went before only what is still needed: the latest possible
first instant (for `span` and `without`; later is always better), the properties that a `ref` names, and the ids of events of
its very instant that another step might take a second time. Where nothing but the first instant is carried, the latest state
before an event is as good as any before it, and the chain is ASOF joins; else each event meets all earlier states of its user.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.conditions import Order
from engage_cli.definitions.values import Duration
from engage_cli.plan import checks as c
from engage_cli.plan.leaves import Events, EventSet, FirstEvents, Forbidden, PlannedStep, Sequence
from engage_cli.plan.needs import Reading
from engage_cli.records import replace
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.events import EventQueries, event_condition
from engage_cli.sql.instants import instant
from engage_cli.sql.literals import all_of, any_of, column
from engage_cli.sql.readers import ColumnReader, Reader
from engage_cli.sql.relations import Relations, comment
from engage_cli.sql.rows import row_condition
from engage_cli.sql.scope import USERS, join_subject
from engage_cli.sql.unordered import UnorderedSequence

STATE = "a"
EVENT = "e"
FORBIDDEN = "f"


def sequence_relation(leaf: Sequence, queries: EventQueries, relations: Relations) -> str:
    """The relation of the users who did the sequence."""
    name, new = relations.name_for(leaf, leaf.label)
    if new and leaf.order is Order.ANY:
        UnorderedSequence(leaf, name, queries, relations).build()
    elif new:
        Chain(leaf, name, queries, relations).build()
    return name


class Carried(Struct, frozen=True):
    """What the state after a step still holds of one step: the id of its event, or one reading of a property."""

    step: int
    what: str
    reader: Reader | None

    @property
    def name(self) -> str:
        return f"{self.step + 1}:{self.what}"

    def expression(self) -> exp.Expr:
        """The value, read from the step's own event."""
        if self.reader is None:
            return column("message_id", EVENT)
        return self.reader.read(Reading(self.what.rsplit(":", 1)[1]))


class Chain:
    """The relations of one ordered sequence."""

    def __init__(self, leaf: Sequence, name: str, queries: EventQueries, relations: Relations) -> None:
        self.leaf = leaf
        self.name = name
        self.queries = queries
        self.relations = relations
        self.keeps_first = leaf.duration is not None or bool(leaf.without)
        self.carried = self._all_carried()
        self.is_asof = not self.carried

    def build(self) -> None:
        """Add the chain's relations, the last of which bears the sequence's name."""
        state = self._first_state()
        for index in range(1, len(self.leaf.steps)):
            state = self._next_state(index, state)
        self._finish(state)

    # ---- what has to be carried ------------------------------------------------------------------------------------

    def _all_carried(self) -> dict[Carried, int]:
        """What is carried, and up to which stage: a step's index, or the number of steps for the end."""
        found: dict[Carried, int] = {}

        def keep(carried: Carried, stage: int) -> None:
            found[carried] = max(found.get(carried, 0), stage)

        end = len(self.leaf.steps)
        for stage, events in self._consumers():
            for reference in references(events.row):
                for reading in self._reference_readings(events.row, reference):
                    reader = ColumnReader(EVENT, reference.path, self.queries.catalog.event_lists)
                    keep(Carried(reference.step, f"{reference.path.text}:{reading.value}", reader), stage)
        for later, step in enumerate(self.leaf.steps):
            for earlier in range(later):
                if self._overlap(self.leaf.steps[earlier].events, step.events):
                    keep(Carried(earlier, "message_id", None), later)
        for forbidden in self.leaf.after:
            for index, step in enumerate(self.leaf.steps):
                if self._overlap(step.events, forbidden.events):
                    keep(Carried(index, "message_id", None), end)
        return found

    def _consumers(self) -> Iterator[tuple[int, Events]]:
        end = len(self.leaf.steps)
        for index, step in enumerate(self.leaf.steps):
            yield index, step.events
        for forbidden in self.leaf.between:
            yield forbidden.after, forbidden.events
        for forbidden in self.leaf.after:
            yield end, forbidden.events
        for events in self.leaf.without:
            yield end, events

    def _reference_readings(self, row: c.Row, reference: c.OfStep) -> frozenset[Reading]:
        against = [check for check in comparisons(row) if check.other == reference]
        return frozenset().union(*(c.readings_against(check) for check in against))

    def _overlap(self, one: Events, other: Events) -> bool:
        """Whether one event could be of both sets, judged by its name."""
        return bool(self.queries.keys(one.names) & self.queries.keys(other.names))

    def _kept(self, stage: int) -> list[Carried]:
        """What the state after step `stage` - 1 holds: taken by then, and needed from `stage` on."""
        kept = [one for one, until in self.carried.items() if one.step < stage <= until]
        return sorted(kept, key=lambda one: (one.step, one.what))

    # ---- states ----------------------------------------------------------------------------------------------------

    def _state_name(self, index: int) -> str:
        return f"{self.name}_step_{index + 1}"

    def _first_state(self) -> str:
        events = self.leaf.steps[0].events
        columns: list[exp.Expr] = [column("user_key", EVENT), column("ts", EVENT)]
        if self.keeps_first:
            columns.append(exp.alias_(column("ts", EVENT), "first_ts"))
        columns += [exp.alias_(one.expression(), one.name, quoted=True) for one in self._kept(1)]
        query = self.queries.select(events, columns).distinct()
        return self._add(self._state_name(0), query, f"step 1: {', '.join(events.names)}", events)

    def _next_state(self, index: int, state: str) -> str:
        """The events of a step that follow a state, and the states that they make."""
        step = self.leaf.steps[index]
        source, conditions, parents, used = self._step_source(step, index)
        link = exp.and_(
            exp.EQ(this=column("user_key", EVENT), expression=column("user_key", STATE)),
            exp.GTE(this=column("ts", EVENT), expression=column("ts", STATE)),
        )
        query = exp.select(*self._state_columns(index))
        query = query.from_(exp.alias_(source, EVENT, table=True))
        query = query.join(exp.alias_(exp.to_table(state), STATE, table=True), on=link, join_type="asof" if self.is_asof else "inner")
        if step.within is not None:
            latest = after_duration(column("ts", STATE), step.within, self.queries.zone)
            conditions.append(exp.LTE(this=column("ts", EVENT), expression=latest))
        for one, stage in self.carried.items():
            if one.what == "message_id" and one.step < index <= stage and self._overlap(self._events(one.step), step.events):
                conditions.append(_is_other(column("message_id", EVENT), column(one.name, STATE)))
        absent: list[exp.Expr] = []
        for number, forbidden in enumerate(self._between(index)):
            events = forbidden.events
            if references(events.row):
                between = [_after(column("ts", FORBIDDEN), column("ts", STATE)), _after(column("ts", EVENT), column("ts", FORBIDDEN))]
                absent.append(self._no_such(events, between, used))
            else:
                query = self._forbid(query, events, number, conditions, parents)
        query = _without_any(join_subject(query, used, column("user_key", EVENT)), absent).where(all_of(conditions))
        query = self._grouped(query, index)
        words = f"step {index + 1}: {', '.join(step.events.names)}"
        return self._add(self._state_name(index), query, words, step.events, (state, *parents))

    def _events(self, index: int) -> Events:
        return self.leaf.steps[index].events

    def _between(self, index: int) -> list[Forbidden]:
        return [forbidden for forbidden in self.leaf.between if forbidden.after == index]

    def _step_source(self, step: PlannedStep, index: int) -> tuple[exp.Expr, list[exp.Expr], list[str], set[str]]:
        """The events of a step: a relation of their own, or, where they refer to earlier steps, all events and the conditions on them."""
        events = step.events
        if isinstance(events, FirstEvents) or not references(events.row):
            kept = [one for one in self._kept(index + 1) if one.step == index]
            columns: list[exp.Expr] = [column("user_key", EVENT), column("ts", EVENT)]
            needs_id = any(
                one.what == "message_id" and one.step < index and self._overlap(self._events(one.step), events) for one in self.carried
            )
            if needs_id or any(one.what == "message_id" for one in kept):
                columns.append(column("message_id", EVENT))
            columns += [one.expression() for one in kept if one.what != "message_id"]
            name = f"{self._state_name(index)}_events"
            self._add(name, self.queries.select(events, columns), f"events for step {index + 1}", events)
            return exp.to_table(name), [], [name], set()
        scope = self.queries.scope(EVENT, self._state_reader)
        conditions = [
            event_condition(events.names, self.queries.catalog, EVENT),
            self.queries.in_window(events.stretch, EVENT),
            row_condition(events.row, scope),
        ]
        return exp.to_table("events"), conditions, [], scope.used

    def _state_reader(self, reference: c.OfStep) -> Reader:
        return ColumnReader(STATE, reference.path, self.queries.catalog.event_lists, prefix=f"{reference.step + 1}:")

    def _state_columns(self, index: int) -> list[exp.Expr]:
        columns: list[exp.Expr] = [column("user_key", EVENT), column("ts", EVENT)]
        if self.keeps_first:
            columns.append(exp.alias_(exp.Max(this=column("first_ts", STATE)), "first_ts"))
        columns += [exp.alias_(self._carried_on(one, index), one.name, quoted=True) for one in self._kept(index + 1)]
        return columns

    def _carried_on(self, one: Carried, index: int) -> exp.Expr:
        """What the state after a step holds of an earlier one. An event of an earlier instant cannot come again: its id is let go."""
        if one.step == index:
            return one.expression()
        value = column(one.name, STATE)
        if one.what != "message_id":
            return value
        still = exp.EQ(this=column("ts", STATE), expression=column("ts", EVENT))
        return exp.Case(ifs=[exp.If(this=still, true=value)])

    def _grouped(self, query: exp.Select, index: int) -> exp.Select:
        """One row for each state that differs in what is carried; the latest first instant of the others is kept."""
        if not self.keeps_first:
            return query.distinct()
        keys = [self._carried_on(one, index) for one in self._kept(index + 1)]
        return query.group_by(column("user_key", EVENT), column("ts", EVENT), *keys)

    # ---- what must not happen --------------------------------------------------------------------------------------

    def _forbid(self, query: exp.Select, events: EventSet, number: int, conditions: list[exp.Expr], parents: list[str]) -> exp.Select:
        """None of these strictly between a state's event and the next step's."""
        alias = f"between_{number + 1}"
        query = self._nearest(query, events, alias, column("ts", STATE), exp.LT, parents)
        nearest = column("ts", alias)
        conditions.append(any_of([_is_null(nearest), exp.GTE(this=nearest.copy(), expression=column("ts", EVENT))]))
        return query

    def _nearest(
        self,
        query: exp.Select,
        events: EventSet,
        alias: str,
        instant: exp.Expr,
        comparison: type[exp.LT] | type[exp.LTE],
        parents: list[str],
    ) -> exp.Select:
        """`query` with the nearest of these events after `instant` (at it too, for LTE); NULL where there is none."""
        name, new = self.relations.name_for(("forbidden", events), f"forbidden_{events.label}")
        if new:
            rows = self.queries.select(events, [column("user_key", EVENT), column("ts", EVENT)]).distinct()
            self._add(name, rows, f"what must not happen: {', '.join(events.names)}", events)
        parents.append(name)
        link = exp.and_(
            exp.EQ(this=column("user_key", STATE), expression=column("user_key", alias)),
            comparison(this=instant.copy(), expression=column("ts", alias)),
        )
        return query.join(exp.alias_(exp.to_table(name), alias, table=True), on=link, join_type="asof left")

    def _no_such(self, events: EventSet, inside: list[exp.Expr], used: set[str]) -> exp.Expr:
        """The condition of an anti join with the events (alias f) of a set that meet the conditions `inside`.

        An anti join, not NOT EXISTS: a lambda over a list's elements may not reach out of a subquery.
        """
        scope = replace(self.queries.scope(FORBIDDEN, self._state_reader), whole_lists=True)
        condition = all_of(
            [
                exp.EQ(this=column("user_key", FORBIDDEN), expression=column("user_key", STATE)),
                event_condition(events.names, self.queries.catalog, FORBIDDEN),
                self.queries.in_window(events.stretch, FORBIDDEN),
                row_condition(events.row, scope),
                *inside,
            ]
        )
        used |= scope.used
        return condition

    # ---- the end ---------------------------------------------------------------------------------------------------

    def _finish(self, state: str) -> None:
        """The users with a last state that meets what concerns the whole sequence."""
        leaf, zone = self.leaf, self.queries.zone
        conditions: list[exp.Expr] = []
        absent: list[exp.Expr] = []
        used: set[str] = set()
        parents: list[str] = [state]
        query = exp.select(column("user_key", STATE)).distinct().from_(exp.alias_(exp.to_table(state), STATE, table=True))
        if leaf.duration is not None:
            latest = after_duration(column("first_ts", STATE), leaf.duration, zone)
            conditions.append(exp.LTE(this=column("ts", STATE), expression=latest))
        for number, events in enumerate(leaf.without):
            if references(events.row):
                between = [_after(column("ts", FORBIDDEN), column("first_ts", STATE)), _after(column("ts", STATE), column("ts", FORBIDDEN))]
                absent.append(self._no_such(events, between, used))
            else:
                query = self._without(query, events, number, conditions, parents)
        for number, forbidden in enumerate(leaf.after):
            query = self._after(query, forbidden, number, conditions, parents, absent, used)
        if leaf.settled:
            conditions += [self._is_over(forbidden.within, used) for forbidden in leaf.after if forbidden.within is not None]
        query = _without_any(join_subject(query, used, column("user_key", STATE)), absent)
        query = query.where(all_of(conditions)) if conditions else query
        self.relations.add(self.name, query, comment("who did the sequence", leaf.span), parents)

    def _without(self, query: exp.Select, events: EventSet, number: int, conditions: list[exp.Expr], parents: list[str]) -> exp.Select:
        """None of these strictly between the first and the last step's event."""
        alias = f"without_{number + 1}"
        query = self._nearest(query, events, alias, column("first_ts", STATE), exp.LT, parents)
        nearest = column("ts", alias)
        conditions.append(any_of([_is_null(nearest), exp.GTE(this=nearest.copy(), expression=column("ts", STATE))]))
        return query

    def _after(
        self,
        query: exp.Select,
        forbidden: Forbidden,
        number: int,
        conditions: list[exp.Expr],
        parents: list[str],
        absent: list[exp.Expr],
        used: set[str],
    ) -> exp.Select:
        """None of these from the last step's event on, up to the forbidden one's `within`; but for events that steps took."""
        last = column("ts", STATE)
        latest = None if forbidden.within is None else after_duration(last, forbidden.within, self.queries.zone)
        taken = [one for one in self.carried if one.what == "message_id" and self._overlap(self._events(one.step), forbidden.events)]
        if taken or references(forbidden.events.row):
            inside: list[exp.Expr] = [exp.GTE(this=column("ts", FORBIDDEN), expression=last)]
            if latest is not None:
                inside.append(exp.LTE(this=column("ts", FORBIDDEN), expression=latest))
            inside += [_is_other(column("message_id", FORBIDDEN), column(one.name, STATE)) for one in taken]
            absent.append(self._no_such(forbidden.events, inside, used))
            return query
        alias = f"after_{number + 1}"
        query = self._nearest(query, forbidden.events, alias, last, exp.LTE, parents)
        ways = [_is_null(column("ts", alias))]
        if latest is not None:
            ways.append(exp.GT(this=column("ts", alias), expression=latest))
        conditions.append(any_of(ways))
        return query

    def _is_over(self, within: Duration, used: set[str]) -> exp.Expr:
        end = after_duration(column("ts", STATE), within, self.queries.zone)
        if not isinstance(self.queries.now, datetime):
            used.add(USERS)
        return exp.LTE(this=end, expression=instant(self.queries.now, USERS))

    def _add(self, name: str, query: exp.Select, words: str, events: Events, parents: tuple[str, ...] = ()) -> str:
        return self.relations.add(name, query, comment(words, events.span), parents)


def comparisons(row: c.Row) -> Iterator[c.Against]:
    """Every comparison with another value of data in a row predicate."""
    match row:
        case c.RowAll(parts) | c.RowAny(parts):
            for part in parts:
                yield from comparisons(part)
        case c.RowNot(part) | c.SomeElement(_, part):
            yield from comparisons(part)
        case c.Value(_, test):
            checks = [check for check in (test.whole, test.element) if check is not None]
            while checks:
                check = checks.pop()
                if isinstance(check, c.AnyCheck):
                    checks.extend(check.checks)
                elif isinstance(check, c.Against):
                    yield check


def references(row: c.Row) -> set[c.OfStep]:
    """The properties of earlier steps that a row predicate names."""
    return {check.other for check in comparisons(row) if isinstance(check.other, c.OfStep)}


def _is_other(message_id: exp.Expr, taken: exp.Expr) -> exp.Expr:
    """The event is not the one that a step took; an id that was let go is of another anyhow."""
    return any_of([_is_null(taken), exp.NEQ(this=message_id, expression=taken.copy())])


def _is_null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=value, expression=exp.null())


def _after(later: exp.Expr, earlier: exp.Expr) -> exp.Expr:
    return exp.GT(this=later, expression=earlier)


def _without_any(query: exp.Select, absent: list[exp.Expr]) -> exp.Select:
    """The rows of a query for which no event meets one of the conditions."""
    for condition in absent:
        query = query.join(exp.alias_(exp.to_table("events"), FORBIDDEN, table=True), on=condition, join_type="anti")
    return query
