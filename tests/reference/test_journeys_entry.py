"""Who enters a journey, and who does not."""

from tests.reference.consents import ConsentRow
from tests.reference.journey_examples import at, did, run, said, stays, trace
from tests.reference.journeys.rows import instance_id

ONCE = """
journey: j
entry: {on: {event: Cart, where: {total: {gt: 20}}}, since: 2026-11-02}
steps: [{delay: 1 hour, id: wait}]
"""
BY_CART = """
journey: j
entry: {on: {event: Cart}, key: cart, reentry: always, since: 2026-11-01}
exit: [{on: {event: Order, match: true}}]
steps: [{delay: 2 hours, id: wait}]
"""


def test_an_event_enters_at_its_timestamp() -> None:
    results = run(ONCE, did("Cart", "2T10:00", "m1", total=30))
    assert trace(results) == ["2T10:00 . > wait entry m1", "2T11:00 wait > . delay"]
    assert stays(results) == ["2T10:00 to 2T11:00 completed"]
    assert results.entries[0].instance_id == instance_id("j", "ann", None, "m1")


def test_the_filter_and_since_are_kept_and_since_is_inclusive() -> None:
    small, early, other = (
        did("Cart", "2T10:00", "m1", total=20),
        did("Cart", "1T23:59", "m2", total=30),
        did("View", "2T10:00", "m3", total=30),
    )
    assert stays(run(ONCE, small, early, other)) == []
    assert stays(run(ONCE, did("Cart", "2T00:00", "m4", total=30))) == ["2T00:00 to 2T01:00 completed"]


def test_without_since_the_first_tick_is_where_it_begins() -> None:
    text = "journey: j\nentry: {on: {event: Cart}, reentry: always}\nsteps: [{delay: 1 hour}]"
    events = [did("Cart", when, when) for when in ("2T10:00", "3T00:00", "3T10:00")]
    assert stays(run(text, *events, ticks=["3T00:00", "5T00:00"])) == ["3T00:00 to 3T01:00 completed", "3T10:00 to 3T11:00 completed"]


def test_by_default_nobody_enters_twice() -> None:
    assert stays(run(ONCE, *(did("Cart", f"{day}T10:00", f"m{day}", total=30) for day in (2, 3, 4)))) == ["2T10:00 to 2T11:00 completed"]


def test_one_open_instance_for_each_key() -> None:
    carts = [did("Cart", "2T10:00", "m1", cart="a"), did("Cart", "2T11:00", "m2", cart="a"), did("Cart", "2T11:00", "m3", cart="b")]
    assert stays(run(BY_CART, *carts)) == ["a 2T10:00 to 2T12:00 completed", "b 2T11:00 to 2T13:00 completed"]


def test_keys_are_texts_and_without_one_there_is_no_entry() -> None:
    carts = [did("Cart", "2T10:00", "m1", cart=12.0), did("Cart", "2T11:00", "m2", cart="12"), did("Cart", "2T11:00", "m3", cart="012")]
    nothing = [did("Cart", "2T10:00", "m4"), did("Cart", "2T10:00", "m5", cart=""), did("Cart", "2T10:00", "m6", cart=["a"])]
    assert stays(run(BY_CART, *carts, *nothing)) == ["12 2T10:00 to 2T12:00 completed", "012 2T11:00 to 2T13:00 completed"]


def test_the_key_is_free_at_the_instant_of_the_end() -> None:
    carts = [did("Cart", "2T10:00", "m1", cart="a"), did("Cart", "2T12:00", "m2", cart="a")]
    assert stays(run(BY_CART, *carts)) == ["a 2T10:00 to 2T12:00 completed", "a 2T12:00 to 2T14:00 completed"]


def test_an_event_that_ends_one_may_enter_the_next() -> None:
    text = BY_CART.replace("event: Order", "event: Cart")
    carts = [did("Cart", "2T10:00", "m1", cart="a"), did("Cart", "2T11:00", "m2", cart="a")]
    assert stays(run(text, *carts)) == ["a 2T10:00 to 2T11:00 exited", "a 2T11:00 to 2T13:00 completed"]


def test_of_two_entry_events_at_one_instant_the_smaller_id_enters() -> None:
    results = run(BY_CART, did("Cart", "2T10:00", "m2", cart="a"), did("Cart", "2T10:00", "m1", cart="a"))
    assert trace(results)[0] == "2T10:00 . > wait entry m1"


def test_both_enter_if_the_first_is_over_at_once() -> None:
    text = "journey: j\nentry: {on: {event: Cart}, reentry: always, since: 2026-11-01}\nsteps: [{send: hi, channel: email, id: hi}]"
    results = run(text, did("Cart", "2T10:00", "m2"), did("Cart", "2T10:00", "m1"))
    assert stays(results) == ["2T10:00 to 2T10:00 completed"] * 2
    assert len({row.candidate_id for row in results.candidates}) == 2


