"""Some of what a tick found (results.py), to be shown: who enters, who goes where, who is written to."""

from datetime import datetime

from msgspec import Struct

from engage_cli.engine.base import Engine
from engage_cli.state.instants import read


class EntrySample(Struct, frozen=True):
    """Somebody who enters."""

    user_id: str
    key: str | None
    entered_at: datetime


class MoveSample(Struct, frozen=True):
    """Somebody's move after the entry; `to_step` None where the way ends."""

    user_id: str
    from_step: str
    to_step: str | None
    cause: str
    moved_at: datetime


class SendSample(Struct, frozen=True):
    """A message that is meant for somebody."""

    user_id: str
    step: str
    channel: str
    template: str
    scheduled_at: datetime


class JourneySample(Struct, frozen=True):
    """Some of what happens in a journey."""

    entered: tuple[EntrySample, ...] = ()
    moved: tuple[MoveSample, ...] = ()
    sent: tuple[SendSample, ...] = ()


def sample_journeys(engine: Engine, most: int) -> dict[str, JourneySample]:
    """By journey some of what a tick found, at most so much of each kind, the first of it."""
    entered: dict[str, list[EntrySample]] = {}
    moved: dict[str, list[MoveSample]] = {}
    sent: dict[str, list[SendSample]] = {}
    for journey, user_id, key, at in engine.rows(_ENTERED, [most]):
        entered.setdefault(str(journey), []).append(EntrySample(user_id, key, read(at)))
    for journey, user_id, from_step, to_step, cause, at in engine.rows(_MOVED, [most]):
        moved.setdefault(str(journey), []).append(MoveSample(user_id, from_step, to_step, cause, read(at)))
    for journey, user_id, step, channel, template, at in engine.rows(_SENT, [most]):
        sent.setdefault(str(journey), []).append(SendSample(user_id, step, channel, template, read(at)))
    names = sorted({*entered, *moved, *sent})
    return {name: JourneySample(tuple(entered.get(name, ())), tuple(moved.get(name, ())), tuple(sent.get(name, ()))) for name in names}


_ENTERED = """
    SELECT journey, user_id, key, entered_at FROM r_entered
    QUALIFY row_number() OVER (PARTITION BY journey ORDER BY entered_at, instance_id) <= ? ORDER BY journey, entered_at, instance_id
"""
_MOVED = """
    WITH named AS (
        SELECT instance, journey, user_id, instance_id FROM r_entered
        UNION ALL SELECT instance, journey, user_id, instance_id FROM state.main.instance
    )
    SELECT n.journey, n.user_id, t.from_step, t.to_step, t.cause, t.moved_at
    FROM r_transition AS t JOIN named AS n USING (instance) WHERE t.from_step IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY n.journey ORDER BY t.moved_at, n.instance_id, t.ordinal) <= ?
    ORDER BY n.journey, t.moved_at, n.instance_id, t.ordinal
"""
_SENT = """
    SELECT journey, r.user_id, step, s.channel, s.template, r.scheduled_at
    FROM r_sent AS r JOIN step_settings AS s USING (journey, version, step)
    QUALIFY row_number() OVER (PARTITION BY journey ORDER BY r.scheduled_at, r.candidate_id) <= ?
    ORDER BY journey, r.scheduled_at, r.candidate_id
"""
