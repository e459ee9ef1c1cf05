"""Strategies for journeys all of whose events fall on three instants, at which ticks stand too: what is done at one instant has an order.

The broad histories of journeys.py seldom have more than two things at one instant that hinge on each other. These have little else: one
trait that steps set, that every other condition reads, and waits that end where the next events are.
"""

from typing import Any

from hypothesis import strategies as st

from tests.reference.dataset import Dataset, EventRow
from tests.reference.examples import utc
from tests.reference.journeys import History

Definition = dict[str, Any]
HOURS = (10, 11, 12)
LEVELS = st.sampled_from([30, 20, 0])

CONDITIONS: st.SearchStrategy[Definition] = st.one_of(
    LEVELS.map(lambda level: {"trait": "level", "eq": level}),
    LEVELS.map(lambda level: {"not": {"trait": "level", "eq": level}}),
    st.sampled_from(
        [
            {"trait": "level", "gt": 10},
            {"trait": "level", "exists": False},
            {"event": "Cart", "since": "entry"},
            {"event": "View", "within": "1 hour"},
            {"all": [{"trait": "level", "gte": 20}, {"event": "Cart"}]},
        ]
    ),
)


@st.composite
def crowded_histories(draw: st.DrawFn, people: int) -> History:
    """One journey over the events of so many people."""
    hours = [hour for hour in HOURS if draw(st.booleans())]
    schedule = [utc(f"2026-11-02 {hour}:00") for hour in [*hours, 23]]
    events = []
    came_in = {}
    for number in range(people):
        for place in range(draw(st.integers(1, 5))):
            key = f"{number}.{place}"
            name, hour = draw(st.sampled_from(["Cart", "Cart", "View"])), draw(st.sampled_from([10, *HOURS]))
            properties = {"cart": draw(st.sampled_from("abc")), "total": draw(LEVELS)}
            events.append(EventRow(f"u{number}", name, utc(f"2026-11-02 {hour}:00"), properties, key))
            came_in[key] = draw(st.sampled_from([0, 0, draw(st.integers(0, len(schedule) - 1))]))
    return History([draw(_journeys())], Dataset(events=events), schedule, came_in=came_in)


ENTRIES: st.SearchStrategy[Definition] = st.one_of(
    st.sampled_from(["*", "Cart"]).map(lambda event: {"on": {"event": event}}),
    st.sampled_from(["*", "Cart"]).map(lambda event: {"on": {"event": event}, "key": "cart"}),
    st.sampled_from(
        [{"event": "Cart", "within": "1 hour"}, {"trait": "level", "exists": False}, {"not": {"trait": "level", "gt": 10}}]
    ).map(lambda condition: {"when": condition}),
)


@st.composite
def _journeys(draw: st.DrawFn) -> Definition:
    entry = draw(ENTRIES) | {
        "reentry": draw(st.sampled_from(["always", "always", "never", {"after": "1 hour"}])),
        "since": utc("2026-11-01"),
    }
    if "on" in entry and draw(st.integers(0, 2)) == 0:
        entry["if"] = draw(CONDITIONS.filter(lambda condition: "since" not in condition))
    journey: Definition = {"journey": "j", "status": "live", "entry": entry}
    rules = st.one_of(CONDITIONS.map(lambda when: {"when": when}), st.sampled_from([{"on": {"event": "View"}}, {"after": "1 hour"}]))
    if draw(st.booleans()):
        journey["exit"] = draw(st.lists(rules, min_size=1, max_size=2))
    return journey | {"steps": _Steps(draw, by_event="on" in entry).some(2)}


class _Steps:
    """Draws steps, each with an id of its own; the later ids are not the greater texts."""

    def __init__(self, draw: st.DrawFn, *, by_event: bool) -> None:
        self._draw = draw
        self._values = st.one_of(st.just({"context": "entry.total"}), LEVELS) if by_event else LEVELS
        self._made = 0

    def some(self, depth: int, *, forked: bool = False) -> list[Definition]:
        """A few steps after one another; `depth`: how deep branches may still lie in them."""
        kinds = ["send", "set", "set", "delay"] + ["hold", "hold", "split"] * (depth > 0) + ["fork"] * (depth > 0 and not forked)
        return [self._step(self._draw(st.sampled_from(kinds)), depth, forked) for _ in range(self._draw(st.integers(1, 3)))]

    def _step(self, kind: str, depth: int, forked: bool) -> Definition:
        step = {"id": self._name()}
        match kind:
            case "send":
                return step | {"send": "hi", "channel": "email"}
            case "set":
                return step | {"set": "level", "to": self._draw(self._values)}
            case "delay":
                return step | {"delay": self._draw(st.sampled_from(["1 hour", "2 hours"]))}
            case "hold":
                branches = [self._of_hold(depth, forked) for _ in range(self._draw(st.integers(1, 2)))]
                endless = [{}] * any("restart" not in branch for branch in branches)
                wait = self._draw(st.sampled_from([*endless, {"for": "1 hour"}, {"for": "2 hours"}]))
                return step | {"hold": wait, "branches": branches}
            case "split":
                ways = [self._when() | {"steps": self.some(depth - 1, forked=forked)} for _ in range(self._draw(st.integers(1, 2)))]
                return step | {"split": ways}
            case _:
                steps = [self.some(depth - 1, forked=True) for _ in range(2)]
                ways = [(self._when() if self._draw(st.booleans()) else {"name": self._name()}) | {"steps": one} for one in steps]
                return step | {"fork": ways}

    def _of_hold(self, depth: int, forked: bool) -> Definition:
        if self._draw(st.booleans()):
            branch = self._when()
        else:
            branch = {"name": self._name(), "on": {"event": self._draw(st.sampled_from(["Cart", "View"]))}}
            if self._draw(st.booleans()):
                return branch | {"restart": True}
        return branch | ({"steps": self.some(depth - 1, forked=forked)} if self._draw(st.booleans()) else {})

    def _when(self) -> Definition:
        return {"name": self._name(), "when": self._draw(CONDITIONS)}

    def _name(self) -> str:
        self._made += 1
        return f"s{self._made}"
