"""What conditions that ask for outcomes of messages need of the data: the events that tell them."""

from engage_cli.definitions.outcomes import Outcome, Outcomes
from engage_cli.plan.finding import found_in
from engage_cli.plan.leaves import MessageWas, StayWas
from engage_cli.plan.needs import Column, EventNeed, Needs, Reading
from engage_cli.records import replace

_OUTCOMES = frozenset(one.value for one in Outcome)


def asks_ledger(thing: object) -> bool:
    """Whether anything within a plan asks what was done before: for messages, or for stays in journeys."""
    return any(True for _ in found_in(thing, (MessageWas, StayWas)))


def asks_outcomes(thing: object) -> bool:
    """Whether anything within a plan asks for an outcome of a message."""
    return any(one.status in _OUTCOMES for one in found_in(thing, (MessageWas,)))


def message_column(outcomes: Outcomes) -> Column:
    """The column of events that holds a message's id."""
    return Column(outcomes.message_id, Reading.TEXT)


def with_outcomes(needs: Needs, outcomes: Outcomes) -> Needs:
    """Needs with the events that tell outcomes, of all time."""
    return replace(needs, events=(*needs.events, EventNeed(names_of(outcomes), None, frozenset({message_column(outcomes)}))))


def has_outcomes(needs: Needs, outcomes: Outcomes) -> bool:
    """Whether these events are among the needs."""
    return any(need.names == names_of(outcomes) for need in needs.events)


def names_of(outcomes: Outcomes) -> tuple[str, ...]:
    """The names of all events that tell an outcome, in order."""
    return tuple(sorted({name for found in outcomes.names.values() for name in found}))
