"""What conditions may ask of journeys and messages (sql/ledger.py): the stays and the messages that the state knows, those that a tick
found so far, and what came of them (`outcome_event`, see outcomes.py): an event of the message's user that has its id. Where an address is
a list each message has an id of its own (`one_of_many`), which is known once it is decided."""

from engage_cli.engine.base import Engine


def make_ledger(engine: Engine) -> None:
    """Make the views `journey_stays` and `made_messages` of a tick; `w_current(journey)` names the journey that is walked."""
    engine.execute("CREATE OR REPLACE TEMP TABLE w_current (journey VARCHAR)")
    engine.execute(_STAYS)
    engine.execute(_MESSAGES)


def walking(engine: Engine, journey: str) -> None:
    """Say which journey is walked: its instances see what they themselves have sent in this very walk."""
    engine.execute("CREATE OR REPLACE TEMP TABLE w_current AS SELECT CAST(? AS VARCHAR) AS journey", [journey])


def make_recorded_ledger(engine: Engine) -> None:
    """Make the tables `journey_stays` and `made_messages` of what the state knows, for those who ask outside a tick."""
    engine.execute(_RECORDED_STAYS)
    engine.execute(_RECORDED_MESSAGES)


def make_empty_ledger(engine: Engine) -> None:
    """The same where there is no state: nothing was done."""
    engine.execute(_NO_STAYS)
    engine.execute(_NO_MESSAGES)


_STAYS = """
    CREATE OR REPLACE TEMP VIEW journey_stays AS
    SELECT u.user_key, i.journey, i.entered_at AS began_at, coalesce(i.ended_at, e.ended_at) AS ended_at,
        coalesce(i.end_reason, e.reason) AS reason
    FROM instance_now AS i JOIN instance_user AS u USING (user_id) LEFT JOIN r_ended AS e USING (instance)
    UNION ALL
    SELECT r.user_key, r.journey, r.entered_at, e.ended_at, e.reason FROM r_entered AS r LEFT JOIN r_ended AS e USING (instance)
"""
_MESSAGES = """
    CREATE OR REPLACE TEMP VIEW made_messages AS
    WITH made AS (
        SELECT c.candidate_id, u.user_key, c.campaign_kind AS kind, c.campaign AS name, c.step, c.scheduled_at, c.instance
        FROM state.main.candidate AS c JOIN instance_user AS u USING (user_id)
        UNION ALL
        SELECT candidate_id, user_key, 'journey', journey, step, scheduled_at, instance FROM r_sent
        UNION ALL
        SELECT id_of_candidate(i.instance_id, s.step, i.user_id), i.user_key, 'journey', j.journey, s.step, s.scheduled_at, s.instance
        FROM w_sent AS s JOIN w_instance AS i USING (instance) CROSS JOIN w_current AS j
    ), one_of_many AS (
        SELECT m.message_id, u.user_key, m.campaign_kind, m.campaign, m.step, m.scheduled_at, c.instance
        FROM state.main.message AS m JOIN state.main.candidate AS c USING (candidate_id) JOIN instance_user AS u ON u.user_id = m.user_id
        WHERE m.message_id <> m.candidate_id
    )
    SELECT user_key, kind, name, step, 'scheduled' AS status, scheduled_at AS "at", instance FROM made
    UNION ALL
    SELECT m.user_key, m.kind, m.name, m.step, o.status, o.told_at, m.instance
    FROM outcome_event AS o JOIN (
        SELECT candidate_id AS message_id, * EXCLUDE (candidate_id) FROM made UNION ALL SELECT * FROM one_of_many
    ) AS m ON m.message_id = o.message AND m.user_key = o.user_key
"""
_NO_STAYS = """
    CREATE OR REPLACE TEMP TABLE journey_stays (
        user_key INTEGER, journey VARCHAR, began_at TIMESTAMP, ended_at TIMESTAMP, reason VARCHAR
    )
"""
_NO_MESSAGES = """
    CREATE OR REPLACE TEMP TABLE made_messages (
        user_key INTEGER, kind VARCHAR, name VARCHAR, step VARCHAR, status VARCHAR, "at" TIMESTAMP, instance BIGINT
    )
"""
_RECORDED_STAYS = """
    CREATE OR REPLACE TEMP TABLE journey_stays AS
    SELECT u.user_key, i.journey, i.entered_at AS began_at, i.ended_at, i.end_reason AS reason
    FROM state.main.instance AS i JOIN instance_user AS u USING (user_id)
"""
_RECORDED_MESSAGES = """
    CREATE OR REPLACE TEMP TABLE made_messages AS
    WITH made AS (
        SELECT c.candidate_id, u.user_key, c.campaign_kind AS kind, c.campaign AS name, c.step, c.scheduled_at, c.instance
        FROM state.main.candidate AS c JOIN instance_user AS u USING (user_id)
    ), one_of_many AS (
        SELECT m.message_id, u.user_key, m.campaign_kind, m.campaign, m.step, m.scheduled_at, c.instance
        FROM state.main.message AS m JOIN state.main.candidate AS c USING (candidate_id) JOIN instance_user AS u ON u.user_id = m.user_id
        WHERE m.message_id <> m.candidate_id
    )
    SELECT user_key, kind, name, step, 'scheduled' AS status, scheduled_at AS "at", instance FROM made
    UNION ALL
    SELECT u.user_key, m.campaign_kind, m.campaign, m.step, m.decision, m.send_at, c.instance
    FROM state.main.message AS m JOIN state.main.candidate AS c USING (candidate_id) JOIN instance_user AS u ON u.user_id = m.user_id
    UNION ALL
    SELECT m.user_key, m.kind, m.name, m.step, o.status, o.told_at, m.instance
    FROM outcome_event AS o JOIN (
        SELECT candidate_id AS message_id, * EXCLUDE (candidate_id) FROM made UNION ALL SELECT * FROM one_of_many
    ) AS m ON m.message_id = o.message AND m.user_key = o.user_key
"""
