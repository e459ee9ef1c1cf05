"""Finding the recipients of a broadcast, once: everybody of whom its condition holds as of its own instant, in what variant and when.

`b_recipient(candidate_id, user_id, zone, variant, waits, scheduled_at, withheld)`
    one row a recipient. `variant` NULL: in none; `waits`: for the winner of the test. `withheld`: `excluded` or `control`, else NULL.
"""

from datetime import datetime

from sqlglot import exp

from engage_cli.broadcasts.instants import instant_in
from engage_cli.broadcasts.planning import EXCLUDE, RECIPIENTS, PlannedBroadcast
from engage_cli.engine.base import Engine
from engage_cli.journeys.asking import is_zone
from engage_cli.journeys.known import make_known
from engage_cli.plan.journeys.asked import ZONE
from engage_cli.plan.needs import Catalog
from engage_cli.sql.literals import column
from engage_cli.sql.moment_values import compile_values
from engage_cli.sql.moments import compile_moments
from engage_cli.state.instants import stored


def find_recipients(engine: Engine, plan: PlannedBroadcast, catalog: Catalog, as_of: datetime) -> None:
    """Make `b_recipient`, from what is staged as of the run's instant `as_of`."""
    at = stored(plan.instant)
    if plan.instant < as_of:
        make_known(engine)
        engine.execute(_SUBJECTS_KNOWN, [at, at])
    else:
        engine.execute(_SUBJECTS, [at])
    _ask(engine, plan, catalog, as_of)
    _make_zones(engine, plan, catalog, as_of)
    _make_variants(engine, plan)
    zones = [str(row[0]) for row in engine.rows("SELECT DISTINCT zone FROM b_zoned ORDER BY zone")]
    instants = [stored(instant_in(plan.broadcast, plan.instant, zone, at_once=plan.at_once)) for zone in zones]
    engine.execute(_ZONE_INSTANTS, [zones, instants])
    decided_at = plan.decided_at
    engine.execute(_RECIPIENTS, [plan.name, plan.name, None if decided_at is None else stored(decided_at)])


def recipient_count(engine: Engine) -> tuple[int, int]:
    """How many there are in `b_recipient`: without those who are excluded, and these."""
    rows = engine.rows(_COUNT)
    return int(rows[0][0]), int(rows[0][1])


def _ask(engine: Engine, plan: PlannedBroadcast, catalog: Catalog, as_of: datetime) -> None:
    """Make `b_holds(user_key, excluded)` of those of `b_subject` of whom the condition holds."""
    names = list(plan.moments.conditions)
    compiled = compile_moments(plan.moments, names, catalog, "b_subject", plan.instant, plan.instant, prefix="b_ask_", as_of=as_of)
    made = []
    for relation, query in compiled.steps():
        engine.create(relation, query)
        made.append(relation)
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("s"))
    holding = {name: compiled.holding(name) for name in names}
    excluded: exp.Expr = exp.false()
    if EXCLUDE in holding:
        excluded = exp.In(this=column("subject_key", "s"), query=exp.Subquery(this=holding[EXCLUDE]))
    query = exp.select(star, exp.alias_(excluded, "excluded")).from_(exp.alias_(exp.to_table("b_subject"), "s", table=True))
    query = query.where(exp.In(this=column("subject_key", "s"), query=exp.Subquery(this=holding[RECIPIENTS])))
    engine.execute("DROP TABLE IF EXISTS temp.main.b_holds")
    engine.create("b_holds", query)
    for relation in reversed(made):
        engine.drop(relation)


def _make_zones(engine: Engine, plan: PlannedBroadcast, catalog: Catalog, as_of: datetime) -> None:
    """Make `b_zoned(user_key, user_id, excluded, zone)`: those who hold, with their zone as of the broadcast's instant, the project's where
    theirs is no IANA name."""
    if ZONE not in plan.values:
        engine.execute(_ONE_ZONE, [plan.zone])
        return
    values, at = {"zone": plan.values[ZONE]}, plan.instant
    steps, made = compile_values(plan.moments, values, catalog, "b_holds", at, at, prefix="b_ask_", as_of=as_of)
    for relation, query in steps:
        engine.create(relation, query)
    shown = [column("user_key", "s"), column("excluded", "s"), column("zone", "v")]
    query = exp.select(*shown).from_(exp.alias_(exp.to_table("b_holds"), "s", table=True))
    same = exp.EQ(this=column("subject_key", "v"), expression=column("subject_key", "s"))
    engine.execute("DROP TABLE IF EXISTS temp.main.b_read")
    engine.create("b_read", query.join(exp.alias_(exp.to_table(made), "v", table=True), on=same))
    for relation, _ in reversed(steps):
        engine.drop(relation)
    found = [str(row[0]) for row in engine.rows("SELECT DISTINCT zone FROM b_read WHERE zone IS NOT NULL ORDER BY zone")]
    engine.execute(_ZONES, [[name for name in found if is_zone(name)], plan.zone])


