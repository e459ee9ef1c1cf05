"""What a broadcast asks of the data: its conditions as of one instant, the recipients' zones, the goal."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from engage_cli.broadcasts.instants import instant_of_decision
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.journey import Goal
from engage_cli.definitions.outcomes import Outcome
from engage_cli.definitions.project import Project
from engage_cli.journeys.happening import Awaited, plan_on
from engage_cli.plan.broadcasts import plan_broadcast as plan_conditions
from engage_cli.plan.checks import OfTrait
from engage_cli.plan.instants import Stretch
from engage_cli.plan.journeys.asked import ZONE, Read
from engage_cli.plan.leaves import EventSet, Happened
from engage_cli.plan.moments import MomentPlan, plan_moments
from engage_cli.plan.needs import Column, EventNeed, Needs, Reading
from engage_cli.plan.outcomes import with_outcomes
from engage_cli.plan.requirements import needs_of_leaf
from engage_cli.state.broadcasts import BroadcastRow

RECIPIENTS = "recipients"
EXCLUDE = "exclude"


class PlannedBroadcast(Struct, frozen=True):
    """A broadcast that a run does something for: by `broadcast`, which is the kept definition once its recipients are found.

    `instant` is its own instant of sending. `row` is what the state has of it, None before its recipients are found. `at_once`: it is sent
    by hand before its time. `stopped`: nothing of it goes any more. `edited`: the file says something else by now.
    """

    broadcast: Broadcast
    instant: datetime
    zone: str
    row: BroadcastRow | None
    moments: MomentPlan
    values: Mapping[str, Read] = field(default_factory=dict)
    at_once: bool = False
    stopped: bool = False
    edited: bool = False

    @property
    def name(self) -> str:
        """Its id."""
        return self.broadcast.name

    @property
    def decided_at(self) -> datetime | None:
        """When its winner is known."""
        return instant_of_decision(self.broadcast, self.instant, self.zone)

    @property
    def awaited_goal(self) -> Awaited | None:
        """The event of its goal, planned."""
        return None if self.broadcast.goal is None else plan_goal(self.broadcast.goal, self.zone)

    def settles(self, as_of: datetime) -> bool:
        """Whether its winner is known by a run at `as_of`, and was not before."""
        known = self.row is not None and self.row.winner is not None
        return not known and self.decided_at is not None and self.decided_at <= as_of

    def needs(self, base: Needs, project: Project) -> Needs:
        """`base` with what has to be staged to find its recipients, if they are not found, and its winner, if that is due."""
        needs = base
        if self.row is None:
            needs = self.moments.needs(needs, self.instant)
            traits = {Column(one.reference.path, one.reading) for one in self.values.values() if isinstance(one.reference, OfTrait)}
            raw = frozenset(one for one in traits if one.path.name not in self.moments.traits)
            needs = needs.with_also(Needs(base.as_of, base.zone, traits=raw, dated=True))
            if self.instant < base.as_of:  # who was not known yet is no recipient
                everything = (EventNeed(("*",), None, frozenset()),)
                needs = needs.with_also(Needs(base.as_of, base.zone, events=everything, with_known_since=True, dated=True))
        if self.broadcast.winner is not None and self.settles(base.as_of):
            needs = needs_of_goal(needs, self.awaited_goal) if self.broadcast.winner.by is Outcome.CONVERTED else needs
            needs = with_outcomes(needs, project.config.messaging.outcomes)
        return needs


def plan_broadcast(
    project: Project,
    broadcast: Broadcast,
    instant: datetime,
    row: BroadcastRow | None,
    *,
    at_once: bool = False,
    stopped: bool = False,
    edited: bool = False,
) -> PlannedBroadcast:
    """A broadcast with its conditions planned, where its recipients are still to be found."""
    zone, person_zone = project.config.timezone, project.config.person_timezone
    moments = plan_conditions(project, broadcast) if row is None else plan_moments(project, {}, zone, broadcast.name, is_journey=False)
    values = {} if person_zone is None else {ZONE: Read(OfTrait(person_zone), Reading.TEXT)}
    return PlannedBroadcast(broadcast, instant, zone, row, moments, values, at_once, stopped, edited)


def plan_goal(goal: Goal, zone: str) -> Awaited:
    """The event that reaches a goal."""
    return plan_on(0, "goal", 0, goal.on, zone)


def needs_of_goal(base: Needs, goal: Awaited | None) -> Needs:
    """`base` with the events that reach a goal, of all time."""
    if goal is None:
        return base
    return base.with_also(needs_of_leaf(Happened(EventSet(goal.names, Stretch(), goal.row)), base))
