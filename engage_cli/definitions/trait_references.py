"""Which traits a definition names, and where a condition refers to some."""

from collections.abc import Iterator

from engage_cli.definitions.comparisons import Where
from engage_cli.definitions.condition_walk import references_in, references_of
from engage_cli.definitions.conditions import Condition
from engage_cli.definitions.expression import traits_in
from engage_cli.definitions.trait import Expressed, OfEvents, Rfm, Trait
from engage_cli.definitions.values import TraitRef


def traits_of(trait: Trait) -> list[str]:
    """The first names of the traits that a trait is computed of, each once, in the order written."""
    match trait.computation:
        case Expressed(expression=expression):
            found = [path.name for path in traits_in(expression)]
        case OfEvents(where=where) | Rfm(where=where):
            found = list(traits_in_where(where))
        case _:
            found = []
    return list(dict.fromkeys(found))


def referred_in(condition: Condition) -> Iterator[str]:
    """The first names of the traits that a condition of one part refers to (`{trait: …}`), beside the one that it compares."""
    yield from (reference.path.name for reference, _ in references_of(condition) if isinstance(reference, TraitRef))


def traits_in_where(where: Where) -> Iterator[str]:
    """The first names of the traits that a where refers to."""
    yield from (reference.path.name for reference, _ in references_in(where) if isinstance(reference, TraitRef))
