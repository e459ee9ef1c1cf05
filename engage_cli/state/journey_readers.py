"""What the state shows readers of a journey: who entered, who stands where, which ways people went, how they ended."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from engage_cli.state.instants import read
from engage_cli.state.store import State


class JourneyTotals(Struct, frozen=True):
    """How many instances of a journey there were, how many are open, how many reached the goal."""

    entered: int
    inside: int
    goals: int


class StepCount(Struct, frozen=True):
    """How many instances came to a step, are there, and went on from it; `wait` is how long those stayed on average, in seconds.

    Those inside a fork's branches are at the fork. Whom an exit rule, a goal or an edit took out did not go on.
    """

    step: str
    here: int
    arrived: int
    passed: int
    wait: float | None


class WayCount(Struct, frozen=True):
    """How many moves from a step had a cause, and which branch or exit rule it was; `cause` as in the table of transitions."""

    step: str
    cause: str
    branch: str | None
    moves: int


class EditionCount(Struct, frozen=True):
    """An edition of a journey: from when on people enter it, how many instances go or went by it, how many are open."""

    version: int
    from_at: datetime
    entered: int
    inside: int


class HandStatus(Struct, frozen=True):
    """What a command said of a journey: `paused`, `archived`, or `live`, from an instant on."""

    status: str
    from_at: datetime


class JourneyCounts(Struct, frozen=True):
    """All that is counted of a journey. `ends` are the reasons, the most frequent first; `steps` those that anybody ever came to."""

    totals: JourneyTotals = JourneyTotals(0, 0, 0)
    ends: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, StepCount] = field(default_factory=dict)
    ways: tuple[WayCount, ...] = ()
    editions: tuple[EditionCount, ...] = ()


def journey_count(state: State | None, journey: str) -> JourneyCounts:
    """The counts of a journey; nothing of one that no tick has seen."""
    if state is None:
        return JourneyCounts()
    rows = state.engine.rows
    [(entered, inside, goals)] = rows(_TOTALS, [journey])
    return JourneyCounts(
        JourneyTotals(entered, inside, goals),
        {str(reason): int(count) for reason, count in rows(_ENDS, [journey])},
        {row[0]: StepCount(*row) for row in rows(_STEPS, [journey, journey, journey])},
        tuple(WayCount(*row) for row in rows(_WAYS, [journey])),
        tuple(EditionCount(version, read(at), entered, inside) for version, at, entered, inside in rows(_EDITIONS, [journey])),
    )


def hand_status(state: State | None, journey: str, as_of: datetime | None = None) -> HandStatus | None:
    """What the last command up to an instant (None: ever) said of a journey; None where none did."""
    return hand_statuses(state, as_of).get(journey)


def hand_statuses(state: State | None, as_of: datetime | None = None) -> dict[str, HandStatus]:
    """What the last command up to an instant (None: ever) said of each journey that one spoke of."""
    if state is None:
        return {}
    rows = state.engine.rows("SELECT journey, status, from_at FROM state.main.journey_hand ORDER BY journey, from_at, rowid")
    return {str(name): HandStatus(status, read(at)) for name, status, at in rows if as_of is None or read(at) <= as_of}


_TOTALS = """
    SELECT count(*), count(*) FILTER (i.ended_at IS NULL), count(g.instance)
    FROM state.main.instance AS i LEFT JOIN state.main.instance_goal AS g USING (instance) WHERE i.journey = ?
"""
_ENDS = """
    SELECT end_reason, count(*) AS n FROM state.main.instance WHERE journey = ? AND ended_at IS NOT NULL
    GROUP BY end_reason ORDER BY n DESC, end_reason
"""
# A branch's way into a fork is no way on from it: the instance goes on when the branches have come together.
_STEPS = """
    WITH moved AS (
        SELECT t.*, from_step IS NOT DISTINCT FROM to_step AS again,
            cause IN ('exit_rule', 'goal', 'stopped', 'changed')
                OR (cause = 'branch' AND ends_with(token, from_step || ':' || branch)) AS stays
        FROM state.main.transition AS t SEMI JOIN (SELECT instance FROM state.main.instance WHERE journey = ?) AS i USING (instance)
    ), came AS (
        SELECT instance, to_step AS step, min(moved_at) AS came_at FROM moved WHERE to_step IS NOT NULL AND NOT again GROUP BY ALL
    ), went AS (
        SELECT instance, from_step AS step, max(moved_at) AS left_at FROM moved
        WHERE from_step IS NOT NULL AND NOT again AND NOT stays GROUP BY ALL
    ), there AS (
        SELECT step, count(DISTINCT instance) AS here FROM (
            SELECT step, instance FROM state.main.position AS p WHERE p.journey = ? AND NOT ends_with(step, ':joined')
            UNION ALL
            SELECT split_part(branch, ':', 1), instance
            FROM (SELECT unnest(string_split(token, '/')) AS branch, instance FROM state.main.position WHERE journey = ? AND token <> '')
        ) GROUP BY step
    )
    SELECT c.step, CAST(coalesce(any_value(t.here), 0) AS BIGINT), count(*), count(w.left_at), avg(epoch(w.left_at - c.came_at))
    FROM came AS c LEFT JOIN went AS w USING (instance, step) LEFT JOIN there AS t ON t.step = c.step
    GROUP BY c.step ORDER BY c.step
"""
_WAYS = """
    SELECT from_step, cause, branch, count(*)
    FROM state.main.transition AS t SEMI JOIN (SELECT instance FROM state.main.instance WHERE journey = ?) AS i USING (instance)
    WHERE from_step IS NOT NULL GROUP BY ALL ORDER BY from_step, cause, branch NULLS FIRST
"""
_EDITIONS = """
    SELECT v.version, v.from_at, count(i.instance), count(i.instance) FILTER (i.ended_at IS NULL)
    FROM state.main.journey_version AS v LEFT JOIN state.main.instance AS i ON i.journey = v.journey AND i.version = v.version
    WHERE v.journey = ? GROUP BY v.version, v.from_at ORDER BY v.version
"""
