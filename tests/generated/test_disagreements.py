"""Disagreements between the SQL and the plain evaluator that were found on the way, each kept as what it taught."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.generated.test_agreement import agree
from tests.reference.case import Case
from tests.reference.dataset import Dataset, EventRow, ProfileRow

AS_OF = datetime(2026, 6, 30, 23, tzinfo=UTC)


def case(members: object, *, events: list[EventRow] | None = None, profiles: list[ProfileRow] | None = None) -> Case:
    """One audience over a few rows."""
    return Case(Dataset(events or [], profiles or []), [{"audience": "asked", "members": members}], "America/New_York", AS_OF)


def test_a_negated_order_of_two_missing_traits_is_true() -> None:
    """The SQL took COALESCE(numbers, instants) for something that is never NULL."""
    condition = {"none": [{"trait": "visits", "gte": {"trait": "limit"}}]}
    agree(case(condition, profiles=[ProfileRow("ana", {"plan": "pro"}), ProfileRow("ben", {"visits": 2, "limit": 1})]))


def test_a_list_that_is_referred_to_is_contained_in_nothing() -> None:
    """`contains` looks into the list on its left alone; the SQL took the one on the right apart as well."""
    condition = {"trait": "likes", "contains": {"trait": "likes"}}
    agree(case(condition, profiles=[ProfileRow("ana", {"likes": ["a"]}), ProfileRow("ben", {"likes": "a"})]))


def test_an_audience_that_needs_no_event_at_all() -> None:
    """Staging asked for events whose name is in an empty list."""
    agree(case({"trait": "plan", "eq": "pro"}, profiles=[ProfileRow("ana", {"plan": "pro"}), ProfileRow("ben", {})]), "parquet")


def test_two_properties_whose_names_look_alike() -> None:
    """`cart.total` and `cart_total` are two properties; their sums shared the column `sum_cart_total`."""
    properties = {"cart": {"total": 5}, "cart_total": 50}
    events = [EventRow("ana", "Bought", AS_OF - timedelta(days=1), properties, "m1")]
    condition = {
        "all": [
            {"event": "Bought", "sum": {"property": "cart.total", "lte": 5}},
            {"event": "Bought", "sum": {"property": "cart_total", "gte": 50}},
        ]
    }
    agree(case(condition, events=events))


def test_a_list_file_in_what_must_not_happen() -> None:
    """DuckDB takes no subquery in an anti join: `in_file` there is asked of a list that is joined."""
    listed = {"color": {"in_file": "lists/texts.csv", "ignore_case": True}}
    steps = [
        {"event": "Order_X"},
        {"not": {"event": ["Order *", "*"], "where": {"color": ["1"]}}},
        {"event": "Order_*"},
        {"event": "Order Completed", "as": "three"},
        {"not": {"event": "Order_*", "where": listed}, "within": "1 year"},
    ]
    days = [AS_OF - timedelta(days=day) for day in (9, 8, 7, 6)]
    events = [EventRow(user, "Order_X", days[at], {"color": "x"}, f"{user}{at}") for user in ("ana", "ben") for at in (0, 1)]
    events += [EventRow(user, "Order Completed", days[2], {}, f"{user}2") for user in ("ana", "ben")]
    events += [
        EventRow("ben", "Order_X", days[3], {"color": "RED"}, "b3"),
        EventRow("cleo", "Order Refunded", days[0], {"color": ["a"]}, "c"),
    ]
    asked = case({"sequence": steps, "order": "strict"}, events=events)
    agree(replace(asked, lists={"lists/texts.csv": ["red", "blue"]}))


def test_a_default_stands_where_no_event_has_a_value() -> None:
    """`unique_count` was 0 where there are events without the property, and `default` stood only where there are none."""
    trait = {"trait": "codes", "compute": "unique_count", "event": "Bought", "property": "code", "default": 7}
    asked = {"audience": "asked", "members": {"trait": "codes", "eq": 7}}
    events = [EventRow("ana", "Bought", AS_OF - timedelta(days=1), {}, "m1"), EventRow("ben", "Bought", AS_OF, {"code": "x"}, "m2")]
    agree(replace(case({}, events=events), definitions=[trait, asked]))