def test_reentry_after_counts_from_the_end_inclusively() -> None:
    text = BY_CART.replace("reentry: always", "reentry: {after: 1 day}")
    carts = [did("Cart", when, when, cart="a") for when in ("2T10:00", "3T11:59", "3T12:00", "4T13:00", "5T15:00")]
    assert stays(run(text, *carts)) == [
        "a 2T10:00 to 2T12:00 completed",
        "a 3T12:00 to 3T14:00 completed",
        "a 5T15:00 to 5T17:00 completed",
    ]


def test_if_is_asked_as_of_the_event() -> None:
    text = "journey: j\nentry: {on: {event: Cart}, if: {event: Order, never: true}, since: 2026-11-01}\nsteps: [{delay: 1 hour}]"
    cart, same, later = did("Cart", "2T10:00", "m1"), did("Order", "2T10:00", "m2"), did("Order", "2T10:01", "m3")
    assert stays(run(text, cart, same)) == []
    assert stays(run(text, cart, later)) == ["2T10:00 to 2T11:00 completed"]


def test_a_trait_in_the_filter_is_that_of_the_event() -> None:
    text = "journey: j\nentry: {on: {event: Cart, where: {total: {gte: {trait: points}}}}, reentry: always, since: 2026-11-01}\nsteps: [{delay: 1 hour}]"
    rows = [
        said("2T00:00", points=5),
        said("3T00:00", points=50),
        did("Cart", "2T10:00", "m1", total=10),
        did("Cart", "3T10:00", "m2", total=10),
    ]
    assert stays(run(text, *rows)) == ["2T10:00 to 2T11:00 completed"]


# ---- on becoming true

WHEN = """
journey: j
entry: {when: {event: Cart, within: 2 days}, reentry: always, since: 2026-11-02}
steps: [{delay: 1 hour}]
"""


def test_becoming_true_enters_at_the_instant() -> None:
    results = run(
        WHEN, did("Cart", "2T10:00", "m1"), did("Cart", "3T10:00", "m2"), did("Cart", "5T11:00", "m3"), did("Cart", "8T00:00", "m4")
    )
    assert stays(results) == [
        "2T10:00 to 2T11:00 completed",
        "5T11:00 to 5T12:00 completed",
        "8T00:00 to 8T01:00 completed",
    ]
    assert results.entries[0].instance_id == instance_id("j", "ann", None, at("2T10:00"))
    assert results.entries[0].instance_id == instance_id("j", "ann", None, "2026-11-02T10:00:00.000000Z")


def test_a_window_that_ends_makes_its_negation_true() -> None:
    text = WHEN.replace("within: 2 days", "within: 2 days, never: true")
    assert stays(run(text, did("Cart", "1T10:00", "m1"))) == ["3T10:00 to 3T11:00 completed"]


def test_those_who_are_there_already_enter_by_backfill_alone() -> None:
    there = did("Cart", "1T10:00", "m1")
    assert stays(run(WHEN, there)) == []
    assert stays(run(WHEN.replace("reentry", "backfill: true, reentry"), there)) == ["2T00:00 to 2T01:00 completed"]


def test_becoming_true_at_since_needs_no_backfill() -> None:
    assert stays(run(WHEN, did("Cart", "2T00:00", "m1"))) == ["2T00:00 to 2T01:00 completed"]
    assert stays(run(WHEN.replace("reentry", "backfill: true, reentry"), did("Cart", "2T00:00", "m1"))) == ["2T00:00 to 2T01:00 completed"]


def test_who_becomes_known_with_a_true_condition_enters() -> None:
    text = WHEN.replace("event: Cart, within: 2 days", "event: Cart, never: true")
    assert stays(run(text, did("View", "3T10:00", "m1"))) == ["3T10:00 to 3T11:00 completed"]


def test_a_row_about_somebody_makes_them_known_too() -> None:
    text = WHEN.replace("event: Cart, within: 2 days", "event: Cart, never: true").replace("reentry", "backfill: true, reentry")
    consent = ConsentRow("ann", "sms", "unsubscribed", None, at("3T10:00"))
    assert stays(run(text, consent, did("View", "3T11:00", "m1"), said("3T12:00", plan="pro"), ticks=["3T10:30", "9T00:00"])) == [
        "3T10:00 to 3T11:00 completed"
    ]


