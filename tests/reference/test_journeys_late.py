"""Events that come in after the tick that should have had them."""

import pytest

from tests.reference.consents import ConsentRow
from tests.reference.journey_examples import at, did, run, said, sends, stays, trace

HOLD = """
journey: j
entry: {on: {event: Cart}, key: cart, reentry: always, since: 2026-11-01}
exit: [{on: {event: Order, match: true}}]
goal: {on: {event: Order, match: true}, for: 2 days}
steps:
  - hold: {for: 10 hours}
    id: wait
    branches:
      - {name: changed, on: {event: Cart, match: true}, restart: true}
      - {name: noted, on: {event: Note}, steps: [{delay: 1 hour, id: noting}, {send: n, channel: email, id: n}]}
  - {delay: 1 day, id: day}
"""
CART = did("Cart", "2T10:00", "m1", cart="a")
TICKS = ["2T12:00", "2T18:00", "9T00:00"]


def test_a_late_entry_lives_through_what_is_known_since() -> None:
    note = did("Note", "2T11:00", "m2")
    results = run(HOLD, CART, note, ticks=TICKS[:2], late={"m1": 1})
    assert trace(results) == [
        "2T10:00 . > wait entry m1",
        "2T11:00 wait > noting branch noted m2",
        "2T12:00 noting > n delay",
        "2T12:00 n > day done",
    ]


def test_a_late_entry_is_refused_if_an_instance_is_open_now_or_was_then() -> None:
    early = did("Cart", "2T09:00", "m0", cart="a")
    assert stays(run(HOLD, CART, early, ticks=TICKS[:2], late={"m0": 1})) == ["a 2T10:00 to now"], "open now"
    order, inside, after = (
        did("Order", "2T11:00", "m2", cart="a"),
        did("Cart", "2T10:30", "m3", cart="a"),
        did("Cart", "2T11:01", "m4", cart="a"),
    )
    ended = "a 2T10:00 to 2T11:00 exited"
    assert stays(run(HOLD, CART, order, inside, ticks=TICKS[:2], late={"m3": 1})) == [ended], "open then"
    assert stays(run(HOLD, CART, order, after, ticks=TICKS[:2], late={"m4": 1})) == [ended, "a 2T11:01 to now"]
    other = did("Cart", "2T09:00", "m5", cart="b")
    assert stays(run(HOLD, CART, other, ticks=TICKS[:2], late={"m5": 1})) == ["b 2T09:00 to now", "a 2T10:00 to now"]


def test_two_late_entries_of_one_key_come_in_order() -> None:
    carts = [did("Cart", "2T10:00", "m1", cart="a"), did("Cart", "2T10:30", "m2", cart="a"), did("Cart", "2T11:30", "m4", cart="a")]
    order = did("Order", "2T11:00", "m3", cart="a")
    late = {"m1": 1, "m2": 1, "m4": 1}
    assert stays(run(HOLD, *carts, order, ticks=TICKS[:2], late=late)) == ["a 2T10:00 to 2T11:00 exited", "a 2T11:30 to now"]


def test_what_is_older_than_the_late_window_is_not_used() -> None:
    ticks = ["2T12:00", "5T12:00", "9T00:00"]
    just, old = did("Cart", "2T12:01", "m1", cart="a"), did("Cart", "2T12:00", "m2", cart="a")
    assert len(run(HOLD, just, ticks=ticks, late={"m1": 2}).entries) == 1
    assert run(HOLD, old, ticks=ticks, late={"m2": 2}).entries == []


def test_a_late_branch_acts_at_its_timestamp_if_the_instance_still_stands_there() -> None:
    note = did("Note", "2T11:00", "m2")
    assert trace(run(HOLD, CART, note, ticks=TICKS[:2], late={"m2": 1}))[1:] == [
        "2T11:00 wait > noting branch noted m2",
        "2T12:00 noting > n delay",
        "2T12:00 n > day done",
    ]
    gone = run(HOLD, CART, note, ticks=["2T20:00", "2T21:00"], late={"m2": 1})
    assert trace(gone)[1:] == ["2T20:00 wait > day timeout"], "they never undo what was done"


