"""What the state knows of messages, and the statements that make a run's candidates and decisions history."""

from engage_cli.engine.base import Engine

NONE_UNRENDERED = "CREATE OR REPLACE TEMP TABLE unrendered (message_id VARCHAR, rule VARCHAR)"
"""Messages whose values the template could not do with, and why: none as yet."""


def record_messages(engine: Engine, run: int) -> None:
    """Keep the candidates that a run made (`p_made`), what it decided (`p_message`), and which of them wait, inside its transaction.

    Also the texts of templates that were used (`run_edition`). Needs `unrendered`.
    """
    record_candidates(engine, run)
    for statement in (_MESSAGES, _EDITIONS):
        engine.execute(statement, [run])
    engine.execute("DELETE FROM state.main.waiting WHERE candidate_id IN (SELECT candidate_id FROM p_due)")
    engine.execute(_WAIT)


def record_candidates(engine: Engine, run: int) -> None:
    """Keep the candidates that a run made (`p_made`). Those that it only settled (`p_settled`) are there: what was open is put in."""
    engine.execute(_SETTLED)
    engine.execute(_CANDIDATES, [run])


_SETTLED = """
    UPDATE state.main.candidate AS c SET variant = m.variant, template = m.template, settings = m.settings, send_at = m.send_at
    FROM (SELECT * FROM p_made SEMI JOIN p_settled USING (candidate_id)) AS m WHERE m.candidate_id = c.candidate_id
"""
_CANDIDATES = """
    INSERT INTO state.main.candidate
    SELECT candidate_id, kind, campaign, version, instance, step, variant, user_id, channel, template, scheduled_at, send_at, zone,
    settings,
        context, withheld, CAST(? AS INTEGER)
    FROM p_made ANTI JOIN p_settled USING (candidate_id) ORDER BY scheduled_at, candidate_id
"""
_MESSAGES = """
    INSERT INTO state.main.message
    SELECT m.message_id, m.candidate_id, m.kind, m.campaign, m.step, m.variant, m.user_id, m.channel, m.category, sha256(m."key"),
        m.scheduled_at, m.send_at, CASE WHEN m.reason IS NULL AND u.message_id IS NULL THEN 'sent' ELSE 'skipped' END,
        CASE WHEN u.message_id IS NULL THEN m.reason ELSE 'unrenderable' END, coalesce(u.rule, m.rule), CAST(? AS INTEGER)
    FROM p_message AS m LEFT JOIN unrendered AS u USING (message_id) ORDER BY m.message_id
"""
_EDITIONS = """
    INSERT INTO state.main.template_edition
    SELECT e.edition, e.template, e.texts, e.setting, CAST(? AS INTEGER) FROM run_edition AS e
    ANTI JOIN state.main.template_edition AS k ON k.edition = e.edition ORDER BY e.edition
"""
_WAIT = """
    INSERT INTO state.main.waiting
    SELECT candidate_id, user_id FROM p_made ANTI JOIN p_due USING (candidate_id) ANTI JOIN p_settled USING (candidate_id)
    ORDER BY candidate_id
"""
