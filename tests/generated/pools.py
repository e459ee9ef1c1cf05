"""The small pools that data and literals are both drawn from, so that comparisons often hit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.reference.instants import before, later, local_day, local_of_utc, period_bounds

ZONES = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
DURATIONS = ["45 seconds", "1 hour", "90 minutes", "1 day", "2 days", "7 days", "1 week", "30 days", "1 month", "2 months", "1 year"]
LONGER_AND_SHORTER = [
    *(["1 day", "1 hour"], ["7 days", "1 day"], ["30 days", "1 week"]),
    *(["2 months", "1 month"], ["1 year", "30 days"], ["1 year", "45 seconds"]),
]
UNITS = ["week", "month", "quarter", "year"]
LONG_DURATIONS = ["30 days", "2 months", "1 year", "1 year"]
PERIODS = ["today", "yesterday", "tomorrow", *(f"{which} {unit}" for unit in UNITS for which in ("this", "last", "next"))]

USERS = ["u1", "u2", "007", "7", "Ü", "a b"]
EVENT_NAMES = ["View", "Order Completed", "Order Refunded", "Order_X"]
EVENT_PATTERNS = ["*", "Order *", "Order_*", "*ed", "V*w"]

TEXTS = ["a", "A", "ab", "b", "é", "zen shoes", "Abc", "É", "50% [off]", "no", "null", "true", "12", "012", "a.b", "a_b"]
NUMBERS: list[Any] = [0, 1, 2, 3, 12, 100, -1, 12.0, 12.5, 0.1, 0.2, -0.5, -0.0, "12", "012", "12.0", "1e2", ".5", "-0.5"]
NOT_QUITE_NUMBERS: list[Any] = ["1,000", " 12", "0x1F", "inf", "1_000", True]
LONG_NUMBERS: list[Any] = [9007199254740993, 12345678901234567890123, "12345678901234567890123", 1e16, "1e16", 1e-7]
BOOLEANS: list[Any] = [True, False, "true", "TRUE", "false"]
MISSING: list[Any] = [None, ""]

TEXT_LITERALS = [*TEXTS, "12.0", "1e2", "1e+16", "12345678901234567890123", "false", "shoes", "%"]
NUMBER_LITERALS: list[int | float] = [0, 1, 2, 3, 12, 100, -1, 12.5, 0.1, 0.5, -0.5]
PATTERNS = ["a", "^a", "b$", "^[0-9]+$", "a|b", "sh.es", "[A-Z]", "^ab?c?$", "é", "\\.", "\\[off\\]"]

MICROSECOND = timedelta(microseconds=1)

AS_OF = [
    *("2026-03-31 12:00", "2026-05-31 09:17:23.456789", "2024-02-29 12:00", "2025-02-28 23:59:59.999999", "2026-11-23 10:00"),
    *("2026-01-01 00:00", "2025-12-31 18:30", "2026-06-30 23:00", "2026-04-01 04:00"),
    # Clock changes in London, New York and Lord Howe, and a month after them.
    *(
        "2026-03-29 00:30",
        "2026-03-29 01:00",
        "2026-03-29 12:00",
        "2026-04-29 00:30",
        "2026-10-25 00:30",
        "2026-10-25 01:30",
        "2026-11-25 01:30",
    ),
    *("2026-03-08 07:00", "2026-03-08 20:00", "2026-04-08 06:30", "2026-11-01 05:30", "2026-11-01 06:30", "2026-12-01 06:30"),
    *("2026-04-04 14:45", "2026-04-04 15:15", "2026-05-04 15:15", "2026-10-03 15:30", "2026-11-03 15:45"),
]
LOCAL_TIMES_OF_CLOCK_CHANGES = [
    *("2026-03-29 01:30", "2026-10-25 01:30", "2026-03-08 02:30", "2026-11-01 01:30", "2026-10-04 02:15", "2026-04-05 01:45")
]
OFFSETS = [timezone(timedelta(minutes=minutes)) for minutes in (0, 60, 330, -240)]


@dataclass(frozen=True)
class Pool:
    """The instants of one case, few enough that they are drawn again and again. Instants are aware, in UTC."""

    zone: str
    as_of: datetime
    instants: Sequence[datetime]

    @property
    def past(self) -> list[datetime]:
        """The instants up to as_of, itself among them."""
        return [instant for instant in self.instants if instant <= self.as_of]

    @property
    def days(self) -> list[date]:
        """The calendar days of the instants, in the project's zone."""
        return sorted({local_day(instant, ZoneInfo(self.zone)) for instant in self.instants})


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    """A zone, an instant to ask as of (near clock changes and ends of months more often than life has it), and instants."""
    zone = draw(st.sampled_from(ZONES))
    as_of = datetime.fromisoformat(draw(st.sampled_from(AS_OF))).replace(tzinfo=UTC)
    interesting = interesting_instants(as_of, ZoneInfo(zone))
    past = draw(st.lists(st.sampled_from([instant for instant in interesting if instant < as_of]), min_size=3, max_size=6))
    future = draw(st.lists(st.sampled_from([instant for instant in interesting if instant > as_of]), min_size=1, max_size=2))
    return Pool(zone, as_of, sorted({*past, as_of, *future}))


