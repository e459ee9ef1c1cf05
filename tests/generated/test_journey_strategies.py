"""Journeys that are drawn are worth drawing: everything that they can be made of occurs, and happens, often enough."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from tests.generated.backend import FRESH
from tests.generated.journey_coverage import features, happenings
from tests.generated.journeys import histories
from tests.reference.journeys import History, simulate

repeatable = settings(
    backend=FRESH, derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)

MADE_OF = {
    *("entry on", "entry when", "entry if", "entry key", "entry backfill", "entry since"),
    *("reentry never", "reentry always", "reentry after", "reentry by default"),
    *("exit on", "exit when", "exit after", "goal", "goal for", "goal exit"),
    *("delay a duration", "delay until an instant", "delay until a day", "delay until a time", "delay until a time on days"),
    *("delay window", "delay window on days", "delay until a date of the trait", "delay until a date of the context"),
    *("delay until a date of the trait with offset", "delay until a date of the context with offset"),
    *("hold for", "hold without end", "hold since entry", "hold on", "hold when", "hold restart", "hold timeout with steps"),
    *("split when", "split everyone", "fork when", "fork everyone", "randomize once", "randomize again"),
    *("send", "set", "goto", "exit", "sync list", "sync list for a while", "sync event", "an id that is derived"),
    *(f"{place} on with {key}" for place in ("exit", "goal", "hold") for key in ("where", "match")),
    "entry on with where",
    *(
        f"{place}: {kind}"
        for place in ("hold", "split", "fork")
        for kind in ("event", "sequence", "trait", "consent", "audience", "context")
    ),
    *(f"{place}: {kind}" for place in ("entry", "exit") for kind in ("event", "sequence", "trait", "consent", "audience", "random")),
    *(
        f"event {key}"
        for key in ("within", "between_ago", "period", "since", "until", "match", "count", "never", "first_time", "regularly", "where")
    ),
    *("event since entry", "event since a step", "sequence since entry", "sequence match"),
    *("split: message", "acts by what another journey did", "asks by what another journey did"),
}
HAPPENS = {
    *(f"moved {cause}" for cause in ("entry", "delay", "restart", "branch", "timeout", "none", "done", "goto", "joined")),
    *(f"moved {cause}" for cause in ("exit", "exit_rule", "goal")),
    *("ended completed", "ended exited", "ended goal", "ended enough", "ended None"),
    *("sent", "set", "listed", "told", "goal reached", "under a fork", "in a fork within a fork", "entered together"),
    *("late entry", "late branch", "late exit_rule"),
}


def test_all_that_journeys_can_be_made_of_occurs_and_happens() -> None:
    made_of: Counter[str] = Counter()
    happens: Counter[str] = Counter()

    @settings(repeatable, max_examples=60)
    @given(histories(number=7, people=6))
    def look(history: History) -> None:
        for name, results in simulate(history).items():
            made_of.update(set(features(history.of_kind("journey")[name])))
            happens.update(happenings(history, results))

    look()
    print("\n".join(f"{name:<50}{count:>6}" for name, count in sorted((made_of + happens).items())))
    assert sorted(name for name in MADE_OF if made_of[name] < 3) == []
    assert sorted(name for name in HAPPENS if happens[name] < (1 if name.startswith("late") else 3)) == []


def test_without_late_events_any_schedule_gives_the_same() -> None:
    """The law that the product is held to, of the simulator itself."""

    @settings(repeatable, max_examples=20)
    @given(histories(number=3, people=4, late=False, undated=False))
    def look(history: History) -> None:
        once = replace(
            history, schedule=history.schedule[-1:], definitions=[_since(one, history.schedule[0]) for one in history.definitions]
        )
        assert simulate(history) == simulate(once)

    look()


def _since(definition: Mapping[str, Any], first_tick: datetime) -> Mapping[str, Any]:
    """The definition with the `since` that the first tick of a schedule gives it, where it has none."""
    if "journey" not in definition or "since" in definition["entry"]:
        return definition
    return {**definition, "entry": {**definition["entry"], "since": first_tick}}
