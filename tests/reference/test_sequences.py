"""Sequences, from language.md and docs/conditions.md. Events are in March 2026; as of noon on the 31st."""

from datetime import date
from typing import Any

from tests.reference.dataset import EventRow
from tests.reference.examples import done, meets
from tests.reference.values import Value


def history(text: str) -> list[EventRow]:
    """`"1 A, 2 B, 2 C"`: event A on the first at noon, then B and C at one instant on the second."""
    pairs = [entry.strip().split(" ") for entry in text.split(",")]
    return [done(name, f"2026-03-{int(day):02} 12:00", key=f"m{i}") for i, (day, name) in enumerate(pairs)]


def steps(*names: str) -> list[dict[str, Any]]:
    """Steps by name; `!B` is a `not` step."""
    return [{"not": {"event": name[1:]}} if name.startswith("!") else {"event": name} for name in names]


def follows(events: str, *names: str, **beside: Any) -> bool:
    return meets(history(events), {"sequence": steps(*names), **beside})


def test_in_order() -> None:
    assert follows("1 A, 2 B", "A", "B")
    assert not follows("1 B, 2 A", "A", "B")
    assert follows("1 B, 2 A, 3 B", "A", "B")
    assert follows("1 A, 2 X, 3 B", "A", "B")
    assert not follows("1 A", "A", "B")


def test_different_events_at_one_instant_count_as_in_order() -> None:
    assert follows("1 B, 1 A", "A", "B")
    assert follows("1 C, 1 B, 1 A", "A", "B", "C")


def test_each_step_takes_a_different_event() -> None:
    assert not follows("1 A", "A", "A")
    assert follows("1 A, 1 A", "A", "A")
    assert not follows("1 A, 2 B", "A", "*", "B")
    assert follows("1 A, 1 B, 1 C", "*", "*", "*")


def test_any_choice_will_do_not_the_first_attempt_only() -> None:
    within = [{"event": "A"}, {"event": "B", "within": "1 day"}]
    assert meets(history("1 A, 5 A, 6 B"), {"sequence": within})
    three = [{"event": "A"}, {"event": "B"}, {"event": "C", "within": "1 day"}]
    assert meets(history("1 A, 2 B, 9 B, 10 C"), {"sequence": three})


def test_within_counts_from_the_step_before_and_takes_its_end_in() -> None:
    within = [{"event": "A"}, {"event": "B", "within": "2 days"}]
    assert meets(history("1 A, 3 B"), {"sequence": within})
    assert not meets([done("A", "2026-03-01 12:00"), done("B", "2026-03-03 12:00:00.000001")], {"sequence": within})
    over_a_not = [{"event": "A"}, {"not": {"event": "X"}}, {"event": "B", "within": "2 days"}]
    assert meets(history("1 A, 3 B"), {"sequence": over_a_not})
    assert not meets(history("1 A, 4 B"), {"sequence": over_a_not})


def test_a_reference_to_an_earlier_step() -> None:
    def same(*skus: Value) -> bool:
        names = ["A", "A", "B", "B"]
        events = [done(name, f"2026-03-0{i + 1} 12:00", {"sku": sku}) for i, (name, sku) in enumerate(zip(names, skus, strict=True))]
        return meets(events, {"sequence": [{"event": "A", "as": "seen"}, {"event": "B", "where": {"sku": {"ref": "seen.sku"}}}]})

    assert same("x", "y", "z", "y")
    assert same(12, "y", "z", "12")
    assert not same("x", "y", "z", "w")
    assert not same(None, "y", None, "z")


def test_a_not_step_between_two_steps() -> None:
    assert follows("1 A, 3 B", "A", "!X", "B")
    assert not follows("1 A, 2 X, 3 B", "A", "!X", "B")
    assert follows("1 A, 1 X, 3 X, 3 B", "A", "!X", "B")
    assert follows("1 A, 2 X, 3 A, 4 B", "A", "!X", "B")
    assert not follows("1 A, 2 Y, 3 B", "A", "!X", "!Y", "B")


def test_a_not_step_may_be_about_the_event_before_it() -> None:
    same_cart = [
        {"event": "A", "as": "a"},
        {"not": {"event": "X", "where": {"cart": {"ref": "a.cart"}}}},
        {"event": "B"},
    ]

    def happened(cart: str) -> bool:
        events = [
            done("A", "2026-03-01 12:00", {"cart": "c1"}),
            done("X", "2026-03-02 12:00", {"cart": cart}),
            done("B", "2026-03-03 12:00"),
        ]
        return meets(events, {"sequence": same_cart})

    assert happened("c2")
    assert not happened("c1")


def test_a_not_step_at_the_end() -> None:
    assert follows("1 A, 2 B", "A", "B", "!X")
    assert follows("1 A, 2 X", "A", "!Y")
    assert not follows("1 A, 2 B, 30 X", "A", "B", "!X")
    assert not follows("1 A, 2 X, 2 B", "A", "B", "!X"), "from the instant of the last step on"
    assert follows("1 A, 2 B, 3 X, 4 B", "A", "B", "!X")
    assert not follows("1 A, 2 B, 3 X, 4 B, 5 Y", "A", "B", "!X", "!Y")


def test_a_not_step_at_the_end_spares_the_events_that_the_steps_took() -> None:
    assert follows("1 A", "A", "!A")
    assert follows("1 A, 2 B, 3 B", "A", "B", "!B"), "the second B may be the one taken"
    assert not follows("1 A, 2 B, 2 B", "A", "B", "!B")


def test_the_end_of_a_not_step() -> None:
    def refunded(day: str, **beside: Any) -> bool:
        return not meets(history(f"1 A, {day} X"), {"sequence": [{"event": "A"}, {"not": {"event": "X"}, "within": "7 days", **beside}]})

    assert refunded("8")
    assert not refunded("9")


