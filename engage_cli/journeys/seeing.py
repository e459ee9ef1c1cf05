"""Which events a tick sees come in, so that a later one can tell those that come in late."""

from collections.abc import Sequence
from datetime import datetime

from sqlglot import exp

from engage_cli.engine.base import Engine
from engage_cli.journeys.happening import those_of
from engage_cli.plan.needs import Catalog
from engage_cli.sql.literals import column, timestamp_literal
from engage_cli.sql.scope import EVENTS


def make_seen(engine: Engine, names: Sequence[str], catalog: Catalog, zone: str, low: datetime, high: datetime) -> None:
    """Make `seen_now(message_id, ts)` of the events of these names in (low, high]."""
    engine.execute("DROP TABLE IF EXISTS temp.main.seen_now")
    if not names:
        engine.execute("CREATE TEMP TABLE seen_now (message_id VARCHAR, ts TIMESTAMP)")
        return
    shown = [column("message_id", EVENTS), column("ts", EVENTS)]
    query = those_of(tuple(names), None, shown, catalog, zone, low, high)
    engine.create("seen_now", query.where(exp.GT(this=column("ts", EVENTS), expression=timestamp_literal(low))))