def test_a_late_branch_acts_no_earlier_than_the_last_move() -> None:
    again, note = did("Cart", "2T11:30", "m2", cart="a"), did("Note", "2T11:00", "m3")
    assert trace(run(HOLD, CART, again, note, ticks=TICKS[:2], late={"m3": 1}))[1:3] == [
        "2T11:30 wait > wait restart changed m2",
        "2T11:30 wait > noting branch noted m3",
    ]


def test_a_late_event_from_before_the_arrival_does_not_count() -> None:
    assert trace(run(HOLD, CART, did("Note", "2T09:59", "m2"), ticks=TICKS, late={"m2": 1}))[1:] == [
        "2T20:00 wait > day timeout",
        "3T20:00 day > . delay",
    ]


def test_a_late_restart_and_a_late_branch_keep_their_order() -> None:
    again, note = did("Cart", "2T11:30", "m2", cart="a"), did("Note", "2T11:00", "m3")
    assert trace(run(HOLD, CART, again, note, ticks=TICKS[:2], late={"m2": 1, "m3": 1}))[1] == "2T11:00 wait > noting branch noted m3"
    assert trace(run(HOLD, CART, again, ticks=["2T12:00", "2T21:30"], late={"m2": 1}))[1:] == [
        "2T11:30 wait > wait restart changed m2",
        "2T21:30 wait > day timeout",
    ]


def test_a_late_exit_ends_at_the_later_of_its_timestamp_and_the_last_move() -> None:
    order = did("Order", "2T11:00", "m2", cart="a")
    assert stays(run(HOLD, CART, order, ticks=TICKS[:2], late={"m2": 1})) == ["a 2T10:00 to 2T11:00 exited"]
    moved = run(HOLD, CART, order, ticks=["2T20:30", "2T21:00"], late={"m2": 1})
    assert stays(moved) == ["a 2T10:00 to 2T20:00 exited"]
    assert sends(moved) == []


def test_a_late_goal_is_reached_at_its_timestamp_and_the_first_recorded_stays() -> None:
    goals = HOLD.replace("exit: [{on: {event: Order, match: true}}]", "")
    first, second = did("Order", "2T11:00", "m2", cart="a"), did("Order", "3T11:00", "m3", cart="a")
    ticks = ["2T12:00", "3T12:00", "3T18:00"]

    def reached(**late: int) -> list[str]:
        return [row.event_id for row in run(goals, CART, first, second, ticks=ticks, late=late).goals]

    assert reached() == ["m2"]
    assert reached(m2=1) == ["m2"]
    assert reached(m2=2) == ["m3"]
    assert [row.reached_at.hour for row in run(goals, CART, first, ticks=["2T21:00", "3T00:00"], late={"m2": 1}).goals] == [11]


def test_of_several_late_ones_the_first_reaches_the_goal_and_ends_it() -> None:
    goal = HOLD.replace("exit: [{on: {event: Order, match: true}}]", "")
    first, second = did("Order", "2T11:00", "m9", cart="a"), did("Order", "2T11:30", "m2", cart="a")
    for ends in (False, True):
        text = goal.replace("for: 2 days}", "for: 2 days, exit: true}") if ends else goal
        results = run(text, CART, first, second, ticks=["2T20:30", "2T21:00"], late={"m2": 1, "m9": 1})
        assert [row.event_id for row in results.goals] == ["m9"]
        assert trace(results)[2:] == (["2T20:00 day > . goal m9"] if ends else [])
    assert trace(run(HOLD, CART, first, second, ticks=["2T20:30", "2T21:00"], late={"m2": 1, "m9": 1}))[2:] == [
        "2T20:00 day > . exit_rule 1 m9"
    ]


WHEN = """
journey: j
entry: {when: {event: Cart, within: 10 days}, reentry: always, since: 2026-11-01}
steps: [{hold: {}, id: wait, branches: [{name: seen, when: {event: View, count: {gte: 2}}}]}]
"""


