"""Conditions of a project asked of users each at an instant of its own, as the product answers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlglot import exp

from engage_cli.definitions.conditions import Condition
from engage_cli.engine.base import Engine
from engage_cli.plan.moments import MomentPlan, plan_moments
from engage_cli.plan.needs import Catalog, Needs
from engage_cli.service.workspace import engine_for, load
from engage_cli.sql.changes import instants_of_change
from engage_cli.sql.literals import timestamp_literal
from engage_cli.sql.moments import compile_moments

Moment = tuple[str, datetime]
SUBJECTS = "asked_subjects"


def subjects_query(engine: Engine, moments: Sequence[Moment]) -> exp.Select:
    """(subject_key, user_key, at) of these users at these instants; the key is the place in the list."""
    keys = {user: key for key, user in engine.rows("SELECT user_key, user_id FROM users")}
    rows = [
        exp.Tuple(expressions=[exp.Literal.number(number), exp.Literal.number(keys[user]), timestamp_literal(at)])
        for number, (user, at) in enumerate(moments)
        if user in keys
    ]
    names = [exp.to_identifier(name) for name in ("subject_key", "user_key", "at")]
    return exp.select("*").from_(exp.Values(expressions=rows, alias=exp.TableAlias(this=exp.to_identifier("v"), columns=names)))


def truths(
    engine: Engine, plan: MomentPlan, catalog: Catalog, moments: Sequence[Moment], as_of: datetime, prefix: str = "m_"
) -> dict[str, set[int]]:
    """By condition the places in `moments` at which it holds."""
    engine.create(f"{prefix}{SUBJECTS}", subjects_query(engine, moments))
    low, high = min(at for _, at in moments), max(at for _, at in moments)
    compiled = compile_moments(plan, plan.conditions, catalog, f"{prefix}{SUBJECTS}", low, high, prefix=prefix, as_of=as_of)
    for name, query in compiled.steps():
        engine.create(name, query)
    return {name: {row[0] for row in engine.rows(compiled.holding(name))} for name in plan.conditions}


def truths_of_project(
    folder: Path, conditions: Mapping[str, Condition], owner: str, moments: Sequence[Moment], as_of: datetime
) -> dict[str, set[int]]:
    """The same of a project folder, for conditions of a definition."""
    project = load(folder)
    zone = project.config.timezone
    plan = plan_moments(project, conditions, zone, owner)
    with engine_for(project, folder) as engine:
        needs = plan.needs(Needs(as_of, zone), min(at for _, at in moments))
        staging = engine.stage(project.config.sources, needs)
        return truths(engine, plan, staging.catalog, moments, as_of)


def members_at(moments: Iterable[Moment], places: set[int]) -> set[Moment]:
    """The moments in these places."""
    return {moment for place, moment in enumerate(moments) if place in places}


def changes_of(engine: Engine, plan: MomentPlan, catalog: Catalog, low: datetime, high: datetime) -> dict[str, set[Moment]]:
    """By condition the users with the instants at which it may change for them."""
    everybody = exp.select(exp.alias_(exp.column("user_key"), "subject_key"), "user_key").from_("users")
    engine.create("asked_everybody", everybody)
    users = dict(engine.rows("SELECT user_key, user_id FROM users"))
    found = {}
    for name in plan.conditions:
        rows = engine.rows(instants_of_change(plan, name, catalog, "asked_everybody", low, high))
        found[name] = {(users[key], at.replace(tzinfo=UTC)) for key, at in rows}
    return found
