"""What the state knows of journeys: their clocks and editions, and the statements that make a tick history."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from engage_cli.engine.base import Engine
from engage_cli.state.inserting import insert_rows
from engage_cli.state.instants import read, stored
from engage_cli.state.store import State


class JourneyClock(Struct, frozen=True):
    """Where a journey stands: `as_of` its last tick, `definition` and `inputs` the hashes of what that rested on, `version` the newest."""

    journey: str
    as_of: datetime
    since: datetime
    version: int
    definition: str
    inputs: str
    run: int


class KeptVersion(Struct, frozen=True):
    """An edition of a journey: its text, and the hash of what of it matters."""

    journey: str
    version: int
    definition: str
    hash: str
    from_at: datetime


def journey_clocks(state: State | None) -> dict[str, JourneyClock]:
    """The clock of every journey that a tick ever saw live, by name."""
    if state is None:
        return {}
    rows = state.engine.rows("SELECT journey, as_of, since, version, definition, inputs, run FROM state.main.journey ORDER BY journey")
    return {name: JourneyClock(name, read(as_of), read(since), *rest) for name, as_of, since, *rest in rows}


def kept_versions(state: State | None) -> dict[str, list[KeptVersion]]:
    """Every edition of every journey, in order."""
    found: dict[str, list[KeptVersion]] = {}
    if state is not None:
        for journey, version, definition, digest, from_at in state.engine.rows(_VERSIONS):
            found.setdefault(journey, []).append(KeptVersion(journey, version, definition, digest, read(from_at)))
    return found


def open_versions(state: State | None) -> dict[str, set[int]]:
    """By journey the editions in which somebody is."""
    found: dict[str, set[int]] = {}
    if state is not None:
        for journey, version in state.engine.rows("SELECT DISTINCT journey, version FROM state.main.position"):
            found.setdefault(journey, set()).add(version)
    return found


def pauses_of(state: State | None) -> dict[str, list[tuple[datetime, datetime | None]]]:
    """By journey the stretches in which nobody enters."""
    found: dict[str, list[tuple[datetime, datetime | None]]] = {}
    if state is not None:
        for journey, begun, ended in state.engine.rows("SELECT journey, from_at, until_at FROM state.main.journey_pause ORDER BY ALL"):
            found.setdefault(journey, []).append((read(begun), None if ended is None else read(ended)))
    return found


_VERSIONS = "SELECT journey, version, definition, hash, from_at FROM state.main.journey_version ORDER BY journey, version"


# ---- recording ------------------------------------------------------------------------------------------------------


def record_clocks(engine: Engine, clocks: Sequence[JourneyClock]) -> None:
    """Keep the journeys' clocks, inside the run's transaction."""
    if not clocks:
        return
    columns = zip(
        *((one.journey, stored(one.as_of), stored(one.since), one.version, one.definition, one.inputs, one.run) for one in clocks),
        strict=True,
    )
    engine.execute(_SET_CLOCKS, [list(column) for column in columns])


def record_versions(engine: Engine, versions: Sequence[KeptVersion], run: int) -> None:
    """Keep new editions, inside the run's transaction."""
    rows = [(one.journey, one.version, one.definition, one.hash, stored(one.from_at), run) for one in versions]
    insert_rows(engine, "INSERT INTO state.main.journey_version", rows)


def record_moves(engine: Engine, run: int) -> None:
    """Apply what a tick found (journeys/results.py), inside the run's transaction."""
    engine.execute(_END, [run])
    engine.execute(_ENTER, [run])
    engine.execute(_CHANGE_EDITION)
    engine.execute("DELETE FROM state.main.position WHERE instance IN (SELECT instance FROM r_moved)")
    engine.execute("INSERT INTO state.main.position SELECT * FROM r_position ORDER BY instance, token")
    engine.execute(_LOG, [run])
    engine.execute(_FORGET_TRUTH)
    engine.execute("INSERT INTO state.main.entry_truth SELECT journey, user_id FROM r_truth WHERE holds ORDER BY journey, user_id")
    engine.execute(
        "INSERT INTO state.main.instance_goal SELECT instance, reached_at, event, CAST(? AS INTEGER) FROM r_goal ORDER BY instance", [run]
    )


def record_doings(engine: Engine, run: int) -> None:
    """Keep what was set and synced, inside the run's transaction. `step_settings(journey, version, step, …)` says what steps say."""
    engine.execute(_SET, [run])
    engine.execute(_SYNC, [run])


