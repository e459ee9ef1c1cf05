"""What readers ask of a state, usually of its published copy: how audiences stand, and who is in one."""

from datetime import datetime

from msgspec import Struct

from engage_cli.state.instants import read
from engage_cli.state.store import State


class Standing(Struct, frozen=True):
    """How an audience stands: its size, and the id of the last run that built it, at which instant, what it changed."""

    audience: str
    size: int
    as_of: datetime
    run: str
    entered: int
    exited: int


class Member(Struct, frozen=True):
    """A user who is in an audience, and since when."""

    user_id: str
    entered_at: datetime


def standings(state: State | None) -> dict[str, Standing]:
    """Every audience ever built, by name in name order; also those that are no longer defined, as their last run left them."""
    if state is None:
        return {}
    return {
        audience: Standing(audience, size, read(as_of), run_id, entered, exited)
        for audience, size, as_of, run_id, entered, exited in state.engine.rows(_STANDINGS)
    }


def members(state: State | None, audience: str, *, limit: int | None = None) -> list[Member]:
    """The members of an audience in the order of their ids, the first `limit` of them."""
    if state is None:
        return []
    return [Member(user_id, read(entered_at)) for user_id, entered_at in state.engine.rows(_MEMBERS, [audience, limit])]


def entered_at(state: State | None, audience: str, user_id: str) -> datetime | None:
    """When a user who is in the audience entered it; None for who is not inside."""
    if state is None:
        return None
    rows = state.engine.rows(_ENTERED_AT, [audience, user_id]) or state.engine.rows(_ENTERED_UNDER_ALIAS, [audience, user_id])
    return read(rows[0][0]) if rows[0][0] is not None else None


_STANDINGS = """
    SELECT clock.audience, coalesce(inside.size, 0), clock.as_of, run.run_id, clock.entered, clock.exited
    FROM state.main.audience_clock AS clock
    JOIN state.main.run AS run ON run.number = clock.run
    LEFT JOIN (
        SELECT audience, count(*) AS size FROM state.main.membership WHERE exited_at IS NULL GROUP BY audience
    ) AS inside ON inside.audience = clock.audience
    ORDER BY clock.audience
"""
_MEMBERS = """
    SELECT user_id, entered_at FROM state.main.membership WHERE exited_at IS NULL AND audience = ?
    ORDER BY user_id LIMIT coalesce(CAST(? AS BIGINT), 9223372036854775807)
"""
_ENTERED_AT = "SELECT entered_at FROM state.main.membership WHERE exited_at IS NULL AND audience = ? AND user_id = ?"
_ENTERED_UNDER_ALIAS = """
    SELECT min(entered_at) FROM state.main.membership WHERE exited_at IS NULL AND audience = ?
        AND user_id IN (SELECT alias FROM state.main.alias WHERE user_id = ?)
"""
