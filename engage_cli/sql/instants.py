"""Instants in SQL: a literal where everybody has the same one, else a column that stands beside each subject."""

from datetime import datetime
from typing import assert_never

from sqlglot import exp

from engage_cli.plan.instants import Stretch, months_of, seconds_of
from engage_cli.plan.relative import Arrived, CalendarUnit, Own, Relative, Shifted, Turned, When
from engage_cli.sql.functions import e_local, e_months, e_plus, e_start, e_utc
from engage_cli.sql.literals import between, column, timestamp_literal

_WEEK = 604800
_DAY = 86400
_MONTHS = {CalendarUnit.MONTH: 1, CalendarUnit.QUARTER: 3, CalendarUnit.YEAR: 12}


def instant(when: When, subject: str) -> exp.Expr:
    """The instant; `subject` is the alias of a relation that has the subject's own instants as columns."""
    return timestamp_literal(when) if isinstance(when, datetime) else column(when.name, subject)


def in_stretch(value: exp.Expr, stretch: Stretch, subject: str) -> exp.Expr:
    """The instant lies in the stretch."""
    low, high = stretch.low, stretch.high
    return between(
        value,
        None if low is None else (instant(low.instant, subject), low.inclusive),
        None if high is None else (instant(high.instant, subject), high.inclusive),
    )


def relative_to(relative: Relative, at: exp.Expr, zone: str) -> exp.Expr:
    """A subject's instant, computed of its own one, as plan/instants.py computes it of one instant."""
    match relative:
        case Own():
            return at.copy()
        case Shifted(duration, times) if duration.unit.is_calendar:
            return e_utc(e_months(e_local(at, zone), times * months_of(duration)), zone)
        case Shifted(duration, times):
            return e_plus(at, times * seconds_of(duration))
        case Turned(unit, turns):
            return e_utc(_turned(e_start(e_local(at, zone), unit.value), unit, turns), zone)
        case Arrived():
            raise AssertionError("an arrival is given, not computed")
        case _:
            assert_never(relative)


def _turned(start: exp.Expr, unit: CalendarUnit, turns: int) -> exp.Expr:
    """A local start of a stretch of the calendar, `turns` of them later."""
    if turns == 0:
        return start
    if unit in _MONTHS:
        return e_months(start, turns * _MONTHS[unit])
    return e_plus(start, turns * (_WEEK if unit is CalendarUnit.WEEK else _DAY))