def test_settled_waits_for_the_end() -> None:
    def settled(day: int, **beside: Any) -> bool:
        return meets(history(f"{day} A"), {"sequence": [{"event": "A"}, {"not": {"event": "X"}, "within": "7 days", **beside}]})

    assert settled(24, settled=True)
    assert not settled(25, settled=True)
    assert settled(25)


def test_the_window_bounds_all_events_also_the_unwanted() -> None:
    assert not follows("1 A, 30 B", "A", "B", within="7 days")
    assert follows("25 A, 30 B", "A", "B", within="7 days")
    assert follows("20 A, 21 B, 29 X", "A", "B", "!X", until=date(2026, 3, 28))
    assert not follows("20 A, 21 B, 28 X", "A", "B", "!X", until=date(2026, 3, 28))
    assert follows("2 A, 3 B", "A", "B", since=date(2026, 3, 2), until=date(2026, 3, 3))
    assert follows("30 A, 31 B", "A", "B", period="this week")
    assert not follows("29 A, 31 B", "A", "B", period="this week")


def test_span() -> None:
    assert follows("1 A, 2 B, 8 C", "A", "B", "C", span="7 days")
    assert not follows("1 A, 2 B, 9 C", "A", "B", "C", span="7 days")
    assert follows("1 A, 2 A, 3 B, 9 C", "A", "B", "C", span="7 days")


def test_strict() -> None:
    assert follows("1 A, 3 B", "A", "B", order="strict")
    assert not follows("1 A, 2 X, 3 B", "A", "B", order="strict")
    assert follows("1 A, 1 X, 3 X, 3 B", "A", "B", order="strict")
    assert follows("1 A, 2 X, 3 A, 4 B", "A", "B", order="strict")
    assert not follows("1 A, 2 B, 3 B, 4 C", "A", "B", "C", order="strict")


def test_any_order() -> None:
    assert follows("1 C, 2 B, 3 A", "A", "B", "C", order="any")
    assert not follows("1 C, 2 B", "A", "B", "C", order="any")
    assert follows("1 C, 2 B", "A", "B", "C", order="any", at_least=2)
    assert not follows("1 C, 2 C", "A", "B", "C", order="any", at_least=2)
    assert not follows("1 A", "A", "*", order="any")


def test_any_order_finds_the_matching_that_works() -> None:
    # A is the only event for the second step, so the first, which could take it, must take B.
    assert follows("1 A, 2 B", "*", "A", order="any")
    assert not follows("1 A, 2 B", "*", "A", "A", order="any")
    assert follows("1 A, 2 B, 3 C", "*", "*", "A", order="any")


def test_span_of_any_order_is_of_the_events_taken() -> None:
    assert follows("1 A, 20 A, 21 B", "A", "B", order="any", span="1 day")
    assert not follows("1 A, 21 B", "A", "B", order="any", span="1 day")
    assert follows("1 A, 21 B, 22 C", "A", "B", "C", order="any", span="1 day", at_least=2)


def test_without() -> None:
    assert follows("1 A, 3 B", "A", "B", without=[{"event": "X"}])
    assert not follows("1 A, 2 X, 3 B", "A", "B", without=[{"event": "X"}])
    assert follows("1 X, 2 A, 2 X, 3 B, 3 X, 4 X", "A", "B", without=[{"event": "X"}])
    assert not follows("1 A, 3 B, 4 X, 5 C", "A", "B", "C", without=[{"event": "X"}])
    assert follows("1 A, 2 X, 3 A, 4 B", "A", "B", without=[{"event": "X"}, {"event": "Y"}])
    assert not follows("3 B, 4 X, 5 A", "A", "B", order="any", without=[{"event": "X"}])


def test_without_may_refer_to_any_step() -> None:
    def happened(cart: str) -> bool:
        events = [
            done("A", "2026-03-01 12:00"),
            done("X", "2026-03-02 12:00", {"cart": cart}),
            done("B", "2026-03-03 12:00", {"cart": "c1"}),
        ]
        without = [{"event": "X", "where": {"cart": {"ref": "b.cart"}}}]
        return meets(events, {"sequence": [{"event": "A"}, {"event": "B", "as": "b"}], "without": without})

    assert happened("c2")
    assert not happened("c1")


def test_a_step_of_the_first_time() -> None:
    first = [{"event": "A"}, {"event": "B", "first_time": True}]
    assert meets(history("1 A, 2 B"), {"sequence": first})
    assert not meets(history("1 B, 2 A, 3 B"), {"sequence": first})
    assert not meets(history("1 A, 2 B, 29 A, 30 B"), {"sequence": first, "within": "7 days"}), "ever, not in the window"
    events = [done("A", "2026-03-01 12:00"), done("B", "2026-03-02 12:00", {"n": 1}), done("B", "2026-03-03 12:00", {"n": 2})]
    by_where = [{"event": "A"}, {"event": "B", "where": {"n": 2}, "first_time": True}]
    by_name = [{"event": "A"}, {"event": "B", "where": {"n": 2}, "first_time": "by_name"}]
    assert meets(events, {"sequence": by_where})
    assert not meets(events, {"sequence": by_name})


def test_a_month_after_a_step_is_a_calendar_month() -> None:
    within = [{"event": "A"}, {"event": "B", "within": "1 month"}]
    assert meets([done("A", "2026-01-31 12:00"), done("B", "2026-02-28 12:00")], {"sequence": within})
    assert not meets([done("A", "2026-01-31 12:00"), done("B", "2026-02-28 12:00:00.000001")], {"sequence": within})
