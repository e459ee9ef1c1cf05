"""When delays are over: durations, fixed instants, local times and windows across clock changes, dates from data."""

from datetime import datetime
from typing import Any

import pytest

from tests.reference.dataset import Dataset, EventRow, ProfileRow
from tests.reference.examples import utc
from tests.reference.journeys import History, simulate
from tests.reference.values import Value
from tests.support.reference import load_yaml

AUCKLAND = "Pacific/Auckland"


def leaves(
    delay: str, arrival: str, *, zone: str = "UTC", person: str | None = None, traits: dict[str, Value] | None = None, **entry: Value
) -> str:
    """When a delay that begins at a UTC time is over, in UTC."""
    text = f"journey: j\nentry: {{on: {{event: Cart}}, since: 2024-01-01}}\nsteps: [{{delay: {delay}}}]"
    profile = ProfileRow("ann", {**(traits or {}), **({"timezone": person} if person else {})}, utc("2024-01-01"))
    dataset = Dataset(events=[EventRow("ann", "Cart", utc(arrival), entry, "m1")], profiles=[profile])
    done = simulate(History(load_yaml(text), dataset, [utc("2028-01-01")], zone=zone, zone_trait="timezone"))
    ended_at: Any = done["j"].entries[0].ended_at
    return f"{ended_at:%Y-%m-%d %H:%M}"


def test_durations() -> None:
    assert leaves("90 minutes", "2026-03-01 10:00") == "2026-03-01 11:30"
    assert leaves("1 day", "2026-03-28 12:00", zone="Europe/London") == "2026-03-29 12:00", "a day is 24 hours"
    assert leaves("1 month", "2026-03-28 12:00", zone="Europe/London") == "2026-04-28 11:00", "a month keeps the project's time of day"
    assert leaves("1 month", "2026-01-31 12:00") == "2026-02-28 12:00"
    assert leaves("1 month", "2026-03-28 12:00", person="Europe/London") == "2026-04-28 12:00", "whatever the person's zone"


def test_until_an_instant_of_the_project() -> None:
    assert leaves("{until: 2026-12-24 09:00}", "2026-11-01 10:00", zone="America/New_York") == "2026-12-24 14:00"
    assert leaves("{until: 2026-12-24}", "2026-11-01 10:00", zone="America/New_York", person="Asia/Kolkata") == "2026-12-24 05:00"
    assert leaves("{until: 2026-12-24T09:00Z}", "2026-12-24 09:01") == "2026-12-24 09:01"


@pytest.mark.parametrize(
    ("until", "arrival", "person", "end"),
    [
        ('time: "09:00"', "2026-11-02 08:00", None, "2026-11-02 09:00"),
        ('time: "09:00"', "2026-11-02 09:00", None, "2026-11-03 09:00"),
        ('time: "09:00"', "2026-11-02 08:00", "Asia/Kolkata", "2026-11-03 03:30"),
        ('time: "09:00"', "2026-11-02 08:00", "no/zone", "2026-11-02 09:00"),
        ('time: "09:00", days: [wed, fri]', "2026-11-02 08:00", None, "2026-11-04 09:00"),
        ('time: "09:00", days: [mon]', "2026-11-02 09:30", None, "2026-11-09 09:00"),
        # Monday there is still Sunday here.
        ('time: "09:00", days: [mon]', "2026-11-01 12:00", AUCKLAND, "2026-11-01 20:00"),
        # 01:30 is left out on 29 March in London, and comes twice on 25 October.
        ('time: "01:30"', "2026-03-29 00:00", "Europe/London", "2026-03-29 01:00"),
        ('time: "01:30"', "2026-10-24 23:00", "Europe/London", "2026-10-25 00:30"),
        ('time: "01:30"', "2026-10-25 00:45", "Europe/London", "2026-10-26 01:30"),
        # Half an hour is left out on 4 October on Lord Howe, from 02:00 to 02:30.
        ('time: "02:15"', "2026-10-03 12:00", "Australia/Lord_Howe", "2026-10-03 15:30"),
    ],
)
def test_the_next_local_time_after_the_arrival(until: str, arrival: str, person: str | None, end: str) -> None:
    assert leaves(f"{{until: {{{until}}}}}", arrival, person=person) == end


