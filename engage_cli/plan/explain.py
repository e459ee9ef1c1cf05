"""The tree that `explain` shows: every part of a condition as written, beside the predicate that it means."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from engage_cli.definitions import conditions as w
from engage_cli.definitions.audience import Audience
from engage_cli.definitions.paths import Path
from engage_cli.definitions.project import Project
from engage_cli.definitions.subjects import Subject
from engage_cli.plan.build import Planner, plan_audiences
from engage_cli.plan.checks import Row, RowAll, RowAny, RowNot, SomeElement, Value
from engage_cli.plan.leaves import (
    Counted,
    EdgeMeets,
    Events,
    EventSet,
    Happened,
    Leaf,
    Measured,
    OnDays,
    Regular,
    Sequence,
    TraitMeets,
)
from engage_cli.plan.needs import USER_ID, Column, Needs, Reading
from engage_cli.plan.predicates import Predicate, leaves_of
from engage_cli.plan.requirements import IDS
from engage_cli.plan.resolve import Context
from engage_cli.records import replace


class ExplainedPart(Struct, frozen=True):
    """One part of a condition. `parts` are those it is made of; a nested audience has its own condition as its part."""

    condition: w.Condition
    predicate: Predicate
    parts: tuple["ExplainedPart", ...]

    def walk(self) -> "list[ExplainedPart]":
        """This part and all below it, in the order shown."""
        return [self, *(inner for part in self.parts for inner in part.walk())]

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The leaves of a part that has no parts."""
        return () if self.parts else tuple(leaves_of(self.predicate))


def explained(name: str, audiences: Mapping[str, Audience], as_of: datetime, zone: str) -> ExplainedPart:
    """The tree of an audience's condition, nested audiences opened."""

    def part(condition: w.Condition, owner: str) -> ExplainedPart:
        planner = Planner(Context(as_of, ZoneInfo(zone)), owner)
        match condition:
            case w.AllOf(parts) | w.AnyOf(parts) | w.NoneOf(parts):
                inner = tuple(part(one, owner) for one in parts)
            case w.Not(one):
                inner = (part(one, owner),)
            case w.InAudience(other):
                inner = (part(audiences[other].members, other),)
            case _:
                inner = ()
        return ExplainedPart(condition, planner.predicate(condition), inner)

    return part(audiences[name].members, name)


def explain_needs(name: str, project: Project, as_of: datetime, zone: str, user: str, tree: ExplainedPart) -> Needs:
    """What has to be staged to explain: one user's events of all time, whole, and the traits that are compared as they stand.

    Where accounts matter, everybody's: whose events concern the user or account is known only by then.
    """
    plan = plan_audiences(project, [name], as_of, zone, users=frozenset({user}))
    of = project.audiences[name].of
    compared = [path for one in tree.walk() for leaf in one.leaves for path in trait_paths(leaf, IDS[of])]
    shown = {Column(path, Reading.VALUE) for path in compared if path.name not in plan.traits}
    return replace(
        plan.needs,
        events=tuple(replace(need, since=None) for need in plan.needs.events),
        traits=plan.needs.traits | (shown if of is Subject.USERS else set()),
        account_traits=plan.needs.account_traits | (shown if of is Subject.ACCOUNTS else set()),
        users=None if plan.needs.accounts else plan.needs.users,
        whole=frozenset(name for need in plan.needs.events for name in need.names),
    )


def event_sets(leaf: Leaf) -> list[Events]:
    """The events that a leaf looks at, in the order written."""
    match leaf:
        case Happened(events):
            return [events]
        case Counted(events) | Measured(events) | OnDays(events) | EdgeMeets(events) | Regular(events):
            return [events]
        case Sequence(steps=steps, between=between, after=after, without=without):
            forbidden: list[EventSet] = [one.events for one in (*between, *after)]
            return [*(step.events for step in steps), *forbidden, *without]
        case _:
            return []


def trait_paths(leaf: Leaf, subject_id: Path = USER_ID) -> list[Path]:
    """The traits that a trait leaf compares, as they can be shown; not the subject's id, which is shown anyhow."""
    return [path for path in _row_paths(leaf.row) if path != subject_id] if isinstance(leaf, TraitMeets) else []


def _row_paths(row: Row) -> list[Path]:
    match row:
        case RowAll(parts) | RowAny(parts):
            return list(dict.fromkeys(path for part in parts for path in _row_paths(part)))
        case RowNot(part):
            return _row_paths(part)
        case Value(path) | SomeElement(path):
            return [] if path is None else [path]
