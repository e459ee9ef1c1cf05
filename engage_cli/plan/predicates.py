"""Boolean expressions over leaves: the logical plan of a condition, and of a set of audiences."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field

from engage_cli.definitions.conditions import Condition
from engage_cli.definitions.paths import Path
from engage_cli.definitions.subjects import Subject
from engage_cli.plan.leaves import Leaf
from engage_cli.plan.needs import Needs
from engage_cli.source import Span

if TYPE_CHECKING:  # what traits name is looked for in predicates
    from engage_cli.plan.traits import PlannedTrait


class And(Struct, frozen=True):
    parts: tuple["Predicate", ...]


class Or(Struct, frozen=True):
    parts: tuple["Predicate", ...]


class Negated(Struct, frozen=True):
    part: "Predicate"


class Always(Struct, frozen=True):
    """True for every subject."""


class Is(Struct, frozen=True):
    """The leaf holds."""

    leaf: Leaf


Predicate = And | Or | Negated | Always | Is


def leaves_of(predicate: Predicate) -> Iterator[Leaf]:
    """Every leaf of a predicate, in the order written."""
    match predicate:
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves_of(part)
        case Negated(part):
            yield from leaves_of(part)
        case Is(leaf):
            yield leaf


class PlannedAudience(Struct, frozen=True):
    """An audience whose members are the subjects that meet the predicate."""

    name: str
    predicate: Predicate
    condition: Condition
    with_traits: tuple[Path, ...]
    span: Span
    of: Subject = Subject.USERS
    with_anonymous: bool = False
    list_traits: tuple[Path, ...] = ()
    """The traits that destinations of lists need of its members."""

    with_entities: tuple[str, ...] = ()

    @property
    def sent(self) -> tuple[Path, ...]:
        """Every trait that goes out with its members, each once."""
        return tuple(dict.fromkeys((*self.with_traits, *self.list_traits)))


class Plan(Struct, frozen=True):
    """Audiences in an order in which each stands after those it names; `asked` are the ones whose members are wanted."""

    as_of: datetime
    zone: str
    audiences: Mapping[str, PlannedAudience]
    asked: tuple[str, ...]
    needs: Needs
    traits: "Mapping[str, PlannedTrait]" = field(default_factory=dict)
    """The computed traits that the audiences ask for, each after those that it is computed of."""
    recorded: frozenset[str] = frozenset()
    """Those of them that are not computed but read from `trait_course` (plan/needs.py): they are undated, and their instant is not now."""
