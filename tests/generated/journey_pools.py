"""The small pools that journeys and their histories are both drawn from: few users, carts, names and instants, so that much coincides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

MICROSECOND = timedelta(microseconds=1)

ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
PERSON_ZONES = [*ZONES, "Pacific/Auckland", "America/Sao_Paulo", "not/a zone", None]
BEGINNINGS = [
    # Shortly before the clocks change in London, New York, on Lord Howe and in Auckland, before the ends of months and years.
    *("2026-03-27 22:00", "2026-10-23 22:30", "2026-03-07 05:00", "2026-10-31 04:00", "2026-04-03 15:00", "2026-10-02 15:00"),
    *("2026-09-25 12:00", "2026-02-27 12:00", "2024-02-27 00:00", "2026-12-30 06:00", "2026-06-10 00:00", "2026-11-02 08:00"),
]
STEPS_OF_TIME = [timedelta(minutes=30), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=6)]
DURATIONS = ["30 minutes", "1 hour", "1 hour", "2 hours", "3 hours", "12 hours", "1 day", "1 day", "2 days", "1 week", "1 month"]
SHORT_DURATIONS = ["30 minutes", "1 hour", "2 hours", "3 hours", "6 hours", "1 day"]

USERS = ["ann", "bob", "Ü", "007", "7", "a b", *(f"u{n}" for n in range(20))]
CARTS = ["a", "a", "b", "c", 12, "12", 12.0]
NAMES = ["Cart", "Cart", "Cart", "Order", "Order", "View", "View", "Emptied"]
PATTERNS = ["*", "C*", "*r*", "Order*"]
PLANS = ["free", "pro", "vip"]


@dataclass(frozen=True)
class Times:
    """The instants of one case: `grid` in equal steps from a beginning on; `end` lies behind whatever a journey of the case waits for."""

    zone: str
    grid: Sequence[datetime]

    @property
    def end(self) -> datetime:
        """The last tick."""
        return self.grid[-1] + timedelta(days=70)


@st.composite
def times(draw: st.DrawFn) -> Times:
    """A zone and a grid of instants over one to a few days, in which clocks change more often than life has it."""
    beginning = datetime.fromisoformat(draw(st.sampled_from(BEGINNINGS))).replace(tzinfo=UTC)
    step, size = draw(st.sampled_from(STEPS_OF_TIME)), draw(st.sampled_from([6, 12, 24]))
    return Times(draw(st.sampled_from(ZONES)), [beginning + n * step for n in range(size)])


def instants(case: Times) -> st.SearchStrategy[datetime]:
    """Instants of the grid, now and then one a microsecond beside it."""
    on = st.sampled_from(list(case.grid))
    beside = st.builds(lambda instant, off: instant + off * MICROSECOND, on, st.sampled_from([-1, 1]))
    return st.integers(0, 11).flatmap(lambda n: beside if n == 0 else on)
