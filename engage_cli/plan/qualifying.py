"""Which rows of entities make somebody a member: of each `entity` condition that holds for them, and stands under no negation, those that
match, and of these the linked ones that match inside it. Conditions of a named audience count as if they were written in place."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from msgspec import Struct

from engage_cli.definitions import conditions as w
from engage_cli.plan.build import Planner
from engage_cli.plan.leaves import EntityRows, HasRows
from engage_cli.plan.predicates import Plan, Predicate, leaves_of
from engage_cli.plan.resolve import Context


class Qualifying(Struct, frozen=True):
    """One `entity` condition: the rows that match it, the predicate over them that must hold, and the like inside its `has`."""

    rows: EntityRows
    predicate: Predicate
    inside: tuple["Qualifying", ...]

    def walk(self) -> "Iterator[Qualifying]":
        """This one and all inside it."""
        yield self
        for inner in self.inside:
            yield from inner.walk()


def qualifying_of(plan: Plan, name: str) -> tuple[Qualifying, ...]:
    """The conditions on rows of an audience of a plan that may make somebody a member."""
    audience = plan.audiences[name]
    return tuple(_of_condition(audience.condition, plan))


def qualifying_entities(plan: Plan, name: str) -> tuple[str, ...]:
    """The entities of which rows may make somebody a member of an audience, in the order written."""
    return tuple(dict.fromkeys(one.rows.entity for asked in qualifying_of(plan, name) for one in asked.walk()))


def qualifying_at(condition: w.HasEntity, plan: Plan) -> Qualifying:
    """One condition on rows."""
    return _asked(condition, Planner(Context(plan.as_of, ZoneInfo(plan.zone)), owner=""))


def _of_condition(condition: w.Condition, plan: Plan) -> Iterator[Qualifying]:
    match condition:
        case w.AllOf(parts) | w.AnyOf(parts):
            for part in parts:
                yield from _of_condition(part, plan)
        case w.InAudience(name):
            yield from _of_condition(plan.audiences[name].condition, plan)
        case w.HasEntity():
            yield qualifying_at(condition, plan)


def _asked(condition: w.HasEntity, planner: Planner) -> Qualifying:
    predicate = planner.predicate(condition)
    leaf = next(leaves_of(predicate))
    assert isinstance(leaf, HasRows)
    return Qualifying(leaf.rows, predicate, tuple(_inside(condition.has, planner)))


def _inside(condition: w.Condition | None, planner: Planner) -> Iterator[Qualifying]:
    match condition:
        case w.AllOf(parts) | w.AnyOf(parts):
            for part in parts:
                yield from _inside(part, planner)
        case w.HasEntity():
            yield _asked(condition, planner)
