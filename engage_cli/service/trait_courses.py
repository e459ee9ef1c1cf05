"""Undated traits (of SQL, RFM scores) at instants that are not now: what runs recorded, and where they recorded nothing the present value.

What a trait is counts as recorded from the first instant that `trait build` built it at to the last one. Before and after that its value is
the present one, as of the run that asks.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlglot import exp

from engage_cli.definitions.paths import path_of
from engage_cli.definitions.project import Project
from engage_cli.definitions.subjects import Subject
from engage_cli.engine.base import Engine
from engage_cli.journeys.standing import make_instance_users
from engage_cli.plan.build import plan_audiences
from engage_cli.plan.needs import Catalog, Reading
from engage_cli.plan.predicates import Plan
from engage_cli.plan.traits import is_undated
from engage_cli.records import replace
from engage_cli.sql.literals import column
from engage_cli.sql.scope import USERS
from engage_cli.sql.traits_recorded import ACCOUNT_TRAIT_COURSE, TRAIT_COURSE
from engage_cli.state.instants import stored
from engage_cli.state.store import State, open_published
from engage_cli.state.traits import TraitClock, trait_clocks

_RELATIONS = {Subject.USERS: TRAIT_COURSE, Subject.ACCOUNTS: ACCOUNT_TRAIT_COURSE}


def make_trait_courses(
    engine: Engine, state: State | None, project: Project, catalog: Catalog, names: Sequence[str], as_of: datetime
) -> None:
    """Make `trait_course` and `account_trait_course` (plan/needs.py) of undated traits, for subjects with instants up to `as_of`.

    What they and those behind them look at is staged; the state, if there is one, is attached.
    """
    clocks, joined = trait_clocks(state), project.config.sources.identity is not None
    for of in Subject:
        _begin(engine, of)
        asked = sorted(one for one in names if project.traits[one].of is of)
        if not clocks.keys().isdisjoint(asked):
            _make_held(engine, of, asked, joined=joined)
        for name in asked:
            _present(engine, project, catalog, name, of, as_of)
            clock = clocks.get(name)
            if clock is None or clock.of != of.value:
                engine.execute(_ALWAYS[of], [name])
            else:
                bounds = [stored(clock.first_as_of), stored(clock.as_of)]
                engine.execute(_AROUND[of], [name, *bounds])
                engine.execute(_RECORDED[of], [bounds[1], name])
            engine.drop("trait_present")


def as_recorded(project: Project, folder: Path, engine: Engine, plan: Plan) -> Plan:
    """The plan of a look at an instant before the last one that some of its undated traits were built at: these are what was recorded.

    Makes `trait_course` (`account_trait_course`) of them. Called after staging, before the engine is sealed.
    """
    undated = [trait for trait in plan.traits.values() if is_undated(trait.source)]
    if not undated:
        return plan
    with attached_state(project, folder, engine) as state:
        clocks = trait_clocks(state)
        recorded = {trait.name: clocks[trait.name] for trait in undated if _covers(clocks.get(trait.name), trait.of, plan.as_of)}
        for of in Subject if recorded else ():
            _begin(engine, of)
            names = [name for name, clock in recorded.items() if clock.of == of.value]
            if names:
                _make_held(engine, of, names, joined=project.config.sources.identity is not None)
                engine.execute(_AS_OF[of], [stored(plan.as_of), stored(plan.as_of)])
    return replace(plan, recorded=frozenset(recorded))


def _covers(clock: TraitClock | None, of: Subject, as_of: datetime) -> bool:
    """Whether the value as of an instant is recorded, and not the present one."""
    return clock is not None and clock.of == of.value and clock.first_as_of <= as_of < clock.as_of


@contextmanager
def attached_state(project: Project, folder: Path, engine: Engine) -> Iterator[State | None]:
    """The state that a run has attached, or else its published copy."""
    path = folder / project.config.state
    if engine.rows("SELECT count(*) FROM duckdb_databases() WHERE database_name = 'state'")[0][0]:
        yield State(engine, path)
        return
    state = open_published(engine, path, older_is_none=True)  # an older one has recorded nothing
    try:
        yield state
    finally:
        if state is not None:
            state.close()


def _begin(engine: Engine, of: Subject) -> None:
    engine.execute(_CREATE[of])


def _make_held(engine: Engine, of: Subject, names: Sequence[str], *, joined: bool) -> None:
    """Make `trait_held(key, trait, value, since, until)`: what the state has of some traits, of those who are known.

    `joined`: identifiers join users. A user's values are those under their id, and before the first of them those under the first of the
    ids that they were known by.
    """
    if of is Subject.USERS:
        make_instance_users(engine, joined=joined)
    engine.execute(_HELD[of], [list(names)])


def _present(engine: Engine, project: Project, catalog: Catalog, name: str, of: Subject, as_of: datetime) -> None:
    """Make `trait_present(key, value)` of all for whom a trait is not missing at the run's instant."""
    from engage_cli.sql.compile import compile_plan  # an idle tick does without the compiler

    plan = plan_audiences(project, (), as_of, project.config.timezone, traits=[name])
    compiled = compile_plan(plan, catalog)
    scope = compiled.scope(of)
    value = scope.trait(path_of(name)).read(Reading.VALUE)
    query = exp.select(exp.alias_(column("user_key", USERS), "key"), exp.alias_(value, "value"))
    query = query.from_(exp.alias_(exp.to_table("users"), USERS, table=True))
    query = query.where(exp.not_(exp.Is(this=value.copy(), expression=exp.null())))
    scope.used.discard(USERS)
    engine.create("trait_present", compiled.join_values(query, scope, column("user_key", USERS), of=of))


