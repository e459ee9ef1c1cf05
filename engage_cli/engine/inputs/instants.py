"""Instants in data as UTC TIMESTAMPs: text, typed columns, epoch numbers (docs/values.md)."""

from msgspec import Struct

from engage_cli.engine.template import Sql, sql
from engage_cli.engine.zones import reading_macro, utc_macro


class Zones(Struct, frozen=True):
    """The zone of instants without an offset, and the one whose days bare dates are."""

    source: str
    project: str


def local_instant(value: Sql, zone: str) -> Sql:
    """A local TIMESTAMP to UTC."""
    return value if zone == "UTC" else Sql(f"{utc_macro(zone)}({value})")


def text_instant(value: Sql, zones: Zones) -> Sql:
    """Text to an instant; NULL where it reads as none. The same as E_TIME."""
    return Sql(f"{reading_macro(zones.source, zones.project)}({value})")


def typed_instant(value: Sql, type_id: str, zones: Zones) -> Sql | None:
    """A date or timestamp column to an instant; None where the type is no such thing."""
    if type_id == "date":
        return sql("in_years({utc})", utc=local_instant(_timestamp(value), zones.project))
    if type_id == "timestamp with time zone":
        return sql("in_years(timezone('UTC', {value}))", value=value)
    if type_id.startswith("timestamp"):
        if zones.source == "UTC":
            # Nearly every event has one of these: written out it costs half of what in_years does, which takes any expression.
            return sql("CASE WHEN {instant} BETWEEN {years} THEN {instant} END", instant=_timestamp(value), years=_YEARS)
        return sql("in_years({utc})", utc=local_instant(_timestamp(value), zones.source))
    return None


def _timestamp(value: Sql) -> Sql:
    return sql("CAST({value} AS TIMESTAMP)", value=value)


_YEARS = Sql("TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'")


def epoch_instant(number: Sql) -> Sql:
    """Text of a number to an instant: seconds, or milliseconds from 100,000,000,000 on (in size); NULL for other text."""
    return sql("instant_of_epoch({number})", number=number)
