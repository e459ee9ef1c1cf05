"""What commands do to a journey: pause, resume and archive it, and take people out. Said twice it is done once, killed anywhere too."""

import shutil
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from engage_cli.definitions.journey import JourneyStatus
from engage_cli.errors import UsageError
from engage_cli.service.journey_hand import set_by_hand, take_out
from engage_cli.service.journey_show import journey_of_person
from engage_cli.service.journey_status import journey_status
from engage_cli.service.journeys import list_journeys
from engage_cli.service.tick_plans import stricter
from engage_cli.state.journey_readers import HandStatus
from tests.journeys.shop import asked, make_shop, pause_carts, rows_of, stop_ana, tick
from tests.state.processes import run_killed
from tests.support.kills import stride

PAUSED, LIVE, ARCHIVED, DRAFT = JourneyStatus.PAUSED, JourneyStatus.LIVE, JourneyStatus.ARCHIVED, JourneyStatus.DRAFT
DAY = "2026-11-01"


def at(time: str) -> datetime:
    return datetime.fromisoformat(f"{DAY}T{time}").replace(tzinfo=UTC)


def by_hand(shop: Path, status: JourneyStatus, time: str) -> bool:
    """What a command says from an instant on; whether that is new."""
    return set_by_hand(shop, "cart_recovery", status, as_of=at(time)).changed


def entries(shop: Path) -> list[tuple[str, str]]:
    """Which carts entered, and whether each is still there or why not."""
    return [(str(key), str(reason)) for key, reason in asked(shop, "SELECT key, coalesce(end_reason, 'inside') FROM instance ORDER BY key")]


def set_file_status(shop: Path, status: str) -> None:
    path = shop / "campaigns/journeys/cart.yaml"
    before = next(line for line in path.read_text().splitlines() if line.startswith("status:"))
    path.write_text(path.read_text().replace(before, f"status: {status}"))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Carts from ten o'clock to a quarter to twelve; no tick has been."""
    return make_shop(tmp_path / "shop")


# ---- which status holds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "hand", "holds"),
    [
        (LIVE, None, LIVE),
        (LIVE, LIVE, LIVE),
        (LIVE, PAUSED, PAUSED),
        (LIVE, ARCHIVED, ARCHIVED),
        (PAUSED, LIVE, PAUSED),
        (PAUSED, ARCHIVED, ARCHIVED),
        (ARCHIVED, PAUSED, ARCHIVED),
        (DRAFT, PAUSED, DRAFT),
    ],
)
def test_the_stricter_holds(file: JourneyStatus, hand: JourneyStatus | None, holds: JourneyStatus) -> None:
    said = None if hand is None else HandStatus(hand.value, at("10:00"))
    assert stricter(file, said) is holds


# ---- pause and resume -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("between", [(), ("11:10",), ("11:10", "11:35", "11:50")], ids=["no tick", "a tick", "ticks"])
def test_who_would_have_entered_in_a_pause_does_not_later_and_the_others_go_on(between: tuple[str, ...], shop: Path) -> None:
    tick(shop, f"{DAY}T10:15:00")
    by_hand(shop, PAUSED, "10:20")
    for time in (time for time in between if time < "11:40"):
        tick(shop, f"{DAY}T{time}:00")
    by_hand(shop, LIVE, "11:40")
    for time in (time for time in between if time > "11:40"):
        tick(shop, f"{DAY}T{time}:00")
    tick(shop, f"{DAY}T13:05:00")
    assert entries(shop) == [("c1", "inside"), ("c3", "lost_interest"), ("c5", "inside")]
    assert asked(shop, "SELECT step FROM position ORDER BY ALL") == [("day",), ("wait",)], "who is inside goes on"


def test_the_list_shows_what_is_stricter_of_file_and_command(shop: Path) -> None:
    def listed() -> list[str]:
        return [row.status for row in list_journeys(shop) if row.name == "cart_recovery"]

    assert listed() == ["live"]
    tick(shop, f"{DAY}T10:30")
    by_hand(shop, PAUSED, "11:00")
    assert listed() == ["paused"]
    set_file_status(shop, "archived")
    assert listed() == ["archived"]
    set_file_status(shop, "live")
    by_hand(shop, LIVE, "12:00")
    assert listed() == ["live"]


