"""What has been read of a project before the rules across definitions are checked."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.journey import Journey
from engage_cli.definitions.project import Config
from engage_cli.definitions.reading import Mention, Mentioned
from engage_cli.definitions.template import Templates
from engage_cli.definitions.trait import Trait
from engage_cli.source import Span


class LoadedAudience(Struct, frozen=True):
    """An audience by its name, also where the rest of it could not be read (`definition` is None)."""

    name: str
    span: Span
    definition: Audience | None
    mentions: tuple[Mention, ...]

    def mentioned(self, kind: Mentioned) -> tuple[Mention, ...]:
        """The names of one kind that the audience mentions."""
        return tuple(mention for mention in self.mentions if mention.kind is kind)


class LoadedTrait(Struct, frozen=True):
    """A computed trait by its name, also where the rest of it could not be read (`definition` is None)."""

    name: str
    span: Span
    definition: Trait | None
    mentions: tuple[Mention, ...]


class LoadedJourney(Struct, frozen=True):
    """A journey by its name, also where the rest of it could not be read (`definition` is None)."""

    name: str
    span: Span
    definition: Journey | None
    mentions: tuple[Mention, ...]


class LoadedBroadcast(Struct, frozen=True):
    """A broadcast by its name, also where the rest of it could not be read (`definition` is None)."""

    name: str
    span: Span
    definition: Broadcast | None
    mentions: tuple[Mention, ...]


class Loaded(Struct):
    """Everything read. `folder` is None where the texts come from no folder.

    `perhaps` are names that files may define which could not be read to their end.
    """

    folder: Path | None
    config: Config | None = None
    audiences: list[LoadedAudience] = field(default_factory=list)
    traits: list[LoadedTrait] = field(default_factory=list)
    templates: Templates = field(default_factory=Templates)
    journeys: list[LoadedJourney] = field(default_factory=list)
    broadcasts: list[LoadedBroadcast] = field(default_factory=list)
    perhaps: set[str] = field(default_factory=set)

    def mentioned(self, kind: Mentioned) -> Iterator[Mention]:
        """The names of one kind that definitions mention."""
        for mentions in (one.mentions for kinds in (self.audiences, self.traits, self.journeys, self.broadcasts) for one in kinds):
            yield from (mention for mention in mentions if mention.kind is kind)

    def sound_journeys(self) -> dict[str, Journey]:
        """The journeys that could be read, by name; of several with one name the first."""
        named: dict[str, Journey] = {}
        for journey in self.journeys:
            if journey.definition is not None:
                named.setdefault(journey.name, journey.definition)
        return named

    def sound_broadcasts(self) -> dict[str, Broadcast]:
        """The broadcasts that could be read, by name; of several with one name the first."""
        named: dict[str, Broadcast] = {}
        for broadcast in self.broadcasts:
            if broadcast.definition is not None:
                named.setdefault(broadcast.name, broadcast.definition)
        return named

    def by_name(self) -> dict[str, LoadedAudience]:
        """The audiences by name; of several with one name the first."""
        named: dict[str, LoadedAudience] = {}
        for audience in self.audiences:
            named.setdefault(audience.name, audience)
        return named
