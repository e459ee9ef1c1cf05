"""Lists of journeys at destinations: which there are, what their rows are made of, and what a tick tells of them. For ticks.

A list is handled as an audience of whoever is on it, by the list's name.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.conditions import Everyone
from engage_cli.definitions.destinations import ListDestination
from engage_cli.definitions.journey import Journey
from engage_cli.definitions.journey_steps import Sync
from engage_cli.definitions.project import Project
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine
from engage_cli.journeys.setting import set_present
from engage_cli.outputs.syncs import NOTHING, Asked, Syncs, find_list_syncs
from engage_cli.plan.build import plan_audiences
from engage_cli.plan.needs import Catalog
from engage_cli.plan.predicates import Plan
from engage_cli.records import replace
from engage_cli.state.list_stays import Pair, lists_of_stays, make_listed_members, overdue_lists
from engage_cli.state.store import State


class JourneyLists(Struct, frozen=True):
    """The lists that journeys put people on, each with its destination, and the plan of what their rows are made of."""

    lists: tuple[tuple[ListDestination, Audience], ...]
    plan: Plan
    overdue: bool
    """Whether some of them have something to tell though no journey moves."""

    @property
    def pairs(self) -> list[Pair]:
        """Destination and name of each."""
        return [(destination.name, audience.name) for destination, audience in self.lists]


def plan_lists(project: Project, state: State, journeys: Iterable[Journey], as_of: datetime) -> JourneyLists:
    """The lists of these journeys and those of the state, as far as their destinations are declared and take lists."""
    steps = (step for journey in journeys for step in journey.all_steps() if isinstance(step, Sync))
    found = {(step.destination, step.list) for step in steps if step.list is not None} | set(lists_of_stays(state))
    found -= {(destination, audience.name) for audience in project.audiences.values() for destination in audience.sync}
    taking = {name: one for name, one in project.config.destinations.items() if isinstance(one, ListDestination)}
    pairs = sorted(pair for pair in found if pair[0] in taking)
    audiences = {name: _audience(name, [one for one, other in pairs if other == name], taking) for _, name in pairs}
    plan = plan_audiences(replace(project, audiences=audiences), audiences, as_of, project.config.timezone)
    overdue = not set(overdue_lists(state, as_of)).isdisjoint(pairs)
    return JourneyLists(tuple((taking[destination], audiences[name]) for destination, name in pairs), plan, overdue)


def _audience(name: str, destinations: Sequence[str], taking: dict[str, ListDestination]) -> Audience:
    span = taking[destinations[0]].span
    return Audience(name, "", Everyone(span), tuple(destinations), (), span, with_anonymous=True)


def find_lists(engine: Engine, state: State, lists: JourneyLists, catalog: Catalog, as_of: datetime, *, run: int, asked: Asked) -> Syncs:
    """What the lists are told after a tick's moves; makes `list_change` for the files."""
    if not lists.lists:
        return NOTHING
    from engage_cli.service.list_traits import make_list_traits  # an idle tick does without the compiler
    from engage_cli.sql.compile import compile_plan

    set_present(engine)
    make_listed_members(engine, lists.pairs, as_of)
    make_list_traits(engine, compile_plan(lists.plan, catalog), Subject.USERS)
    return find_list_syncs(engine, state, lists.lists, run=run, asked=asked)
