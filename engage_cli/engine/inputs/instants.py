"""Instants in data as UTC TIMESTAMPs: text, typed columns, epoch numbers (docs/values.md)."""

from dataclasses import dataclass

from engage_cli.engine.template import Sql, sql
from engage_cli.engine.zones import reading_macro, utc_macro


@dataclass(frozen=True, slots=True)
class Zones:
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
        return sql("in_years({utc})", utc=local_instant(sql("CAST({value} AS TIMESTAMP)", value=value), zones.project))
    if type_id == "timestamp with time zone":
        return sql("in_years(timezone('UTC', {value}))", value=value)
    if type_id.startswith("timestamp"):
        return sql("in_years({utc})", utc=local_instant(sql("CAST({value} AS TIMESTAMP)", value=value), zones.source))
    return None


def epoch_instant(number: Sql) -> Sql:
    """Text of a number to an instant: seconds, or milliseconds from 100,000,000,000 on (in size); NULL for other text."""
    return sql("instant_of_epoch({number})", number=number)
