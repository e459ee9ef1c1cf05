"""What came of one attempt to hand a message over."""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Protocol

from msgspec import Struct

from engage_cli.messaging.message import Message
from engage_cli.source import visible


class Outcome(Enum):
    """What an answer means."""

    TAKEN = auto()  # the server has it
    REFUSED = auto()  # the server will never take it
    UNFIT = auto()  # it cannot be written for this server, which was not asked
    DOUBTED = auto()  # refused in a way that may be about us, and not about the message: the wrong address, no right to send
    LATER = auto()  # not now
    UNREACHED = auto()  # there was no server to ask, and it has nothing of the message
    LOST = auto()  # it was sent, and nobody knows whether it was taken
    BARRED = auto()  # the server lets us send nothing at all
    NOT_BEGUN = auto()  # the log did not let us begin


class Answer(Struct, frozen=True):
    """What a server said. `wait`: so many seconds it wants to be left alone."""

    outcome: Outcome
    code: str | None = None
    text: str | None = None
    wait: float | None = None


NOT_BEGUN = Answer(Outcome.NOT_BEGUN)


class Begin(Protocol):
    """Called right before a message could be taken: whether it may be sent. Once it was called, silence means that nobody knows."""

    def __call__(self) -> bool: ...


class Courier(Protocol):
    """Hands messages over, one after the other. Each worker has one of its own."""

    def send(self, message: Message, begin: Begin) -> Answer:
        """Hand a message over."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


_LONGEST = 500


class Secrets:
    """What must never be shown: the values that the environment gave."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = sorted({value for value in values if value}, key=len, reverse=True)

    def hidden(self, text: str) -> str:
        """A server's words, short, visible, and without any secret in them."""
        for value in self._values:
            text = text.replace(value, "***")
        text = " ".join(text.split())
        return visible(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")
