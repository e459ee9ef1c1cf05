"""Traits that journeys set, in every condition that is asked outside a tick: from the instant of each on they are the user's."""

from datetime import datetime
from pathlib import Path

from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine
from engage_cli.journeys.setting import lay_recorded, set_traits
from engage_cli.plan.predicates import Plan
from engage_cli.records import replace
from engage_cli.service.trait_courses import attached_state
from engage_cli.state.instants import stored


def dated_by_sets(project: Project, folder: Path, engine: Engine, plan: Plan) -> Plan:
    """The plan with its needs dated where it looks at traits that journeys have set. Called before staging."""
    if not project.journeys or not plan.needs.traits:
        return plan
    with attached_state(project, folder, engine) as state:
        known = frozenset() if state is None else set_traits(engine)
    known &= {column.path.name for column in plan.needs.traits}
    if not known:
        return plan
    return replace(plan, needs=replace(plan.needs, dated=True, set_traits=known))


def lay_sets(project: Project, folder: Path, engine: Engine, plan: Plan) -> None:
    """Make `traits` anew with what journeys have set by the plan's instant, where the needs are dated for it. Called after staging."""
    if not plan.needs.dated:
        return
    with attached_state(project, folder, engine) as state:
        if state is not None:
            lay_recorded(engine, plan.needs.traits, plan.zone, joined=project.config.sources.identity is not None)
            make_traits(engine, plan.as_of)


def make_traits(engine: Engine, as_of: datetime) -> None:
    """Make `traits` anew of `trait_history` with what was laid over it."""
    engine.execute(_TRAITS, [stored(as_of), stored(as_of)])


_TRAITS = """
    CREATE OR REPLACE TEMP TABLE traits AS
    SELECT * EXCLUDE (since, until) FROM trait_history
    WHERE since <= CAST(? AS TIMESTAMP) AND (until IS NULL OR until > CAST(? AS TIMESTAMP)) ORDER BY user_key
"""