def test_nothing_enters_before_since_whenever_the_first_tick_was() -> None:
    early, late = did("Cart", "1T10:00", "m1"), did("Cart", "6T10:00", "m2")
    assert stays(run(WHEN.replace("2026-11-02", "2026-11-04"), early, late, ticks=["1T00:00", "9T00:00"])) == [
        "6T10:00 to 6T11:00 completed"
    ]


def test_nobody_enters_at_a_since_that_has_not_come() -> None:
    text = WHEN.replace("2026-11-02", "2026-11-04").replace("within: 2 days", "never: true").replace("reentry", "backfill: true, reentry")
    rows = [did("View", "1T10:00", "m1"), did("Cart", "3T10:00", "m2")]
    assert stays(run(text, *rows[:1], ticks=["2T00:00"])) == []
    assert stays(run(text, *rows, ticks=["2T00:00", "9T00:00"])) == []
    assert stays(run(text, *rows[:1], ticks=["2T00:00", "9T00:00"])) == ["4T00:00 to 4T01:00 completed"]
    undated = text.replace("event: Cart, never: true", "trait: plan, eq: pro").replace(
        "steps: [{delay: 1 hour}]", "steps: [{delay: 1 day}]"
    )
    assert stays(run(undated, said(None, plan="pro"), ticks=["2T00:00", "3T00:00", "5T00:00", "6T00:00"])) == [
        "5T00:00 to 6T00:00 completed"
    ]
    assert stays(run(undated.replace("backfill: true, ", ""), said(None, plan="pro"), ticks=["2T00:00", "5T00:00", "6T00:00"])) == []


def test_a_change_log_makes_true_at_its_row() -> None:
    text = WHEN.replace("event: Cart, within: 2 days", "trait: plan, eq: pro")
    rows = [said("2T01:00", plan="free"), said("3T09:30", plan="pro"), said("4T00:00", plan="free"), said("4T12:00", plan="pro")]
    assert stays(run(text, *rows)) == ["3T09:30 to 3T10:30 completed", "4T12:00 to 4T13:00 completed"]


def test_what_is_undated_becomes_true_at_the_tick_that_sees_it() -> None:
    text = WHEN.replace("event: Cart, within: 2 days", "all: [{trait: plan, eq: pro}, {event: Cart}]")
    rows = [said(None, plan="pro"), did("Cart", "3T09:30", "m1")]
    assert stays(run(text, *rows, ticks=["3T00:00", "4T00:00", "5T00:00"])) == ["4T00:00 to 4T01:00 completed"]
    assert stays(run(text, *rows, ticks=["4T00:00", "5T00:00"])) == []
    backfilled = text.replace("reentry", "backfill: true, reentry")
    assert stays(run(backfilled, *rows, ticks=["4T00:00", "5T00:00"])) == ["4T00:00 to 4T01:00 completed"]


def test_the_first_tick_from_since_on_learns_for_whom_what_is_undated_is_true() -> None:
    text = WHEN.replace("event: Cart, within: 2 days", "all: [{trait: plan, eq: pro}, {event: Cart}]").replace("2026-11-02", "2026-11-04")
    rows = [said(None, plan="pro"), did("Cart", "4T09:30", "m1")]
    assert stays(run(text, *rows, ticks=["3T00:00", "4T00:00", "5T00:00", "6T00:00"])) == ["5T00:00 to 5T01:00 completed"]
    assert stays(run(text, *rows, ticks=["3T00:00", "5T00:00", "6T00:00"])) == []


def test_who_enters_cannot_end_the_instance_that_keeps_them_out() -> None:
    text = """
journey: j
entry: {on: {event: View}, reentry: always, since: 2026-11-01}
steps:
  - {set: level, to: {context: entry.total}, id: set}
  - {delay: 2 hours, id: day}
  - {set: level, to: 0, id: reset}
  - {hold: {}, id: wait, branches: [{name: high, when: {trait: level, eq: 30}}]}
"""
    views = [did("View", "2T10:00", "m1", total=30), did("View", "2T12:00", "m2", total=30)]
    for ticks in (["30T00:00"], ["2T11:00", "30T00:00"], ["2T12:00", "30T00:00"]):
        assert stays(run(text, *views, ticks=ticks)) == ["2T10:00 to now"]


def test_of_two_who_enter_at_one_instant_the_second_sees_what_the_first_one_sets() -> None:
    text = """
journey: j
entry: {on: {event: Cart}, key: cart, if: {not: {trait: welcomed, eq: true}}, since: 2026-11-01}
steps: [{set: welcomed, to: true, id: set}, {delay: 1 day}]
"""
    carts = [did("Cart", "2T10:00", f"m{number}", cart=cart) for number, cart in enumerate("abc")]
    assert stays(run(text, *carts)) == ["a 2T10:00 to 3T10:00 completed"]
