"""Delays until local times and windows, around every change of the clocks of a year in six zones: as the plain simulator has them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.reference.dataset import Dataset, EventRow, ProfileRow
from tests.reference.journeys import History, simulate
from tests.support.journeys import differences, normal, product_results
from tests.support.reference import load_yaml

ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland", "America/Santiago", "Asia/Kolkata")
JOURNEYS = """
journey: at_a_time
entry: {on: {event: Start}, key: n, since: 2026-01-01}
steps:
  - {delay: {until: {time: "02:15"}}, id: time}
  - {delay: {until: {time: "01:30", days: [sat, sun]}}, id: weekend}
---
journey: in_a_window
entry: {on: {event: Start}, key: n, since: 2026-01-01}
steps:
  - {delay: {window: {from: "01:15", to: "01:45"}}, id: short}
  - {delay: {window: {from: "02:00", to: "02:30"}}, id: night}
---
journey: by_the_calendar
entry: {on: {event: Start}, key: n, since: 2026-01-01}
steps:
  - {delay: 1 month, id: month}
  - {delay: {until: {context: entry.due}, offset: -1 day}, id: due}
"""


def changes(zone: str) -> Iterator[datetime]:
    """The instants of 2026 at which the clocks of a zone change; where they never do, one in spring."""
    found, instant = 0, datetime(2026, 1, 1, tzinfo=UTC)
    while instant.year < 2027:
        after = instant + timedelta(hours=1)
        if instant.astimezone(ZoneInfo(zone)).utcoffset() != after.astimezone(ZoneInfo(zone)).utcoffset():
            found += 1
            yield after
        instant = after
    if not found:
        yield datetime(2026, 3, 29, 1, tzinfo=UTC)


def events() -> Iterator[EventRow]:
    """Somebody in each zone starts again and again from a day before each change on, at odd times."""
    for zone in ZONES:
        for change in changes(zone):
            for number in range(9):
                when = change + timedelta(minutes=-1435 + 307 * number)
                name = f"{zone}-{change:%m%d}-{number}"
                due = f"{change + timedelta(days=40, minutes=15 * number):%Y-%m-%dT%H:%M:%S}"
                yield EventRow(zone, "Start", when, {"n": name, "due": due}, name)


@pytest.mark.parametrize("ticks", [["2027-03-01"], ["2026-03-08T07:00", "2026-04-04T15:15", "2026-10-25T00:30", "2027-03-01"]], ids=len)
def test_what_waits_for_a_local_time_leaves_when_the_simulator_says(ticks: list[str]) -> None:
    people = [ProfileRow(zone, {"timezone": zone}, datetime(2025, 1, 1, tzinfo=UTC)) for zone in ZONES]
    schedule = [datetime.fromisoformat(tick).replace(tzinfo=UTC) for tick in ticks]
    dataset = Dataset(events=list(events()), profiles=people)
    history = History(load_yaml(JOURNEYS), dataset, schedule, zone="Europe/London", zone_trait="timezone", late_window="400 days")
    told, expected = product_results(history, check=True), simulate(history)
    assert len(expected["at_a_time"].entries) > 90
    for name, results in expected.items():
        assert differences(normal(results), told[name]) == []
        assert results.positions == [], "everybody is through"
