"""Strategies for what journeys ask: conditions of every kind that may act at an instant, and events that are waited for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.generated.journey_histories import CHANNELS
from tests.generated.journey_pools import CARTS, DURATIONS, NAMES, PATTERNS, PLANS, SHORT_DURATIONS, Times, instants
from tests.reference.instants import local_day

Condition = dict[str, Any]

OTHER = "other"
"""The journey that the others may read of: it sends `hello`, and sets `tier`."""


@dataclass(frozen=True)
class Place:
    """Where something is asked: which names the context has, which steps may have been passed, and whether there is a key and an instance.

    `sent` are the sends among the steps passed, `own_traits` the traits that the journey has set on the way here.
    """

    times: Times
    keyed: bool = False
    inside: bool = True
    context: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    own_traits: tuple[str, ...] = ()
    reads_other: bool = False

    def after(self, *, context: Sequence[str] = (), passed: str | None = None, sent: bool = False, trait: str | None = None) -> "Place":
        """The place after a step."""
        steps = (passed,) if passed else ()
        return replace(
            self,
            context=tuple(dict.fromkeys((*self.context, *context))),
            passed=(*self.passed, *steps),
            sent=(*self.sent, *(steps if sent else ())),
            own_traits=tuple(dict.fromkeys((*self.own_traits, *((trait,) if trait else ())))),
        )


# ---- events that are waited for -------------------------------------------------------------------------------------


@st.composite
def occurrences(draw: st.DrawFn, place: Place, names: Sequence[str] = NAMES) -> Condition:
    """What stands under `on`."""
    on: Condition = {"event": draw(_names(names))}
    if draw(st.integers(0, 3)) == 0:
        on["where"] = draw(wheres(place))
    if place.keyed and place.inside and draw(st.integers(0, 2)):
        on["match"] = draw(st.sampled_from([True, True, True, "basket"]))
    return on


def _names(names: Sequence[str]) -> st.SearchStrategy[Any]:
    one = st.sampled_from(list(names))
    return st.integers(0, 7).flatmap(
        lambda n: st.sampled_from(PATTERNS) if n == 0 else st.lists(one, min_size=1, max_size=2, unique=True) if n == 1 else one
    )


@st.composite
def wheres(draw: st.DrawFn, place: Place) -> Condition:
    """One property compared: with a literal, with a trait, with the context."""
    match draw(st.integers(0, 4)):
        case 0:
            return {"cart": draw(st.sampled_from(CARTS[1:4]))}
        case 1:
            return {"total": {"gte": {"trait": "points"}}}
        case 2 if place.inside and place.context:
            name = draw(st.sampled_from(place.context))
            return draw(st.sampled_from([{"total": {"gte": {"context": f"{name}.total"}}}, {"cart": {"context": f"{name}.cart"}}]))
    return {"total": {draw(st.sampled_from(["gte", "lt", "eq"])): draw(st.sampled_from([10, 20, 30]))}}


# ---- conditions -----------------------------------------------------------------------------------------------------


@st.composite
def conditions(draw: st.DrawFn, place: Place, depth: int = 1) -> Condition:
    """A condition; combinations up to the depth."""
    if depth == 0 or draw(st.integers(0, 3)):
        return draw(_leaves(place))
    part = conditions(place, depth - 1)
    combination = draw(st.sampled_from(["all", "any", "none", "not"]))
    return {combination: draw(part if combination == "not" else st.lists(part, min_size=2, max_size=2))}


@st.composite
def _leaves(draw: st.DrawFn, place: Place) -> Condition:
    kinds = ["event", "event", "event", "event", "trait", "trait", "date", "consent", "sequence", "audience", "computed", "random"]
    if place.inside:
        kinds += ["context"] * (3 if place.context else 0) + ["tied"] * 3
        kinds += ["message"] * (2 if place.sent else 0)
        kinds += ["own"] * (3 if place.own_traits else 0)
    if place.reads_other:
        kinds += ["other"] * 4
    match draw(st.sampled_from(kinds)):
        case "trait":
            test = {draw(st.sampled_from(["eq", "ne"])): draw(st.sampled_from(PLANS))}
            return {"trait": "plan", **test}
        case "date":
            return {"trait": "renews_at", **draw(_date_tests(place.times))}
        case "consent":
            return {
                "consent": {
                    "channel": draw(st.sampled_from(CHANNELS)),
                    "status": draw(st.sampled_from(["subscribed", "unsubscribed", "none"])),
                }
            }
        case "sequence":
            return draw(_sequences(place, tied=False))
        case "audience":
            return {"audience": draw(st.sampled_from(["buyers", "viewers"]))}
        case "computed":
            return {"trait": "orders", draw(st.sampled_from(["gte", "lt", "eq"])): draw(st.integers(0, 2))}
        case "random":
            return {"random": {"percent": draw(st.sampled_from([30, 50, 70]))}}
        case "context":
            path = f"{draw(st.sampled_from(place.context))}.{draw(st.sampled_from(['total', 'total', 'cart']))}"
            test = draw(st.sampled_from([{"gte": 20}, {"eq": 30}, {"exists": False}, {"eq": "a"}, {"eq": {"trait": "points"}}]))
            return {"context": path, **test}
        case "tied":
            return draw(_sequences(place, tied=True)) if draw(st.integers(0, 4)) == 0 else draw(_events(place, tied=True))
        case "message":
            return {"message": {"step": draw(st.sampled_from(place.sent))}, **draw(_windows(place))}
        case "own":
            return {"trait": draw(st.sampled_from(place.own_traits)), "eq": draw(st.sampled_from(["gold", 20, 30]))}
        case "other":
            return draw(_of_the_other(place))
    return draw(_events(place, tied=False))


@st.composite
def _events(draw: st.DrawFn, place: Place, tied: bool) -> Condition:
    condition: Condition = {"event": draw(_names(NAMES))}
    if draw(st.integers(0, 3)) == 0:
        condition["where"] = draw(wheres(place))
    condition |= draw(_ties(place)) if tied else draw(_windows(place))
    match draw(st.integers(0, 5)):
        case 0:
            condition["never"] = True
        case 1 | 2:
            condition["count"] = draw(st.sampled_from([0, 1, 2, {"gte": 2}, {"lt": 2}]))
        case 3 if not tied:
            condition = {key: value for key, value in condition.items() if key == "event"}
            condition |= {
                "regularly": {"every": draw(st.sampled_from(["1 hour", "1 day"])), "at_least": 1, "of_last": draw(st.sampled_from([1, 2]))}
            }
        case 4:
            condition["first_time"] = draw(st.sampled_from([True, "by_name"]))
    return condition


@st.composite
def _ties(draw: st.DrawFn, place: Place) -> Condition:
    """`match`, `since: entry` and `since: {step: ..}`: at least one of them."""
    ties: Condition = {}
    if place.keyed and draw(st.booleans()):
        ties["match"] = draw(st.sampled_from([True, True, "basket"]))
    if not ties or draw(st.booleans()):
        ties["since"] = draw(st.sampled_from(["entry", *({"step": step} for step in place.passed)]))
    return ties


@st.composite
def _windows(draw: st.DrawFn, place: Place) -> Condition:
    match draw(st.integers(0, 7)):
        case 0:
            return {"period": draw(st.sampled_from(["today", "yesterday", "this week", "this month"]))}
        case 1:
            return {"between_ago": draw(st.sampled_from([["1 day", "1 hour"], ["3 hours", "30 minutes"], ["1 month", "1 day"]]))}
        case 2:
            return {"since": draw(instants(place.times))}
        case 3:
            return {"until": local_day(draw(instants(place.times)), ZoneInfo(place.times.zone))}
        case 4 | 5 | 6:
            return {"within": draw(st.sampled_from(DURATIONS))}
    return {}


def _date_tests(times: Times) -> st.SearchStrategy[Condition]:
    duration = st.sampled_from(DURATIONS)
    windows = st.builds(
        lambda name, length: {name: length}, st.sampled_from(["within_last", "older_than", "within_next", "later_than"]), duration
    )
    period = st.sampled_from(["today", "tomorrow", "this week"]).map(lambda name: {"period": name})
    anniversary = st.just({"anniversary_within_next": "1 day"})
    return st.one_of(windows, windows, windows, period, anniversary, instants(times).map(lambda instant: {"before": instant}))


@st.composite
def _sequences(draw: st.DrawFn, place: Place, tied: bool) -> Condition:
    steps: list[Condition] = [{"event": draw(st.sampled_from(NAMES))}, {"event": draw(st.sampled_from(NAMES))}]
    match draw(st.integers(0, 3)):
        case 0:
            steps[1]["within"] = draw(st.sampled_from(SHORT_DURATIONS))
        case 1:
            steps = [steps[0], {"not": steps[1], "within": draw(st.sampled_from(SHORT_DURATIONS)), "settled": True}]
        case 2:
            steps = [steps[0], {"not": steps[1]}]
    return {"sequence": steps, **(draw(_ties(place)) if tied else draw(_sequence_windows()))}


def _sequence_windows() -> st.SearchStrategy[Condition]:
    return st.one_of(st.just({}), st.sampled_from(DURATIONS).map(lambda length: {"within": length}))


@st.composite
def _of_the_other(draw: st.DrawFn, place: Place) -> Condition:
    match draw(st.integers(0, 2)):
        case 0:
            status = draw(st.sampled_from(["inside", "ended", "completed", "exited"]))
            return {"journey": OTHER, "status": status, **draw(_windows(place))}
        case 1:
            return {"message": draw(st.sampled_from([{"journey": OTHER}, {"journey": OTHER, "step": "hello"}])), **draw(_windows(place))}
    return {"trait": "tier", draw(st.sampled_from(["eq", "ne"])): draw(st.sampled_from(["gold", 20, 30]))}
