"""The candidates whose time has come: those of earlier runs that waited, and those that this run makes.

`p_due(candidate_id, kind, campaign, version, instance, step, variant, user_id, user_key, channel, template, scheduled_at, send_at, zone,
settings, context, "group", category, priority, render, reason, rule)`
    `reason` and `rule`: why it is not sent, whoever it is for (`excluded`, `control`, `not_live`, `exited`, `expired`), else NULL.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.values import Duration, Unit
from engage_cli.engine.base import Engine
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.literals import column, text_literal
from engage_cli.state.instants import stored

DEFAULT_EXPIRY = Duration(24, Unit.HOUR)


class Campaigns(Struct, frozen=True):
    """Whose candidates a run decides about, by kind and name: those that have come to its instant. Of these some are `stopped`, and send
    nothing any more."""

    journeys: Sequence[str] = ()
    broadcasts: Sequence[str] = ()
    stopped: Sequence[tuple[str, str]] = ()

    @property
    def keys(self) -> list[str]:
        """Each as one text."""
        return [*(f"journey {name}" for name in self.journeys), *(f"broadcast {name}" for name in self.broadcasts)]

    @property
    def stopped_keys(self) -> list[str]:
        """The stopped ones likewise."""
        return [f"{kind} {name}" for kind, name in self.stopped]


def make_due(engine: Engine, as_of: datetime, zone: str, campaigns: Campaigns) -> int:
    """Make `p_due` of the candidates of these campaigns; how many there are.

    Needs `instance_user`, and `instance_end(instance, ended_at, reason)` of the instances that have ended.
    """
    taken = [stored(as_of), campaigns.keys, stored(as_of)]
    engine.execute(_SAID, taken)
    if not engine.rows("SELECT 1 FROM p_said LIMIT 1"):
        engine.execute(_NONE_DUE, taken)
        return 0
    durations = [str(row[0]) for row in engine.rows("SELECT DISTINCT expires FROM p_said WHERE expires IS NOT NULL ORDER BY expires")]
    said = [
        exp.If(this=column("expires", "t").eq(text_literal(text)), true=after_duration(column("send_at", "t"), _duration(text), zone))
        for text in durations
    ]
    default = after_duration(column("send_at", "t"), DEFAULT_EXPIRY, zone)
    expires = exp.Case(ifs=said, default=default) if said else default
    star = exp.Column(this=exp.Star(), table=exp.to_identifier("t"))
    query = exp.select(star, exp.alias_(expires, "expires_at")).from_(exp.alias_(exp.to_table("p_taken"), "t", table=True))
    engine.execute(_DUE.replace("{expiring}", engine.render(query)), [*taken, campaigns.stopped_keys, stored(as_of)])
    return int(engine.rows("SELECT count(*) FROM p_due")[0][0])


def _duration(text: str) -> Duration:
    """A duration as `str` writes it."""
    amount, unit = text.split(" ")
    return Duration(int(amount), Unit(re.sub(r"s$", "", unit)))


# What the messages say beside is the same of thousands: it is read as JSON once for each.
_SOURCE = """
    SELECT candidate_id, campaign_kind AS kind, campaign, version, instance, step, variant, user_id, channel, template,
        scheduled_at, send_at, zone, settings, context, withheld
    FROM state.main.candidate SEMI JOIN state.main.waiting USING (candidate_id)
    WHERE send_at <= ? AND list_contains(CAST(? AS VARCHAR[]), campaign_kind || ' ' || campaign)
    UNION ALL BY NAME
    SELECT * FROM p_made WHERE send_at <= ?
"""
_SAID = """
    CREATE OR REPLACE TEMP TABLE p_said AS
    SELECT settings, said[1] AS "group", coalesce(said[2], 'marketing') AS category, coalesce(CAST(said[3] AS INTEGER), 0) AS priority,
        coalesce(said[4], 'message') AS render, said[5] AS expires
    FROM (
        SELECT settings, settings->>['$.group', '$.category', '$.priority', '$.render', '$.expires_after'] AS said
        FROM (SELECT DISTINCT settings FROM ({source}))
    )
""".replace("{source}", _SOURCE)
_TAKEN = """
    p_taken AS (
        SELECT c.*, u.user_key, s."group", s.category, s.priority, s.render, s.expires
        FROM ({source}) AS c JOIN p_said AS s USING (settings) LEFT JOIN instance_user AS u USING (user_id)
    )
""".replace("{source}", _SOURCE)
_NONE_DUE = """
    CREATE OR REPLACE TEMP TABLE p_due AS WITH {taken}
    SELECT * EXCLUDE (withheld, expires), CAST(NULL AS VARCHAR) AS reason, CAST(NULL AS VARCHAR) AS rule FROM p_taken
""".replace("{taken}", _TAKEN)
_DUE = """
    CREATE OR REPLACE TEMP TABLE p_due AS
    WITH {taken}, p_expiring AS ({expiring}), judged AS (
        SELECT t.*, list_contains(CAST(? AS VARCHAR[]), t.kind || ' ' || t.campaign) AS stopped, e.reason AS ended,
            t.expires_at < CAST(? AS TIMESTAMP) AS expired
        FROM p_expiring AS t
        LEFT JOIN instance_end AS e ON e.instance = t.instance AND e.ended_at < t.send_at AND e.reason IN ('exited', 'stopped')
    )
    SELECT * EXCLUDE (withheld, expires, expires_at, stopped, ended, expired), CASE
            WHEN withheld IS NOT NULL THEN withheld
            WHEN stopped THEN 'not_live'
            WHEN ended IS NOT NULL THEN 'exited'
            WHEN expired THEN 'expired'
        END AS reason, CASE
            WHEN withheld IS NOT NULL THEN CASE withheld WHEN 'excluded' THEN 'exclude' ELSE 'variant ' || variant END
            WHEN stopped THEN 'status'
            WHEN ended IS NOT NULL THEN ended
            WHEN expired THEN 'expires_after ' || coalesce(expires, '24 hours')
        END AS rule
    FROM judged
""".replace("{taken}", _TAKEN)
