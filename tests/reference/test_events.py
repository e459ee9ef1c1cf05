"""Event conditions: names, windows, counts, measures, first_time, regularly, from language.md and docs/conditions.md.

As of noon UTC on Tuesday 31 March 2026, unless a test says otherwise.
"""

from datetime import date
from typing import Any

import pytest

from tests.reference.dataset import EventRow
from tests.reference.examples import done, local, meets
from tests.reference.values import Value


def view(*instants: str) -> list[EventRow]:
    return [done("View", instant) for instant in instants]


def bought(*amounts: Value) -> list[EventRow]:
    return [done("Buy", "2026-03-01 12:00", {"amount": amount}, key=f"m{i}") for i, amount in enumerate(amounts)]


@pytest.mark.parametrize(
    ("names", "name", "matching"),
    [
        ("View", "View", True),
        ("View", "view", False),
        ("View", "View ", False),
        (["Buy", "View"], "View", True),
        ("Order *", "Order Completed", True),
        ("Order *", "Order ", True),
        ("Order *", "Order", False),
        ("*", "anything\nat all", True),
        ("*ed", "Order Completed", True),
        ("O*C*d", "Order Completed", True),
        ("Order_*", "Order Completed", False),
        ("V.ew", "View", False),
        ("100%", "100 percent", False),
    ],
)
def test_names(names: Any, name: str, matching: bool) -> None:
    assert meets([done(name, "2026-03-01 12:00")], {"event": names}) is matching


def test_no_event_after_as_of_is_seen() -> None:
    assert meets(view("2026-03-31 12:00"), {"event": "View"})
    assert not meets(view("2026-03-31 12:00:00.000001"), {"event": "View"})
    assert not meets(view("2026-03-31 12:00:00.000001"), {"event": "View", "period": "today"})


@pytest.mark.parametrize(
    ("window", "instant", "inside"),
    [
        ({"within": "30 days"}, "2026-03-01 12:00", False),
        ({"within": "30 days"}, "2026-03-01 12:00:00.000001", True),
        ({"within": "30 days"}, "2026-03-31 12:00", True),
        # It is 13:00 in London, and was on 28 February, at 13:00 UTC.
        ({"within": "1 month"}, "2026-02-28 13:00", False),
        ({"within": "1 month"}, "2026-02-28 13:00:00.000001", True),
        ({"between_ago": ["90 days", "30 days"]}, "2026-03-01 12:00", True),
        ({"between_ago": ["90 days", "30 days"]}, "2026-03-01 12:00:00.000001", False),
        ({"between_ago": ["90 days", "30 days"]}, "2025-12-31 12:00", False),
        ({"between_ago": ["90 days", "30 days"]}, "2025-12-31 12:00:00.000001", True),
        ({"since": date(2026, 3, 30)}, "2026-03-29 23:00", True),
        ({"since": date(2026, 3, 30)}, "2026-03-29 22:59:59.999999", False),
        ({"until": date(2026, 3, 30)}, "2026-03-30 22:59:59.999999", True),
        ({"until": date(2026, 3, 30)}, "2026-03-30 23:00", False),
        ({"since": local("2026-03-30 09:00")}, "2026-03-30 08:00", True),
        ({"until": local("2026-03-30 09:00")}, "2026-03-30 08:00", False),
        ({"until": local("2026-03-30 09:00+00:00")}, "2026-03-30 08:00", True),
        ({"since": date(2026, 3, 30), "until": date(2026, 3, 30)}, "2026-03-30 12:00", True),
        ({"since": date(2026, 3, 30), "until": date(2026, 3, 30)}, "2026-03-31 12:00", False),
        ({"period": "today"}, "2026-03-30 23:00", True),
        ({"period": "today"}, "2026-03-30 22:59:59.999999", False),
        ({"period": "this week"}, "2026-03-29 23:00", True),
        ({"period": "this week"}, "2026-03-29 22:59:59.999999", False),
        ({"period": "last month"}, "2026-02-28 23:59:59.999999", True),
        ({"period": "last month"}, "2026-03-01 00:00", False),
        ({}, "1990-01-01 00:00", True),
    ],
)
def test_windows_in_london(window: dict[str, Any], instant: str, inside: bool) -> None:
    assert meets(view(instant), {"event": "View", **window}, zone="Europe/London") is inside


