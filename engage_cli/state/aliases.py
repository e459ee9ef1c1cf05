"""Ids that members were known by before their profile got another, where identifiers join users.

A stay keeps the id that it began with. It is found under the profile that has this id now, as the run's data say, and where they no
longer say, as the last run did that knew. Where two members turn out to be one person, the stay under the profile's own id goes on, else
the earlier one; the other ends, and its exit is told under its own id, which is the only one that a destination knows it by.
"""

from collections.abc import Sequence

from sqlglot import exp, parse_one

from engage_cli.engine.base import Engine

NAMES = ("member_known", "alias_now", "known_now")
"""The temporary relations of this module."""


def make_members_known(engine: Engine, audiences: Sequence[str], identifiers: Sequence[str]) -> None:
    """Make `member_known(audience, user_id, entered_at, user_key, own)` of the members that the state has in these audiences: the key of
    each one's profile, and whether the id is that profile's own; and `alias_now(alias, user_id)` of the ids that are not. `identifiers`
    are the names of those that join users, in their order."""
    engine.execute(_MAKE_KNOWN, [list(identifiers)])
    members = _select(_MEMBERS).where(exp.column("audience", table="member").isin(*audiences))
    engine.create("member_known", members)
    engine.create("alias_now", _select(_ALIASES))


def members_before() -> exp.Select:
    """(audience, user_key, user_id, entered_at) of the members that the state has; the key once for each profile."""
    return _select(_BEFORE)


def record_aliases(engine: Engine, run: int) -> None:
    """Keep `alias_now`, where it was made, inside the run's transaction."""
    if engine.has("alias_now"):
        engine.execute(_UPDATE, [run])
        engine.execute(_INSERT, [run])


_MAKE_KNOWN = """
    CREATE TEMP TABLE known_now AS SELECT text, arg_min(user_key, place) AS user_key FROM (
        SELECT user_id AS text, user_key, -1 AS place FROM everybody
        UNION ALL SELECT value, user_key, kind FROM known_as WHERE NOT user_key IS NULL
        -- The id of a profile without a user, where a user has that id too.
        UNION ALL SELECT list_extract(CAST(? AS VARCHAR[]), kind + 1) || ':' || value, user_key, kind FROM known_as
        WHERE kind > 0 AND NOT user_key IS NULL
    ) SEMI JOIN (
        SELECT user_id AS text FROM state.main.membership WHERE exited_at IS NULL UNION ALL SELECT user_id FROM state.main.alias
    ) AS wanted USING (text) GROUP BY text
"""
_MEMBERS = """
    SELECT member.audience, member.user_id, member.entered_at, everybody.user_key AS user_key,
        coalesce(everybody.user_id = member.user_id, FALSE) AS own
    FROM state.main.membership AS member
    LEFT JOIN known_now AS now ON now.text = member.user_id
    LEFT JOIN state.main.alias AS alias ON alias.alias = member.user_id
    LEFT JOIN known_now AS later ON later.text = alias.user_id
    LEFT JOIN everybody ON everybody.user_key = coalesce(now.user_key, later.user_key)
    WHERE exited_at IS NULL
"""
_ALIASES = """
    SELECT DISTINCT member.user_id AS alias, everybody.user_id AS user_id
    FROM member_known AS member JOIN everybody ON everybody.user_key = member.user_key WHERE NOT member.own
"""
_BEFORE = """
    SELECT audience, CASE WHEN place = 1 THEN user_key END AS user_key, user_id, entered_at FROM (
        SELECT audience, user_key, user_id, entered_at,
            row_number() OVER (PARTITION BY audience, user_key ORDER BY own DESC, entered_at, user_id) AS place
        FROM member_known
    )
"""
_UPDATE = """
    UPDATE state.main.alias AS alias SET user_id = now.user_id, run = CAST(? AS INTEGER)
    FROM alias_now AS now WHERE now.alias = alias.alias AND now.user_id <> alias.user_id
"""
_INSERT = """
    INSERT INTO state.main.alias SELECT alias, user_id, CAST(? AS INTEGER)
    FROM alias_now WHERE NOT alias IN (SELECT alias FROM state.main.alias) ORDER BY alias
"""


def _select(text: str) -> exp.Select:
    select = parse_one(text, read="duckdb")
    assert isinstance(select, exp.Select)
    return select
