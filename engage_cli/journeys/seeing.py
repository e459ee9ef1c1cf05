"""Which events a tick sees come in, so that a later one can tell those that come in late."""

from collections.abc import Sequence
from datetime import datetime

from engage_cli.engine.base import Engine
from engage_cli.plan.needs import Catalog
from engage_cli.sql.events import keys_of
from engage_cli.state.instants import stored


def make_seen(engine: Engine, names: Sequence[str], catalog: Catalog, low: datetime, high: datetime) -> None:
    """Make `seen_now(message_id, ts)` of the events of these names in (low, high]."""
    engine.execute(_SEEN, [keys_of(names, catalog.event_keys), stored(low), stored(high)])


_SEEN = """
    CREATE OR REPLACE TEMP TABLE seen_now AS
    SELECT message_id, ts FROM events SEMI JOIN (SELECT unnest(CAST(? AS INTEGER[])) AS event_key) AS k USING (event_key)
    WHERE ts > ? AND ts <= ?
"""
