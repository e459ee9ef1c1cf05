"""The account of reading definition files: the issues found, and the names that definitions mention of each other."""

from enum import StrEnum
from typing import NoReturn

from msgspec import Struct, field

from engage_cli.definitions.paths import Path
from engage_cli.source import Issue, Span


class UnreadableError(Exception):
    """A node cannot be read; why is among the issues already. Never leaves definitions/."""


class TooManyProblemsError(Exception):
    """So much is wrong that nobody would read more of it. Never leaves definitions/."""


MAX_ISSUES = 1000


class Mentioned(StrEnum):
    """What kind of thing a name refers to."""

    AUDIENCE = "audience"
    DESTINATION = "destination"
    LIST_FILE = "list file"
    CHANNEL = "channel"
    GROUP = "group"
    TEMPLATE = "template"
    JOURNEY = "journey"
    BROADCAST = "broadcast"
    ENTITY = "entity"


class Mention(Struct, frozen=True):
    """A name that must exist elsewhere: checked when everything is read, whether or not the rest of its definition is right."""

    kind: Mentioned
    name: str
    span: Span


class JourneyScope(Struct, frozen=True):
    """The journey in which something stands, as far as what stands inside needs to know it.

    `name` and `key` are None where the journey has none; `is_keyless` tells a journey without a key from one whose key cannot be read.
    """

    name: str | None = None
    key: Path | None = None
    is_keyless: bool = True


class Reading(Struct):
    """What has been found so far. Issues that an alias repeats are kept once. `journey`: the one that is being read, None elsewhere."""

    issues: dict[Issue, None] = field(default_factory=dict)
    mentions: list[Mention] = field(default_factory=list)
    journey: JourneyScope | None = None

    def report(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        """Record an issue and go on."""
        self.issues[Issue(code, message, span, hint)] = None
        if len(self.issues) >= MAX_ISSUES:
            raise TooManyProblemsError

    def fail(self, code: str, message: str, span: Span, hint: str | None = None) -> NoReturn:
        """Record an issue and give up on the node."""
        self.report(code, message, span, hint)
        raise UnreadableError

    def give_up(self) -> NoReturn:
        """Give up on a node whose issues are recorded."""
        raise UnreadableError

    def not_built(self, feature: str, span: Span) -> None:
        """Record that a part of the language is not there yet."""
        self.report("not-built", f"{feature} belong to the language, but are not built in this version", span, "leave this out for now")

    def outside_journeys(self, what: str, span: Span, hint: str) -> NoReturn:
        """Give up on what only a journey gives a meaning to, where none is being read."""
        self.fail("outside-journey", f"{what}, and this is no journey", span, hint)

    def mention(self, kind: Mentioned, name: str, span: Span) -> None:
        """Record a name that must exist elsewhere."""
        self.mentions.append(Mention(kind, name, span))