def test_what_happened_before_the_pause_is_judged_in_it(shop: Path) -> None:
    tick(shop, f"{DAY}T09:00:00")
    by_hand(shop, PAUSED, "10:20")
    tick(shop, f"{DAY}T12:00:00")
    assert [key for key, _ in entries(shop)] == ["c1", "c3"]


def test_late_events_of_a_pause_never_enter(shop: Path) -> None:
    tick(shop, f"{DAY}T09:00:00")
    by_hand(shop, PAUSED, "10:20")
    tick(shop, f"{DAY}T11:00:00")
    by_hand(shop, LIVE, "11:00")
    (shop / "data/events_late.csv").write_text(
        "message_id,user_id,event,timestamp,cart_id,cart_total\n"
        "l1,dora,Cart Updated,2026-11-01T10:40:00Z,c8,90\nl2,dora,Cart Updated,2026-11-01T10:10:00Z,c9,90\n"
    )
    tick(shop, f"{DAY}T11:20:00")
    assert [key for key, _ in entries(shop)] == ["c1", "c3", "c9"]


def test_a_file_that_says_paused_keeps_out_whoever_came_since_the_tick_before(shop: Path) -> None:
    tick(shop, f"{DAY}T10:15:00")
    set_file_status(shop, "paused")
    tick(shop, f"{DAY}T10:50:00")
    tick(shop, f"{DAY}T11:40:00")
    set_file_status(shop, "live")
    (shop / "data/events_late.csv").write_text(
        "message_id,user_id,event,timestamp,cart_id,cart_total\nl1,dora,Cart Updated,2026-11-01T11:35:00Z,c8,90\n"
    )
    tick(shop, f"{DAY}T12:00:00")
    assert entries(shop) == [("c1", "inside"), ("c3", "lost_interest"), ("c5", "inside")]
    pauses = asked(shop, "SELECT CAST(from_at AS VARCHAR), CAST(until_at AS VARCHAR) FROM journey_pause")
    assert pauses == [("2026-11-01 10:15:00.000001", "2026-11-01 11:40:00.000001")]


def test_a_condition_over_a_snapshot_that_became_true_in_a_pause_lets_nobody_in_later(shop: Path) -> None:
    (shop / "campaigns/journeys/cart.yaml").unlink()
    journey = "journey: pros\nstatus: STATUS\nentry: {when: {trait: plan, eq: pro}}\nsteps: [{delay: 9 days, id: long}]\n"

    def plan_of(ana: str, ben: str, status: str) -> None:
        (shop / "data/profiles.csv").write_text(f"user_id,plan\nana,{ana}\nben,{ben}\n")
        (shop / "campaigns/journeys/pros.yaml").write_text(journey.replace("STATUS", status))

    for status in ("paused", "archived"):
        shutil.rmtree(shop / ".engage", ignore_errors=True)
        plan_of("free", "free", "live")
        tick(shop, f"{DAY}T10:00:00")
        plan_of("pro", "free", status)
        tick(shop, f"{DAY}T11:00:00")
        plan_of("pro", "pro", "live")
        tick(shop, f"{DAY}T12:00:00")
        assert asked(shop, "SELECT user_id FROM instance") == [("ben",)], status


def test_a_journey_that_was_never_live_has_no_clock(shop: Path) -> None:
    set_file_status(shop, "paused")
    tick(shop, f"{DAY}T10:15:00")
    set_file_status(shop, "live")
    by_hand(shop, ARCHIVED, "10:20")
    tick(shop, f"{DAY}T10:40:00")
    assert not (shop / ".engage/state.duckdb").exists() or asked(shop, "SELECT * FROM journey") == []
    by_hand(shop, LIVE, "10:45")
    tick(shop, f"{DAY}T11:40:00")
    assert [key for key, _ in entries(shop)] == ["c1", "c3", "c4"]


# ---- archive --------------------------------------------------------------------------------------------------------


