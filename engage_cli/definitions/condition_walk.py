"""Walks through conditions: the leaves of which they are made, their quantifiers, and the references of wheres."""

from collections.abc import Iterator

from engage_cli.definitions.comparisons import Comparison, Element, Field, Where, WhereAll, WhereAny, WhereNot
from engage_cli.definitions.conditions import (
    AllOf,
    AnyOf,
    Condition,
    ContextIs,
    Edge,
    EventDone,
    HasEntity,
    NoneOf,
    Not,
    Quantified,
    SequenceDone,
    TraitIs,
)
from engage_cli.definitions.entity_walk import with_inner_rows
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.values import Reference
from engage_cli.source import Span


def leaves_of(condition: Condition) -> Iterator[Condition]:
    """The conditions of which a condition is made that hold no others, in the order written; those inside quantifiers among them."""
    yield from (leaf for _, leaf in subjects_of_leaves(condition, Subject.USERS))


def subjects_of_leaves(condition: Condition, of: Subject) -> Iterator[tuple[Subject, Condition]]:
    """The same, each with the kind of subject that it is about, in a condition about some kind."""
    match condition:
        case AllOf(parts) | AnyOf(parts) | NoneOf(parts):
            for part in parts:
                yield from subjects_of_leaves(part, of)
        case Not(part):
            yield from subjects_of_leaves(part, of)
        case Quantified(quantifier, part):
            yield from subjects_of_leaves(part, quantifier.of)
        case _:
            yield of, condition


def quantifiers_of(condition: Condition) -> Iterator[Quantified]:
    """The quantifiers of a condition, those inside others among them."""
    match condition:
        case AllOf(parts) | AnyOf(parts) | NoneOf(parts):
            for part in parts:
                yield from quantifiers_of(part)
        case Not(part):
            yield from quantifiers_of(part)
        case Quantified():
            yield condition
            yield from quantifiers_of(condition.part)
        case _:
            return


def references_of(leaf: Condition) -> Iterator[tuple[Reference, Span]]:
    """The references that a condition which holds no others compares with."""
    match leaf:
        case TraitIs(comparison=comparison) | ContextIs(comparison=comparison):
            yield from _compared(comparison)
        case EventDone(where=where, ask=ask):
            yield from references_in(where)
            if isinstance(ask, Edge):
                yield from references_in(ask.where)
        case SequenceDone(steps=steps, without=without):
            for step in (*steps, *without):
                yield from references_in(step.where)
        case HasEntity():
            for rows in with_inner_rows(leaf):
                yield from references_in(rows.where)
        case _:
            return


def references_in(where: Where) -> Iterator[tuple[Reference, Span]]:
    """The references of a where, each with its place."""
    match where:
        case Field(comparison=comparison):
            yield from _compared(comparison)
        case Element(where=inner) | WhereNot(inner):
            yield from references_in(inner)
        case WhereAll(parts) | WhereAny(parts):
            for part in parts:
                yield from references_in(part)


def _compared(comparison: Comparison) -> Iterator[tuple[Reference, Span]]:
    for test in comparison.tests:
        operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        yield from ((operand, test.span) for operand in operands if isinstance(operand, Reference))
