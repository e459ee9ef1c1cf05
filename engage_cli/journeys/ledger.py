"""What conditions may ask of journeys (sql/ledger.py): the stays and the messages that the state knows, and those that this tick found
so far."""

from engage_cli.engine.base import Engine


def make_ledger(engine: Engine) -> None:
    """Make the views `journey_stays` and `made_messages`; `w_current(journey)` names the journey that is walked."""
    engine.execute("CREATE OR REPLACE TEMP TABLE w_current (journey VARCHAR)")
    engine.execute(_STAYS)
    engine.execute(_MESSAGES)


def walking(engine: Engine, journey: str) -> None:
    """Say which journey is walked: its instances see what they themselves have sent in this very walk."""
    engine.execute("CREATE OR REPLACE TEMP TABLE w_current AS SELECT CAST(? AS VARCHAR) AS journey", [journey])


_STAYS = """
    CREATE OR REPLACE TEMP VIEW journey_stays AS
    SELECT u.user_key, i.journey, i.entered_at, coalesce(i.ended_at, e.ended_at) AS ended_at, coalesce(i.end_reason, e.reason) AS reason
    FROM instance_now AS i JOIN instance_user AS u USING (user_id) LEFT JOIN r_ended AS e USING (instance)
    UNION ALL
    SELECT r.user_key, r.journey, r.entered_at, e.ended_at, e.reason FROM r_entered AS r LEFT JOIN r_ended AS e USING (instance)
"""
_MESSAGES = """
    CREATE OR REPLACE TEMP VIEW made_messages AS
    SELECT u.user_key, c.campaign_kind AS kind, c.campaign AS name, c.step, 'scheduled' AS status, c.scheduled_at AS "at", c.instance
    FROM state.main.candidate AS c JOIN instance_user AS u USING (user_id)
    UNION ALL
    SELECT user_key, 'journey', journey, step, 'scheduled', scheduled_at, instance FROM r_sent
    UNION ALL
    SELECT i.user_key, 'journey', j.journey, s.step, 'scheduled', s.scheduled_at, s.instance
    FROM w_sent AS s JOIN w_instance AS i USING (instance) CROSS JOIN w_current AS j
"""
