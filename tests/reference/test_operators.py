"""Every operator on single values, lists and references, from docs/values.md."""

from datetime import date
from typing import Any

import pytest

from tests.reference.case import members
from tests.reference.dataset import Dataset, ProfileRow
from tests.reference.examples import AS_OF, local, trait_meets, utc
from tests.reference.values import Value


@pytest.mark.parametrize(
    ("value", "literal", "equal"),
    [
        ("pro", "pro", True),
        ("Pro", "pro", False),
        (" pro", "pro", False),
        (12, "12", True),
        (12.0, "12", True),
        ("12.0", "12", False),
        ("012", 12, True),
        ("12.0", 12, True),
        ("1e2", 100, True),
        ("1e2", "100", False),
        (12, 12.5, False),
        (True, True, True),
        ("TRUE", True, True),
        (True, "true", True),
        ("TRUE", "true", False),
        (1, True, False),
        (True, 1, False),
        (0, False, False),
        ("", "x", False),
        ({"a": 1}, 1, False),
        (["a", "b"], "b", True),
        ([1, "2"], 2, True),
        ([], "a", False),
        ([["a"]], "a", False),
    ],
)
def test_eq_and_ne_split(value: Value, literal: Any, equal: bool) -> None:
    assert trait_meets(value, {"eq": literal}) is equal
    assert trait_meets(value, {"ne": literal}) is not equal
    assert trait_meets(value, {"in": ["nobody's", literal]}) is equal
    assert trait_meets(value, {"not_in": [literal]}) is not equal


@pytest.mark.parametrize("negative", [{"ne": 1}, {"not_in": ["a"]}, {"not_contains": "a"}, {"not_matches": "a"}, {"exists": False}])
def test_a_negative_is_true_of_a_missing_value(negative: dict[str, Any]) -> None:
    missing: list[Value] = [None, ""]
    assert all(trait_meets(value, negative) for value in missing)


@pytest.mark.parametrize(
    "positive",
    [
        *({"eq": "a"}, {"in": ["a"]}, {"contains": "a"}, {"contains_any": ["a"]}, {"exists": True}),
        *({"gt": 0}, {"gte": 0}, {"lt": 9}, {"lte": 9}, {"between": [0, 9]}),
        *({"starts_with": "a"}, {"ends_with": "a"}, {"matches": ""}),
        *({"before": date(2030, 1, 1)}, {"after": date(1, 1, 2)}, {"since": date(1, 1, 2)}, {"until": date(2030, 1, 1)}),
        *({"within_last": "1 year"}, {"older_than": "1 day"}, {"within_next": "1 day"}, {"later_than": "1 day"}),
        *({"period": "today"}, {"anniversary_within_next": "400 days"}),
    ],
)
def test_a_positive_is_false_of_a_missing_value(positive: dict[str, Any]) -> None:
    missing: list[Value] = [None, ""]
    assert not any(trait_meets(value, positive) for value in missing)


def test_numbers_compare_as_numbers_also_from_text() -> None:
    assert trait_meets("10", {"gt": 9})
    assert trait_meets("012", {"gte": 12, "lte": 12})
    assert not trait_meets("12", {"lt": 12})
    assert trait_meets("1e3", {"between": [1000, 1000.5]})
    assert not trait_meets("1,000", {"gt": 0})
    assert not trait_meets(True, {"gte": 0})
    assert not trait_meets([5], {"gt": 1})


def test_exists() -> None:
    present: list[Value] = [0, False, [], {}, " "]
    assert all(trait_meets(value, {"exists": True}) for value in present)
    assert not any(trait_meets(value, {"exists": False}) for value in present)


def test_contains() -> None:
    assert trait_meets("zen shoes", {"contains": "shoe"})
    assert not trait_meets("zen Shoes", {"contains": "shoe"})
    assert trait_meets(1234, {"contains": 23})
    assert trait_meets(12.0, {"contains": "12"})
    assert not trait_meets(12.0, {"contains": "."})
    assert trait_meets(["a", "b"], {"contains": "b"})
    assert not trait_meets(["ab"], {"contains": "b"})
    assert trait_meets(["012"], {"contains": 12})
    assert trait_meets(["zen", "acme"], {"contains_any": ["x", "acme"]})
    assert trait_meets("acme ltd", {"contains_any": ["x", "acme"]})
    assert trait_meets(["a"], {"not_contains": "b"})
    assert trait_meets({"a": "b"}, {"not_contains": "b"})


