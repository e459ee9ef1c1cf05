"""The strategies for others to use: projects with journeys over a history and a schedule of ticks.

`histories()` draws what `tests.reference.journeys.simulate` answers. Every journey drawn is valid by docs/journeys.md.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.generated.journey_conditions import OTHER, Place, conditions, occurrences, wheres
from tests.generated.journey_histories import datasets, late_arrivals, schedules
from tests.generated.journey_pools import DURATIONS, NAMES, Times, instants, times
from tests.generated.journey_steps import DEPTH, Steps
from tests.reference.instants import local_day
from tests.reference.journeys import History

Definition = dict[str, Any]

AUDIENCES: list[Definition] = [
    {"audience": "buyers", "members": {"all": [{"event": "Order", "within": "1 day"}, {"trait": "orders", "gte": 1}]}},
    {"audience": "viewers", "members": {"any": [{"event": "View", "within": "3 hours"}, {"trait": "plan", "eq": "vip"}]}},
]
TRAITS: list[Definition] = [{"trait": "orders", "compute": "count", "event": "Order", "within": "2 days"}]


@st.composite
def histories(draw: st.DrawFn, number: int = 1, people: int = 3, *, late: bool = True, undated: bool = True) -> History:
    """So many journeys over the histories of so many people. `late`: events may come in late; `undated`: profiles may be a snapshot."""
    case = draw(times())
    dated = not undated or draw(st.integers(0, 5)) > 0
    dataset = draw(datasets(case, people, dated=dated))
    schedule = draw(schedules(case))
    reads_other = draw(st.integers(0, 2)) == 0
    names = [f"j{n}" for n in range(number)]
    definitions = [draw(journeys(name, case, reads_other=reads_other)) for name in names]
    if reads_other:
        definitions.append(draw(_other(case)))
    came_in = draw(late_arrivals(dataset, schedule)) if late and draw(st.booleans()) else {}
    return History(
        [*AUDIENCES, *TRAITS, *definitions],
        dataset,
        schedule,
        zone=case.zone,
        zone_trait=draw(st.sampled_from(["timezone", "timezone", None])),
        quiet_hours=draw(st.sampled_from([None, ("21:00", "08:00"), ("00:30", "02:30"), ("10:00", "17:15")])),
        late_window=draw(st.sampled_from(["3 days", "1 day", "2 hours"])),
        came_in=came_in,
    )


@st.composite
def journeys(draw: st.DrawFn, name: str, case: Times, *, reads_other: bool = False) -> Definition:
    """A live journey of any form."""
    entry = draw(_entries(case, reads_other))
    by_event, keyed = "on" in entry, "key" in entry
    drawn = Steps(draw, f"level_{name}")
    inside = Place(case, keyed=keyed, context=("entry",) if by_event else (), reads_other=reads_other)
    steps, _ = drawn.path(inside, DEPTH)
    if draw(st.integers(0, 4)) == 0:
        steps = draw(_with_goto(steps, inside))
    journey: Definition = {"journey": name, "status": "live", "entry": entry, "steps": steps}
    if draw(st.booleans()):
        journey["exit"] = draw(st.lists(_exits(inside), min_size=1, max_size=3))
    if draw(st.integers(0, 2)) == 0:
        goal: Definition = {"on": draw(occurrences(replace(inside, context=())))}
        if draw(st.booleans()):
            goal["for"] = draw(st.sampled_from(DURATIONS))
        if draw(st.integers(0, 2)) == 0:
            goal["exit"] = True
        journey["goal"] = goal
    return _without_some_ids(journey)


@st.composite
def _entries(draw: st.DrawFn, case: Times, reads_other: bool) -> Definition:
    outside = Place(case, inside=False, reads_other=reads_other)
    entry: Definition = {}
    if draw(st.integers(0, 4)):
        on: Definition = {"event": draw(st.sampled_from(["Cart", "Cart", "Cart", "View", ["Cart", "View"], "*"]))}
        if draw(st.integers(0, 3)) == 0:
            on["where"] = draw(wheres(outside))
        entry["on"] = on
        if draw(st.integers(0, 2)):
            entry["key"] = "cart"
        if draw(st.integers(0, 3)) == 0:
            entry["if"] = draw(conditions(outside))
    else:
        entry["when"] = draw(conditions(outside))
        if draw(st.booleans()):
            entry["backfill"] = draw(st.sampled_from([True, True, False]))
    reentry = draw(st.sampled_from([None, "never", "always", "always", "always", {"after": draw(st.sampled_from(DURATIONS))}]))
    if reentry is not None:
        entry["reentry"] = reentry
    match draw(st.integers(0, 5)):
        case 0:
            entry["since"] = draw(instants(case))
        case 1:
            entry["since"] = local_day(draw(instants(case)), ZoneInfo(case.zone))
        case 2 | 3 | 4:
            entry["since"] = case.grid[0] - timedelta(days=draw(st.sampled_from([0, 1])))
    return entry


@st.composite
def _exits(draw: st.DrawFn, place: Place) -> Definition:
    """An exit rule. What ends an instance from outside asks nothing of its context."""
    match draw(st.integers(0, 5)):
        case 0:
            return {"after": draw(st.sampled_from(DURATIONS))}
        case 1 | 2:
            return {"when": draw(conditions(replace(place, context=())))}
    return {"on": draw(occurrences(replace(place, context=()), [name for name in NAMES if name != "Cart"]))}


@st.composite
def _other(draw: st.DrawFn, case: Times) -> Definition:
    """The journey that the others read of."""
    steps: list[Definition] = [
        {"delay": draw(st.sampled_from(["30 minutes", "1 hour"]))},
        {"send": "hello", "channel": "email", "id": "hello"},
        {"set": "tier", "to": draw(st.sampled_from(["gold", {"context": "entry.total"}]))},
        {"delay": draw(st.sampled_from(["1 hour", "1 day"]))},
    ]
    on = {"event": draw(st.sampled_from(["View", "Cart", "Order"]))}
    journey: Definition = {
        "journey": OTHER,
        "status": "live",
        "entry": {"on": on, "reentry": "always", "since": case.grid[0]},
        "steps": steps,
    }
    return {**journey, "exit": [{"on": {"event": "Emptied"}}]} if draw(st.booleans()) else journey


# ---- the steps as a whole -------------------------------------------------------------------------------------------


@st.composite
def _with_goto(draw: st.DrawFn, steps: list[Definition], place: Place) -> list[Definition]:
    """A split in front from which a branch leads to one of the steps, over those between."""
    target = draw(st.sampled_from(steps))
    branch = {"name": "over", "when": draw(conditions(place)), "steps": [{"goto": target["id"], "id": "goto_of_0"}]}
    return [{"split": [branch], "id": "split_of_0"}, *steps]


def _without_some_ids(journey: Definition) -> Definition:
    """The ids that nothing names are left away from every other step: then they are derived."""
    text = repr([journey.get("exit"), journey["steps"]])

    def bare(step: Definition, n: int) -> Definition:
        named = f"'{step['id']}'"
        step = dict(step)
        if text.count(named) == 1 and n % 2:
            del step["id"]
        for key in ("branches", "split", "fork", "randomize"):
            if isinstance(step.get(key), list):
                step[key] = [
                    {**one, "steps": [bare(inner, m) for m, inner in enumerate(one["steps"])]} if "steps" in one else one
                    for one in step[key]
                ]
        if "timeout" in step:
            step["timeout"] = [bare(inner, m) for m, inner in enumerate(step["timeout"])]
        return step

    return {**journey, "steps": [bare(step, n) for n, step in enumerate(journey["steps"])]}
