"""Journeys see messages when they are made: what is decided of them later (`sent`, `skipped`) is asked elsewhere."""

from collections.abc import Iterator, Mapping

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.condition_walk import leaves_of
from engage_cli.definitions.conditions import Condition, InAudience, MessageMade, MessageStatus
from engage_cli.definitions.journey_walk import conditions_of
from engage_cli.definitions.loaded import Loaded
from engage_cli.source import Issue

_DECIDED = (MessageStatus.SENT, MessageStatus.SKIPPED)


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every such question of a journey, or of an audience that it names."""
    audiences = {name: one.definition for name, one in loaded.by_name().items() if one.definition is not None}
    for journey in loaded.sound_journeys().values():
        seen: set[str] = set()
        for condition in conditions_of(journey):
            for message in _decided(condition, audiences, seen):
                text = f"when a message is {message.status.value} depends on the runs, and the journey `{journey.name}` does not"
                yield Issue("decided-message", text, message.span, "ask for `status: scheduled`, or for an outcome such as `delivered`")


def _decided(condition: Condition, audiences: Mapping[str, Audience], seen: set[str]) -> Iterator[MessageMade]:
    for leaf in leaves_of(condition):
        match leaf:
            case MessageMade(status=status) if status in _DECIDED:
                yield leaf
            case InAudience(name) if name in audiences and name not in seen:
                seen.add(name)
                yield from _decided(audiences[name].members, audiences, seen)
            case _:
                pass