def test_text_operators_are_false_of_lists_and_objects() -> None:
    values: list[Value] = [["abc"], {"abc": "abc"}]
    for value in values:
        assert not trait_meets(value, {"starts_with": "a"})
        assert not trait_meets(value, {"matches": "a"})
        assert trait_meets(value, {"not_matches": "a"})


def test_text_operators() -> None:
    assert trait_meets("acme", {"starts_with": "ac", "ends_with": "me"})
    assert trait_meets(12.5, {"starts_with": "12.", "ends_with": "5"})
    assert trait_meets("say acme!", {"matches": "ac.e"})
    assert not trait_meets("say acme!", {"matches": "^ac"})
    assert trait_meets("50% [off]", {"contains": "% [", "starts_with": "50%"})


def test_ignore_case() -> None:
    assert trait_meets("PRO", {"eq": "pro", "ignore_case": True})
    assert trait_meets("pro", {"in": ["PRO"], "ignore_case": True})
    assert not trait_meets("pro", {"ne": "PRO", "ignore_case": True})
    assert trait_meets("Émile", {"starts_with": "éM", "ignore_case": True})
    assert trait_meets("ACME", {"matches": "^ac", "ignore_case": True})
    assert trait_meets(["ACME"], {"contains": "acme", "ignore_case": True})
    assert not trait_meets("acme", {"not_contains": "CM", "ignore_case": True})


def test_in_file() -> None:
    plans: dict[str, Value] = {"a": "Pro", "b": "012", "c": 12, "d": ["Pro"]}
    data = Dataset(profiles=[ProfileRow(user, {"plan": plan}) for user, plan in plans.items()])
    lists = {"plans.csv": ["Pro", "12"]}
    assert members({"trait": "plan", "in_file": "plans.csv"}, data, utc(AS_OF), lists=lists) == {"a", "c"}
    assert members({"trait": "user_id", "in_file": "u.csv"}, data, utc(AS_OF), lists={"u.csv": ["b", "z"]}) == {"b"}
    lower = {"plans.csv": ["PRO"]}
    assert members({"trait": "plan", "in_file": "plans.csv", "ignore_case": True}, data, utc(AS_OF), lists=lower) == {"a"}


# ---- dates: London, where 5 July runs from 23:00 UTC on the 4th to 23:00 on the 5th

DAY = date(2026, 7, 5)


@pytest.mark.parametrize(
    ("value", "holding"),
    [
        ("2026-07-04T22:59:59.999999Z", {"lt", "lte", "before", "until"}),
        ("2026-07-04T23:00Z", {"eq", "gte", "lte", "since", "until"}),
        ("2026-07-05", {"eq", "gte", "lte", "since", "until"}),
        ("2026-07-05T22:59:59.999999Z", {"eq", "gte", "lte", "since", "until"}),
        ("2026-07-05T23:00Z", {"gt", "gte", "after", "since"}),
        ("2026-07-06", {"gt", "gte", "after", "since"}),
        ("no date", set()),
        (20260705, set()),
    ],
)
def test_a_bare_date_stands_for_its_whole_day(value: Value, holding: set[str]) -> None:
    operators = {"eq", "gt", "gte", "lt", "lte", "before", "after", "since", "until"}
    assert {operator for operator in operators if trait_meets(value, {operator: DAY}, zone="Europe/London")} == holding


