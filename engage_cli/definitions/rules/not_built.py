"""What the language has, and audiences of this version cannot ask yet."""

from collections.abc import Iterator

from engage_cli.definitions.condition_walk import leaves_of
from engage_cli.definitions.conditions import MessageMade, MessageStatus
from engage_cli.definitions.loaded import Loaded
from engage_cli.source import Issue


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every question of an audience about what was decided of messages."""
    for audience in loaded.audiences:
        for leaf in leaves_of(audience.definition.members) if audience.definition is not None else ():
            if isinstance(leaf, MessageMade) and leaf.status in (MessageStatus.SENT, MessageStatus.SKIPPED):
                message = f"`status: {leaf.status.value}` belongs to the language, but is not built in this version"
                yield Issue("not-built-here", message, leaf.span, "leave this out for now")
