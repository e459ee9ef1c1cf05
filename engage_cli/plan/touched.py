"""Who can have come or gone since an earlier instant: what has to be looked at again, and when everybody has to be.

Between two instants an audience changes only for users with new events, with changed traits, or with an event in a stretch of time that
an end of a window passed over. This holds where a condition says the same at both instants but for the ends of its windows.
What concerns accounts is looked at whole.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from engage_cli.definitions.paths import Path
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait import Compute
from engage_cli.plan.instants import Bound, Stretch
from engage_cli.plan.leaves import (
    AmongRows,
    Counted,
    EdgeMeets,
    Events,
    EventSet,
    FirstEvents,
    Forbidden,
    Happened,
    HasRows,
    Leaf,
    Measured,
    MemberOf,
    MessageWas,
    OnDays,
    PlannedStep,
    Regular,
    Sequence,
    SomeLinked,
    StayWas,
)
from engage_cli.plan.predicates import Plan, leaves_of
from engage_cli.plan.traits import TraitOfEvents, computed_among, is_undated, traits_of_leaf
from engage_cli.records import replace

Names = tuple[str, ...]
Kind = TypeVar("Kind", EventSet, FirstEvents, EventSet | FirstEvents)


class Passed(Struct, frozen=True):
    """An end of a window over events of these names (each may hold `*`) passed from `low` to `high`, both included."""

    names: Names
    low: datetime
    high: datetime


class Touch(Struct, frozen=True):
    """What is asked of the data since a run: `as_of` was its instant, `files` (kind, path, sha256) what it read, `passed` what windows
    passed over since."""

    as_of: datetime
    files: frozenset[tuple[str, str, str]]
    passed: tuple[Passed, ...]


def passed_between(before: Plan, now: Plan, name: str, *, entities_changed: bool = False) -> tuple[Passed, ...] | None:
    """What the windows of an audience passed over between two plans of the same definitions; None where everybody has to be looked at.

    `entities_changed`: the files of entities are others now.
    """
    earlier, later = before.audiences[name], now.audiences[name]
    if later.of is not Subject.USERS:
        return None
    found: set[Passed] = set()
    for one, other in zip(leaves_of(earlier.predicate), leaves_of(later.predicate), strict=True):
        if isinstance(other, MemberOf):
            inner = passed_between(before, now, other.audience, entities_changed=entities_changed)
            if inner is None:
                return None
            found |= set(inner)
            continue
        if not _depends_on_stretches_alone(other) or _bare(one) != _bare(other):
            return None
        if entities_changed and isinstance(other, HasRows):
            return None  # whom a row concerns, directly or by way of others, is known only when all are read
        passed = _passed_by_windows(_stretches(one), _stretches(other))
        by_traits = _passed_by_traits(before, now, traits_of_leaf(other))
        if passed is None or by_traits is None:
            return None
        found |= passed | by_traits
    latest = {one for one in found if one.low >= before.as_of}
    return tuple(sorted(found - latest, key=lambda one: (one.names, one.low, one.high)))


def _passed_by_windows(before: list[tuple[Names, Stretch]], now: list[tuple[Names, Stretch]]) -> set[Passed] | None:
    found: set[Passed] = set()
    for (names, earlier), (_, later) in zip(before, now, strict=True):
        for ends in ((earlier.low, later.low), (earlier.high, later.high)):
            passed = _passed(names, *ends)
            if passed is None:
                return None
            found |= passed
    return found


def _passed_by_traits(before: Plan, now: Plan, paths: Iterable[Path]) -> set[Passed] | None:
    """What the windows of computed traits passed over; None where one changes for everybody as time goes by."""
    found: set[Passed] = set()
    for trait in computed_among(paths, now.traits):
        one, other = before.traits[trait.name].source, trait.source
        if is_undated(other):
            return None
        if isinstance(one, TraitOfEvents) and isinstance(other, TraitOfEvents):
            if other.compute in _OF_TIME or other.events.session is not None or _bare_source(one) != _bare_source(other):
                return None
            passed = _passed_by_windows([(one.events.names, one.events.stretch)], [(other.events.names, other.events.stretch)])
            if passed is None:
                return None
            found |= passed
    return found


_OF_TIME = frozenset({Compute.DAYS_SINCE_FIRST, Compute.DAYS_SINCE_LAST})


def _bare_source(source: TraitOfEvents) -> TraitOfEvents:
    return replace(source, events=_anytime(source.events))


def _depends_on_stretches_alone(leaf: Leaf) -> bool:
    """Whether time changes a leaf by its stretches only. A settled sequence waits for an instant that no event marks."""
    match leaf:
        case Sequence():
            return not leaf.settled
        case AmongRows() | SomeLinked() | MessageWas() | StayWas():
            return False
        case _:
            return True


def _passed(names: Names, one: Bound | None, other: Bound | None) -> set[Passed] | None:
    """The stretch between two ends; None where one of them is open."""
    if one is None or other is None:
        return set() if one is other else None
    if one.instant == other.instant:
        return set()
    assert isinstance(one.instant, datetime) and isinstance(other.instant, datetime), "a plan of one instant has literal ends"
    return {Passed(names, min(one.instant, other.instant), max(one.instant, other.instant))}


def _sets(leaf: Leaf) -> Iterator[Events]:
    match leaf:
        case Happened() | Counted() | Measured() | OnDays() | EdgeMeets() | Regular():
            yield leaf.events
        case Sequence():
            yield from (step.events for step in leaf.steps)
            yield from (forbidden.events for forbidden in (*leaf.between, *leaf.after))
            yield from leaf.without
        case _:
            return


def _stretches(leaf: Leaf) -> list[tuple[Names, Stretch]]:
    found = [(events.names, events.stretch) for events in _sets(leaf)]
    if isinstance(leaf, Regular):
        found += [(leaf.events.names, stretch) for stretch in leaf.stretches]
    return found


def _bare(leaf: Leaf) -> object:
    """A leaf without its stretches (of a regular one their number is left)."""
    match leaf:
        case Happened():
            return replace(leaf, events=_anytime(leaf.events))
        case Counted() | Measured() | OnDays() | EdgeMeets():
            return replace(leaf, events=_anytime(leaf.events))
        case Regular():
            return replace(leaf, events=_anytime(leaf.events), stretches=tuple(Stretch() for _ in leaf.stretches))
        case Sequence():
            return replace(
                leaf,
                steps=tuple(_bare_step(step) for step in leaf.steps),
                between=tuple(_bare_forbidden(one) for one in leaf.between),
                after=tuple(_bare_forbidden(one) for one in leaf.after),
                without=tuple(_anytime(events) for events in leaf.without),
            )
        case _:
            return leaf


def _anytime(events: Kind) -> Kind:
    return replace(events, stretch=Stretch())


def _bare_step(step: PlannedStep) -> PlannedStep:
    return replace(step, events=_anytime(step.events))


def _bare_forbidden(forbidden: Forbidden) -> Forbidden:
    return replace(forbidden, events=_anytime(forbidden.events))


def orders_events(plan: Plan) -> bool:
    """Whether some condition looks at the order of events, in which message ids decide between equal instants."""
    for trait in plan.traits.values():
        if isinstance(trait.source, TraitOfEvents) and trait.source.compute in (Compute.FIRST, Compute.LAST):
            return True
    for audience in plan.audiences.values():
        for leaf in leaves_of(audience.predicate):
            if isinstance(leaf, Sequence | EdgeMeets) or any(not isinstance(events, EventSet) for events in _sets(leaf)):
                return True
    return False
