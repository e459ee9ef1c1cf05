"""What generated journeys are made of, and what happens in them: names of features, to be counted."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.reference.journeys import History, Results

Definition = Mapping[str, Any]

COMBINATIONS = ("all", "any", "none")
LEAVES = ("event", "sequence", "trait", "consent", "audience", "random", "context", "message", "journey")
LEAF_KEYS = ("within", "between_ago", "period", "since", "until", "match", "count", "never", "first_time", "regularly", "where")


def features(journey: Definition) -> Iterator[str]:
    """The names of all that a journey is made of: `entry when`, `delay window`, `hold since entry`, `split event match`, …"""
    yield from _of_entry(journey["entry"])
    for rule in journey.get("exit", []):
        (kind,) = rule
        yield f"exit {kind}"
        yield from _of_asked("exit", rule)
    if "goal" in journey:
        yield "goal"
        yield from (f"goal {key}" for key in ("for", "exit") if key in journey["goal"])
        yield from _of_asked("goal", journey["goal"])
    for step in steps_of(journey["steps"]):
        yield from _of_step(step)


def steps_of(steps: Sequence[Definition]) -> Iterator[Definition]:
    """All steps, also those within branches."""
    for step in steps:
        yield step
        for key in ("branches", "split", "fork", "randomize"):
            for branch in step[key] if isinstance(step.get(key), list) else []:
                yield from steps_of(branch.get("steps", []))
        yield from steps_of(step.get("timeout", []))


def happenings(history: History, results: Results) -> Iterator[str]:
    """The names of all that happened: `moved restart`, `ended exited`, `late entry`, …, each as often as it did."""
    yield from (f"moved {row.cause}" for row in results.transitions)
    yield from (f"ended {entry.end_reason}" for entry in results.entries)
    yield from ("sent" for _ in results.candidates)
    yield from ("set" for _ in results.sets)
    yield from ("goal reached" for _ in results.goals)
    yield from ("listed" if row.list_name else "told" for row in results.syncs)
    yield from ("under a fork" for row in results.transitions if row.token)
    yield from ("in a fork within a fork" for row in results.transitions if "/" in row.token)
    for row in results.transitions:
        if row.event_id is not None and row.event_id in history.came_in:
            yield f"late {row.cause}"
    instants = [(entry.user_id, entry.entered_at) for entry in results.entries]
    yield from ("entered together" for _ in range(len(instants) - len(set(instants))))


def _of_entry(entry: Definition) -> Iterator[str]:
    yield from (f"entry {key}" for key in ("on", "when", "if", "key", "backfill", "since") if entry.get(key))
    reentry = entry.get("reentry", "by default")
    yield f"reentry {reentry if isinstance(reentry, str) else 'after'}"
    yield from _of_asked("entry", entry)


def _of_step(step: Definition) -> Iterator[str]:
    if "delay" in step:
        yield f"delay {_form_of_delay(step['delay'])}"
    if "hold" in step:
        yield from _of_hold(step)
    for kind in ("split", "fork"):
        for branch in step.get(kind, []):
            yield f"{kind} {'when' if 'when' in branch else 'everyone'}"
            yield from _of_asked(kind, branch)
    if "randomize" in step:
        yield f"randomize {'again' if step.get('reassign') else 'once'}"
    for kind in ("send", "set", "goto", "exit"):
        if kind in step:
            yield kind
    if "sync" in step:
        yield f"sync {'list' if 'list' in step else 'event'}{' for a while' if 'remove_after' in step else ''}"
    if "id" not in step:
        yield "an id that is derived"


def _of_hold(step: Definition) -> Iterator[str]:
    yield f"hold {'for' if 'for' in step['hold'] else 'without end'}"
    if "since" in step["hold"]:
        yield "hold since entry"
    if step.get("timeout"):
        yield "hold timeout with steps"
    for branch in step["branches"]:
        yield "hold restart" if branch.get("restart") else f"hold {'on' if 'on' in branch else 'when'}"
        yield from _of_asked("hold", branch)


def _form_of_delay(delay: Any) -> str:
    if isinstance(delay, str):
        return "a duration"
    days = " on days" if "days" in str(delay) and isinstance(delay, Mapping) and _has_days(delay) else ""
    if "window" in delay:
        return f"window{days}"
    until = delay["until"]
    if not isinstance(until, Mapping):
        return "until an instant" if hasattr(until, "hour") else "until a day"
    if "time" in until:
        return f"until a time{days}"
    (where,) = until
    return f"until a date of the {where}{' with offset' if 'offset' in delay else ''}"


def _has_days(delay: Definition) -> bool:
    inner = delay.get("window", delay.get("until"))
    return isinstance(inner, Mapping) and "days" in inner


def _of_asked(place: str, asked: Any) -> Iterator[str]:
    """What is asked under `on`, `when`, `if`."""
    on = asked.get("on")
    if on is not None:
        yield from (f"{place} on with {key}" for key in ("where", "match") if key in on)
    for key in ("when", "if"):
        if key in asked:
            for leaf in _leaves(asked[key]):
                yield from _of_leaf(place, leaf)


def _leaves(condition: Definition) -> Iterator[Definition]:
    for combination in COMBINATIONS:
        if combination in condition:
            for part in condition[combination]:
                yield from _leaves(part)
            return
    if "not" in condition and len(condition) == 1:
        yield from _leaves(condition["not"])
        return
    yield condition


def _of_leaf(place: str, leaf: Definition) -> Iterator[str]:
    kind = next(kind for kind in LEAVES if kind in leaf)
    yield f"{place}: {kind}"
    if kind == "journey" or (kind == "message" and "journey" in leaf["message"]):
        yield f"{'acts' if place in ('entry', 'exit', 'hold') else 'asks'} by what another journey did"
    for key in LEAF_KEYS:
        if key in leaf and kind in ("event", "sequence", "message", "journey"):
            yield f"{kind} {key}"
            if key == "since" and leaf["since"] == "entry":
                yield f"{kind} since entry"
            if key == "since" and isinstance(leaf["since"], Mapping):
                yield f"{kind} since a step"
