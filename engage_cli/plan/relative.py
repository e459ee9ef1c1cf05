"""Instants that each subject has of its own: described here, computed in SQL (sql/moments.py) or for one subject (plan/courses.py).

A condition that is asked of one instant for everybody has literal instants in their place.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.values import Duration, Period


class Own(Struct, frozen=True):
    """The instant as of which a subject is asked about."""

    @property
    def name(self) -> str:
        """The name of its column beside the subject."""
        return "as_of"


class Shifted(Struct, frozen=True):
    """The subject's instant moved by `times` durations (negative: back), calendar ones in the project's zone."""

    duration: Duration
    times: int

    @property
    def name(self) -> str:
        """The name of its column beside the subject."""
        amount, unit = abs(self.times) * self.duration.amount, self.duration.unit.value
        return f"{amount}_{unit}{'' if amount == 1 else 's'}_{'earlier' if self.times < 0 else 'later'}"


class CalendarUnit(StrEnum):
    """A stretch of the calendar in the project's zone. Weeks start on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Turned(Struct, frozen=True):
    """The first instant of the day, week, … of the subject's instant, or of the one `turns` of them later."""

    unit: CalendarUnit
    turns: int

    @property
    def name(self) -> str:
        """The name of its column beside the subject."""
        which = {-1: "last", 0: "this", 1: "next"}.get(self.turns, f"{abs(self.turns)}_{'back' if self.turns < 0 else 'on'}")
        return f"start_of_{which}_{self.unit.value}"


class Arrived(Struct, frozen=True):
    """When the journey's instance, that the subject is, was entered (`step` None) or came to a step; none where it never did."""

    step: str | None

    @property
    def name(self) -> str:
        """The name of its column beside the subject."""
        return "entered_at" if self.step is None else f"arrived_{self.step}"


Relative = Own | Shifted | Turned | Arrived
When = datetime | Relative
"""An instant for everybody (aware, UTC), or one that each subject has of its own."""
OWN = Own()

_DAYS = {Period.TODAY: 0, Period.YESTERDAY: -1, Period.TOMORROW: 1}
_TURNS = {"last": -1, "this": 0, "next": 1}


def turn_of(period: Period) -> Turned:
    """The beginning of a calendar period."""
    if period in _DAYS:
        return Turned(CalendarUnit.DAY, _DAYS[period])
    which, unit = period.value.split()
    return Turned(CalendarUnit(unit), _TURNS[which])
