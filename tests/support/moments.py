"""Conditions of a project asked of users each at an instant of its own, as the product answers."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, pairwise
from pathlib import Path

from sqlglot import exp

from engage_cli.definitions.conditions import Condition
from engage_cli.engine.base import Engine
from engage_cli.plan.moments import MomentPlan, plan_moments
from engage_cli.plan.needs import Catalog, Needs
from engage_cli.records import replace
from engage_cli.service.trait_courses import attached_state, make_trait_courses
from engage_cli.service.workspace import engine_for, load, with_tables
from engage_cli.sql.changes import instants_of_change
from engage_cli.sql.moments import compile_moments

Moment = tuple[str, datetime]
SUBJECTS = "asked_subjects"
MICROSECOND = timedelta(microseconds=1)


def make_subjects(engine: Engine, name: str, moments: Sequence[Moment]) -> None:
    """The relation (subject_key, user_key, at) of these users at these instants; the key is the place in the list."""
    # As one text each: DuckDB takes long for lists of many parameters.
    users, instants = "\x1f".join(user for user, _ in moments), "\x1f".join(at.replace(tzinfo=None).isoformat(" ") for _, at in moments)
    engine.execute(
        f"CREATE TEMP TABLE {name} AS SELECT m.subject_key, u.user_key, CAST(m.at AS TIMESTAMP) AS at FROM ("
        "SELECT unnest(string_split(?, chr(31))) AS user_id, unnest(string_split(?, chr(31))) AS at, unnest(range(?)) AS subject_key"
        ") AS m JOIN users AS u USING (user_id)",
        [users, instants, len(moments)],
    )


def truths(
    engine: Engine, plan: MomentPlan, catalog: Catalog, moments: Sequence[Moment], as_of: datetime, prefix: str = "m_"
) -> dict[str, set[int]]:
    """By condition the places in `moments` at which it holds."""
    make_subjects(engine, f"{prefix}{SUBJECTS}", moments)
    low, high = min(at for _, at in moments), max(at for _, at in moments)
    compiled = compile_moments(plan, plan.conditions, catalog, f"{prefix}{SUBJECTS}", low, high, prefix=prefix, as_of=as_of)
    for name, query in compiled.steps():
        engine.create(name, query)
    return {name: {row[0] for row in engine.rows(compiled.holding(name))} for name in plan.conditions}


def truths_of_project(
    folder: Path, conditions: Mapping[str, Condition], owner: str, moments: Sequence[Moment], as_of: datetime
) -> dict[str, set[int]]:
    """The same of a project folder, for conditions of a definition; with what its state has recorded, if it has one."""
    project = load(folder)
    zone = project.config.timezone
    plan = plan_moments(project, conditions, zone, owner)
    with engine_for(project, folder) as engine:
        needs = plan.needs(Needs(as_of, zone), min(at for _, at in moments))
        needs = replace(needs, tables=with_tables(plan.as_plan(as_of), project.config.sources).needs.tables)
        staging = engine.stage(project.config.sources, needs)
        with attached_state(project, folder, engine) as state:
            make_trait_courses(engine, state, project, staging.catalog, sorted(plan.recorded), as_of)
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


def agree_between(engine: Engine, plan: MomentPlan, catalog: Catalog, low: datetime, high: datetime, shares: Sequence[float]) -> None:
    """Fail unless every condition is, at any instant from `low` to `high`, what it was at the last instant of change.

    Looked at are the instants found for any condition, a microsecond before each, and some between: so far (`shares`) from one to the next.
    """
    users = sorted(user for (user,) in engine.rows("SELECT user_id FROM users"))
    changes = {name: _by_user(found, low, users) for name, found in changes_of(engine, plan, catalog, low, high).items()}
    looked = {user: _looked_at([at for found in changes.values() for at in found[user]], high, shares) for user in users}
    moments = [(user, at) for user in users for at in sorted(looked[user])]
    if not moments:
        return
    found = truths(engine, plan, catalog, moments, high)
    places = {moment: place for place, moment in enumerate(moments)}
    for name, instants in changes.items():
        for user, at in moments:
            since = instants[user][bisect_right(instants[user], at) - 1]
            before, now = places[user, since] in found[name], places[user, at] in found[name]
            assert before == now, f"{name} of {user} is {before} at {since}, {now} at {at}"


def _by_user(found: set[Moment], low: datetime, users: Sequence[str]) -> dict[str, list[datetime]]:
    instants: dict[str, set[datetime]] = defaultdict(set)
    for user, at in found:
        instants[user].add(at)
    return {user: sorted({low, *instants[user]}) for user in users}


def _looked_at(instants: Sequence[datetime], high: datetime, shares: Sequence[float]) -> set[datetime]:
    found = sorted({*instants, high})
    between = {one + (other - one) * share for (one, other), share in zip(pairwise(found), cycle(shares), strict=False)}
    return {at for at in (*found, *(one - MICROSECOND for one in found), *between) if at >= found[0]}
