"""Strategies for the steps of journeys: delays of every form, holds, splits, forks, randomized arms, and what leaves a row."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.generated.journey_conditions import Place, conditions, occurrences
from tests.generated.journey_pools import DURATIONS, NAMES, SHORT_DURATIONS, Times, instants
from tests.reference.instants import local_day, local_of_utc

Step = dict[str, Any]

DEPTH = 2
WAITS = ["delay", "delay", "delay", "hold", "hold", "hold", "hold"]
BLOCKS = ["split", "split", "fork", "fork", "randomize"]
ACTIONS = ["send", "send", "sync", "set"]
HOLD_BRANCHES = ["one", "two", "three"]
RESTARTING = ["Cart"] * 16
"""Waits are mostly begun again by what enters, too."""
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Steps:
    """Draws the steps of one journey, and gives ids as it goes. `trait` is the one that the journey sets."""

    def __init__(self, draw: st.DrawFn, trait: str) -> None:
        self.draw = draw
        self.trait = trait
        self.number = 0
        self.blocks = 0

    def path(self, place: Place, depth: int) -> tuple[list[Step], Place | None]:
        """A list of steps one after the other, and the place behind them; None where they always end the journey."""
        steps: list[Step] = []
        behind: Place | None = place
        for _ in range(self.draw(st.sampled_from([1, 2, 2, 3, 4] if depth == DEPTH else [0, 1, 1, 2]))):
            if behind is not None:
                kinds = [*WAITS, *ACTIONS, *(BLOCKS if depth and self.blocks < 4 else [])]
                step, behind = self._step(self.draw(st.sampled_from(kinds)), behind, depth)
                steps.append(step)
        return steps, behind

    def _step(self, kind: str, place: Place, depth: int) -> tuple[Step, Place | None]:
        self.number += 1
        step_id = f"{kind}_of_{self.number}"
        match kind:
            case "delay":
                return {"delay": self.draw(delays(place)), "id": step_id}, place.after(passed=step_id)
            case "hold":
                return self._hold(step_id, place, depth)
            case "split" | "fork":
                return self._branches(kind, step_id, place, depth)
            case "randomize":
                return self._randomize(step_id, place, depth)
            case "send":
                step: Step = {
                    "send": self.draw(st.sampled_from(["nudge", "offer"])),
                    "channel": self.draw(st.sampled_from(["email", "sms"])),
                }
                return {**step, "id": step_id}, place.after(passed=step_id, sent=True)
            case "set":
                return {"set": self.trait, "to": self.draw(self._values(place)), "id": step_id}, place.after(
                    passed=step_id, trait=self.trait
                )
        return {**self.draw(self._syncs(place)), "id": step_id}, place.after(passed=step_id)

    def _hold(self, step_id: str, place: Place, depth: int) -> tuple[Step, Place | None]:
        draw, waits = self.draw, self.draw(st.integers(0, 5)) > 0
        hold: Step = {"for": draw(st.sampled_from(SHORT_DURATIONS))} if waits else {}
        since_entry = draw(st.integers(0, 5)) == 0
        if since_entry:
            hold["since"] = "entry"
        here = place.after(passed=step_id)
        branches: list[Step] = []
        restarts: list[str] = []
        taken: list[tuple[Step, list[str]]] = []
        kinds = draw(
            st.lists(st.sampled_from(["on", "on", "on", "when", *([] if since_entry else ["restart", "restart"])]), min_size=1, max_size=3)
        )
        # What restarts the wait changes the context: of that a `when` beside it asks nothing.
        asking = replace(here, context=()) if "restart" in kinds else here
        for name, kind in zip(HOLD_BRANCHES, kinds, strict=False):
            named = f"{name}_{self.number}"
            names = [*RESTARTING, *NAMES] if kind == "restart" else NAMES
            branch: Step = {
                "name": named,
                **({"when": draw(conditions(asking))} if kind == "when" else {"on": draw(occurrences(here, names))}),
            }
            if kind == "restart":
                branch["restart"] = True
                restarts.append(named)
            else:
                taken.append((branch, [named] if kind == "on" else []))
            branches.append(branch)
        if not waits:
            # One way out that no other branch can take the events of.
            branches.append({"name": f"out_{self.number}", "when": draw(conditions(asking))})
            taken.append((branches[-1], []))
        here = here.after(context=restarts)
        ways = [self._branch(branch, here.after(context=context), depth) for branch, context in taken]
        step: Step = {"hold": hold, "branches": branches, "id": step_id}
        if waits and draw(st.integers(0, 2)) == 0:
            step["timeout"], way = self._inner(here, depth)
            ways.append(way)
        elif waits:
            ways.append(here)
        return step, _merged(ways)

    def _branch(self, branch: Step, place: Place, depth: int) -> Place | None:
        """Give a branch steps, or none; the place behind it."""
        if self.draw(st.booleans()):
            branch["steps"], behind = self._inner(place, depth)
            return behind
        return place

    def _inner(self, place: Place, depth: int) -> tuple[list[Step], Place | None]:
        """Steps within a branch; now and then they end the journey."""
        steps, behind = self.path(place, max(depth - 1, 0))
        if behind is not None and self.draw(st.integers(0, 5)) == 0:
            self.number += 1
            return [*steps, {"exit": "enough", "id": f"exit_of_{self.number}"}], None
        return steps, behind

    def _branches(self, kind: str, step_id: str, place: Place, depth: int) -> tuple[Step, Place | None]:
        self.blocks += 1
        place = place.after(passed=step_id)
        branches: list[Step] = [{"name": name} for name in ["x", "y", "z"][: self.draw(st.sampled_from([1, 2, 2, 3]))]]
        for branch in branches:
            if (kind == "split" and branch is not branches[-1]) or self.draw(st.integers(0, 2)):
                branch["when"] = self.draw(conditions(place))
        ways = [self._branch(branch, place, depth) for branch in branches]
        if all("when" in branch for branch in branches):
            ways.append(place)
        return {kind: branches, "id": step_id}, _merged(ways)

    def _randomize(self, step_id: str, place: Place, depth: int) -> tuple[Step, Place | None]:
        self.blocks += 1
        place = place.after(passed=step_id)
        shares = self.draw(st.sampled_from([[50, 50], [40, 40, 20], [33.3, 33.3, 33.4], [10, 90]]))
        arms: list[Step] = [
            {"name": f"arm_{number}", "percent": share, **({"control": True} if number == 1 else {})} for number, share in enumerate(shares)
        ]
        ways = [self._branch(arm, place, depth) for arm in arms]
        again = {"reassign": True} if self.draw(st.integers(0, 3)) == 0 else {}
        return {"randomize": arms, "id": step_id, **again}, _merged(ways)

    def _values(self, place: Place) -> st.SearchStrategy[Any]:
        values: list[Any] = ["gold", 20, True, {"trait": "plan"}, {"trait": "points"}]
        return st.sampled_from([*values, *({"context": f"{name}.total"} for name in place.context)])

    def _syncs(self, place: Place) -> st.SearchStrategy[Step]:
        onto_list = st.builds(
            lambda length: {"sync": "ads", "list": "carts", **({"remove_after": length} if length else {})},
            st.sampled_from([*DURATIONS, *[None] * 6]),
        )
        told = st.builds(lambda value: {"sync": "crm", "event": "Told", "properties": {"kind": "x", "value": value}}, self._values(place))
        return st.one_of(onto_list, told)


def _merged(ways: Sequence[Place | None]) -> Place | None:
    """The place where several ways come together, some of which may have ended: what any of them may have gathered may be there."""
    alive = [way for way in ways if way is not None]
    if not alive:
        return None
    together = alive[0]
    for way in alive[1:]:
        for step in way.passed:
            if step not in together.passed:
                together = together.after(passed=step, sent=step in way.sent)
        together = together.after(context=way.context, trait=way.own_traits[0] if way.own_traits else None)
    return together


# ---- delays ---------------------------------------------------------------------------------------------------------


@st.composite
def delays(draw: st.DrawFn, place: Place) -> Any:
    """A delay of any form."""
    case, until_context = place.times, [{"context": f"{name}.at"} for name in place.context]
    match draw(st.integers(0, 8)):
        case 0 | 1 | 2:
            return draw(st.sampled_from(DURATIONS))
        case 3:
            return {"until": draw(st.one_of(instants(case), instants(case).map(lambda one: local_day(one, ZoneInfo(case.zone)))))}
        case 4 | 5:
            return {"until": {"time": draw(_clock_times(case)), **draw(_days())}}
        case 6:
            start, end = sorted(draw(st.lists(_clock_times(case), min_size=2, max_size=2, unique=True)))
            return {"window": {"from": start, "to": draw(st.sampled_from([end, end, "24:00"])), **draw(_days())}}
    offset = draw(st.sampled_from([None, None, "-1 hour", "-1 day", "2 hours", "1 month"]))
    until = draw(st.sampled_from([{"trait": "renews_at"}, *until_context, *until_context]))
    return {"until": until, **({"offset": offset} if offset else {})}


@st.composite
def _clock_times(draw: st.DrawFn, case: Times) -> str:
    """Times of the day: those of the case's instants, and those that clock changes leave out or repeat."""
    zone = ZoneInfo(draw(st.sampled_from([case.zone, "Europe/London", "America/New_York"])))
    own = local_of_utc(draw(st.sampled_from(list(case.grid))), zone).strftime("%H:%M")
    return draw(st.sampled_from([own, own, "09:00", "01:30", "02:15", "02:30", "00:00", "17:00"]))


@st.composite
def _days(draw: st.DrawFn) -> dict[str, Sequence[str]]:
    if draw(st.integers(0, 2)):
        return {}
    return {"days": draw(st.lists(st.sampled_from(WEEK), min_size=1, max_size=4, unique=True))}