def test_an_instant_is_a_point() -> None:
    nine = local("2026-07-05 09:00")  # 08:00 UTC in London
    tests = {"eq", "gt", "gte", "lt", "lte", "before", "after", "since", "until"}

    def holding(value: Value) -> set[str]:
        return {test for test in tests if trait_meets(value, {test: nine}, zone="Europe/London")}

    assert holding("2026-07-05T08:00Z") == {"eq", "gte", "lte", "since"}
    assert holding("2026-07-05T07:59:59.999999Z") == {"lt", "lte", "before", "until"}
    assert holding("2026-07-05T08:00:00.000001Z") == {"gt", "gte", "after", "since"}


def test_between_dates_takes_both_days_in() -> None:
    days = {"between": [date(2026, 7, 5), date(2026, 7, 6)]}
    assert trait_meets("2026-07-04T23:00Z", days, zone="Europe/London")
    assert trait_meets("2026-07-06T22:59Z", days, zone="Europe/London")
    assert not trait_meets("2026-07-06T23:00Z", days, zone="Europe/London")


def test_a_time_without_an_offset_is_in_its_sources_zone() -> None:
    assert trait_meets("2026-07-05T09:00", {"eq": local("2026-07-05T13:00+00:00")}, zone="Europe/London", source_zone="America/New_York")


@pytest.mark.parametrize(
    ("value", "holding"),
    [
        ("2026-03-01T11:59:59.999999Z", {"older_than"}),
        ("2026-03-01T12:00Z", {"older_than"}),
        ("2026-03-01T12:00:00.000001Z", {"within_last"}),
        ("2026-03-31T12:00Z", {"within_last"}),
        ("2026-03-31T12:00:00.000001Z", {"within_next"}),
        ("2026-04-30T12:00Z", {"within_next"}),
        ("2026-04-30T12:00:00.000001Z", {"later_than"}),
    ],
)
def test_thirty_days_around_noon_on_31_march(value: Value, holding: set[str]) -> None:
    operators = {"within_last", "older_than", "within_next", "later_than"}
    assert {operator for operator in operators if trait_meets(value, {operator: "30 days"})} == holding


def test_a_month_is_a_calendar_month() -> None:
    assert trait_meets("2026-02-28T12:00:00.000001Z", {"within_last": "1 month"})
    assert trait_meets("2026-02-28T12:00Z", {"older_than": "1 month"})
    assert trait_meets("2026-04-30T12:00Z", {"within_next": "1 month"})


def test_period_of_a_value_takes_all_of_the_period_in() -> None:
    assert trait_meets("2026-03-31T23:59Z", {"period": "today"})
    assert trait_meets("2026-04-01", {"period": "tomorrow"})
    assert not trait_meets("2026-04-01", {"period": "this month"})
    assert trait_meets("2026-03-31T23:00Z", {"period": "next month"}, zone="Europe/London")


@pytest.mark.parametrize(
    ("value", "as_of", "within"),
    [
        ("1990-03-31", "2026-03-31 12:00", True),
        ("1990-04-07", "2026-03-31 12:00", True),
        ("1990-04-08", "2026-03-31 12:00", False),
        ("1990-03-30", "2026-03-31 12:00", False),
        ("2031-04-02T10:00Z", "2026-03-31 12:00", True),
        ("1990-01-03", "2026-12-28 12:00", True),
        ("1992-02-29", "2026-02-21 12:00", True),
        ("1992-02-29", "2026-02-28 12:00", True),
        ("1992-02-29", "2026-03-01 12:00", False),
        ("1992-02-29", "2028-02-21 12:00", False),
        ("1992-02-29", "2028-02-22 12:00", True),
        ("1991-02-28", "2028-02-29 12:00", False),
        ("soon", "2026-03-31 12:00", False),
    ],
)
def test_anniversary_within_the_next_seven_days(value: Value, as_of: str, within: bool) -> None:
    assert trait_meets(value, {"anniversary_within_next": "7 days"}, as_of=as_of) is within
    assert trait_meets(value, {"anniversary_within_next": "1 week"}, as_of=as_of) is within


# ---- several at once


def test_several_operators_must_all_hold() -> None:
    assert trait_meets(5, {"gte": 5, "lt": 6, "ne": 7})
    assert not trait_meets(6, {"gte": 5, "lt": 6})