def test_in_an_archived_journey_nothing_moves(shop: Path) -> None:
    tick(shop, f"{DAY}T10:15:00")
    standing = asked(shop, "SELECT * FROM position ORDER BY ALL")
    assert by_hand(shop, ARCHIVED, "10:20")
    tick(shop, f"{DAY}T13:05:00")
    assert asked(shop, "SELECT * FROM position ORDER BY ALL") == standing
    by_hand(shop, LIVE, "13:10")
    tick(shop, f"{DAY}T13:20:00")
    moves = asked(shop, "SELECT CAST(moved_at AS VARCHAR) FROM transition WHERE cause = 'timeout' ORDER BY ALL")
    assert moves == [("2026-11-01 12:00:00",)] * 2, "what time alone does, it did at its own instant"
    assert [key for key, _ in entries(shop)] == ["c1", "c3"]


def test_an_edit_of_an_archived_journey_waits_for_its_return(shop: Path) -> None:
    path = shop / "campaigns/journeys/cart.yaml"
    with_ids = path.read_text().replace("steps: [{exit: lost_interest}]", "steps: [{exit: lost_interest, id: out}]")
    path.write_text(with_ids.replace("status: live", "status: live\non_change: move"))
    tick(shop, f"{DAY}T10:15:00")
    by_hand(shop, ARCHIVED, "10:20")
    path.write_text(path.read_text().replace("for: 2 hours", "for: 3 hours"))
    tick(shop, f"{DAY}T10:30:00")
    assert asked(shop, "SELECT DISTINCT version FROM position") == [(1,)]
    by_hand(shop, LIVE, "10:35")
    tick(shop, f"{DAY}T10:40:00")
    assert asked(shop, "SELECT DISTINCT version, CAST(due AS VARCHAR) FROM position") == [(2, "2026-11-01 13:00:00")]


# ---- said twice, said too early --------------------------------------------------------------------------------------


def test_said_again_it_changes_nothing(shop: Path) -> None:
    tick(shop, f"{DAY}T10:15:00")
    assert by_hand(shop, PAUSED, "10:20")
    before = rows_of(shop)
    assert not by_hand(shop, PAUSED, "11:20")
    assert rows_of(shop) == before
    assert by_hand(shop, LIVE, "11:20")
    assert not by_hand(shop, LIVE, "11:30")


def test_a_pause_that_ends_as_it_begins_is_none(shop: Path) -> None:
    tick(shop, f"{DAY}T10:15:00")
    by_hand(shop, PAUSED, "10:20")
    by_hand(shop, LIVE, "10:20")
    assert asked(shop, "SELECT * FROM journey_pause") == []


def test_what_is_past_is_not_changed(shop: Path) -> None:
    tick(shop, f"{DAY}T10:15:00")
    with pytest.raises(UsageError, match="was ticked as of 2026-11-01T10:15:00Z, which is after 2026-11-01T10:10:00Z"):
        by_hand(shop, PAUSED, "10:10")
    by_hand(shop, PAUSED, "10:40")
    with pytest.raises(UsageError, match="is paused by hand from 2026-11-01T10:40:00Z on, which is after 2026-11-01T10:30:00Z"):
        by_hand(shop, ARCHIVED, "10:30")


# ---- exit -----------------------------------------------------------------------------------------------------------


def test_exit_ends_open_instances_at_the_clock_and_nothing_comes_of_them(shop: Path) -> None:
    tick(shop, f"{DAY}T12:30:00")
    took = take_out(shop, "cart_recovery", "ana")
    assert [one.key for one in took.stopped] == ["c1", "c5"]
    assert entries(shop) == [("c1", "stopped"), ("c2", "exited"), ("c3", "lost_interest"), ("c4", "inside"), ("c5", "stopped")]
    tick(shop, "2026-11-05T00:00:00")
    ended = asked(shop, "SELECT DISTINCT CAST(ended_at AS VARCHAR) FROM instance WHERE end_reason = 'stopped'")
    assert ended == [("2026-11-01 12:30:00",)]
    assert asked(shop, "SELECT DISTINCT user_id FROM candidate") == [("cleo",)]