def test_a_month_back_into_the_hour_that_the_clocks_left_out() -> None:
    # 01:30 on 29 April in London; 01:30 on 29 March did not exist, so the window begins after 01:00 UTC.
    within = {"event": "View", "within": "1 month"}
    assert not meets(view("2026-03-29 01:00"), within, as_of="2026-04-29 00:30", zone="Europe/London")
    assert meets(view("2026-03-29 01:00:00.000001"), within, as_of="2026-04-29 00:30", zone="Europe/London")


# ---- counts


@pytest.mark.parametrize(
    ("count", "counts_that_hold"),
    [
        (0, {0}),
        (2, {2}),
        ({"gte": 2}, {2, 3}),
        ({"lt": 3}, {0, 1, 2}),
        ({"ne": 1}, {0, 2, 3}),
        ({"between": [1, 2]}, {1, 2}),
        ({"in": [0, 3]}, {0, 3}),
        ({"not_in": [0, 3]}, {1, 2}),
        ({"gt": 0, "lte": 2}, {1, 2}),
    ],
)
def test_count(count: Any, counts_that_hold: set[int]) -> None:
    two_days = ["2026-03-01 12:00", "2026-03-01 12:00", "2026-03-02 12:00"]
    holding = {number for number in range(4) if meets(view(*two_days[:number]), {"event": "View", "count": count})}
    assert holding == counts_that_hold


def test_at_least_once_and_never() -> None:
    assert meets(view("2026-03-01 12:00"), {"event": "View"})
    assert not meets([], {"event": "View"})
    assert meets([], {"event": "View", "never": True})
    assert not meets(view("2026-03-01 12:00"), {"event": "View", "never": True})
    assert meets(view("2026-03-01 12:00"), {"event": "View", "never": True, "within": "1 week"})


# ---- measures


def test_sum() -> None:
    def sums(amounts: list[Value], **tests: Any) -> bool:
        return meets(bought(*amounts), {"event": "Buy", "sum": {"property": "amount", **tests}})

    assert sums([1, "2", 3.5, "no", None, True], eq=6.5)
    assert sums([0.1, 0.2], eq=0.3)
    assert sums([0.1] * 10, gte=1)
    assert sums([], eq=0)
    assert sums(["no number"], lt=1)
    assert not sums([-5], gt=-5)


def test_avg_min_max() -> None:
    def measures(name: str, amounts: list[Value], **tests: Any) -> bool:
        return meets(bought(*amounts), {"event": "Buy", name: {"property": "amount", **tests}})

    assert measures("avg", [1, "2", "x"], eq=1.5)
    assert measures("avg", [1, 1, 2], eq=1.333333333)
    assert measures("min", ["9", 10], eq=9)
    assert measures("max", ["9", 10], eq=10)
    assert not measures("max", [0.1 + 0.2], eq=0.3)
    for name in ("avg", "min", "max"):
        assert not measures(name, [], lt=1)
        assert not measures(name, ["x"], between=[-9, 9])
        assert measures(name, [], ne=1)
        assert measures(name, [None], not_in=[1])


def test_min_and_max_of_instants() -> None:
    def measures(name: str, **tests: Any) -> bool:
        values: list[Value] = ["2026-03-10", "2026-03-20T10:00Z", "no date", 5]
        return meets(bought(*values), {"event": "Buy", name: {"property": "amount", **tests}})

    assert measures("min", eq=date(2026, 3, 10))
    assert measures("max", gt=local("2026-03-20 09:59"))
    assert measures("max", within_last="12 days")
    assert not measures("min", within_last="12 days")
    assert measures("min", older_than="12 days")
    assert measures("max", period="this month")
    assert measures("max", ne=date(2026, 3, 10))
    assert measures("min", eq=5)


def test_unique_counts_texts() -> None:
    def unique(path: str, rows: list[Value], number: int) -> bool:
        return meets(bought(*rows), {"event": "Buy", "unique": {"property": path, "eq": number}})

    assert unique("amount", ["a", "a", "b", None, "", ["c"], {}], 2)
    assert unique("amount", [12, 12.0, "12", "012"], 2)
    assert unique("amount", [], 0)
    assert unique("amount[].sku", [[{"sku": "a"}, {"sku": "b"}], [{"sku": "a"}, {}], "x"], 2)


def test_elements_count_one_by_one_in_a_sum() -> None:
    rows: list[Value] = [[1, 2], [3], 100]
    assert meets(bought(*rows), {"event": "Buy", "sum": {"property": "amount[]", "eq": 6}})


