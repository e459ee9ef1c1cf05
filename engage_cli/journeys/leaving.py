"""When a delay is over: after a duration, at an instant, at a local time, in a window of the day, or by a date that is read.

`w_leaving` is `w_here` with `leaving_at`. A delay that was begun in an earlier walk ends when that one found.
Local times are those of the person's zone. What they are in UTC is computed here for each zone that occurs, day by day, so that the
rules of
plan/instants.py hold for gaps and overlaps of local time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlglot import exp

from engage_cli.definitions.journey_steps import (
    ClockTime,
    ForDuration,
    InWindow,
    Offset,
    UntilInstant,
    UntilLocalTime,
    UntilValue,
    Wait,
    Weekday,
)
from engage_cli.definitions.values import Day
from engage_cli.plan.instants import from_local, instant_of, start_of_day, to_local
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.literals import column, timestamp_literal
from engage_cli.state.instants import read, stored

if TYPE_CHECKING:
    from engage_cli.journeys.walk import Walk

_DAY = timedelta(days=1)
_END_OF_DAY = 1440


def make_leaving(walk: Walk, step: str, wait: Wait) -> None:
    """Make `w_leaving` of a delay."""
    match wait:
        case ForDuration(duration):
            _create(walk, after_duration(column("arrived_at", "h"), duration, walk.zone))
        case UntilInstant(instant):
            zone = ZoneInfo(walk.zone)
            _create(walk, timestamp_literal(start_of_day(instant.value, zone) if isinstance(instant, Day) else instant_of(instant, zone)))
        case UntilLocalTime(at, days):
            _make_local(walk, [(at, at)], days)
            walk.engine.execute(_NEXT_MOMENT)
        case InWindow(start, end, days):
            _make_local(walk, [(start, end)], days)
            walk.engine.execute(_NEXT_STRETCH)
        case UntilValue(_, offset):
            walk.asker.make_values(f"{step}.until")
            _create_of_value(walk, offset)


def _create(walk: Walk, leaving: exp.Expr) -> None:
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("h"))
    found = exp.Coalesce(this=column("due", "h"), expressions=[leaving])
    query = exp.select(star, exp.alias_(found, "leaving_at")).from_(exp.alias_(exp.to_table("w_here"), "h", table=True))
    walk.engine.execute(_DROP)
    walk.engine.create("w_leaving", query)


def _create_of_value(walk: Walk, offset: Offset | None) -> None:
    """The date that was read, moved by the offset; a missing one is no wait."""
    value: exp.Expr = column("value", "v")
    if offset is not None:
        value = after_duration(value, offset.duration, walk.zone, times=-1 if offset.before else 1)
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("h"))
    found = exp.Coalesce(this=column("due", "h"), expressions=[value, column("arrived_at", "h")])
    query = exp.select(star, exp.alias_(found, "leaving_at")).from_(exp.alias_(exp.to_table("w_here"), "h", table=True))
    same = exp.and_(*(exp.EQ(this=column(name, "v"), expression=column(name, "h")) for name in ("instance", "token")))
    walk.engine.execute(_DROP)
    walk.engine.create("w_leaving", query.join(exp.alias_(exp.to_table("w_value"), "v", table=True), on=same, join_type="left"))


# ---- local times ----------------------------------------------------------------------------------------------------


def _make_local(walk: Walk, times: list[tuple[ClockTime, ClockTime]], days: tuple[Weekday, ...]) -> None:
    """Make `w_zoned(instance, token, zone)` of those that arrive, and `w_moment(zone, starts_at, ends_at)` of the days around them."""
    walk.asker.make_zones(walk.zone)
    rows: list[tuple[str, datetime, datetime]] = []
    for zone, first, last in walk.engine.rows(_RANGES):
        for start, end in times:
            rows += [(zone, begins, ends) for begins, ends in _stretches(ZoneInfo(zone), read(first), read(last), start, end, days)]
    walk.engine.execute(_MOMENTS, [[row[0] for row in rows], [stored(row[1]) for row in rows], [stored(row[2]) for row in rows]])


def _stretches(
    zone: ZoneInfo, first: datetime, last: datetime, start: ClockTime, end: ClockTime, days: tuple[Weekday, ...]
) -> Iterator[tuple[datetime, datetime]]:
    """From start to end on each local day, or to end on the next where that is no later; a day is that of the start."""
    weekdays = {list(Weekday).index(day) for day in days} or set(range(7))
    day = to_local(first, zone).date() - 2 * _DAY
    until = to_local(last, zone).date() + 21 * _DAY
    while day <= until:
        if day.weekday() in weekdays:
            ends_on = day if end.minutes > start.minutes else day + _DAY
            yield _at(day, start, zone), _at(ends_on, end, zone)
        day += _DAY


def _at(day: date, clock: ClockTime, zone: ZoneInfo) -> datetime:
    if clock.minutes == _END_OF_DAY:
        return from_local(datetime.combine(day + _DAY, time()), zone)
    return from_local(datetime.combine(day, time(clock.minutes // 60, clock.minutes % 60)), zone)


_DROP = "DROP TABLE IF EXISTS temp.main.w_leaving"
_RANGES = """
    SELECT z.zone, min(h.arrived_at), max(h.arrived_at) FROM w_here AS h JOIN w_zoned AS z USING (instance, token)
    WHERE h.due IS NULL GROUP BY z.zone ORDER BY z.zone
"""
_MOMENTS = """
    CREATE OR REPLACE TEMP TABLE w_moment AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS zone, unnest(CAST(? AS TIMESTAMP[])) AS starts_at, unnest(CAST(? AS TIMESTAMP[])) AS ends_at
"""
_NEXT_MOMENT = """
    CREATE OR REPLACE TEMP TABLE w_leaving AS
    SELECT h.*, coalesce(h.due, m.starts_at) AS leaving_at
    FROM (SELECT * FROM w_here JOIN w_zoned USING (instance, token)) AS h
    ASOF LEFT JOIN w_moment AS m ON m.zone = h.zone AND m.starts_at > h.arrived_at
"""
_NEXT_STRETCH = """
    CREATE OR REPLACE TEMP TABLE w_leaving AS
    SELECT h.*, coalesce(h.due, greatest(h.arrived_at, m.starts_at)) AS leaving_at
    FROM (SELECT * FROM w_here JOIN w_zoned USING (instance, token)) AS h
    ASOF LEFT JOIN (SELECT * FROM w_moment WHERE ends_at > starts_at) AS m ON m.zone = h.zone AND m.ends_at > h.arrived_at
"""
