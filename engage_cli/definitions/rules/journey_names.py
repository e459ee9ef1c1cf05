"""The journeys, steps, templates, channels, broadcasts and reasons that definitions name exist, and what is set can be."""

from collections.abc import Iterable, Iterator

from engage_cli.definitions.broadcast_walk import conditions_of as conditions_of_broadcast
from engage_cli.definitions.condition_walk import leaves_of
from engage_cli.definitions.conditions import ENDED, INSIDE, Condition, JourneyState, MessageMade, MessageOf
from engage_cli.definitions.journey import EndReason, Journey
from engage_cli.definitions.journey_steps import Exit, Send, SetTrait
from engage_cli.definitions.journey_walk import conditions_of
from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.reading import Mentioned
from engage_cli.definitions.rules.journey_ids import unknown_step
from engage_cli.source import Issue, did_you_mean, visible


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every name that nothing has."""
    for mention in loaded.mentioned(Mentioned.TEMPLATE):
        if mention.name not in loaded.templates.messages:
            hint = (
                did_you_mean(mention.name, loaded.templates.messages)
                or f"write it as campaigns/templates/{mention.name}.html (or .txt, .mjml)"
            )
            yield Issue("unknown-template", f"there is no template `{mention.name}`", mention.span, hint)
    known = {journey.name for journey in loaded.journeys} | loaded.perhaps
    for mention in loaded.mentioned(Mentioned.JOURNEY):
        if mention.name not in known:
            hint = did_you_mean(mention.name, known) or "define it in a file under campaigns/journeys/"
            yield Issue("unknown-journey", f"there is no journey `{mention.name}`", mention.span, hint)
    named = {broadcast.name for broadcast in loaded.broadcasts} | loaded.perhaps
    for mention in loaded.mentioned(Mentioned.BROADCAST):
        if mention.name in named:
            continue
        hint = did_you_mean(mention.name, named) or "define it in a file under campaigns/broadcasts/"
        yield Issue("unknown-broadcast", f"there is no broadcast `{mention.name}`", mention.span, hint)
    journeys = loaded.sound_journeys()
    for condition in _conditions(loaded):
        for leaf in leaves_of(condition):
            match leaf:
                case MessageMade(of=MessageOf.STEP, journey=str(name)) if name in journeys:
                    yield from _step(leaf, journeys[name])
                case JourneyState(journey=name) if name in journeys:
                    yield from _reason(leaf, journeys[name])
                case _:
                    pass
    for journey in journeys.values():
        yield from _sends((step for step in journey.all_steps() if isinstance(step, Send)), loaded)
        yield from _sets(journey, loaded)
    for broadcast in loaded.sound_broadcasts().values():
        yield from _sends([broadcast.message(None)], loaded)


def _conditions(loaded: Loaded) -> Iterator[Condition]:
    """Every condition of audiences, journeys and broadcasts."""
    for audience in loaded.audiences:
        if audience.definition is not None:
            yield audience.definition.members
    for journey in loaded.sound_journeys().values():
        yield from conditions_of(journey)
    for broadcast in loaded.sound_broadcasts().values():
        yield from conditions_of_broadcast(broadcast).values()


def _step(message: MessageMade, journey: Journey) -> Iterator[Issue]:
    sends = {step.id for step in journey.all_steps() if isinstance(step, Send)}
    if message.name in sends:
        return
    if any(step.id == message.name for step in journey.all_steps()):
        hint = did_you_mean(message.name, sends) or "name a `send` step"
        text = f"the step `{visible(message.name)}` of the journey `{journey.name}` sends nothing"
        yield Issue("unknown-step", text, message.span, hint)
    else:
        yield unknown_step(message.name, journey.name, sends, message.span)


def _reason(state: JourneyState, journey: Journey) -> Iterator[Issue]:
    """Reasons of earlier versions are not known here; who needs one keeps an `exit` step of it."""
    reasons = {INSIDE, ENDED, *EndReason, *(step.reason for step in journey.all_steps() if isinstance(step, Exit))}
    if state.status not in reasons:
        hint = did_you_mean(state.status, reasons) or f"it has {', '.join(f'`{reason}`' for reason in sorted(reasons))}"
        message = f"the journey `{journey.name}` never ends with the reason `{state.status}`"
        yield Issue("unknown-reason", message, state.span, hint)


def _sends(sends: Iterable[Send], loaded: Loaded) -> Iterator[Issue]:
    """A send needs a declared channel, which says where the address stands; `consents` checks those of projects that declare some."""
    if loaded.config is None:
        return
    messaging = loaded.config.messaging
    for step in sends:
        if not messaging.channels:
            hint = (
                f"write `messaging: {{channels: {{{step.channel}: {{address: {step.channel}}}}}}}`, with the trait that holds the address"
            )
            yield Issue("unknown-channel", f"`messaging` in engage.yaml declares no channel `{step.channel}`", step.span, hint)
        if step.group is not None and not messaging.groups:
            hint = f"write `messaging: {{groups: [{step.group}]}}`"
            yield Issue("unknown-group", f"`messaging` in engage.yaml declares no group `{step.group}`", step.span, hint)


def _sets(journey: Journey, loaded: Loaded) -> Iterator[Issue]:
    computed = {trait.name: trait for trait in loaded.traits}
    for step in journey.all_steps():
        if isinstance(step, SetTrait) and step.trait in computed:
            message = f"`{step.trait}` is computed (at {computed[step.trait].span}), and cannot be set"
            yield Issue("computed-trait", message, step.span, "set a trait of another name")
