"""Outcomes of messages among the staged events: `outcome_event(user_key INTEGER, status VARCHAR, message VARCHAR, told_at TIMESTAMP)`."""

from sqlglot import exp

from engage_cli.definitions.outcomes import SUPPRESSING, Outcomes
from engage_cli.engine.base import Engine
from engage_cli.plan.needs import Catalog
from engage_cli.plan.outcomes import message_column
from engage_cli.sql.literals import all_of, column, integer_literal, text_literal
from engage_cli.sql.scope import EVENTS


def make_no_outcomes(engine: Engine) -> None:
    """Make `outcome_event` without any: nobody asks for them."""
    engine.execute("CREATE OR REPLACE TEMP TABLE outcome_event (user_key INTEGER, status VARCHAR, message VARCHAR, told_at TIMESTAMP)")


def suppress_by_outcomes(engine: Engine) -> None:
    """Add to `suppressed_hash` (plan/needs.py) the addresses at which a message bounced, or was complained of. Reads the state."""
    engine.execute(_SUPPRESS, [[one.value for one in SUPPRESSING]])


_SUPPRESS = """
    INSERT INTO suppressed_hash
    SELECT DISTINCT 'address', m.address_hash FROM outcome_event AS o JOIN state.main.message AS m ON m.message_id = o.message
    WHERE list_contains(CAST(? AS VARCHAR[]), o.status) AND m.address_hash IS NOT NULL ORDER BY ALL
"""


def make_outcomes(engine: Engine, catalog: Catalog, outcomes: Outcomes) -> None:
    """Make `outcome_event` of `events`, which are staged with what plan/outcomes.py asks for."""
    keys = {key: outcome for outcome, names in outcomes.names.items() for name, key in catalog.event_keys.items() if name in names}
    make_no_outcomes(engine)
    if not keys:
        return
    key, message = column("event_key", EVENTS), exp.column(message_column(outcomes).name, table=EVENTS, quoted=True)
    status = exp.Case()
    for number, outcome in sorted(keys.items()):
        status = status.when(exp.EQ(this=key.copy(), expression=integer_literal(number)), text_literal(outcome.value))
    query = exp.select(column("user_key", EVENTS), exp.alias_(status, "status"), exp.alias_(message, "message"), column("ts", EVENTS))
    query = query.from_(exp.alias_(exp.to_table("events"), EVENTS, table=True))
    known = exp.In(this=key, expressions=[integer_literal(number) for number in sorted(keys)])
    engine.create("outcome_found", query.where(all_of([known, exp.Not(this=exp.Is(this=message.copy(), expression=exp.null()))])))
    engine.execute("INSERT INTO outcome_event SELECT user_key, status, message, ts FROM outcome_found")
    engine.drop("outcome_found")
