"""The one place that reads a clock, and that gives an `--as-of` its zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engage_cli.errors import UsageError
from engage_cli.plan.instants import from_local


def resolve_as_of(as_of: datetime | None, zone: str) -> datetime:
    """The instant of a run, aware in UTC: the present second, or what was asked for; without an offset in the project's zone."""
    if as_of is None:
        return datetime.now(UTC).replace(microsecond=0)
    instant = from_local(as_of, ZoneInfo(zone)) if as_of.tzinfo is None else as_of.astimezone(UTC)
    if not 1 < instant.year < 9999:
        raise UsageError(f"--as-of {as_of.isoformat()} is out of range", hint="give an instant of the years 2 to 9998")
    return instant


def started_at() -> datetime:
    """The wall clock, for the lock's note of its holder."""
    return datetime.now(UTC)
