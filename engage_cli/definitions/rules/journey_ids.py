"""Steps of a journey have ids of their own, and the ids that conditions and gotos name are those of steps."""

from collections.abc import Iterable, Iterator

from engage_cli.definitions.condition_walk import leaves_of
from engage_cli.definitions.conditions import EventDone, SequenceDone
from engage_cli.definitions.journey import Journey, OnChange
from engage_cli.definitions.journey_ids import kind_of
from engage_cli.definitions.journey_steps import Goto, JourneyStep
from engage_cli.definitions.journey_walk import conditions_of
from engage_cli.definitions.loaded import Loaded
from engage_cli.source import Issue, Span, did_you_mean, visible


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every id that two steps have, that no step has, or that is not written where it must be."""
    for journey in loaded.sound_journeys().values():
        yield from _duplicates(journey)
        yield from _unknown(journey)
        if journey.on_change is OnChange.MOVE:
            for step in journey.all_steps():
                if not step.written:
                    message = f"`on_change: move` finds people's step again by its id, and this `{kind_of(step)}` step has none written"
                    yield Issue("written-ids", message, step.span, f"write `id:` beside it; so far it is called `{step.id}`")


def has_sound_ids(journey: Journey) -> bool:
    """Whether every step has an id of its own, and every goto leads to a step: only then does the journey have a graph."""
    ids = [step.id for step in journey.all_steps()]
    targets = {step.target for step in journey.all_steps() if isinstance(step, Goto)}
    return len(set(ids)) == len(ids) and targets <= set(ids)


def _duplicates(journey: Journey) -> Iterator[Issue]:
    first: dict[str, JourneyStep] = {}
    for step in journey.all_steps():
        other = first.setdefault(step.id, step)
        if other is step:
            continue
        if step.written and other.written:
            message = f"two steps have the id `{step.id}`; the other one is at {other.span}"
        else:
            unwritten = other if step.written else step
            message = f"`{step.id}` is what the step at {unwritten.span} is called, which has no id of its own"
        yield Issue("duplicate-id", message, step.span, "give one of the two another id")


def _unknown(journey: Journey) -> Iterator[Issue]:
    known = {step.id for step in journey.all_steps()}
    for step in journey.all_steps():
        if isinstance(step, Goto) and step.target not in known:
            yield unknown_step(step.target, journey.name, known, step.span)
    for condition in conditions_of(journey):
        for leaf in leaves_of(condition):
            match leaf:
                case EventDone(since=since) | SequenceDone(since=since) if since is not None and since.step is not None:
                    if since.step not in known:
                        yield unknown_step(since.step, journey.name, known, since.span)
                case _:
                    pass


def unknown_step(name: str, journey: str, known: Iterable[str], span: Span) -> Issue:
    """The issue for the id of a step that a journey does not have."""
    hint = did_you_mean(name, known) or "give the step that is meant this id"
    return Issue("unknown-step", f"the journey `{journey}` has no step `{visible(name)}`", span, hint)
