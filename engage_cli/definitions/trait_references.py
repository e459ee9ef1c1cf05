"""Which traits a definition names."""

from collections.abc import Iterator

from engage_cli.definitions.comparisons import Element, Field, Where, WhereAll, WhereAny, WhereNot
from engage_cli.definitions.expression import traits_in
from engage_cli.definitions.trait import Expressed, OfEvents, Trait
from engage_cli.definitions.values import TraitRef


def traits_of(trait: Trait) -> list[str]:
    """The first names of the traits that a trait is computed of, each once, in the order written."""
    match trait.computation:
        case Expressed(expression=expression):
            found = [path.name for path in traits_in(expression)]
        case OfEvents(where=where):
            found = list(_in_where(where))
        case _:
            found = []
    return list(dict.fromkeys(found))


def _in_where(where: Where) -> Iterator[str]:
    match where:
        case Field():
            for test in where.comparison.tests:
                operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
                yield from (operand.path.name for operand in operands if isinstance(operand, TraitRef))
        case Element():
            yield from _in_where(where.where)
        case WhereNot():
            yield from _in_where(where.part)
        case WhereAll() | WhereAny():
            for part in where.parts:
                yield from _in_where(part)
