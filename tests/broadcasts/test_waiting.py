"""Who waits, and until when: for the time where they are, for the morning, for room in the throttle, for the winner of a test."""

from collections import Counter
from pathlib import Path

import pytest

from tests.broadcasts.shop import CONFIG, PEOPLE, SALE, candidates, decisions, query, run, send, write_events, write_shop
from tests.broadcasts.test_sending import TESTED, holds_together

LOCAL = SALE + "local: true\nexpires_after: 48 hours\n"


def test_local_time_begins_where_it_is_first_on_earth(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", LOCAL)
    assert run(shop, "26T18:59").broadcasts == ()
    run(shop, "26T19:00")
    assert decisions(shop) == {"cleo": "sent"}
    found = candidates(shop)
    assert found["cleo"][2] == "2026-11-26 19:00:00"
    assert found["ana"][2] == "2026-11-27 00:00:00"
    assert found["ben"][2] == "2026-11-27 14:00:00"
    assert found["dan"][2] == found["eve"][2] == "2026-11-27 09:00:00", "who is in no zone of the table is in the project's"
    run(shop, "27T14:00")
    assert set(decisions(shop)) == set(PEOPLE)
    holds_together(shop, "27T14:00")


def test_quiet_hours_move_it_to_the_morning_there(tmp_path: Path) -> None:
    config = CONFIG + '  quiet_hours: {from: "21:00", to: "08:00"}\n'
    shop = write_shop(tmp_path / "shop", config=config)
    send(shop, "27T09:00")
    assert candidates(shop)["ben"][1:] == ("2026-11-27 09:00:00", "2026-11-27 13:00:00")
    assert candidates(shop)["ana"][2] == "2026-11-27 09:00:00"
    assert "ben" not in decisions(shop)


def test_a_throttle_holds_over_all_runs(tmp_path: Path) -> None:
    shop = write_shop(tmp_path / "shop", SALE + "throttle: {at_most: 3, per: 1 hour}\n")
    for hour in (9, 10, 11, 12):
        run(shop, f"27T{hour:02}:30")
    sent = Counter(row[2] for row in candidates(shop).values())
    assert sent == {"2026-11-27 09:00:00": 3, "2026-11-27 10:00:00": 3, "2026-11-27 11:00:00": 3, "2026-11-27 12:00:00": 1}
    assert set(decisions(shop).values()) == {"sent"}
    ids = query(shop, "SELECT candidate_id FROM candidate ORDER BY send_at, candidate_id")
    assert ids == sorted(ids), "those of one instant go in the order of their ids"


def outcomes_of(shop: Path, clicks: dict[str, int], at: str) -> list[str]:
    """Events by which so many of each variant's messages were clicked."""
    rows = query(shop, "SELECT variant, user_id, message_id FROM message WHERE decision = 'sent' ORDER BY variant, user_id")
    found = []
    for variant, number in clicks.items():
        of_variant = [row for row in rows if row[0] == variant][:number]
        assert len(of_variant) == number
        found += [f"{user},Email Link Clicked,2026-11-{at}:00Z,{message}" for _, user, message in of_variant]
    return found


def with_many(folder: Path, broadcast: str) -> Path:
    """A shop of forty people."""
    return write_shop(folder, broadcast, profiles=[(f"u{number:02}", f"u{number:02}@acme.example", "", "") for number in range(40)])


@pytest.mark.parametrize(
    ("clicks", "at", "winner"),
    [
        ({"b": 3}, "27T13:00", "b"),
        ({"b": 3}, "27T13:01", "a"),
        ({}, "27T12:00", "a"),
    ],
)
def test_the_rest_get_the_winner_by_what_came_until_its_instant(tmp_path: Path, clicks: dict[str, int], at: str, winner: str) -> None:
    shop = with_many(tmp_path / "shop", TESTED)
    run(shop, "27T09:00")
    waiting = {user for user, row in candidates(shop).items() if row[2] is None}
    assert waiting and {row[:2] for user, row in candidates(shop).items() if user in waiting} == {(None, "2026-11-27 13:00:00")}
    holds_together(shop, "27T09:00")
    write_events(shop, outcomes_of(shop, clicks, at))
    assert run(shop, "27T12:30").broadcasts == ()
    [change] = run(shop, "27T15:00").broadcasts
    assert (change.winner, change.sent) == (winner, len(waiting))
    assert {row for user, row in candidates(shop).items() if user in waiting} == {(winner, "2026-11-27 13:00:00", "2026-11-27 13:00:00")}
    subjects = {str(row[0]) for row in query(shop, "SELECT settings->>'$.subject' FROM candidate WHERE send_at > '2026-11-27 12:00'")}
    assert subjects == {winner.upper()}
    holds_together(shop, "27T15:00")
    assert send(shop, "28T09:00").broadcasts == ()


def test_shares_decide_not_numbers(tmp_path: Path) -> None:
    shop = with_many(tmp_path / "shop", TESTED.replace("a, percent: 30", "a, percent: 50").replace("b, percent: 30", "b, percent: 10"))
    run(shop, "27T09:00")
    sent = dict(query(shop, "SELECT variant, count(*) FROM message WHERE decision = 'sent' GROUP BY variant"))
    assert sent["a"] > 2 * sent["b"] > 0
    write_events(shop, outcomes_of(shop, {"a": sent["b"] + 1, "b": sent["b"]}, "27T10:00"))
    assert run(shop, "27T15:00").broadcasts[0].winner == "b"


def test_a_control_is_never_written_to_and_keeps_its_instant(tmp_path: Path) -> None:
    shop = with_many(tmp_path / "shop", TESTED)
    run(shop, "27T15:00")
    controls = {user for user, row in candidates(shop).items() if row[0] == "nobody"}
    assert controls and {reason for user, reason in decisions(shop).items() if user in controls} == {"control"}
    assert {candidates(shop)[user][2] for user in controls} == {"2026-11-27 09:00:00"}


def test_who_converts_decides_where_that_is_asked(tmp_path: Path) -> None:
    goal = "goal: {on: {event: Order Completed}, for: 3 days}\n"
    shop = with_many(tmp_path / "shop", TESTED.replace("by: clicked", "by: converted") + goal)
    run(shop, "27T09:00")
    buyers = [user for user, row in candidates(shop).items() if row[0] == "b"][:2]
    write_events(shop, [f"{user},Order Completed,2026-11-27T10:00:00Z," for user in buyers])
    assert run(shop, "27T15:00").broadcasts[0].winner == "b"