def record_seen(engine: Engine, run: int, low: datetime) -> None:
    """Remember the events of `seen_now(message_id, ts)`, and forget those up to `low`, inside the run's transaction."""
    engine.execute("DELETE FROM state.main.seen_event WHERE ts <= ?", [stored(low)])
    engine.execute(_SEE, [run])


_SET_CLOCKS = """
    INSERT OR REPLACE INTO state.main.journey
    SELECT unnest(CAST(? AS VARCHAR[])), unnest(CAST(? AS TIMESTAMP[])), unnest(CAST(? AS TIMESTAMP[])), unnest(CAST(? AS INTEGER[])),
        unnest(CAST(? AS VARCHAR[])), unnest(CAST(? AS VARCHAR[])), unnest(CAST(? AS INTEGER[]))
"""
_END = """
    UPDATE state.main.instance AS i SET ended_at = e.ended_at, end_reason = e.reason, ended_run = CAST(? AS INTEGER)
    FROM r_ended AS e WHERE e.instance = i.instance
"""
_ENTER = """
    INSERT INTO state.main.instance
    SELECT r.instance, r.instance_id, r.journey, r.version, r.user_id, r.key, r.entered_at, r.entry_event, r.entry_name, e.ended_at,
        e.reason,
        n.run, CASE WHEN e.instance IS NOT NULL THEN n.run END
    FROM r_entered AS r LEFT JOIN r_ended AS e USING (instance) CROSS JOIN (SELECT CAST(? AS INTEGER) AS run) AS n
    ORDER BY r.instance
"""
_CHANGE_EDITION = """
    UPDATE state.main.instance AS i SET version = c.version FROM changed_now AS c WHERE c.instance = i.instance
"""
_LOG = """
    INSERT INTO state.main.transition
    SELECT instance, ordinal, token, from_step, to_step, moved_at, cause, branch, event, CAST(? AS INTEGER) FROM r_transition
    ORDER BY instance, ordinal
"""
_FORGET_TRUTH = """
    DELETE FROM state.main.entry_truth USING r_truth AS t WHERE t.journey = entry_truth.journey AND t.user_id = entry_truth.user_id
"""
_SET = """
    INSERT INTO state.main.trait_set
    SELECT instance, journey, step, user_id, trait, CAST(value AS VARCHAR), set_at, place, CAST(? AS INTEGER)
    FROM r_set ORDER BY set_at, place, entered_at, instance_id, rowid
"""
_SYNC = """
    INSERT INTO state.main.list_stay
    SELECT r.instance, r.journey, r.step, r.user_id, s.destination, s.list, s.event, r.added_at, r.remove_at, r.properties,
        CAST(? AS INTEGER)
    FROM r_synced AS r JOIN step_settings AS s USING (journey, version, step) ORDER BY r.added_at, r.instance, r.step
"""
_SEE = """
    INSERT INTO state.main.seen_event
    SELECT s.message_id, s.ts, CAST(? AS INTEGER) FROM (SELECT DISTINCT message_id, ts FROM seen_now) AS s
    ANTI JOIN state.main.seen_event AS k ON k.message_id = s.message_id
    ORDER BY s.ts, s.message_id
"""


def journey_counts(engine: Engine) -> Mapping[str, tuple[int, int, int, int]]:
    """By journey what a tick found: how many entered, moved, ended, and how many messages are meant."""
    rows = engine.rows(_COUNTS)
    return {str(name): (int(entered), int(moved), int(ended), int(sent)) for name, entered, moved, ended, sent in rows}


_COUNTS = """
    WITH named AS (
        SELECT instance, journey FROM r_entered
        UNION ALL SELECT instance, journey FROM state.main.instance WHERE instance IN (SELECT instance FROM r_transition)
    )
    SELECT n.journey, count(DISTINCT e.instance), count(t.ordinal), count(DISTINCT d.instance),
        (SELECT count(*) FROM r_sent AS s WHERE s.journey = n.journey)
    FROM named AS n
    LEFT JOIN r_entered AS e USING (instance)
    LEFT JOIN r_ended AS d ON d.instance = n.instance
    LEFT JOIN r_transition AS t ON t.instance = n.instance
    GROUP BY n.journey ORDER BY n.journey
"""
