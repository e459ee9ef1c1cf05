"""A journey that is edited while people are inside: they finish the edition that they entered, move to the new one, or leave."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.journeys.shop import tick

CONFIG = """
project: editions
timezone: UTC
store: none
sources:
  events: {path: data/events.csv}
messaging: {channels: {email: {address: email, from: "Shop <shop@example.com>"}}}
"""
LETTER = "---\nsubject: Hello\n---\nHello. {{ unsubscribe_url }}\n"
EVENTS = """message_id,user_id,event,timestamp
m1,ann,Signed Up,2026-11-02T10:00:00Z
m2,bob,Signed Up,2026-11-03T10:00:00Z
m3,cid,Signed Up,2026-11-05T10:00:00Z
m4,ann,Order Completed,2026-11-06T10:00:00Z
"""
FIRST = """
journey: welcome
status: live
entry: {on: {event: Signed Up}, since: 2026-11-01}
steps:
  - {delay: 5 days, id: wait}
  - {send: old, channel: email, id: letter}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project whose first edition was ticked on the 4th: ann and bob wait."""
    for inner in ("data", "campaigns/templates"):
        (tmp_path / inner).mkdir(parents=True)
    (tmp_path / "engage.yaml").write_text(CONFIG)
    for name in ("old", "new"):
        (tmp_path / f"campaigns/templates/{name}.txt").write_text(LETTER)
    (tmp_path / "data/events.csv").write_text(EVENTS)
    edit(tmp_path, FIRST)
    tick(tmp_path, "2026-11-04T00:00:00")
    return tmp_path


def edit(folder: Path, text: str) -> None:
    """Write the journey anew."""
    (folder / "campaigns/welcome.yaml").write_text(text)


def second(change: str, **more: str) -> str:
    """The edition after the first: a week's wait, and another letter."""
    text = FIRST.replace("5 days", "7 days").replace("send: old", "send: new")
    return text + "".join(f"{key}: {value}\n" for key, value in {"on_change": change, **more}.items())


def rows(folder: Path, text: str) -> list[tuple[Any, ...]]:
    """What a query of the state gives, instants as text."""
    with duckdb.connect(str(folder / ".engage/state.duckdb"), read_only=True) as state:
        return state.execute(text).fetchall()


def waiting(folder: Path) -> list[tuple[Any, ...]]:
    """Who stands where, by which edition, and until when."""
    return rows(
        folder,
        "SELECT user_id, p.version, step, strftime(due, '%d') FROM position AS p JOIN instance AS i USING (instance) ORDER BY user_id",
    )


def sent(folder: Path) -> list[tuple[Any, ...]]:
    """Who was sent which template when."""
    return rows(folder, "SELECT user_id, template, strftime(scheduled_at, '%d') FROM candidate ORDER BY user_id, scheduled_at")


def ended(folder: Path) -> list[tuple[Any, ...]]:
    """Who came to an end, when and why."""
    return rows(folder, "SELECT user_id, strftime(ended_at, '%d'), end_reason FROM instance WHERE ended_at IS NOT NULL ORDER BY ALL")


def test_those_inside_finish_the_edition_that_they_entered(shop: Path) -> None:
    edit(shop, second("finish"))
    tick(shop, "2026-11-06T12:00:00")
    assert waiting(shop) == [("ann", 1, "wait", "07"), ("bob", 1, "wait", "08"), ("cid", 2, "wait", "12")]
    tick(shop, "2026-11-20T00:00:00")
    assert sent(shop) == [("ann", "old", "07"), ("bob", "old", "08"), ("cid", "new", "12")]


def test_those_inside_move_to_the_step_of_the_same_name_and_wait_by_the_new_edition(shop: Path) -> None:
    edit(shop, second("move"))
    tick(shop, "2026-11-06T12:00:00")
    assert waiting(shop) == [("ann", 2, "wait", "09"), ("bob", 2, "wait", "10"), ("cid", 2, "wait", "12")]
    assert rows(shop, "SELECT DISTINCT version FROM instance") == [(2,)]
    tick(shop, "2026-11-20T00:00:00")
    assert sent(shop) == [("ann", "new", "09"), ("bob", "new", "10"), ("cid", "new", "12")]
    assert waiting(shop) == []


def test_those_who_move_pass_at_once_what_the_new_edition_says_is_over(shop: Path) -> None:
    edit(shop, FIRST.replace("5 days", "1 hour").replace("send: old", "send: new") + "on_change: move\n")
    tick(shop, "2026-11-04T00:00:00")
    assert sent(shop) == [("ann", "new", "02"), ("bob", "new", "03")]
    assert ended(shop) == [("ann", "02", "completed"), ("bob", "03", "completed")]


