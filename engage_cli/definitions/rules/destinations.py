"""A destination that `sync` names is declared, and takes what it is given: people onto lists that no audience has, or events. The messages
of a channel are handed to one destination."""

from collections.abc import Iterable, Iterator

from engage_cli.definitions.destinations import Destination, EventsDestination, ListDestination
from engage_cli.definitions.journey_steps import Sync
from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.reading import Mentioned
from engage_cli.definitions.sending import MessagesDestination
from engage_cli.source import Issue, did_you_mean


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every mention of a destination that is not declared. Nothing is known where engage.yaml could not be read."""
    if loaded.config is None:
        return
    known = loaded.config.destinations
    for mention in loaded.mentioned(Mentioned.DESTINATION):
        if mention.name in loaded.config.senders:
            message = f"the destination `{mention.name}` takes messages, and these are changes of membership, or events"
            hint = "name one of the type `list` or `events`; the messages of its channel go to it by themselves"
            yield Issue("other-destination", message, mention.span, hint)
        elif mention.name not in known:
            hint = did_you_mean(mention.name, known) or "declare it under `destinations:` in engage.yaml"
            yield Issue("unknown-destination", f"there is no destination `{mention.name}`", mention.span, hint)
    yield from _twice(loaded.config.senders.values())
    for trait in loaded.traits:
        for mention in trait.mentions:
            if mention.kind is Mentioned.DESTINATION and isinstance(known.get(mention.name), ListDestination):
                message = f"the destination `{mention.name}` takes people onto lists, and not values of traits"
                yield Issue("other-destination", message, mention.span, "name a destination of the type `events`")
    taken = {(name, one.definition.name) for one in loaded.audiences if one.definition is not None for name in one.definition.sync}
    for journey in loaded.sound_journeys().values():
        for step in journey.all_steps():
            if isinstance(step, Sync):
                yield from _of_other_type(step, known.get(step.destination))
                if (step.destination, step.list) in taken:
                    message = f"the list `{step.list}` of `{step.destination}` is that of the audience `{step.list}` already"
                    yield Issue("same-list", message, step.span, "give the list another name")


def _twice(senders: Iterable[MessagesDestination]) -> Iterator[Issue]:
    """Destinations that the messages of a channel would be handed to after another has them."""
    first: dict[str, str] = {}
    for sender in senders:
        if sender.channel in first:
            message = f"the messages of `{sender.channel}` go to `{first[sender.channel]}` already; nobody gets one twice"
            yield Issue("two-senders", message, sender.span, "keep one of the two")
        first.setdefault(sender.channel, sender.name)


def _of_other_type(step: Sync, destination: Destination | None) -> Iterator[Issue]:
    match destination:
        case EventsDestination() if step.list is not None:
            message = f"the destination `{step.destination}` takes events, and this is a list"
            yield Issue("other-destination", message, step.span, "write `event:`, or name a destination of the type `list`")
        case ListDestination() if step.event is not None:
            message = f"the destination `{step.destination}` takes people onto lists, and this is an event"
            yield Issue("other-destination", message, step.span, "write `list:`, or name a destination of the type `events`")
        case _:
            return