def test_a_condition_sees_late_events_and_acts_no_earlier_than_the_last_move() -> None:
    views = [did("View", "2T11:00", "m2"), did("View", "2T08:00", "m3")]
    assert trace(run(WHEN, CART, *views, ticks=["2T12:00", "3T00:00"], late={"m3": 1}))[1:] == ["2T11:00 wait > . branch seen"]
    early = [did("View", "2T08:00", "m2"), did("View", "2T09:00", "m3")]
    assert trace(run(WHEN, CART, *early, ticks=["2T12:00", "3T00:00"], late={"m3": 1}))[1:] == ["2T10:00 wait > . branch seen"]


def test_who_met_the_entrys_condition_unknown_to_the_last_tick_enters_when_it_became_true() -> None:
    assert stays(run(WHEN, CART, ticks=["2T12:00", "3T00:00"], late={"m1": 1})) == ["2T10:00 to now"]
    assert stays(run(WHEN, CART, ticks=["2T12:00", "6T00:00", "7T00:00"], late={"m1": 2})) == [], "older than the late window"
    early = did("Cart", "2T10:00", "m1")
    assert stays(run(WHEN.replace("2026-11-01", "2026-11-02T11:00Z"), early, ticks=["2T12:00", "3T00:00"], late={"m1": 1})) == [], (
        "before `since`"
    )
    ordered = WHEN.replace("when: {event: Cart", "when: {sequence: [{event: Cart}, {event: Order}]")
    for order, expected in {"3T23:00": [], "6T23:00": ["6T23:00 to now"]}.items():  # the cart is older than the window either way
        carts = [did("Order", order, "m2"), CART]
        assert stays(run(ordered, *carts, ticks=["7T00:00", "8T00:00"], late={"m1": 1})) == expected
    second = did("Cart", "2T09:00", "m2")
    assert stays(run(WHEN, CART, second, ticks=["2T12:00", "3T00:00"], late={"m2": 1})) == ["2T10:00 to now"], "it was true already"


OTHERS = """
journey: other
entry: {on: {event: View}, reentry: always, since: 2026-11-01}
steps: [{delay: 1 hour, id: d}, {send: hello, channel: email, id: hello}, {set: tier, to: gold, id: tier}]
---
journey: watching
entry: {on: {event: Cart}, since: 2026-11-01}
steps: [{hold: {for: 5 days}, id: wait, branches: [{name: seen, when: CONDITION}]}]
"""


@pytest.mark.parametrize(
    ("condition", "passes"),
    [
        ("{journey: other, status: inside}", "2T11:00"),
        ("{journey: other, status: ended, within: 30 minutes}", "2T12:00"),
        ("{message: {journey: other}, within: 30 minutes}", "2T12:00"),
        ("{trait: tier, eq: gold}", "2T12:00"),
    ],
)
def test_a_condition_sees_what_another_journey_did_by_a_late_event(condition: str, passes: str) -> None:
    text = OTHERS.replace("CONDITION", condition)
    view = did("View", "2T11:00", "m2")
    for tick in ("2T15:00", "2T11:30", "2T12:30"):
        assert trace(run(text, CART, view, ticks=[tick, "3T00:00"], late={"m2": 1}))[1:] == [f"{passes} wait > . branch seen"]


@pytest.mark.parametrize("tick", ["2T15:00", "2T11:30"])
def test_a_condition_sees_what_came_late_into_a_change_log(tick: str) -> None:
    text = OTHERS.replace("CONDITION", "{trait: plan, eq: pro}")
    ticks = [tick, "3T00:00"]
    late = {"profile 1": 1, "profile 2": 1}
    rows = [said("1T00:00", plan="free"), said("2T11:00", plan="pro"), said("2T11:20", plan="free")]
    assert trace(run(text, CART, *rows[:2], ticks=ticks, late=late))[1:] == ["2T11:00 wait > . branch seen"]
    assert trace(run(text, CART, *rows, ticks=ticks, late=late))[1:] == ["2T11:00 wait > . branch seen"], "and is over again by the tick"
    early = [said("1T00:00", plan="free"), said("2T09:00", plan="pro")]
    assert trace(run(text, CART, *early, ticks=ticks, late=late))[1:] == ["2T10:00 wait > . branch seen"], "not before the last move"


