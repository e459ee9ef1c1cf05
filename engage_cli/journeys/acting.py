"""Send, sync and set: what is done at the instant of arrival, by all who stand at the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engage_cli.definitions.journey_steps import Send, SetTrait, Sync
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.literals import column

if TYPE_CHECKING:
    from engage_cli.definitions.journey_graph import Place
    from engage_cli.journeys.walk import Walk

_SEND_ALL = """
    INSERT INTO w_sent
    SELECT instance, CAST(? AS VARCHAR), arrived_at, CAST(? AS VARCHAR), context, action, CAST(? AS DOUBLE) FROM w_token WHERE place = ?
"""
_SEND = """
    INSERT INTO w_sent
    SELECT h.instance, CAST(? AS VARCHAR), h.arrived_at, z.zone, h.context, h.action, CAST(? AS DOUBLE)
    FROM w_here AS h JOIN w_zoned AS z USING (instance, token)
"""
_SET = """
    INSERT INTO w_set
    SELECT v.instance, v.token, CAST(? AS VARCHAR), h.arrived_at, CAST(? AS VARCHAR), v.value, h.action, CAST(? AS DOUBLE)
    FROM w_value AS v JOIN w_here AS h USING (instance, token) WHERE v.value IS NOT NULL
"""
_SYNC = """
    INSERT INTO w_synced
    SELECT v.instance, CAST(? AS VARCHAR), h.arrived_at, r.remove_at, v.value, h.action, CAST(? AS DOUBLE)
    FROM w_value AS v JOIN w_here AS h USING (instance, token) JOIN w_removal AS r USING (instance, token)
"""


def act_send(walk: Walk, send: Send, place: Place) -> None:
    """A candidate for a message, with the zone in which the person is at that instant."""
    if not walk.asker.has_zones:
        walk.engine.execute(_SEND_ALL, [send.id, walk.zone, place.index, place.index])
        return
    walk.make_here(place)
    walk.asker.make_zones(walk.zone)
    walk.engine.execute(_SEND, [send.id, place.index])


def act_set(walk: Walk, step: SetTrait, place: Place) -> None:
    """A value of a trait of ours; a missing one sets nothing."""
    walk.make_here(place)
    walk.asker.make_values(f"{step.id}.to")
    walk.engine.execute(_SET, [step.id, step.trait, place.index])


def act_sync(walk: Walk, sync: Sync, place: Place) -> None:
    """Onto a list, until it is taken off again; or an event with its properties."""
    walk.make_here(place)
    walk.asker.make_properties({name: f"{sync.id}.{name}" for name, _ in sync.properties})
    removal: exp.Expr = exp.cast(exp.null(), "TIMESTAMP")
    if sync.remove_after is not None:
        removal = after_duration(column("arrived_at", "h"), sync.remove_after, walk.zone)
    query = exp.select(column("instance", "h"), column("token", "h"), exp.alias_(removal, "remove_at"))
    walk.engine.execute("DROP TABLE IF EXISTS temp.main.w_removal")
    walk.engine.create("w_removal", query.from_(exp.alias_(exp.to_table("w_here"), "h", table=True)))
    walk.engine.execute(_SYNC, [sync.id, place.index])
