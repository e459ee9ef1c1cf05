"""What stands on the right side of a comparison: literals, references, durations, periods.

Frozen values with no behaviour beyond their own text. Instants without an offset keep their local reading; the plan
gives them the project's zone.
"""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.paths import Path


class Text(Struct, frozen=True):
    """Text, compared exactly."""

    value: str


class Number(Struct, frozen=True):
    """A finite number; whole ones are int."""

    value: int | float


class Boolean(Struct, frozen=True):
    """true or false."""

    value: bool


class Day(Struct, frozen=True):
    """A bare date: the whole day in the project's zone."""

    value: date


class Instant(Struct, frozen=True):
    """A date with a time. Naive (no tzinfo) means the project's zone."""

    value: datetime


Literal = Text | Number | Boolean | Day | Instant


class TraitRef(Struct, frozen=True):
    """`{trait: home_city}`: the subject's own trait."""

    path: Path


class StepRef(Struct, frozen=True):
    """`{ref: viewed.product_id}`: a property of the event that an earlier step took."""

    step: str
    path: Path


class ContextRef(Struct, frozen=True):
    """`{context: entry.cart_id}`: what a journey's instance carries; the path begins with `entry` or a hold branch's name."""

    path: Path


Reference = TraitRef | StepRef | ContextRef
Value = Literal | Reference


class Unit(StrEnum):
    """Units of durations. Seconds to weeks are exact, months and years are counted on the calendar."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

    @property
    def is_calendar(self) -> bool:
        """Whether the unit's length depends on the date."""
        return self in (Unit.MONTH, Unit.YEAR)


SECONDS = {Unit.SECOND: 1, Unit.MINUTE: 60, Unit.HOUR: 3600, Unit.DAY: 86400, Unit.WEEK: 604800}


class Duration(Struct, frozen=True):
    """A whole, positive number of units, such as `30 days`; at most 200 years."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.value}{'' if self.amount == 1 else 's'}"


class Period(StrEnum):
    """A calendar period around as_of, in the project's zone. Weeks start on Monday."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    TOMORROW = "tomorrow"
    THIS_WEEK = "this week"
    LAST_WEEK = "last week"
    NEXT_WEEK = "next week"
    THIS_MONTH = "this month"
    LAST_MONTH = "last month"
    NEXT_MONTH = "next month"
    THIS_QUARTER = "this quarter"
    LAST_QUARTER = "last quarter"
    NEXT_QUARTER = "next quarter"
    THIS_YEAR = "this year"
    LAST_YEAR = "last year"
    NEXT_YEAR = "next year"
