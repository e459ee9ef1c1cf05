"""Since when somebody is known, and so can meet a condition: by what they did, or by a row about them."""

from engage_cli.engine.base import Engine


def make_known(engine: Engine) -> None:
    """Make `w_known_since(user_key, since)` of everybody; needs `events`, `users` and `known_since`."""
    engine.execute(_KNOWN_SINCE)


_KNOWN_SINCE = """
    CREATE OR REPLACE TEMP TABLE w_known_since AS
    SELECT u.user_key, coalesce(least(e.since, k.since), TIMESTAMP '0001-01-01') AS since
    FROM users AS u
    LEFT JOIN (SELECT user_key, min(ts) AS since FROM events GROUP BY user_key) AS e USING (user_key)
    LEFT JOIN known_since AS k USING (user_key)
"""
