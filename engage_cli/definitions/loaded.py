"""What has been read of a project before the rules across definitions are checked."""

from dataclasses import dataclass, field
from pathlib import Path

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.project import Config
from engage_cli.definitions.reading import Mention, Mentioned
from engage_cli.definitions.template import Templates
from engage_cli.definitions.trait import Trait
from engage_cli.source import Span


@dataclass(frozen=True, slots=True)
class LoadedAudience:
    """An audience by its name, also where the rest of it could not be read (`definition` is None)."""

    name: str
    span: Span
    definition: Audience | None
    mentions: tuple[Mention, ...]

    def mentioned(self, kind: Mentioned) -> tuple[Mention, ...]:
        """The names of one kind that the audience mentions."""
        return tuple(mention for mention in self.mentions if mention.kind is kind)


@dataclass(frozen=True, slots=True)
class LoadedTrait:
    """A computed trait by its name, also where the rest of it could not be read (`definition` is None)."""

    name: str
    span: Span
    definition: Trait | None
    mentions: tuple[Mention, ...]


@dataclass(slots=True)
class Loaded:
    """Everything read. `folder` is None where the texts come from no folder.

    `perhaps` are names that files may define which could not be read to their end.
    """

    folder: Path | None
    config: Config | None = None
    audiences: list[LoadedAudience] = field(default_factory=list)
    traits: list[LoadedTrait] = field(default_factory=list)
    templates: Templates = field(default_factory=Templates)
    perhaps: set[str] = field(default_factory=set)

    def by_name(self) -> dict[str, LoadedAudience]:
        """The audiences by name; of several with one name the first."""
        named: dict[str, LoadedAudience] = {}
        for audience in self.audiences:
            named.setdefault(audience.name, audience)
        return named