def _of_kind(statement: str) -> dict[Subject, str]:
    """A statement for each kind of subject."""
    return {
        of: statement.replace("{course}", _RELATIONS[of])
        .replace("{key}", f"{of.one}_key")
        .replace("{everybody}", of.value)
        .replace("{id}", of.id_name)
        .replace("{named}", "instance_user" if of is Subject.USERS else of.value)
        .replace("{of}", of.value)
        for of in Subject
    }


_CREATE = _of_kind("CREATE OR REPLACE TEMP TABLE {course} ({key} INTEGER, trait VARCHAR, value JSON, since TIMESTAMP, until TIMESTAMP)")
_ALWAYS = _of_kind("INSERT INTO {course} SELECT key, CAST(? AS VARCHAR), value, TIMESTAMP '0001-01-01', NULL FROM trait_present")
_AROUND = _of_kind("""
    INSERT INTO {course}
    WITH bounds AS (SELECT CAST(? AS VARCHAR) AS trait, CAST(? AS TIMESTAMP) AS first, CAST(? AS TIMESTAMP) AS last)
    SELECT key, trait, value, TIMESTAMP '0001-01-01', first FROM trait_present CROSS JOIN bounds
    UNION ALL
    SELECT key, trait, value, last + INTERVAL 1 MICROSECOND, NULL FROM trait_present CROSS JOIN bounds
""")
_HELD = _of_kind("""
    CREATE OR REPLACE TEMP TABLE trait_held AS
    WITH found AS (
        SELECT named.{key} AS key, held.trait, held.subject_id, held.value, held.since, held.until, held.subject_id = one.{id} AS own
        FROM state.main.trait_value AS held
        JOIN {named} AS named ON named.{id} = held.subject_id
        JOIN {everybody} AS one ON one.{key} = named.{key}
        WHERE held.of = '{of}' AND list_contains(CAST(? AS VARCHAR[]), held.trait)
    ),
    ranked AS (
        SELECT *, min(since) FILTER (WHERE own) OVER (PARTITION BY key, trait) AS own_since,
            min(subject_id) FILTER (WHERE NOT own) OVER (PARTITION BY key, trait) AS other
        FROM found
    )
    SELECT key, trait, value, since, CASE WHEN own THEN until ELSE least(until, own_since) END AS until
    FROM ranked WHERE own OR (subject_id = other AND (own_since IS NULL OR since < own_since))
""")
_RECORDED = _of_kind("""
    INSERT INTO {course}
    SELECT key, trait, CAST(value AS JSON), since, coalesce(until, CAST(? AS TIMESTAMP) + INTERVAL 1 MICROSECOND)
    FROM trait_held WHERE trait = ?
""")
_AS_OF = _of_kind("""
    INSERT INTO {course}
    SELECT key, trait, CAST(value AS JSON), since, until FROM trait_held
    WHERE since <= CAST(? AS TIMESTAMP) AND (until IS NULL OR until > CAST(? AS TIMESTAMP))
""")
