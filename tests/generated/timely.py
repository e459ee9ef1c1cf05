"""Strategies for conditions that time alone changes: windows, dates, anniversaries, regularity, days since an event."""

from typing import Any

from hypothesis import strategies as st

from tests.generated.comparisons import LISTS
from tests.generated.datasets import datasets
from tests.generated.events import names, windows, with_where
from tests.generated.pools import DURATIONS, LONGER_AND_SHORTER, PERIODS, pools
from tests.generated.scopes import Scope, scope_of
from tests.generated.strategies import Condition, leaves
from tests.reference.case import Case

KINDS = [
    *("window", "window", "count", "first", "regularly", "measured", "edge"),
    *("property", "element", "date", "date", "anniversary", "days", "days", "computed", "settled", "sequence", "other"),
]
CALENDAR = ["1 month", "2 months", "1 year", "3 months"]
DATES = ["born", "joined"]
TRAITS: list[dict[str, Any]] = [
    {"trait": "days_first", "compute": "days_since_first", "event": "*"},
    {"trait": "days_last", "compute": "days_since_last", "event": ["Order *", "View"]},
    {"trait": "days_month", "compute": "days_since_first", "event": "*", "within": "1 month"},
    {"trait": "days_week", "compute": "days_since_last", "event": "*", "within": "7 days", "default": 99},
    {"trait": "doubled", "expression": "days_last * 2 + 1"},
    {"trait": "last_seen", "compute": "last", "event": "*", "property": "seen", "within": "2 months", "default": "2026-03-30"},
    {"trait": "first_seen", "compute": "first", "event": "*", "property": "seen"},
    {"trait": "often_seen", "compute": "most_frequent", "event": "*", "property": "seen", "at_least": 1},
    {"trait": "all_seen", "compute": "unique_list", "event": "*", "property": "seen"},
]
OF_DAYS = ["days_first", "days_last", "days_month", "days_week", "doubled"]
OF_DATES = ["last_seen", "first_seen", "often_seen", "all_seen[]", "all_seen.0"]

durations = st.sampled_from([*DURATIONS, *CALENDAR, *CALENDAR])


@st.composite
def timely_cases(draw: st.DrawFn, number: int = 8) -> Case:
    """A dataset and conditions that time alone changes, each as an audience."""
    pool = draw(pools())
    dataset = draw(datasets(pool))
    scope = scope_of(pool, dataset)
    asked = [{"audience": f"asked_{at}", "members": draw(timely_conditions(scope))} for at in range(number)]
    return Case(dataset, [*TRAITS, *asked], pool.zone, pool.as_of, LISTS)


@st.composite
def date_tests(draw: st.DrawFn, anniversaries: bool = True) -> dict[str, Any]:
    """What is asked of a date as it stands to now."""
    match draw(st.integers(0, 5)):
        case 0:
            return {"period": draw(st.sampled_from(PERIODS))}
        case 1 if anniversaries:
            return {"anniversary_within_next": draw(st.sampled_from(["1 day", "7 days", "30 days"]))}
    return {draw(st.sampled_from(["within_last", "older_than", "within_next", "later_than"])): draw(durations)}


@st.composite
def moving_windows(draw: st.DrawFn) -> dict[str, Any]:
    """A window whose ends move."""
    match draw(st.integers(0, 3)):
        case 0:
            far, near = draw(st.sampled_from([*LONGER_AND_SHORTER, ["1 year", "1 month"], ["3 months", "2 months"]]))
            return {"between_ago": [far, near]}
        case 1:
            return {"period": draw(st.sampled_from(PERIODS))}
    return {"within": draw(durations)}


@st.composite
def timely_conditions(draw: st.DrawFn, scope: Scope) -> Condition:
    """A condition of one leaf."""
    asked: Condition = {"event": draw(names())}
    kind = draw(st.sampled_from(KINDS))
    match kind:
        case "window":
            return {**asked, **draw(moving_windows())}
        case "count":
            return {**asked, "count": draw(st.integers(0, 3)), **draw(moving_windows())}
        case "first":
            return {**asked, "first_time": draw(st.sampled_from([True, "by_name"])), **draw(moving_windows())}
        case "regularly":
            of_last = draw(st.integers(1, 4))
            every = draw(st.sampled_from(["1 hour", "1 day", "1 week", "1 month", "2 months"]))
            return {**asked, "regularly": {"every": every, "at_least": draw(st.integers(1, of_last)), "of_last": of_last}}
        case "measured":
            tests = draw(date_tests(anniversaries=False))
            return {**asked, draw(st.sampled_from(["min", "max"])): {"property": "seen", **tests}, **draw(windows(scope.pool))}
        case "edge":
            return {**asked, draw(st.sampled_from(["earliest", "latest"])): {"seen": draw(date_tests())}, **draw(windows(scope.pool))}
        case "property":
            return {**with_where(asked, {"seen": draw(date_tests())}), **draw(windows(scope.pool))}
        case "element":
            return with_where(asked, {draw(st.sampled_from(["tags[]", "items[].sku", "items[].tags[]"])): draw(date_tests())})
        case "date":
            return {"trait": draw(st.sampled_from([*DATES, *DATES, "likes[]", "user_id"])), **draw(date_tests())}
        case "anniversary":
            days = draw(st.sampled_from(["1 day", "2 days", "7 days", "30 days"]))
            return {"trait": draw(st.sampled_from(DATES)), "anniversary_within_next": days}
        case "days":
            operator = draw(st.sampled_from(["eq", "gte", "lt", "ne"]))
            return {"trait": draw(st.sampled_from(OF_DAYS)), operator: draw(st.sampled_from([0, 1, 2, 3, 5, 7, 13, 15, 28, 40, 59, 99]))}
        case "computed":
            return {"trait": draw(st.sampled_from(OF_DATES)), **draw(date_tests())}
        case "settled" | "sequence":
            steps: list[dict[str, Any]] = [{"event": draw(names())}, {"not": {"event": draw(names())}, "within": draw(durations)}]
            if kind == "settled":
                steps[-1]["settled"] = True
            return {"sequence": steps, **draw(windows(scope.pool, between_ago=False))}
    return draw(leaves(scope, [], draw(st.sampled_from(["event", "sequence", "consent", "trait"]))))
