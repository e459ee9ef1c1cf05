"""Holds: branches, restarts, timers, and which events count."""

import pytest

from tests.reference.journey_examples import did, history, run, said, same_for_any_schedule, standing, stays, trace, traces

HOLD = """
journey: j
entry: {on: {event: Cart}, key: cart, since: 2026-11-01}
steps:
  - hold: {for: 2 hours}
    id: wait
    branches:
      - {name: changed, on: {event: Cart, match: true}, restart: true}
      - {name: emptied, on: {event: Emptied, match: true}, steps: [{exit: lost, id: lost}]}
      - {name: ordered, on: {event: Order, match: basket}}
    timeout: [{send: nudge, channel: email, id: nudge}]
  - delay: 1 day
    id: day
"""
CART = did("Cart", "2T10:00", "m1", cart="a")


def test_a_hold_that_nothing_ends_times_out() -> None:
    assert trace(run(HOLD, CART, ticks=["2T13:00"])) == [
        "2T10:00 . > wait entry m1",
        "2T12:00 wait > nudge timeout",
        "2T12:00 nudge > day done",
    ]


@pytest.mark.parametrize("tick", ["2T10:00", "2T11:59"])
def test_before_its_time_it_stands(tick: str) -> None:
    assert standing(run(HOLD, CART, ticks=[tick])) == ["wait 2T10:00"]


def test_a_branch_leads_to_its_steps_or_on() -> None:
    assert trace(run(HOLD, CART, did("Emptied", "2T11:00", "m2", cart="a")))[1:] == [
        "2T11:00 wait > lost branch emptied m2",
        "2T11:00 lost > . exit",
    ]
    assert trace(run(HOLD, CART, did("Order", "2T11:00", "m2", basket="a")))[1:] == [
        "2T11:00 wait > day branch ordered m2",
        "3T11:00 day > . delay",
    ]


def test_other_keys_and_other_properties_do_not_match() -> None:
    others = [did("Emptied", "2T11:00", "m2", cart="b"), did("Emptied", "2T11:00", "m3"), did("Order", "2T11:00", "m4", cart="a")]
    assert trace(run(HOLD, CART, *others))[1] == "2T12:00 wait > nudge timeout"


def test_a_restart_begins_the_wait_again() -> None:
    again = [did("Cart", "2T11:30", "m2", cart="a"), did("Cart", "2T13:30", "m3", cart="a")]
    assert trace(run(HOLD, CART, *again))[1:4] == [
        "2T11:30 wait > wait restart changed m2",
        "2T13:30 wait > wait restart changed m3",
        "2T15:30 wait > nudge timeout",
    ]
    assert standing(run(HOLD, CART, *again, ticks=["2T14:00"])) == ["wait 2T10:00 (2T13:30)"]


def test_an_event_at_the_very_end_beats_the_timer() -> None:
    assert trace(run(HOLD, CART, did("Emptied", "2T12:00", "m2", cart="a")))[1] == "2T12:00 wait > lost branch emptied m2"
    assert trace(run(HOLD, CART, did("Cart", "2T12:00", "m2", cart="a")))[1] == "2T12:00 wait > wait restart changed m2"


def test_at_one_instant_restarts_come_before_branches_and_branches_as_written() -> None:
    tied = [did("Order", "2T11:00", "a", basket="a"), did("Emptied", "2T11:00", "b", cart="a"), did("Cart", "2T11:00", "c", cart="a")]
    assert trace(run(HOLD, CART, *tied))[1:] == [
        "2T11:00 wait > wait restart changed c",
        "2T11:00 wait > lost branch emptied b",
        "2T11:00 lost > . exit",
    ]


def test_an_event_at_the_instant_of_the_entry_counts_whatever_its_id_but_the_entry_event_does_not() -> None:
    assert trace(run(HOLD, CART, did("Emptied", "2T10:00", "m0", cart="a")))[1] == "2T10:00 wait > lost branch emptied m0"
    assert trace(run(HOLD, CART))[1] == "2T12:00 wait > nudge timeout"


TWO_HOLDS = """
journey: j
entry: {on: {event: Cart}, since: 2026-11-01}
steps:
  - {hold: {}, id: first, branches: [{name: x, on: {event: X}}]}
  - {hold: {}, id: second, branches: [{name: y, on: {event: [X, Y]}}]}
  - {hold: {}, id: third, branches: [{name: z, on: {event: [X, Y]}}]}
"""


def test_an_event_that_moved_it_there_does_not_count() -> None:
    assert standing(run(TWO_HOLDS, CART, did("X", "2T11:00", "m2"))) == ["second 2T11:00"]


def test_no_event_moves_it_twice_at_one_instant() -> None:
    tied = [did("X", "2T11:00", "m3"), did("Y", "2T11:00", "m2")]
    assert trace(run(TWO_HOLDS, CART, *tied))[1:] == ["2T11:00 first > second branch x m3", "2T11:00 second > third branch y m2"]