def interesting_instants(as_of: datetime, zone: ZoneInfo) -> list[datetime]:
    """The edges of windows, days and periods around as_of, and a microsecond to both sides of each."""
    edges = [as_of]
    edges += [before(as_of, duration, zone) for duration in DURATIONS]
    edges += [later(as_of, duration, zone) for duration in ("1 hour", "1 day", "7 days", "30 days", "1 month", "2 months")]
    edges += [start for period in PERIODS for start in period_bounds(period, as_of, zone)[:1]]
    edges += [before(as_of, duration, zone, times=times) for duration in ("1 day", "1 week", "1 month") for times in (2, 3)]
    around = {edge + step for edge in edges for step in (-MICROSECOND, timedelta(0), MICROSECOND)}
    return sorted(instant for instant in around)


def instant_literals(pool: Pool) -> st.SearchStrategy[datetime]:
    """Instants as a condition writes them: with an offset, or local to the project, also at clock changes."""
    zone = ZoneInfo(pool.zone)
    with_offset = st.builds(lambda instant, offset: instant.astimezone(offset), st.sampled_from(pool.instants), st.sampled_from(OFFSETS))
    without = st.sampled_from([local_of_utc(instant, zone) for instant in pool.instants])
    odd = st.sampled_from([datetime.fromisoformat(text) for text in LOCAL_TIMES_OF_CLOCK_CHANGES])
    return st.one_of(with_offset, without, with_offset, without, odd)


def day_literals(pool: Pool) -> st.SearchStrategy[date]:
    """Bare dates."""
    return st.sampled_from(pool.days)


@st.composite
def instant_texts(draw: st.DrawFn, pool: Pool) -> str:
    """Instants and dates as data writes them, in every form that docs/values.md reads."""
    if draw(st.booleans()):
        return draw(st.sampled_from(pool.days)).isoformat()
    separator = draw(st.sampled_from(["T", " "]))
    if draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(LOCAL_TIMES_OF_CLOCK_CHANGES)).replace(" ", separator)
    instant = draw(st.sampled_from(pool.instants))
    form = draw(st.sampled_from(["Z", "+01:00", "+0530", "-04", ""]))
    minutes = {"Z": 0, "+01:00": 60, "+0530": 330, "-04": -240, "": 0}[form]
    return f"{(instant + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat(separator)}{form}"


def past_days_ago(pool: Pool) -> st.SearchStrategy[datetime]:
    """Instants of the last days, whole days and hours before as_of, so that histories have some length."""
    days, hours = st.sampled_from([0, 1, 2, 3, 6, 7, 8, 40]), st.sampled_from([0, 0, 1, 12])
    return st.builds(lambda day, hour: pool.as_of - timedelta(days=day, hours=hour), days, hours)
