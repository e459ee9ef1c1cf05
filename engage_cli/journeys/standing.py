"""Where everybody stands before a tick: the state's own tables, or, where a journey was edited, what becomes of the people inside.

`position_now`, `instance_now`
    the state's positions and instances as the tick finds them.
`instance_user(user_id, user_key)`
    whose events are an instance's, by the id that it was entered under.
`changed_now(instance, version)`
    the instances that go on by another edition than the state says.
"""

from collections.abc import Collection
from datetime import datetime

from engage_cli.definitions.journey import EndReason, Journey, OnChange
from engage_cli.engine.base import Engine
from engage_cli.state.instants import stored


def make_standing(engine: Engine, *, joined: bool) -> None:
    """Make the relations as the state has them. `joined`: identifiers join users, so that an id may be of another profile by now."""
    engine.execute("CREATE OR REPLACE TEMP VIEW position_now AS SELECT * FROM state.main.position")
    engine.execute("CREATE OR REPLACE TEMP VIEW instance_now AS SELECT * FROM state.main.instance")
    engine.execute("CREATE OR REPLACE TEMP TABLE changed_now (instance BIGINT, version INTEGER)")
    make_instance_users(engine, joined=joined)


def make_instance_users(engine: Engine, *, joined: bool) -> None:
    """Make `instance_user`."""
    if joined:
        engine.execute(_JOINED)
    engine.execute(_USER_JOINED if joined else _USER)


def change_edition(engine: Engine, journey: Journey, version: int, at: datetime, steps: Collection[str], tokens: Collection[str]) -> None:
    """Do what an edited journey says of the people inside: they go on by the edition that they entered, move to the new one, or leave at
    `at`.

    `steps` are those at which somebody can stand in the new edition, `tokens` the branches of its forks: who stands elsewhere leaves.
    """
    if journey.on_change is OnChange.FINISH:
        return
    moving = journey.on_change is OnChange.MOVE
    for statement in _MATERIALISE:
        engine.execute(statement)
    name, why, when = journey.name, EndReason.CHANGED.value, stored(at)
    engine.execute(_LEAVING, [name, version, list(steps) if moving else [], list(tokens) if moving else []])
    engine.execute(_LOG_LEAVING, [when, why])
    engine.execute(_END_LEAVING, [when, why])
    engine.execute("INSERT INTO r_moved SELECT DISTINCT instance FROM position_copied WHERE journey = ? AND version <> ?", [name, version])
    engine.execute("DELETE FROM position_copied WHERE instance IN (SELECT instance FROM leaving_now)")
    engine.execute("UPDATE instance_copied SET ended_at = ? WHERE instance IN (SELECT instance FROM leaving_now)", [when])
    engine.execute(
        "INSERT INTO changed_now SELECT DISTINCT instance, CAST(? AS INTEGER) FROM position_copied WHERE journey = ?", [version, name]
    )
    engine.execute(
        "UPDATE position_copied SET version = CAST(? AS INTEGER), due = NULL, exit_due = NULL WHERE journey = ?", [version, name]
    )
    engine.execute("UPDATE instance_copied SET version = CAST(? AS INTEGER) WHERE journey = ? AND ended_at IS NULL", [version, name])


_USER = "CREATE OR REPLACE TEMP VIEW instance_user AS SELECT user_id, user_key FROM users"
_USER_JOINED = "CREATE OR REPLACE TEMP VIEW instance_user AS SELECT user_id, user_key FROM known_user"
_JOINED = """
    CREATE OR REPLACE TEMP TABLE known_user AS
    SELECT text AS user_id, arg_min(user_key, place) AS user_key FROM (
        SELECT user_id AS text, user_key, -1 AS place FROM everybody
        UNION ALL SELECT value, user_key, kind FROM known_as WHERE user_key IS NOT NULL
        UNION ALL SELECT a.alias, e.user_key, 1000 FROM state.main.alias AS a JOIN everybody AS e ON e.user_id = a.user_id
    ) GROUP BY text
"""
_MATERIALISE = (
    "CREATE OR REPLACE TEMP TABLE position_copied AS SELECT * FROM position_now",
    "CREATE OR REPLACE TEMP VIEW position_now AS SELECT * FROM position_copied",
    "CREATE OR REPLACE TEMP TABLE instance_copied AS SELECT * FROM instance_now",
    "CREATE OR REPLACE TEMP VIEW instance_now AS SELECT * FROM instance_copied",
)
_LEAVING = """
    CREATE OR REPLACE TEMP TABLE leaving_now AS
    SELECT DISTINCT instance FROM position_now
    WHERE journey = ? AND version <> ?
        AND NOT (list_contains(CAST(? AS VARCHAR[]), step) AND list_contains(CAST(? AS VARCHAR[]), token))
"""
_LOG_LEAVING = """
    INSERT INTO r_transition
    SELECT p.instance, CAST(t.before + row_number() OVER (PARTITION BY p.instance ORDER BY p.token) AS INTEGER), p.token, p.step, NULL,
        greatest(CAST(? AS TIMESTAMP), p.last_at), CAST(? AS VARCHAR), NULL, NULL
    FROM position_now AS p SEMI JOIN leaving_now AS l USING (instance)
    JOIN (SELECT instance, max(ordinal) AS before FROM state.main.transition GROUP BY instance) AS t USING (instance)
    WHERE NOT ends_with(p.step, ':joined')
"""
_END_LEAVING = """
    INSERT INTO r_ended
    SELECT instance, greatest(CAST(? AS TIMESTAMP), max(last_at)), CAST(? AS VARCHAR)
    FROM position_now SEMI JOIN leaving_now AS l USING (instance) GROUP BY instance
"""