def test_an_event_before_the_arrival_does_not_count() -> None:
    assert standing(run(TWO_HOLDS, CART, did("Y", "2T10:59", "m2"), did("X", "2T11:00", "m3"))) == ["second 2T11:00"]


SINCE_ENTRY = """
journey: j
entry: {on: {event: Cart}, since: 2026-11-01}
steps:
  - {delay: 1 hour, id: delay}
  - {hold: {for: 1 day, since: entry}, id: wait, branches: [{name: one, on: {event: X}}, {name: two, on: {event: [Y, Cart]}}]}
"""


def test_since_entry_lets_an_event_from_before_the_arrival_pass_at_the_arrival() -> None:
    assert trace(run(SINCE_ENTRY, CART, did("Y", "2T10:30", "m2")))[2:] == ["2T11:00 wait > . branch two m2"]
    assert trace(run(SINCE_ENTRY, CART, did("Y", "2T09:59", "m2")))[2:] == ["3T11:00 wait > . timeout"]
    assert trace(run(SINCE_ENTRY, CART, did("Y", "2T10:00", "a")))[2:] == ["2T11:00 wait > . branch two a"]


def test_of_several_from_before_the_first_branch_is_taken() -> None:
    assert trace(run(SINCE_ENTRY, CART, did("Y", "2T10:30", "m2"), did("X", "2T10:40", "m3")))[2:] == ["2T11:00 wait > . branch one m3"]


WHEN = """
journey: j
entry: {on: {event: Cart}, since: 2026-11-01}
steps:
  - {hold: {for: 3 days}, id: wait, branches: [{name: on, on: {event: X}}, {name: gone, when: {event: View, within: 2 days, never: true}}]}
"""


def test_a_when_passes_when_it_becomes_true() -> None:
    assert trace(run(WHEN, CART, did("View", "2T09:00", "m0")))[1:] == ["4T09:00 wait > . branch gone"]


def test_a_when_that_holds_already_passes_at_once() -> None:
    assert trace(run(WHEN, CART))[1:] == ["2T10:00 wait > . branch gone"]


def test_a_branch_written_first_comes_first_at_one_instant() -> None:
    assert trace(run(WHEN, CART, did("View", "2T09:00", "m0"), did("X", "4T09:00", "m2")))[1:] == ["4T09:00 wait > . branch on m2"]


def test_a_when_at_the_very_end_beats_the_timer() -> None:
    assert trace(run(WHEN, CART, did("View", "3T10:00", "m0")))[1:] == ["2T10:00 wait > . branch gone"]
    views = [did("View", "2T09:00", "m0"), did("View", "3T10:00", "m2")]
    assert trace(run(WHEN, CART, *views))[1:] == ["5T10:00 wait > . branch gone"]


def test_an_undated_when_is_asked_at_the_arrival_and_at_ticks() -> None:
    text = WHEN.replace("event: View, within: 2 days, never: true", "all: [{trait: plan, eq: pro}, {event: View}]")
    assert trace(run(text, CART, said(None, plan="pro"), did("View", "2T09:00", "m0"), ticks=["3T00:00"]))[1:] == [
        "2T10:00 wait > . branch gone"
    ]
    late = [CART, said(None, plan="pro"), did("View", "2T11:00", "m0")]
    assert trace(run(text, *late, ticks=["2T10:30", "2T12:00", "4T00:00"]))[1:] == ["2T12:00 wait > . branch gone"]
    assert trace(run(text, *late, ticks=["2T10:30", "4T00:00"]))[1:] == ["4T00:00 wait > . branch gone"]


def test_the_context_is_that_of_the_last_restart() -> None:
    text = """
journey: j
entry: {on: {event: Cart}, since: 2026-11-01}
steps:
  - hold: {for: 2 hours}
    id: wait
    branches: [{name: changed, on: {event: [Cart, Note]}, restart: true}, {name: over, on: {event: Pay, where: {total: {gte: {context: entry.total}}}}}]
  - split:
      - {name: entered_with_2, when: {context: entry.total, eq: 2}}
      - {name: changed_to_3, when: {context: changed.total, eq: 3}}
    id: fork_in_the_road
"""
    first, second, note = (
        did("Cart", "2T10:00", "m1", total=1),
        did("Cart", "2T11:00", "m2", total=2),
        did("Note", "2T12:00", "m3", total=3),
    )
    assert trace(run(text, first, second))[-1] == "2T13:00 fork_in_the_road > . branch entered_with_2"
    assert trace(run(text, first, second, note))[-1] == "2T14:00 fork_in_the_road > . branch entered_with_2"
    assert trace(run(text, first, second, did("Pay", "2T11:30", "m4", total=1)))[-1] == "2T13:00 fork_in_the_road > . branch entered_with_2"
    assert trace(run(text, first, did("Pay", "2T11:30", "m4", total=1)))[1] == "2T11:30 wait > fork_in_the_road branch over m4"
    assert trace(run(text, did("Cart", "2T10:00", "m1", total=9), did("Note", "2T11:00", "m3", total=3)))[-1] == (
        "2T13:00 fork_in_the_road > . branch changed_to_3"
    )


