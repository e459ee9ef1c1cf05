"""Local times at clock changes, calendar arithmetic, periods: worked by hand."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from tests.reference.examples import local, utc
from tests.reference.instants import (
    before,
    day_end,
    day_start,
    later,
    literal_instant,
    local_day,
    period_bounds,
    read_duration,
    utc_of_local,
)

LONDON, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/London"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
KOLKATA, HAVANA, SAO_PAULO, APIA = (ZoneInfo(name) for name in ("Asia/Kolkata", "America/Havana", "America/Sao_Paulo", "Pacific/Apia"))


@pytest.mark.parametrize(
    ("zone", "text", "instant"),
    [
        (LONDON, "2026-01-05 09:00", "2026-01-05 09:00"),
        (LONDON, "2026-07-05 09:00", "2026-07-05 08:00"),
        (NEW_YORK, "2026-01-05 09:00", "2026-01-05 14:00"),
        (KOLKATA, "2026-01-05 00:00", "2026-01-04 18:30"),
        (LORD_HOWE, "2026-07-05 09:00", "2026-07-04 22:30"),
    ],
)
def test_a_local_time_is_an_instant(zone: ZoneInfo, text: str, instant: str) -> None:
    assert utc_of_local(local(text), zone) == utc(instant)


@pytest.mark.parametrize(
    ("zone", "text", "instant"),
    [
        (LONDON, "2026-03-29 00:59:59.999999", "2026-03-29 00:59:59.999999"),
        (LONDON, "2026-03-29 01:00", "2026-03-29 01:00"),
        (LONDON, "2026-03-29 01:30", "2026-03-29 01:00"),
        (LONDON, "2026-03-29 01:59:59.999999", "2026-03-29 01:00"),
        (LONDON, "2026-03-29 02:00", "2026-03-29 01:00"),
        (NEW_YORK, "2026-03-08 02:30", "2026-03-08 07:00"),
        (LORD_HOWE, "2026-10-04 02:15", "2026-10-03 15:30"),
        (LORD_HOWE, "2026-10-04 02:30", "2026-10-03 15:30"),
        (APIA, "2011-12-30 12:00", "2011-12-30 10:00"),
    ],
)
def test_a_local_time_that_a_clock_change_leaves_out_is_the_first_instant_after_the_gap(zone: ZoneInfo, text: str, instant: str) -> None:
    assert utc_of_local(local(text), zone) == utc(instant)


@pytest.mark.parametrize(
    ("zone", "text", "instant"),
    [
        (LONDON, "2026-10-25 01:00", "2026-10-25 00:00"),
        (LONDON, "2026-10-25 01:30", "2026-10-25 00:30"),
        (LONDON, "2026-10-25 02:00", "2026-10-25 02:00"),
        (NEW_YORK, "2026-11-01 01:30", "2026-11-01 05:30"),
        (LORD_HOWE, "2026-04-05 01:45", "2026-04-04 14:45"),
        (LORD_HOWE, "2026-04-05 02:00", "2026-04-04 15:30"),
    ],
)
def test_a_local_time_that_occurs_twice_is_the_first(zone: ZoneInfo, text: str, instant: str) -> None:
    assert utc_of_local(local(text), zone) == utc(instant)


def test_a_day_starts_at_its_first_instant() -> None:
    assert day_start(date(2026, 3, 29), LONDON) == utc("2026-03-29 00:00")
    assert day_end(date(2026, 3, 29), LONDON) == utc("2026-03-29 23:00")
    # In São Paulo the clocks went from 00:00 to 01:00 that day; in Havana midnight came twice.
    assert day_start(date(2018, 11, 4), SAO_PAULO) == utc("2018-11-04 03:00")
    assert day_start(date(2026, 11, 1), HAVANA) == utc("2026-11-01 04:00")


def test_the_day_of_an_instant_is_the_zones() -> None:
    assert local_day(utc("2026-03-31 23:30"), LONDON) == date(2026, 4, 1)
    assert local_day(utc("2026-03-31 23:30"), NEW_YORK) == date(2026, 3, 31)
    assert local_day(utc("2026-03-31 18:30"), KOLKATA) == date(2026, 4, 1)


def test_a_literal_with_an_offset_needs_no_zone() -> None:
    assert literal_instant(local("2026-07-05T09:00+02:00"), LONDON) == utc("2026-07-05 07:00")
    assert literal_instant(local("2026-07-05T09:00"), LONDON) == utc("2026-07-05 08:00")


@pytest.mark.parametrize("text", ["30 day", "1 days", "30  days", "days", "-1 day", "1.5 days", "1 fortnight"])
def test_a_duration_is_a_whole_number_and_a_unit(text: str) -> None:
    if text in ("30 day", "1 days"):
        assert read_duration(text).unit == "day"
    else:
        with pytest.raises(ValueError, match="is no duration"):
            read_duration(text)


@pytest.mark.parametrize(
    ("zone", "as_of", "duration", "instant"),
    [
        # A day is 24 hours, whatever the clocks do; a month keeps the time of day.
        (LONDON, "2026-03-29 12:00", "1 day", "2026-03-28 12:00"),
        (LONDON, "2026-04-15 11:00", "1 month", "2026-03-15 12:00"),
        (LONDON, "2026-04-15 11:00", "31 days", "2026-03-15 11:00"),
        # Clamped to the month's end.
        (LONDON, "2026-03-31 11:00", "1 month", "2026-02-28 12:00"),
        (KOLKATA, "2024-03-31 12:00", "1 month", "2024-02-29 12:00"),
        (KOLKATA, "2024-02-29 12:00", "1 year", "2023-02-28 12:00"),
        (KOLKATA, "2024-02-29 12:00", "4 years", "2020-02-29 12:00"),
        (KOLKATA, "2026-05-31 12:00", "13 months", "2025-04-30 12:00"),
        # In Kolkata it is already 1 March there, and 31 March counts back from the local date.
        (KOLKATA, "2026-03-31 18:30", "1 month", "2026-02-28 18:30"),
        # The local time a month ago was left out, or came twice.
        (LONDON, "2026-04-29 00:30", "1 month", "2026-03-29 01:00"),
        (LONDON, "2026-11-25 01:30", "1 month", "2026-10-25 00:30"),
        (NEW_YORK, "2026-04-08 06:30:00.000001", "1 month", "2026-03-08 07:00"),
        (LORD_HOWE, "2026-05-04 15:15", "1 month", "2026-04-04 14:45"),
    ],
)
def test_durations_back(zone: ZoneInfo, as_of: str, duration: str, instant: str) -> None:
    assert before(utc(as_of), duration, zone) == utc(instant)


def test_several_months_are_counted_at_once_so_that_the_clamp_does_not_stick() -> None:
    assert before(utc("2026-03-31 12:00"), "1 month", KOLKATA, times=2) == utc("2026-01-31 12:00")


def test_durations_forward() -> None:
    assert later(utc("2026-01-31 12:00"), "1 month", KOLKATA) == utc("2026-02-28 12:00")
    assert later(utc("2026-02-28 01:30"), "1 month", LONDON) == utc("2026-03-28 01:30")
    assert later(utc("2026-03-28 12:00"), "1 week", LONDON) == utc("2026-04-04 12:00")


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("today", "2026-03-31 23:00", "2026-04-01 23:00"),
        ("yesterday", "2026-03-30 23:00", "2026-03-31 23:00"),
        ("tomorrow", "2026-04-01 23:00", "2026-04-02 23:00"),
        ("this week", "2026-03-29 23:00", "2026-04-05 23:00"),
        ("last week", "2026-03-23 00:00", "2026-03-29 23:00"),
        ("next week", "2026-04-05 23:00", "2026-04-12 23:00"),
        ("this month", "2026-03-31 23:00", "2026-04-30 23:00"),
        ("last month", "2026-03-01 00:00", "2026-03-31 23:00"),
        ("next month", "2026-04-30 23:00", "2026-05-31 23:00"),
        ("this quarter", "2026-03-31 23:00", "2026-06-30 23:00"),
        ("last quarter", "2026-01-01 00:00", "2026-03-31 23:00"),
        ("next quarter", "2026-06-30 23:00", "2026-09-30 23:00"),
        ("this year", "2026-01-01 00:00", "2027-01-01 00:00"),
        ("last year", "2025-01-01 00:00", "2026-01-01 00:00"),
        ("next year", "2027-01-01 00:00", "2028-01-01 00:00"),
    ],
)
def test_periods_of_half_past_midnight_on_wednesday_the_first_of_april_in_london(period: str, start: str, end: str) -> None:
    assert period_bounds(period, utc("2026-03-31 23:30"), LONDON) == (utc(start), utc(end))


def test_last_quarter_of_january_is_of_the_year_before() -> None:
    assert period_bounds("last quarter", utc("2026-01-15 00:00"), KOLKATA) == (utc("2025-09-30 18:30"), utc("2025-12-31 18:30"))