def test_days_are_the_zones() -> None:
    events = view("2026-03-29 22:30", "2026-03-29 23:30", "2026-03-30 10:00")
    assert meets(events, {"event": "View", "days": 2})
    assert meets(events, {"event": "View", "days": 2}, zone="Europe/London")
    assert meets(view("2026-03-28 22:30", "2026-03-28 23:30"), {"event": "View", "days": 1}, zone="Europe/London")
    assert meets(view("2026-03-29 22:30", "2026-03-29 23:30"), {"event": "View", "days": 2}, zone="Europe/London")
    assert meets([], {"event": "View", "days": {"lt": 1}})


def test_earliest_and_latest_of_the_matching_events() -> None:
    events = [
        done("Buy", "2026-03-01 12:00", {"utm": "mail", "size": 1}, key="a"),
        done("Buy", "2026-03-02 12:00", {"utm": "ads", "size": 2}, key="c"),
        done("Buy", "2026-03-02 12:00", {"utm": "web", "size": 2}, key="b"),
    ]
    assert meets(events, {"event": "Buy", "earliest": {"utm": "mail"}})
    assert meets(events, {"event": "Buy", "latest": {"utm": "ads"}})
    assert not meets(events, {"event": "Buy", "latest": {"utm": "web"}})
    assert meets(events, {"event": "Buy", "where": {"size": 2}, "earliest": {"utm": "web"}})
    assert meets(events, {"event": "Buy", "within": "30 days", "earliest": {"utm": "web"}})
    assert meets(events, {"event": "Buy", "latest": {"utm": {"ne": "mail"}, "any": [{"size": 2}, {"size": 3}]}})
    assert not meets([], {"event": "Buy", "latest": {"utm": {"ne": "mail"}}})
    assert not meets([], {"event": "Buy", "earliest": {"utm": {"exists": False}}})


# ---- first_time


def test_first_time() -> None:
    events = [
        done("Buy", "2026-01-01 12:00", {"size": 1}),
        done("Buy", "2026-03-20 12:00", {"size": 2}),
        done("Buy", "2026-03-30 12:00", {"size": 2}),
    ]

    def first(first_time: Any, **rest: Any) -> bool:
        return meets(events, {"event": "Buy", "first_time": first_time, **rest})

    assert first(True)
    assert not first(True, within="30 days")
    assert first(True, within="30 days", where={"size": 2})
    assert not first(True, within="7 days", where={"size": 2})
    assert not first("by_name", within="30 days", where={"size": 2})
    assert first("by_name", since=date(2026, 1, 1), where={"size": 1})
    assert not first("by_name", where={"size": 2})
    assert not first(True, where={"size": 3})
    assert not meets([], {"event": "Buy", "first_time": True})


def test_first_time_of_several_names_and_of_equal_instants() -> None:
    events = [done("View", "2026-03-20 12:00", {"n": 1}, key="b"), done("Buy", "2026-03-20 12:00", {"n": 2}, key="a")]
    assert meets(events, {"event": ["View", "Buy"], "first_time": "by_name", "where": {"n": 2}})
    assert not meets(events, {"event": "*", "first_time": "by_name", "where": {"n": 1}})
    assert meets(events, {"event": "View", "first_time": "by_name", "where": {"n": 1}})
    assert meets(events, {"event": "*", "first_time": True, "where": {"n": 1}})


# ---- regularly


def test_regularly_counts_stretches_back_from_as_of() -> None:
    # Weeks end at noon on 31, 24, 17 and 10 March.
    events = view("2026-03-31 12:00", "2026-03-24 12:00:00.000001", "2026-03-24 12:00", "2026-03-03 12:00:00.000001")

    def regularly(at_least: int, of_last: int, **rest: Any) -> bool:
        return meets(events, {"event": "View", "regularly": {"every": "1 week", "at_least": at_least, "of_last": of_last}, **rest})

    assert regularly(2, 2)
    assert not regularly(3, 3)
    assert regularly(3, 4)
    assert not regularly(4, 4)
    assert regularly(1, 1, count={"gte": 2})
    assert not regularly(2, 4, count={"gte": 2})
    assert regularly(2, 4, count=1)
    assert regularly(3, 4, count={"lte": 1})


def test_regularly_by_month_counts_each_month_from_as_of() -> None:
    # The stretches end on 31 March, 28 February and 31 January.
    regularly = {"every": "1 month", "at_least": 2, "of_last": 2}
    assert meets(view("2026-03-01 12:00", "2026-01-31 12:00:00.000001"), {"event": "View", "regularly": regularly})
    assert not meets(view("2026-03-01 12:00", "2026-01-31 12:00"), {"event": "View", "regularly": regularly})
    assert not meets(view("2026-03-01 12:00", "2026-03-02 12:00"), {"event": "View", "regularly": regularly})
