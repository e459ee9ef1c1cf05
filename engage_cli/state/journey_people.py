"""What the state shows readers of one person in a journey: their instances, every move, what was made on the way, where they stand."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from engage_cli.state.instants import read
from engage_cli.state.store import State


class InstanceRow(Struct, frozen=True):
    """Once that somebody entered. `number` is internal; `goal_at`: when the goal was reached."""

    number: int
    instance_id: str
    version: int
    user_id: str
    key: str | None
    entered_at: datetime
    entry_event: str | None
    entry_name: str | None
    ended_at: datetime | None
    end_reason: str | None
    goal_at: datetime | None


class MoveRow(Struct, frozen=True):
    """A transition; see the table for the causes. `token` is '' outside of forks."""

    ordinal: int
    token: str
    from_step: str | None
    to_step: str | None
    moved_at: datetime
    cause: str
    branch: str | None
    event: str | None


class MadeRow(Struct, frozen=True):
    """What a step made: a `message` (of a template, by a channel), a trait `set` (to a JSON value), or something told (`sync`) of a list or
    an event of a destination. `id` is a message's."""

    step: str
    kind: str
    name: str
    value: str
    made_at: datetime
    until: datetime | None
    id: str | None


class PositionRow(Struct, frozen=True):
    """Where a token stands. `due`: when time alone moves it on; `exit_due`: when time alone ends the instance."""

    token: str
    step: str
    arrived_at: datetime
    waiting_since: datetime
    due: datetime | None
    exit_due: datetime | None
    context: Mapping[str, Any]


def instances_of(state: State, journey: str, user: str) -> list[InstanceRow]:
    """Every time that a user entered, under any id that they are or were known by, the earliest first."""
    return [InstanceRow(*_aware(row)) for row in state.engine.rows(_INSTANCES, [user, user, journey, user])]


def moves_of(state: State, instances: Sequence[int]) -> dict[int, list[MoveRow]]:
    """The moves of instances, by their number, in the order in which they happened."""
    found: dict[int, list[MoveRow]] = {number: [] for number in instances}
    for number, *row in state.engine.rows(_MOVES, [list(instances)]):
        found[number].append(MoveRow(*_aware(row)))
    return found


def made_by(state: State, instances: Sequence[int]) -> dict[int, list[MadeRow]]:
    """What instances made on their way, by their number."""
    found: dict[int, list[MadeRow]] = {number: [] for number in instances}
    for number, *row in state.engine.rows(_MADE, [list(instances)]):
        found[number].append(MadeRow(*_aware(row)))
    return found


def positions_of(state: State, instances: Sequence[int]) -> dict[int, list[PositionRow]]:
    """Where instances stand, by their number; nowhere where they have ended. A branch that waits for the others stands nowhere."""
    found: dict[int, list[PositionRow]] = {number: [] for number in instances}
    for number, *row, context in state.engine.rows(_POSITIONS, [list(instances)]):
        found[number].append(PositionRow(*_aware([*row, json.loads(context)])))
    return found


def _aware(row: Iterable[Any]) -> Iterator[Any]:
    """A row with its instants aware."""
    return (read(value) if isinstance(value, datetime) else value for value in row)


_INSTANCES = """
    WITH one AS (
        SELECT coalesce((SELECT max(user_id) FROM state.main.alias WHERE alias = CAST(? AS VARCHAR)), CAST(? AS VARCHAR)) AS user_id
    )
    SELECT i.instance, i.instance_id, i.version, i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name, i.ended_at, i.end_reason,
        g.reached_at
    FROM state.main.instance AS i LEFT JOIN state.main.instance_goal AS g USING (instance)
    WHERE i.journey = ?
        AND (i.user_id = ? OR i.user_id IN (SELECT user_id FROM one)
            OR i.user_id IN (SELECT alias FROM state.main.alias AS a JOIN one USING (user_id)))
    ORDER BY i.entered_at, i.instance_id
"""
_MOVES = """
    SELECT instance, ordinal, token, from_step, to_step, moved_at, cause, branch, event FROM state.main.transition
    WHERE list_contains(CAST(? AS BIGINT[]), instance) ORDER BY instance, ordinal
"""
_MADE = """
    WITH one AS (SELECT unnest(CAST(? AS BIGINT[])) AS instance)
    SELECT instance, step, kind, name, "value", made_at, until, id FROM (
        SELECT instance, step, 'message' AS kind, template AS name, channel AS "value", scheduled_at AS made_at,
            CAST(NULL AS TIMESTAMP) AS until, candidate_id AS id
        FROM state.main.candidate SEMI JOIN one USING (instance) WHERE campaign_kind = 'journey'
        UNION ALL SELECT instance, step, 'set', trait, "value", set_at, NULL, NULL FROM state.main.trait_set SEMI JOIN one USING (instance)
        UNION ALL SELECT instance, step, 'sync', destination, coalesce(list, event), added_at, remove_at, NULL
        FROM state.main.list_stay SEMI JOIN one USING (instance)
    ) ORDER BY instance, made_at, step, kind, name, "value"
"""
_POSITIONS = """
    SELECT instance, token, step, arrived_at, waiting_since, due, exit_due,
        CAST(to_json(map_from_entries(list_sort(list_transform(map_entries(context), lambda e: {'k': e.key, 'v': e.value.value}))))
            AS VARCHAR)
    FROM state.main.position WHERE list_contains(CAST(? AS BIGINT[]), instance) AND NOT ends_with(step, ':joined')
    ORDER BY instance, token
"""