def test_any_schedule_gives_the_same() -> None:
    events = [
        CART,
        did("Cart", "2T11:30", "m2", cart="a"),
        did("Cart", "2T13:30", "m3", cart="a"),
        did("Emptied", "2T15:30", "m4", cart="a"),
    ]
    done = history(HOLD, *events, ticks=["4T00:00"])
    assert stays(run(HOLD, *events)) == ["a 2T10:00 to 2T15:30 lost"]
    assert same_for_any_schedule(
        done, ["2T10:00", "2T11:30", "2T13:00", "4T00:00"], ["2T13:30", "2T15:30", "4T00:00"], ["2T15:29", "4T00:00"]
    )


RISEN = """
journey: j
entry: {on: {event: Cart}, since: 2026-11-01}
steps:
  - hold: {for: 3 days}
    id: wait
    branches:
      - {name: risen, on: {event: Cart, where: {total: {gte: {context: entry.total}}}}}
      - {name: changed, on: {event: Cart}, restart: true}
"""


def test_an_event_is_compared_with_what_the_restarts_before_it_left() -> None:
    first = did("Cart", "2T10:00", "m1", total=50)
    less, more, least = (
        did("Cart", "2T11:00", "m2", total=30),
        did("Cart", "2T12:00", "m3", total=40),
        did("Cart", "2T12:00", "m4", total=1),
    )
    assert trace(run(RISEN, first, less, more))[1:] == ["2T11:00 wait > wait restart changed m2", "2T12:00 wait > . branch risen m3"]
    assert trace(run(RISEN, first, less, more, least))[1:] == [
        "2T11:00 wait > wait restart changed m2",
        "2T12:00 wait > wait restart changed m4",
        "2T12:00 wait > . branch risen m3",
    ], "a restart at the same instant comes first"
    none = did("Cart", "2T12:00", "m4")
    assert trace(run(RISEN, first, less, more, none))[1:4] == [
        "2T11:00 wait > wait restart changed m2",
        "2T12:00 wait > wait restart changed m4",
        "2T12:00 wait > wait restart changed m3",
    ], "which leaves nothing to compare with"


def test_a_restart_between_two_conditions_that_hold_at_one_instant_stands_between_them() -> None:
    text = """
journey: j
entry: {on: {event: Cart}, since: 2026-11-01}
steps:
  - hold: {}
    id: first
    branches:
      - name: done
        when: {event: Order}
        steps:
          - hold: {}
            id: second
            branches: [{name: seen, when: {event: Cart}}, {name: again, on: {event: View}, restart: true}]
"""
    events = [did("Cart", "2T10:00", "m1"), did("Order", "2T11:00", "m2"), did("View", "2T11:00", "m3")]
    assert trace(run(text, *events))[1:] == [
        "2T11:00 first > second branch done",
        "2T11:00 second > second restart again m3",
        "2T11:00 second > . branch seen",
    ]


CARTS = """
journey: j
entry: {on: {event: Cart}, key: cart, reentry: always, since: 2026-11-01}
"""


def test_of_two_waits_that_end_at_one_instant_the_second_sees_what_the_first_one_sets() -> None:
    text = (
        CARTS
        + """
steps:
  - {hold: {for: 2 hours}, id: wait, branches: [{name: risen, when: {trait: level, gte: 20}}]}
  - {set: level, to: 20, id: set}
"""
    )
    told = traces(run(text, did("Cart", "2T10:00", "m1", cart="a"), did("Cart", "2T10:00", "m2", cart="b")))
    assert sorted(moves[1] for moves in told) == ["2T12:00 wait > set branch risen", "2T12:00 wait > set timeout"]


def test_branches_as_written_also_where_the_first_is_a_condition_and_the_hold_is_come_to_at_its_instant() -> None:
    text = (
        CARTS
        + """
steps:
  - {set: level, to: 20, id: set}
  - hold: {}
    id: wait
    branches: [{name: carted, when: {event: Cart, since: entry}}, {name: next, on: {event: Cart}}]
  - {split: [{name: high, when: {trait: level, gt: 10}}], id: which}
"""
    )
    told = traces(run(text, did("Cart", "2T10:00", "m1", cart="a"), did("Cart", "2T10:00", "m2", cart="b")))
    assert [moves[2] for moves in told] == ["2T10:00 wait > which branch carted"] * 2


def test_the_context_of_a_fork_is_that_of_a_restart_at_the_instant_of_the_entry() -> None:
    text = """
journey: j
entry: {on: {event: Cart}, since: 2026-11-01}
steps:
  - fork:
      - {name: x}
      - name: y
        steps: [{hold: {for: 2 hours}, id: wait, branches: [{name: again, on: {event: Cart}, restart: true}]}]
    id: f
  - {set: level, to: {context: entry.total}, id: set}
"""
    results = run(text, did("Cart", "2T10:00", "m1", total=5), did("Cart", "2T10:00", "m2", total=7))
    assert [row.value for row in results.sets] == [7]
