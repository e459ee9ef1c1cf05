"""Instants of rows, and when what is counted from a subject's own instant passes over them."""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.subjects import Subject
from engage_cli.plan.courses import LONGEST_CLAMP, Jump, anniversaries_turning, fold_lengths, jumps, moves_within
from engage_cli.plan.instants import months_of, seconds_of
from engage_cli.plan.relative import Arrived, Own, Shifted, Turned, When
from engage_cli.sql.functions import e_local, e_months, e_plus, e_utc
from engage_cli.sql.literals import all_of, any_of, between, column, integer_literal, timestamp_literal
from engage_cli.sql.moments import MEMBERSHIP, SUBJECT, SUBJECT_KEY, USER_KEY
from engage_cli.sql.scope import EVENTS

AT = "at"
ELEMENT = "x"
TURN = "j"
CHANGE = "c"
DAY = 86400


class Side(Struct, frozen=True):
    """The subjects of one kind: those asked, or those that memberships ever linked with them. `relation` has the key of both."""

    of: Subject
    relation: exp.Expr

    @property
    def key(self) -> str:
        """What says whose rows are whose."""
        return f"{self.of.one}_key"

    @property
    def item(self) -> exp.Expr:
        """The subjects in a FROM or a JOIN."""
        return exp.alias_(self.relation.copy(), SUBJECT, table=True)


class Source(Struct, frozen=True):
    """Rows of subjects, each with what instants may be read from: a query whose columns are yet to be said, and the subject's key in it."""

    query: exp.Select
    key: exp.Expr

    def where(self, *conditions: exp.Expr) -> "Source":
        """The rows that meet the conditions, too."""
        together = all_of(conditions)
        return self if together == exp.true() else Source(self.query.where(together), self.key)

    def elements(self, elements: exp.Expr) -> "Source":
        """A row for each element of a list, under the alias ELEMENT."""
        inner = self.query.select(exp.alias_(self.key.copy(), SUBJECT_KEY), exp.alias_(exp.Explode(this=elements), "element"))
        return Source(exp.Select().from_(exp.alias_(inner.subquery(), ELEMENT, table=True)), column(SUBJECT_KEY, ELEMENT))

    def joined(self, rows: list[exp.Expr], names: Iterable[str], condition: exp.Expr | None = None) -> "Source":
        """Beside each row those of a few literal ones (under the alias TURN) for which the condition holds."""
        alias = exp.TableAlias(this=exp.to_identifier("v"), columns=[exp.to_identifier(name) for name in names])
        values = exp.select(*(column(name, "v") for name in names)).from_(exp.Values(expressions=rows, alias=alias))
        item = exp.alias_(values.subquery(), TURN, table=True)
        query = self.query.join(item, join_type="cross") if condition is None else self.query.join(item, on=condition)
        return Source(query, self.key)


