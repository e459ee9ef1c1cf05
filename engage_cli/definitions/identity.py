"""Which identifiers join what is known of a person: `identity` of engage.yaml."""

from collections.abc import Mapping

from msgspec import Struct

from engage_cli.source import Span

USER_ID = "user_id"
"""The first identifier of every project: a profile that has none is known only anonymously."""
ANONYMOUS_ID = "anonymous_id"
"""The identifier that `anonymousId` of raw Segment calls is."""


class Identifier(Struct, frozen=True):
    """An identifier: the field or column of this name. A profile has at most `limit` different values of it."""

    name: str
    limit: int
    span: Span


class Identity(Struct, frozen=True):
    """The identifiers in the order of their priority, `user_id` first, and by name the values that count as missing."""

    identifiers: tuple[Identifier, ...]
    blocked: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the identifiers in the order of their priority."""
        return tuple(identifier.name for identifier in self.identifiers)

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the identifiers but for `user_id`."""
        return self.names[1:]

    @property
    def reading(self) -> str:
        """What the users of single rows rest on, as text for hashes: the limits are no part of it."""
        return repr((self.names, sorted((name, sorted(values)) for name, values in self.blocked.items())))

    @property
    def meaning(self) -> str:
        """All that the profiles rest on, as text for hashes."""
        limits = [(identifier.name, identifier.limit) for identifier in self.identifiers]
        return repr((limits, sorted((name, sorted(values)) for name, values in self.blocked.items())))