def _make_variants(engine: Engine, plan: PlannedBroadcast) -> None:
    """Make `b_variant(variant, control, low, high)`: the stretch of buckets of each, in units of which a whole has 10^8 · 2^32."""
    rows, low = [], 0
    for one in plan.broadcast.variants:
        rows.append((one.name, one.control, low << 32, (low + one.percent_millionths) << 32))
        low += one.percent_millionths
    engine.execute(_VARIANTS, [[row[number] for row in rows] for number in range(4)])


_COUNT = """
    SELECT count(*) FILTER (withheld IS DISTINCT FROM 'excluded'), count(*) FILTER (withheld = 'excluded') FROM b_recipient
"""
_SUBJECTS_KNOWN = """
    CREATE OR REPLACE TEMP TABLE b_subject AS
    SELECT user_key AS subject_key, user_key, CAST(? AS TIMESTAMP) AS "at" FROM w_known_since WHERE since <= CAST(? AS TIMESTAMP)
"""
_SUBJECTS = """
    CREATE OR REPLACE TEMP TABLE b_subject AS SELECT user_key AS subject_key, user_key, CAST(? AS TIMESTAMP) AS "at" FROM users
"""
_ONE_ZONE = """
    CREATE OR REPLACE TEMP TABLE b_zoned AS
    SELECT u.user_key, u.user_id, h.excluded, CAST(? AS VARCHAR) AS zone FROM b_holds AS h JOIN users AS u USING (user_key)
"""
_ZONES = """
    CREATE OR REPLACE TEMP TABLE b_zoned AS
    SELECT u.user_key, u.user_id, r.excluded,
        CASE WHEN list_contains(CAST(? AS VARCHAR[]), r.zone) THEN r.zone ELSE CAST(? AS VARCHAR) END AS zone
    FROM b_read AS r JOIN users AS u USING (user_key)
"""
_VARIANTS = """
    CREATE OR REPLACE TEMP TABLE b_variant AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS variant, unnest(CAST(? AS BOOLEAN[])) AS control, unnest(CAST(? AS BIGINT[])) AS low,
        unnest(CAST(? AS BIGINT[])) AS high
"""
_ZONE_INSTANTS = """
    CREATE OR REPLACE TEMP TABLE b_zone AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS zone, unnest(CAST(? AS TIMESTAMP[])) AS "at"
"""
# Who waits for the winner gets it when that is known, and where the message is sent by local time not before it is that time.
_RECIPIENTS = """
    CREATE OR REPLACE TEMP TABLE b_recipient AS
    WITH drawn AS (
        SELECT z.*, md5(b.name || chr(31) || '' || chr(31) || '1' || chr(31) || z.user_id) AS candidate_id, i."at",
            CAST('0x' || substr(md5(CAST(? AS VARCHAR) || ':' || z.user_id), 1, 8) AS BIGINT) * 100000000 AS bucket
        FROM b_zoned AS z JOIN b_zone AS i USING (zone) CROSS JOIN (SELECT CAST(? AS VARCHAR) AS name) AS b
    ), placed AS (
        SELECT d.*, v.variant, coalesce(v.control, FALSE) AS control, d.excluded IS FALSE AND v.variant IS NULL AND t.decided_at IS NOT NULL
            AS waits, t.decided_at
        FROM drawn AS d LEFT JOIN b_variant AS v ON NOT d.excluded AND d.bucket >= v.low AND d.bucket < v.high
        CROSS JOIN (SELECT CAST(? AS TIMESTAMP) AS decided_at) AS t
    )
    SELECT candidate_id, user_id, zone, variant, waits, CASE WHEN waits THEN greatest("at", decided_at) ELSE "at" END AS scheduled_at,
        CASE WHEN excluded THEN 'excluded' WHEN control THEN 'control' END AS withheld
    FROM placed
"""
