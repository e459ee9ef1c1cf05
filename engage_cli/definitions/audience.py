"""The audience definition."""

from msgspec import Struct

from engage_cli.definitions.conditions import Condition
from engage_cli.definitions.paths import Path
from engage_cli.definitions.subjects import Subject
from engage_cli.source import Span


class Audience(Struct, frozen=True):
    """A named set of users, or of accounts (`of`).

    `with_traits` are sent along in outputs; `sync` names destinations that get the changes of membership.
    """

    name: str
    description: str
    members: Condition
    sync: tuple[str, ...]
    with_traits: tuple[Path, ...]
    span: Span
    """Of the definition's name."""
    sync_spans: tuple[Span, ...] = ()
    of: Subject = Subject.USERS
    with_entities: tuple[str, ...] = ()
    """The entities whose rows that made somebody a member are sent along."""
    with_entity_spans: tuple[Span, ...] = ()
    with_anonymous: bool = False
    """Whether people known only by an anonymous id can be members."""

    @property
    def has_with(self) -> bool:
        """Whether anything is sent along."""
        return bool(self.with_traits or self.with_entities)
