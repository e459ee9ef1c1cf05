"""Everything that a broadcast asks of people: who gets it, who does not, and its goal. Read by the rules, by plans and by `check`."""

from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.conditions import Condition

RECIPIENTS = "recipients"
EXCLUDE = "exclude"


def conditions_of(broadcast: Broadcast) -> dict[str, Condition]:
    """The conditions of a broadcast, each under its key."""
    exclude = {} if broadcast.exclude is None else {EXCLUDE: broadcast.exclude}
    return {RECIPIENTS: broadcast.recipients, **exclude}
