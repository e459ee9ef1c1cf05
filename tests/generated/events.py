"""Strategies for event conditions: names, windows, counts, measures, first_time, regularly."""

from typing import Any

from hypothesis import strategies as st

from tests.generated.comparisons import amount_tests, instant_tests, whole_number_tests
from tests.generated.literals import Drawn, start_of
from tests.generated.pools import (
    DURATIONS,
    EVENT_NAMES,
    EVENT_PATTERNS,
    LONG_DURATIONS,
    LONGER_AND_SHORTER,
    PERIODS,
    Pool,
    day_literals,
    instant_literals,
)
from tests.generated.scopes import Scope
from tests.generated.wheres import simple_wheres, wheres

NUMBER_PROPERTIES = ["amount", "amount", "cart.total", "items[].qty"]
ANY_PROPERTIES = ["amount", "color", "code", "tags[]", "items[].sku", "cart.color", '["utm.source"]']
LONG_PERIODS = ["this month", "this quarter", "this quarter", "this year", "this year", "this year", "last year"]
EDGES = {"earliest", "latest"}
LAST_PERIODS = [period for period in PERIODS if not period.startswith(("next", "tomorrow"))]


durations = st.sampled_from([*DURATIONS, *LONG_DURATIONS])


@st.composite
def names(draw: st.DrawFn) -> Any:
    """A name, a pattern, or a list of these."""
    name = st.sampled_from([*EVENT_NAMES, *EVENT_PATTERNS, "*"])
    if draw(st.integers(0, 4)) == 0:
        return draw(st.lists(name, min_size=1, max_size=2, unique=True))
    return draw(name)


def with_where(step: dict[str, Any], where: dict[str, Any] | None) -> dict[str, Any]:
    """The step with the where, if there is one."""
    return {**step, "where": where} if where else step


def optional_wheres(scope: Scope) -> Drawn:
    """A where half the time, at times one that asks much."""
    return st.one_of(st.none(), st.none(), simple_wheres(scope), wheres(scope))


@st.composite
def bounds(draw: st.DrawFn, pool: Pool) -> dict[str, Any]:
    """`since`, `until`, or both, the first before the second."""
    strategy = draw(st.sampled_from([instant_literals, day_literals]))(pool)
    drawn = draw(st.lists(strategy, min_size=1, max_size=2, unique_by=lambda end: start_of(end, pool)))
    ends = sorted(drawn, key=lambda end: start_of(end, pool))
    if len(ends) == 2:
        return {"since": ends[0], "until": ends[1]}
    return {draw(st.sampled_from(["since", "until"])): ends[0]}


@st.composite
def windows(draw: st.DrawFn, pool: Pool, between_ago: bool = True) -> dict[str, Any]:
    """The keys of one window; often the long ones, or none."""
    kinds = ["none", "none", "none", "within", "within", "bounds", "period", *(["between_ago"] if between_ago else [])]
    match draw(st.sampled_from(kinds)):
        case "within":
            return {"within": draw(durations)}
        case "between_ago":
            return {"between_ago": draw(st.sampled_from(LONGER_AND_SHORTER))}
        case "bounds":
            return draw(bounds(pool))
        case "period":
            return {"period": draw(st.sampled_from([*LONG_PERIODS, *LAST_PERIODS, *PERIODS]))}
    return {}


@st.composite
def counts(draw: st.DrawFn) -> Any:
    """A bare number or a mapping."""
    return draw(st.one_of(st.integers(0, 3), whole_number_tests()))


@st.composite
def measures(draw: st.DrawFn, scope: Scope) -> dict[str, Any]:
    """What is asked of the matching events; at times nothing but that there is one."""
    match draw(st.sampled_from(["none", "count", "never", "sum", "avg", "extreme", "instants", "unique", "days", "edge"])):
        case "count":
            return {"count": draw(counts())}
        case "never":
            return {"never": True}
        case "sum" | "avg" as name:
            return {name: {"property": draw(st.sampled_from(NUMBER_PROPERTIES)), **draw(amount_tests())}}
        case "extreme":
            return {draw(st.sampled_from(["min", "max"])): {"property": draw(st.sampled_from(NUMBER_PROPERTIES)), **draw(amount_tests())}}
        case "instants":
            return {draw(st.sampled_from(["min", "max"])): {"property": "seen", **draw(instant_tests(scope, scope.properties["seen"]))}}
        case "unique":
            return {"unique": {"property": draw(st.sampled_from(ANY_PROPERTIES)), **draw(whole_number_tests())}}
        case "days":
            return {"days": draw(counts())}
        case "edge":
            return {draw(st.sampled_from(["earliest", "latest"])): draw(st.one_of(simple_wheres(scope), wheres(scope)))}
    return {}


@st.composite
def regularities(draw: st.DrawFn) -> dict[str, Any]:
    """`regularly`, with or without a count."""
    of_last = draw(st.integers(1, 5))
    every = draw(st.sampled_from(["1 hour", "1 day", "2 days", "1 week", "1 month"]))
    condition: dict[str, Any] = {"regularly": {"every": every, "at_least": draw(st.integers(1, of_last)), "of_last": of_last}}
    if draw(st.integers(0, 2)) == 0:
        condition["count"] = draw(st.one_of(st.integers(1, 2), whole_number_tests()))
    return condition


@st.composite
def event_conditions(draw: st.DrawFn, scope: Scope) -> dict[str, Any]:
    """`event: Order Completed` with whatever may stand beside it."""
    condition = {"event": draw(names())}
    measure = draw(measures(scope))
    if not EDGES & measure.keys() or draw(st.integers(0, 3)) == 0:
        condition = with_where(condition, draw(optional_wheres(scope)))
    match draw(st.integers(0, 7)):
        case 0:
            return {**condition, **draw(regularities())}
        case 1:
            return {**condition, "first_time": draw(st.sampled_from([True, "by_name"])), **draw(windows(scope.pool))}
    return {**condition, **draw(windows(scope.pool)), **measure}