def test_those_at_a_step_that_is_gone_leave(shop: Path) -> None:
    edit(shop, second("move").replace("id: wait", "id: pause"))
    tick(shop, "2026-11-06T12:00:00")
    assert ended(shop) == [("ann", "04", "changed"), ("bob", "04", "changed")]
    assert waiting(shop) == [("cid", 2, "pause", "12")]


def test_those_inside_leave_where_the_edition_says_so(shop: Path) -> None:
    edit(shop, second("exit"))
    tick(shop, "2026-11-06T12:00:00")
    assert ended(shop) == [("ann", "04", "changed"), ("bob", "04", "changed")]
    assert waiting(shop) == [("cid", 2, "wait", "12")]
    assert sent(shop) == []


def test_a_new_exit_rule_ends_those_who_moved_by_events_since(shop: Path) -> None:
    edit(shop, second("move", exit="[{on: {event: Order Completed}}]"))
    tick(shop, "2026-11-06T12:00:00")
    assert ended(shop) == [("ann", "06", "exited")]
    assert waiting(shop) == [("bob", 2, "wait", "10"), ("cid", 2, "wait", "12")]


def test_who_was_in_an_earlier_edition_stays_out_where_it_says_so(shop: Path) -> None:
    again = EVENTS + "m5,ann,Signed Up,2026-11-10T10:00:00Z\nm6,dan,Signed Up,2026-11-10T10:00:00Z\n"
    (shop / "data/events.csv").write_text(again)
    text = second("finish", exclude_previous="true").replace("since: 2026-11-01", "since: 2026-11-01, reentry: always")
    edit(shop, text)
    tick(shop, "2026-11-11T00:00:00")
    entered = "SELECT user_id, version, strftime(entered_at, '%d') FROM instance ORDER BY entered_at, user_id"
    assert rows(shop, entered) == [("ann", 1, "02"), ("bob", 1, "03"), ("cid", 2, "05"), ("dan", 2, "10")]


def test_a_description_makes_no_new_edition(shop: Path) -> None:
    edit(shop, f"{FIRST}description: Says hello\n# and a comment\n")
    tick(shop, "2026-11-06T12:00:00")
    assert rows(shop, "SELECT count(*) FROM journey_version") == [(1,)]
    assert waiting(shop) == [("ann", 1, "wait", "07"), ("bob", 1, "wait", "08"), ("cid", 1, "wait", "10")]


def test_any_schedule_of_ticks_after_an_edit_gives_the_same(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    edit(shop, second("move"))
    for day in range(5, 21):
        tick(shop, f"2026-11-{day:02}T00:00:00")
    assert sent(shop) == [("ann", "new", "09"), ("bob", "new", "10"), ("cid", "new", "12")]


def test_events_of_later_ticks_find_those_who_moved(shop: Path) -> None:
    edit(shop, second("move", exit="[{on: {event: Order Completed}}]"))
    tick(shop, "2026-11-05T12:00:00")
    (shop / "data/events.csv").write_text(f"{EVENTS}m5,bob,Order Completed,2026-11-07T10:00:00Z\n")
    tick(shop, "2026-11-08T00:00:00")
    assert ended(shop) == [("ann", "06", "exited"), ("bob", "07", "exited")]


LATE = """
journey: welcome_back
status: STATUS
entry: {on: {event: Signed Up}, since: 2026-11-01}
steps: [{delay: 9 days, id: wait}]
---
journey: watching
status: live
entry: ENTRY
steps: [STEP]
"""


@pytest.mark.parametrize("by_entry", [True, False])
def test_a_condition_sees_what_a_journey_did_that_went_live_later(shop: Path, by_entry: bool) -> None:
    """No file of data has changed, and yet something else is known now of days before."""
    seen = "when: {journey: welcome_back, status: inside}"
    entry = f"{{{seen}, since: 2026-11-01}}" if by_entry else "{on: {event: Signed Up}, since: 2026-11-01}"
    step = "{delay: 9 days, id: wait}" if by_entry else f"{{hold: {{}}, id: wait, branches: [{{name: seen, {seen}}}]}}"
    text = LATE.replace("ENTRY", entry).replace("STEP", step)
    for number, status in enumerate(("draft", "live")):
        (shop / "campaigns/late.yaml").write_text(text.replace("STATUS", status))
        tick(shop, f"2026-11-07T1{number}:00:00")
    watching = rows(shop, "SELECT user_id, strftime(entered_at, '%d'), strftime(ended_at, '%d') FROM instance WHERE journey = 'watching'")
    if by_entry:
        assert watching == [("cid", "05", None)], "as far as the late window reaches"
    else:
        assert sorted(watching) == [("ann", "02", "02"), ("bob", "03", "03"), ("cid", "05", "05")]
