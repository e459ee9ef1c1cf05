"""Which traits a definition names, and where a condition refers to some."""

from collections.abc import Iterator

from engage_cli.definitions import conditions as w
from engage_cli.definitions.comparisons import Comparison, Element, Field, Where, WhereAll, WhereAny, WhereNot
from engage_cli.definitions.expression import traits_in
from engage_cli.definitions.trait import Expressed, OfEvents, Trait
from engage_cli.definitions.values import TraitRef


def traits_of(trait: Trait) -> list[str]:
    """The first names of the traits that a trait is computed of, each once, in the order written."""
    match trait.computation:
        case Expressed(expression=expression):
            found = [path.name for path in traits_in(expression)]
        case OfEvents(where=where):
            found = list(traits_in_where(where))
        case _:
            found = []
    return list(dict.fromkeys(found))


def referred_in(condition: w.Condition) -> Iterator[str]:
    """The first names of the traits that a condition of one part refers to (`{trait: …}`), beside the one that it compares."""
    match condition:
        case w.TraitIs(comparison=comparison):
            yield from _in_comparison(comparison)
        case w.EventDone(where=where, ask=ask):
            yield from traits_in_where(where)
            if isinstance(ask, w.Edge):
                yield from traits_in_where(ask.where)
        case w.SequenceDone(steps=steps, without=without):
            for step in (*steps, *without):
                yield from traits_in_where(step.where)
        case _:
            return


def traits_in_where(where: Where) -> Iterator[str]:
    """The first names of the traits that a where refers to."""
    match where:
        case Field():
            yield from _in_comparison(where.comparison)
        case Element():
            yield from traits_in_where(where.where)
        case WhereNot():
            yield from traits_in_where(where.part)
        case WhereAll() | WhereAny():
            for part in where.parts:
                yield from traits_in_where(part)


def _in_comparison(comparison: Comparison) -> Iterator[str]:
    for test in comparison.tests:
        operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        yield from (operand.path.name for operand in operands if isinstance(operand, TraitRef))