class Passing:
    """Collects instants after `low` and up to `high`, one SELECT of (subject_key, at) each."""

    def __init__(self, asked: Side, zone: str, low: datetime, high: datetime) -> None:
        self.asked = asked
        self.zone = ZoneInfo(zone)
        self.low = low
        self.high = high
        self.selects: dict[exp.Select, None] = {}

    def query(self) -> exp.Select:
        """Everything found."""
        selects = list(self.selects) or [self._nothing()]
        together: exp.Query = selects[0]
        for select in selects[1:]:
            together = exp.union(together, select, distinct=False, copy=False)
        at = column(AT, CHANGE)
        query = exp.select(column(SUBJECT_KEY, CHANGE), at).distinct().from_(exp.alias_(exp.Subquery(this=together), CHANGE, table=True))
        return query.where(self.inside(at))

    def _nothing(self) -> exp.Select:
        never = exp.alias_(exp.cast(exp.null(), "TIMESTAMP"), AT, quoted=True)
        return exp.select(column(SUBJECT_KEY, SUBJECT), never).from_(self.asked.item).where(exp.false())

    def inside(self, instant: exp.Expr) -> exp.Expr:
        """After the beginning and up to the end."""
        return between(instant, (timestamp_literal(self.low), False), (timestamp_literal(self.high), True))

    def emit(self, source: Source, at: exp.Expr) -> None:
        select = source.query.select(exp.alias_(source.key.copy(), SUBJECT_KEY), exp.alias_(at.copy(), AT, quoted=True))
        self.selects[select] = None

    # ---- rows of subjects ------------------------------------------------------------------------------------------

    def of_subjects(self, side: Side) -> Source:
        return Source(exp.Select().from_(side.item), column(SUBJECT_KEY, SUBJECT))

    def rows_of(self, side: Side, table: str, alias: str) -> Source:
        """The rows of a relation that has the key of a side's kind."""
        same = exp.EQ(this=column(side.key, SUBJECT), expression=column(side.key, alias))
        query = exp.Select().from_(exp.alias_(exp.to_table(table), alias, table=True)).join(side.item, on=same)
        return Source(query, column(SUBJECT_KEY, SUBJECT))

    def of_events(self, side: Side) -> Source:
        """The events of subjects; of an account those of all users that ever belong to it."""
        if side.of is Subject.USERS:
            return self.rows_of(side, "events", EVENTS)
        belongs = exp.EQ(this=column(USER_KEY, MEMBERSHIP), expression=column(USER_KEY, EVENTS))
        query = exp.Select().from_(exp.alias_(exp.to_table("events"), EVENTS, table=True))
        query = query.join(exp.alias_(exp.to_table("membership_history"), MEMBERSHIP, table=True), on=belongs)
        same = exp.EQ(this=column(side.key, SUBJECT), expression=column(side.key, MEMBERSHIP))
        return Source(query.join(side.item, on=same), column(SUBJECT_KEY, SUBJECT))

    # ---- instants and what is counted from them --------------------------------------------------------------------

    def at(self, source: Source, instant: exp.Expr) -> None:
        """What is so from the instant on."""
        self.emit(source.where(self.inside(instant)), instant)

    def passed(self, source: Source, instant: exp.Expr, end: When) -> None:
        """When an end that moves with the subject's own instant passes over the instant of a row."""
        match end:
            case datetime() | Arrived():
                return
            case Own():
                self.at(source, instant)
            case Shifted(duration, times) if not duration.unit.is_calendar:
                low, high = moves_within(end, self.low, self.high, self.zone)
                inside = between(instant, (timestamp_literal(low), False), (timestamp_literal(high), True))
                self.emit(source.where(inside), e_plus(instant, -times * seconds_of(duration)))
            case Shifted(duration, times):
                self._moved_back(source, instant, end)
                self._jumped(source, instant, jumps(end, self.low, self.high, self.zone))
            case Turned():
                self._jumped(source, instant, jumps(end, self.low, self.high, self.zone))
            case _:
                assert_never(end)

    def _moved_back(self, source: Source, instant: exp.Expr, end: Shifted) -> None:
        """The instants that calendar months move to that of the row: of the last days of a month several, where clocks go back two."""
        low, high = moves_within(end, self.low, self.high, self.zone)
        source = source.where(between(instant, (timestamp_literal(low), True), (timestamp_literal(high), True)))
        rows: list[exp.Expr] = [
            exp.Tuple(expressions=[integer_literal(days * DAY), integer_literal(int(fold.total_seconds()))])
            for days in range(LONGEST_CLAMP.days)
            for fold in fold_lengths(self.zone, self.low, self.high)
        ]
        source = source.joined(rows, ("days", "fold"))
        local = e_local(instant, self.zone.key)
        back = e_months(local, -end.times * months_of(end.duration))
        at = e_plus(e_utc(e_plus(back, column("days", TURN)), self.zone.key), column("fold", TURN))
        late = exp.GTE(this=exp.Extract(this=exp.var("DAY"), expression=local), expression=integer_literal(32 - LONGEST_CLAMP.days))
        own = exp.EQ(this=column("days", TURN), expression=integer_literal(0))
        self.emit(source.where(exp.paren(any_of([own, late]))), at)

    def _jumped(self, source: Source, instant: exp.Expr, found: list[Jump]) -> None:
        """When an end leaves out, or goes back over, the instant of a row."""
        if not found:
            return
        rows: list[exp.Expr] = [exp.Tuple(expressions=[timestamp_literal(one) for one in (jump.at, jump.low, jump.high)]) for jump in found]
        first, last = min(jump.low for jump in found), max(jump.high for jump in found)
        inside = between(instant, (timestamp_literal(first), True), (timestamp_literal(last), True))
        over = between(instant, (column("low", TURN), True), (column("high", TURN), True))
        self.emit(source.where(inside).joined(rows, ("turn", "low", "high"), over), column("turn", TURN))

    def anniversaries(self, source: Source, instant: exp.Expr, days: int) -> None:
        """When the day of the year of a row's instant begins or ends to come again within so many days."""
        found = anniversaries_turning(days, self.low, self.high, self.zone)
        if not found:
            return
        rows: list[exp.Expr] = [
            exp.Tuple(expressions=[timestamp_literal(at), integer_literal(month * 100 + day)]) for at, (month, day) in found
        ]
        local = e_local(instant, self.zone.key)
        month, day = (exp.Extract(this=exp.var(part), expression=local.copy()) for part in ("MONTH", "DAY"))
        number = exp.Add(this=exp.Mul(this=month, expression=integer_literal(100)), expression=day)
        same = exp.EQ(this=column("day_of_year", TURN), expression=number)
        self.emit(source.joined(rows, ("turn", "day_of_year"), same), column("turn", TURN))
