"""Conditions about messages and journeys in audiences, asked outside a tick: of what the state has recorded, and what came of it since."""

from collections.abc import Iterable
from pathlib import Path

from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine
from engage_cli.journeys.ledger import make_empty_ledger, make_recorded_ledger
from engage_cli.journeys.outcomes import make_no_outcomes, make_outcomes
from engage_cli.journeys.standing import make_instance_users
from engage_cli.plan.moments import MomentPlan
from engage_cli.plan.needs import Catalog
from engage_cli.plan.outcomes import asks_ledger, asks_outcomes
from engage_cli.plan.predicates import Plan
from engage_cli.service.trait_courses import attached_state
from engage_cli.state.store import State


def lay_ledger(project: Project, folder: Path, engine: Engine, plan: Plan, catalog: Catalog) -> None:
    """Make the relations of sql/ledger.py where the plan asks for them. Called after staging, before the engine is sealed."""
    predicates = tuple(one.predicate for one in plan.audiences.values())
    if not asks_ledger(predicates):
        return
    with attached_state(project, folder, engine) as state:
        if state is None:
            make_empty_ledger(engine)
            return
        make_instance_users(engine, joined=project.config.sources.identity is not None)
        if asks_outcomes(predicates):
            make_outcomes(engine, catalog, project.config.messaging.outcomes)
        else:
            make_no_outcomes(engine)
        make_recorded_ledger(engine)


def lay_moment_ledger(engine: Engine, moments: Iterable[MomentPlan]) -> None:
    """The same for conditions that a run asks at instants of their own, where they ask for it. Needs `instance_user`, `outcome_event`, and
    the state."""
    asked = [one.predicate for plan in moments for one in (*plan.audiences.values(), *plan.conditions.values())]
    if asks_ledger(tuple(asked)):
        make_recorded_ledger(engine)


def ledger_edition(state: State | None, plan: Plan) -> str:
    """What of the state an audience rests on: nothing, or all that was done by runs that were no builds of audiences."""
    if state is None or not asks_ledger(tuple(one.predicate for one in plan.audiences.values())):
        return ""
    [(number,)] = state.engine.rows("SELECT coalesce(max(number), 0) FROM state.main.run WHERE command <> 'audience build'")
    return f"after run {number}"
