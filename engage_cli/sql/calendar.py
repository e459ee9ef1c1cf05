"""Durations added to instants that stand in rows."""

from zoneinfo import ZoneInfo

from sqlglot import exp

from engage_cli.definitions.values import Duration
from engage_cli.plan.instants import months_of, seconds_of
from engage_cli.sql.functions import e_local, e_months, e_plus, e_utc


def after_duration(instant: exp.Expr, duration: Duration, zone: str, times: int = 1) -> exp.Expr:
    """The instant `times` durations later (negative: earlier): exact seconds, or calendar months in the project's zone."""
    if not duration.unit.is_calendar:
        return e_plus(instant, times * seconds_of(duration))
    return e_utc(e_months(e_local(instant, ZoneInfo(zone).key), times * months_of(duration)), zone)
