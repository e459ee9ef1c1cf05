"""How a value of data is read: as text, number, boolean or instant (docs/values.md, "Readings").

Every reading returns None where the value is missing or cannot be read so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TypeAlias
from zoneinfo import ZoneInfo

from tests.reference.instants import day_start, utc_of_local

Value: TypeAlias = "bool | int | float | str | datetime | date | list[Value] | Mapping[str, Value] | None"

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2})(\.(?P<fraction>[0-9]+))?)?"
    r"(?P<offset>Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)


@dataclass(frozen=True)
class Datum:
    """A value with the zone of its source, in which its instants without an offset are."""

    value: Value
    zone: ZoneInfo


def is_missing(value: Value) -> bool:
    """Absent, null or empty text."""
    return value is None or value == ""


def read_text(value: Value) -> str | None:
    """Text as it stands, anything scalar in its one canonical form."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _shortest(value)
    if isinstance(value, datetime):
        return _instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return None


def _shortest(number: float) -> str:
    if number == 0:
        return "0"
    text = repr(number)
    return text.removesuffix(".0")


def _instant_text(instant: datetime) -> str:
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{instant.microsecond:06}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def read_number(value: Value) -> float | None:
    """A number, or text that reads as one, as a double."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    if not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) != float("inf") else None


def read_boolean(value: Value) -> bool | None:
    """True, false, or their names in any case."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return None


def read_instant(datum: Datum, project_zone: ZoneInfo) -> datetime | None:
    """An instant of a typed column, or text that reads as one. Numbers are not instants."""
    value = datum.value
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, date):
        return day_start(value, project_zone)
    if not isinstance(value, str):
        return None
    found = _INSTANT.fullmatch(value)
    if not found:
        return None
    try:
        return _instant_of(found, datum.zone, project_zone)
    except (ValueError, OverflowError):
        return None


def _instant_of(found: re.Match[str], source_zone: ZoneInfo, project_zone: ZoneInfo) -> datetime:
    """Raises ValueError where there is no such day or time, OverflowError beyond the years 0001 to 9999."""
    day = date.fromisoformat(found["day"])
    if found["hour"] is None:
        return day_start(day, project_zone)
    microsecond = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    second = int(found["second"] or "0")
    local = datetime(day.year, day.month, day.day, int(found["hour"]), int(found["minute"]), second, microsecond)
    if found["offset"] is None:
        return utc_of_local(local, source_zone)
    return local.replace(tzinfo=_read_offset(found["offset"])).astimezone(UTC)


def _read_offset(text: str) -> timezone:
    """`Z`, `+01:00`, `+0100` or `+01`."""
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