def test_positive_operators_concern_one_element_and_negative_ones_every_element() -> None:
    def any_element_meets(value: Value, tests: dict[str, Any]) -> bool:
        data = Dataset(profiles=[ProfileRow("ann", {"it": value})])
        return members({"trait": "it[]", **tests}, data, utc(AS_OF)) == {"ann"}

    assert any_element_meets([1, 9], {"gt": 5, "lt": 10})
    assert not any_element_meets([1, 12], {"gt": 5, "lt": 10})
    assert any_element_meets([1, 9], {"gt": 5, "ne": 7})
    assert not any_element_meets([1, 9], {"gt": 5, "ne": 1})
    assert any_element_meets([], {"ne": 1})
    assert any_element_meets("no list", {"ne": 1})
    assert any_element_meets([None, 0], {"exists": True})
    assert any_element_meets([None, ""], {"exists": False})
    assert not any_element_meets([None, 0], {"exists": False})
    assert any_element_meets(["abc", "d"], {"starts_with": "a", "not_contains": "x"})


# ---- two values of data


@pytest.mark.parametrize(
    ("value", "other", "equal"),
    [
        ("a", "a", True),
        (12.0, 12, True),
        (12.0, "12", True),
        ("012", 12, False),
        ("12.0", 12, False),
        (True, "true", True),
        ("TRUE", True, False),
        (None, None, False),
        ("a", None, False),
        (["a", "b"], "b", True),
        ("b", ["a", "b"], True),
        (["a", "b"], ["b", "c"], True),
        (["a"], [], False),
        ({"a": 1}, {"a": 1}, False),
    ],
)
def test_values_of_data_are_equal_as_texts(value: Value, other: Value, equal: bool) -> None:
    reference = {"trait": "other"}
    assert trait_meets(value, {"eq": reference}, other=other) is equal
    assert trait_meets(value, {"ne": reference}, other=other) is not equal
    assert trait_meets(value, {"in": reference}, other=other) is equal
    assert trait_meets(value, {"in": ["nobody's", reference]}, other=other) is equal
    assert trait_meets(value, {"not_in": [reference]}, other=other) is not equal


@pytest.mark.parametrize(
    ("value", "other", "greater"),
    [
        ("10", "9", True),
        ("012", 9.5, True),
        ("2026-01-06", "2026-01-05T10:00Z", True),
        ("2026-01-05", "2026-01-05T00:00Z", False),
        ("b", "a", False),
        (10, "2026-01-05", False),
        (None, 1, False),
        (1, None, False),
        ([10], 9, False),
    ],
)
def test_order_between_values_of_data(value: Value, other: Value, greater: bool) -> None:
    assert trait_meets(value, {"gt": {"trait": "other"}}, other=other) is greater


def test_the_operators_of_dates_never_compare_numbers_of_data() -> None:
    assert not trait_meets(10, {"after": {"trait": "other"}}, other=9)
    assert trait_meets("2026-01-06", {"after": {"trait": "other"}}, other="2026-01-05")
    assert trait_meets("2026-01-05", {"since": {"trait": "other"}}, other="2026-01-05")
    assert not trait_meets("2026-01-05", {"until": {"trait": "other"}}, other="2026-01-05")


def test_text_operators_between_values_of_data() -> None:
    assert trait_meets("abc", {"starts_with": {"trait": "other"}}, other="ab")
    assert trait_meets(12.5, {"contains": {"trait": "other"}}, other=2.5)
    assert trait_meets(["12", "x"], {"contains": {"trait": "other"}}, other=12.0)
    assert not trait_meets("abc", {"contains": {"trait": "other"}}, other=["a"])
    assert trait_meets("abc", {"not_contains": {"trait": "other"}}, other=None)
    assert trait_meets("ABC", {"ends_with": {"trait": "other"}, "ignore_case": True}, other="bc")


def test_between_takes_references_too() -> None:
    ends = {"between": [{"trait": "low"}, {"trait": "high"}]}
    assert trait_meets("5", ends, low=5, high="5.0")
    assert not trait_meets("5", ends, low=5)
