"""What broadcasts ask of people, planned, and what that needs of the data. For who sends them, and for what the event store holds."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.broadcast_walk import conditions_of
from engage_cli.definitions.journey import Goal
from engage_cli.definitions.project import Project
from engage_cli.plan.instants import Stretch
from engage_cli.plan.leaves import EventSet, Happened
from engage_cli.plan.moments import MomentPlan, plan_moments
from engage_cli.plan.needs import Needs
from engage_cli.plan.outcomes import with_outcomes
from engage_cli.plan.relative import OWN
from engage_cli.plan.requirements import needs_of_leaf
from engage_cli.plan.resolve import Context, row_of
from engage_cli.records import replace


def plan_broadcast(project: Project, broadcast: Broadcast) -> MomentPlan:
    """The conditions of a broadcast, `recipients` and `exclude`, to be asked of users as of its instant."""
    return plan_moments(project, conditions_of(broadcast), project.config.timezone, broadcast.name, is_journey=False)


def plan_broadcasts(project: Project) -> dict[str, MomentPlan]:
    """The conditions of every broadcast of a project, by its name."""
    return {name: plan_broadcast(project, broadcast) for name, broadcast in project.broadcasts.items()}


def needs_of_broadcasts(project: Project, plans: Mapping[str, MomentPlan], base: Needs, low: datetime) -> Needs:
    """`base` with what has to be staged for some broadcasts, none of whose instants is before `low`.

    That is their conditions, their goals, and what comes back of their messages.
    """
    needs = replace(base, dated=True)
    for plan in plans.values():
        needs = plan.needs(needs, low)
    for goal in _goals(project.broadcasts[name] for name in plans):
        row = row_of(goal.on.where, Context(OWN, ZoneInfo(base.zone)))
        needs = needs.with_also(needs_of_leaf(Happened(EventSet(tuple(sorted(set(goal.on.names))), Stretch(), row)), base))
    return with_outcomes(needs, project.config.messaging.outcomes) if plans else needs


def _goals(broadcasts: Iterable[Broadcast]) -> list[Goal]:
    return [broadcast.goal for broadcast in broadcasts if broadcast.goal is not None]