@pytest.mark.parametrize(
    ("window", "arrival", "person", "end"),
    [
        ('from: "09:00", to: "17:00"', "2026-11-02 08:00", None, "2026-11-02 09:00"),
        ('from: "09:00", to: "17:00"', "2026-11-02 09:00", None, "2026-11-02 09:00"),
        ('from: "09:00", to: "17:00"', "2026-11-02 16:59", None, "2026-11-02 16:59"),
        ('from: "09:00", to: "17:00"', "2026-11-02 17:00", None, "2026-11-03 09:00"),
        ('from: "09:00", to: "17:00", days: [sat]', "2026-11-02 10:00", None, "2026-11-07 09:00"),
        ('from: "18:00", to: "24:00"', "2026-11-02 23:59", None, "2026-11-02 23:59"),
        ('from: "18:00", to: "24:00"', "2026-11-03 00:00", None, "2026-11-03 18:00"),
        ('from: "22:00", to: "06:00", days: [mon]', "2026-11-03 05:59", None, "2026-11-03 05:59"),
        ('from: "22:00", to: "06:00", days: [tue]', "2026-11-03 05:59", None, "2026-11-03 22:00"),
        ('from: "09:00", to: "17:00"', "2026-11-02 08:00", "America/New_York", "2026-11-02 14:00"),
        # A window that the clocks leave out on 29 March opens the next day; one that they begin in opens when the gap is over.
        ('from: "01:15", to: "01:45"', "2026-03-29 00:00", "Europe/London", "2026-03-30 00:15"),
        ('from: "01:15", to: "03:00"', "2026-03-29 00:00", "Europe/London", "2026-03-29 01:00"),
        # 01:10 comes twice on 25 October; the window up to 01:30 is over with the first 01:30.
        ('from: "00:00", to: "01:30"', "2026-10-25 00:10", "Europe/London", "2026-10-25 00:10"),
        ('from: "00:00", to: "01:30"', "2026-10-25 01:10", "Europe/London", "2026-10-26 00:00"),
    ],
)
def test_a_window_is_open_or_opens_next(window: str, arrival: str, person: str | None, end: str) -> None:
    assert leaves(f"{{window: {{{window}}}}}", arrival, person=person) == end


@pytest.mark.parametrize(
    ("delay", "value", "end"),
    [
        ("{until: {context: entry.when}, offset: -1 hour}", "2026-11-05T10:00:00Z", "2026-11-05 09:00"),
        ("{until: {context: entry.when}, offset: 2 days}", "2026-11-05", "2026-11-07 05:00"),
        ("{until: {context: entry.when}, offset: -1 month}", "2027-03-31T16:00:00Z", "2027-02-28 17:00"),
        ("{until: {context: entry.when}, offset: -1 hour}", "2026-11-02T10:30:00Z", "2026-11-02 10:00"),
        ("{until: {context: entry.when}}", "soon", "2026-11-02 10:00"),
        ("{until: {context: entry.when}}", None, "2026-11-02 10:00"),
        ("{until: {context: entry.other}}", "2026-11-05", "2026-11-02 10:00"),
    ],
)
def test_a_date_from_the_context(delay: str, value: Value, end: str) -> None:
    assert leaves(delay, "2026-11-02 10:00", zone="America/New_York", when=value) == end


def test_a_date_from_a_trait() -> None:
    renews = {"renews_at": "2026-11-20T08:00:00Z"}
    assert leaves("{until: {trait: renews_at}, offset: -3 days}", "2026-11-02 10:00", traits=renews) == "2026-11-17 08:00"


def test_the_zone_is_that_of_the_arrival() -> None:
    text = 'journey: j\nentry: {on: {event: Cart}, since: 2026-01-01}\nsteps: [{delay: {until: {time: "09:00"}}}]'
    moves = [
        ProfileRow("ann", {"timezone": zone}, utc(when)) for zone, when in (("Asia/Kolkata", "2026-11-01"), ("UTC", "2026-11-02 01:00"))
    ]
    for arrival, end in (("2026-11-02 00:30", "2026-11-02 03:30"), ("2026-11-02 01:00", "2026-11-02 09:00")):
        dataset = Dataset(events=[EventRow("ann", "Cart", utc(arrival), {}, "m1")], profiles=moves)
        done = simulate(History(load_yaml(text), dataset, [datetime.fromisoformat("2026-12-01T00:00+00:00")], zone_trait="timezone"))
        assert done["j"].entries[0].ended_at == utc(end)
