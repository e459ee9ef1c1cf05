"""Which of those who were walked as if they had entered are let in: one after the other along each user and key, by how each one ended.

Everybody has a turn at the door, a text: the instant and the id of the entry event, by which entries of one instant are ordered. An
instance is out of the way from a turn on, too. Entries come last at an instant, so its end is before them all, unless it ends there by what
somebody sets who enters at that very instant: that one, and whoever enters before, finds it still open.

`w_free(instance, user_key, key, entered_at, ended_at, end_event, known, free_at)`
    the instances that were there before (`known`), and those of this walk that ended, with the event of the entry by which they did, ''
    where none did it, and when they are out of the way.
"""

from sqlglot import exp

from engage_cli.definitions.journey import After, Always, Journey, Never
from engage_cli.engine.base import Engine
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.literals import column


def choose(engine: Engine, journey: Journey, zone: str) -> None:
    """Make `w_admitted(instance)`: those of the fresh instances of `w_instance` that are let in, by how each ended (`w_cut`)."""
    free: exp.Expr = column("ended_at", "c")
    match journey.entry.reentry:
        case After(duration=duration):
            free = after_duration(column("ended_at", "c"), duration, zone)
        case Never():
            free = exp.cast(exp.null(), "TIMESTAMP")
        case Always():
            pass
    for macro in _MACROS:
        engine.execute(macro)
    engine.execute(_ENDS, [journey.name])
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("c"))
    ends = exp.select(star, exp.alias_(free, "free_at")).from_(exp.alias_(exp.to_table("w_ends"), "c", table=True))
    engine.execute("DROP TABLE IF EXISTS temp.main.w_free")
    engine.create("w_free", ends)
    engine.execute(_AT_THE_DOOR, [isinstance(journey.entry.reentry, Always)])
    engine.execute(_NEXT)
    engine.execute(_ADMITTED)


# '~' is after every turn; DuckDB's ASOF joins would find some turn for NULL.
_MACROS = (
    "CREATE OR REPLACE TEMP MACRO turn_at_door(instant, event) AS strftime(instant, '%Y%m%d%H%M%S%f') || coalesce(event, '')",
    """
    CREATE OR REPLACE TEMP MACRO turn_free(free_at, ended_at, end_event) AS coalesce(
        turn_at_door(free_at, CASE WHEN free_at = ended_at AND end_event <> '' THEN end_event || chr(1) END), '~'
    )
    """,
    "CREATE OR REPLACE TEMP MACRO entry_behind(action) AS CASE WHEN action[1].rank = 4 THEN action[1].event ELSE '' END",
)
_ENDS = """
    CREATE OR REPLACE TEMP TABLE w_ends AS
    SELECT k.instance, k.user_key, k.key, k.entered_at, coalesce(e.ended_at, k.ended_at) AS ended_at,
        coalesce(e.end_event, '') AS end_event, TRUE AS known
    FROM w_known_instance AS k
    LEFT JOIN (
        SELECT instance, ended_at, '' AS end_event FROM r_ended UNION ALL SELECT instance, ended_at, entry_behind(action) FROM w_cut
    ) AS e USING (instance)
    WHERE k.journey = ?
    UNION ALL
    SELECT i.instance, i.user_key, i.key, i.entered_at, c.ended_at, entry_behind(c.action), FALSE
    FROM w_instance AS i JOIN w_cut AS c USING (instance) WHERE i.fresh
"""
# An instance that was there before keeps out who enters until it is out of the way; where nothing has to pass in between, those alone that
# enter after it did: who comes in late may enter before.
_AT_THE_DOOR = """
    CREATE OR REPLACE TEMP TABLE w_at_the_door AS
    SELECT i.instance, i.user_key, i.key, turn_at_door(i.entered_at, i.entry_event) AS turn,
        row_number() OVER (PARTITION BY i.user_key, i.key ORDER BY i.entered_at, i.entry_event NULLS FIRST) AS place,
        turn_free(f.free_at, f.ended_at, f.end_event) AS free_turn
    FROM w_instance AS i LEFT JOIN w_free AS f USING (instance)
    WHERE i.fresh AND NOT EXISTS (
        SELECT 1 FROM w_free AS r
        WHERE r.known AND r.user_key = i.user_key AND r.key IS NOT DISTINCT FROM i.key
            AND (r.entered_at <= i.entered_at OR NOT CAST(? AS BOOLEAN))
            AND turn_at_door(i.entered_at, i.entry_event) < turn_free(r.free_at, r.ended_at, r.end_event)
    )
"""
_NEXT = """
    CREATE OR REPLACE TEMP TABLE w_following AS
    SELECT d.instance, d.user_key, d.key, d.place, CASE WHEN n.place IS NOT NULL THEN greatest(n.place, d.place + 1) END AS next_place
    FROM w_at_the_door AS d
    ASOF LEFT JOIN (
        SELECT user_key, coalesce(key, '') AS keyed, turn, min(place) AS place FROM w_at_the_door GROUP BY ALL
    ) AS n ON n.user_key = d.user_key AND n.keyed = coalesce(d.key, '') AND n.turn >= d.free_turn
"""
_ADMITTED = """
    CREATE OR REPLACE TEMP TABLE w_admitted AS
    WITH RECURSIVE chain AS (
        SELECT instance, user_key, key, next_place FROM w_following WHERE place = 1
        UNION ALL
        SELECT f.instance, f.user_key, f.key, f.next_place
        FROM chain AS c JOIN w_following AS f
            ON f.user_key = c.user_key AND f.key IS NOT DISTINCT FROM c.key AND f.place = c.next_place
    )
    SELECT instance FROM chain
"""