def test_exit_of_one_key_leaves_the_others(shop: Path) -> None:
    tick(shop, f"{DAY}T12:30:00")
    assert [one.key for one in take_out(shop, "cart_recovery", "ana", key="c5").stopped] == ["c5"]
    assert ("c1", "inside") in entries(shop)
    assert take_out(shop, "cart_recovery", "ana", key="c99").stopped == ()


def test_exit_ends_every_branch_of_a_fork(shop: Path) -> None:
    (shop / "campaigns/journeys/cart.yaml").write_text("""
journey: cart_recovery
status: live
entry: {on: {event: Cart Updated}, since: 2026-11-01}
steps:
  - fork:
      - {name: one, steps: [{delay: 1 hour, id: short}]}
      - {name: two, steps: [{delay: 3 days, id: long}]}
      - {name: three, steps: [{delay: 2 days, id: middle}]}
    id: sides
""")
    tick(shop, f"{DAY}T12:30:00")
    take_out(shop, "cart_recovery", "cleo")
    rows = asked(
        shop,
        "SELECT ordinal, token, from_step, to_step FROM transition JOIN instance USING (instance) WHERE cause = 'stopped' ORDER BY ALL",
    )
    assert rows == [(6, "sides:three", "middle", None), (7, "sides:two", "long", None)]


def test_exit_again_and_of_nobody_changes_nothing(shop: Path) -> None:
    assert take_out(shop, "cart_recovery", "ana").as_of is None
    tick(shop, f"{DAY}T12:30:00")
    take_out(shop, "cart_recovery", "ana")
    before = rows_of(shop)
    assert take_out(shop, "cart_recovery", "ana").stopped == ()
    assert take_out(shop, "cart_recovery", "zoe").stopped == ()
    assert rows_of(shop) == before


def test_a_dry_run_of_exit_takes_nobody_out(shop: Path) -> None:
    tick(shop, f"{DAY}T12:30:00")
    before = rows_of(shop)
    assert len(take_out(shop, "cart_recovery", "ana", dry_run=True).stopped) == 2
    assert rows_of(shop) == before


def test_who_is_inside_a_journey_that_is_gone_can_be_looked_at_and_taken_out(shop: Path) -> None:
    tick(shop, f"{DAY}T12:30:00")
    known = journey_status(shop, "cart_recovery")
    shown = journey_of_person(shop, "cart_recovery", "ana")
    (shop / "campaigns/journeys/cart.yaml").unlink()
    [row] = [row for row in list_journeys(shop) if row.name == "cart_recovery"]
    assert (row.status, row.steps) == ("removed", len(known.steps))
    gone = journey_status(shop, "cart_recovery")
    assert (gone.status, gone.inside, gone.steps) == ("removed", known.inside, known.steps)
    assert journey_of_person(shop, "cart_recovery", "ana") == shown
    with pytest.raises(UsageError, match="there is no journey `cart_recover`") as raised:
        journey_status(shop, "cart_recover")
    assert raised.value.hint == "did you mean `cart_recovery`?"
    assert len(take_out(shop, "cart_recovery", "ana", dry_run=True).stopped) == 2
    assert [one.key for one in take_out(shop, "cart_recovery", "ana").stopped] == ["c1", "c5"]
    for user in ("ben", "cleo", "dan", "eve"):
        take_out(shop, "cart_recovery", user)
    assert [row.name for row in list_journeys(shop)] == []


@pytest.mark.parametrize("does", [stop_ana, pause_carts])
def test_killed_anywhere_and_said_again_it_is_as_if_undisturbed(does: Any, shop: Path, tmp_path: Path) -> None:
    tick(shop, f"{DAY}T12:30:00")
    whole = tmp_path / "whole"
    shutil.copytree(shop, whole)
    does(whole)
    expected = rows_of(whole)
    for point in count(1, stride(3)):
        killed = tmp_path / f"at_{point}"
        shutil.copytree(shop, killed)
        died = run_killed(does, killed, crash_at=str(point))
        does(killed)
        assert rows_of(killed) == expected, f"killed at point {point}"
        if not died:
            break
    assert point > 5
