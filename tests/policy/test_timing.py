"""`send_at` is what a minute-by-minute model says: outside quiet hours across changes of clocks, and with room in the throttle."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage_cli.definitions.journey_steps import ClockTime
from engage_cli.definitions.project import QuietHours
from engage_cli.engine.base import Engine
from engage_cli.messaging.policy.quiet import quiet_stretches
from engage_cli.messaging.policy.timing import Throttle, make_no_candidates, move_out_of_quiet
from engage_cli.state.instants import read, stored
from tests.reference.messages.quiet import Quiet, awake_from, is_quiet
from tests.reference.messages.throttle import Waiting, send_instants
from tests.state.engine import make_engine

ZONES = ["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
QUIET: list[Quiet] = [("21:00", "08:00"), ("01:00", "02:30"), ("01:30", "01:45"), ("00:00", "01:00"), ("23:00", "24:00")]
START = datetime(2026, 10, 24, tzinfo=UTC)
"""A day before the clocks go back in Europe; on Lord Howe they went forward by half an hour on 4 October."""
MINUTE = timedelta(minutes=1)


def hours_of(quiet: Quiet) -> QuietHours:
    """The product's quiet hours."""
    start, end = (ClockTime(int(text[:2]) * 60 + int(text[3:])) for text in quiet)
    return QuietHours(start, end)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("quiet", QUIET)
def test_stretches_of_quiet_are_those_of_the_clock(quiet: Quiet, zone: str) -> None:
    low, high = START - timedelta(days=21), START + timedelta(days=9)
    stretches = quiet_stretches(hours_of(quiet), zone, low, high)
    for minutes in range(0, 30 * 1440, 17):
        instant = low + minutes * MINUTE
        assert any(start <= instant < end for start, end in stretches) == is_quiet(instant, quiet, ZoneInfo(zone))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return make_engine(tmp_path_factory.mktemp("timing"))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.integers(0, 8), st.sampled_from(ZONES)), min_size=1, max_size=12),
    st.sampled_from([None, *QUIET]),
    st.sampled_from([None, (1, 20), (2, 60), (3, 600)]),
    st.lists(st.integers(-2, 12), max_size=3, unique=True),
)
def test_messages_wait_for_the_morning_and_for_room(
    engine: Engine, drawn: list[tuple[int, str]], quiet: Quiet | None, throttle: tuple[int, int] | None, hours_given: list[int]
) -> None:
    waiting = [Waiting(f"c{n * 7 % 10}{n:02}", START + quarter * 180 * MINUTE, ZoneInfo(zone)) for n, (quarter, zone) in enumerate(drawn)]
    make_no_candidates(engine)
    for one in waiting:
        row = [one.candidate_id, "broadcast", "b", None, None, None, None, "u", "email", "t", stored(one.scheduled_at), None, one.zone.key]
        engine.execute("INSERT INTO p_made VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '{}', '{}', NULL)", row)
    hours = None if quiet is None else hours_of(quiet)
    move_out_of_quiet(engine, hours)
    expected = {one.candidate_id: awake_from(one.scheduled_at, quiet, one.zone) for one in waiting}
    if throttle is not None:
        at_most, per = throttle[0], throttle[1] * MINUTE
        given_before = [START + hour * 60 * MINUTE for hour in hours_given]
        Throttle(engine, "b", at_most, per, hours, dict.fromkeys(given_before, 1)).run()
        expected = send_instants(waiting, quiet, at_most, per, given_before)
    assert {name: read(at) for name, at in engine.rows("SELECT candidate_id, send_at FROM p_made")} == expected


def test_a_throttle_goes_on_where_it_was(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    make_no_candidates(engine)
    row = ["c", "broadcast", "b", None, None, None, None, "u", "email", "t", stored(START), stored(START), "UTC"]
    engine.execute("INSERT INTO p_made VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '{}', '{}', NULL)", row)
    Throttle(engine, "b", 2, timedelta(hours=1), None, given={START - 10 * MINUTE: 2}).run()
    assert read(engine.rows("SELECT send_at FROM p_made")[0][0]) == START + 50 * MINUTE