def test_a_condition_sees_consents_that_came_late() -> None:
    text = OTHERS.replace("CONDITION", "{event: Note}").replace(
        "steps: [{hold", "exit: [{when: {consent: {channel: email}}}]\nsteps: [{hold"
    )
    for told, ended in {"2T11:00": "2T11:00", "2T09:00": "2T10:00"}.items():
        consent = ConsentRow("ann", "email", "subscribed", None, at(told))
        results = run(text, CART, consent, ticks=["2T15:00", "3T00:00"], late={"consent 0": 1})
        assert stays(results) == [f"2T10:00 to {ended} exited"]


def test_who_met_the_entrys_condition_by_a_change_log_that_came_late_enters_when_it_became_true() -> None:
    text = "{journey: j, entry: {when: {trait: plan, eq: pro}, reentry: always, since: 2026-11-01}, steps: [{delay: 9 days, id: wait}]}"
    rows = [said("1T00:00", plan="free"), said("2T11:00", plan="pro")]
    assert stays(run(text, *rows, ticks=["2T15:00", "3T00:00"], late={"profile 1": 1})) == ["2T11:00 to now"]


@pytest.mark.parametrize("rule", ["branch", "exit"])
def test_a_condition_sees_events_that_came_in_older_than_the_late_window(rule: str) -> None:
    condition = "{event: View, within: 1 hour}"
    text = OTHERS.replace("CONDITION", condition if rule == "branch" else "{event: Note}").replace("5 days", "20 days")
    if rule == "exit":
        text = text.replace("steps: [{hold", f"exit: [{{when: {condition}}}]\nsteps: [{{hold")
    ticks, ends = ["2T15:00", "9T00:00", "10T00:00"], "wait > . branch seen" if rule == "branch" else "wait > . exit_rule 1"
    for view, acts in {"2T11:00": "2T11:00", "2T09:30": "2T10:00"}.items():  # and is over again by the tick; not before the last move
        results = run(text, CART, did("View", view, "m2"), ticks=ticks, late={"m2": 2})
        assert trace(results)[1:] == [f"{acts} {ends}"]
    assert trace(run(text, CART, did("View", "2T08:00", "m2"), ticks=ticks, late={"m2": 2}))[1:] == [], "it was over at the entry"


def test_who_comes_to_a_hold_since_entry_counts_what_came_in_older_than_the_late_window() -> None:
    text = """
    journey: j
    entry: {on: {event: Cart}, since: 2026-11-01}
    steps: [{delay: 8 days, id: first}, {hold: {for: 12 days, since: entry}, id: wait, branches: [{name: noted, on: {event: Note}}]}]
    """
    note = did("Note", "2T11:00", "m2")
    for ticks in (["2T15:00", "9T00:00", "9T12:00", "11T00:00"], ["2T15:00", "9T00:00", "11T00:00"]):
        moves = trace(run(text, CART, note, ticks=ticks, late={"m2": 2}))
        assert moves[1:] == ["10T10:00 first > wait delay", "10T10:00 wait > . branch noted m2"]
    stood = text.replace("{delay: 8 days, id: first}, ", "")
    assert trace(run(stood, CART, note, ticks=["2T15:00", "9T00:00", "11T00:00"], late={"m2": 2}))[1:] == [], "who stands there does not"


@pytest.mark.parametrize("reentry", ["never", "always", "{after: 1 hour}"])
def test_who_comes_in_late_enters_by_a_condition_that_the_journey_takes_away(reentry: str) -> None:
    text = f"""
journey: j
entry: {{when: {{trait: welcomed, exists: false}}, reentry: {reentry}, since: 2026-11-01}}
steps: [{{set: welcomed, to: true, id: set}}, {{send: hi, channel: email, id: hi}}]
"""
    for late in ({}, {"m1": 1}):
        results = run(text, did("View", "2T10:00", "m1"), ticks=["2T11:00", "4T00:00"], late=late)
        assert sends(results) == ["2T10:00 hi"]
