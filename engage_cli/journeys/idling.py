"""Which journeys a tick has anything to do for. The others cost a few rows of a few queries, however many there are.

A journey is idle where nobody is due by time, none of the events that it enters or waits by came in, nobody stands where a condition
may let them pass, and nothing about the journey itself changed. It may be called busy and turn out to be idle, never the other way round.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from engage_cli.definitions.journey import EntryWhen
from engage_cli.engine.base import Engine
from engage_cli.journeys.tick import Tick
from engage_cli.sql.events import is_named, keys_of
from engage_cli.state.instants import stored


def busy_ones(engine: Engine, ticks: Sequence[Tick], *, edited: frozenset[str], joined: bool) -> frozenset[str]:
    """The journeys, by name, that have to be ticked.

    `edited` have a new edition; `joined`: identifiers join users, so that new files may make somebody's events another's.
    """
    busy = {
        tick.name
        for tick in ticks
        if tick.name in edited or tick.last is None or (joined and tick.new_files) or _may_enter_by_condition(tick)
    }
    left = [tick for tick in ticks if tick.name not in busy]
    if left:
        due = {str(row[0]) for row in engine.rows(_DUE, [stored(left[0].until)] * 2)}
        asked = [tick for tick in left if tick.name not in due]
        standing = _standing(engine) if any(True for tick in asked for _ in _waits(tick)) else {}
        come_in = _come_in(engine, asked)
        busy |= due | {tick.name for tick in asked if _is_met(tick, come_in) or _is_waited_for(tick, standing)}
    return frozenset(busy)


def _may_enter_by_condition(tick: Tick) -> bool:
    """A condition may become true by anything: only asking tells."""
    return isinstance(tick.newest.journey.entry, EntryWhen)


def _come_in(engine: Engine, ticks: Sequence[Tick]) -> frozenset[str]:
    """The names of the events that came in since the last tick of the one that was ticked the longest ago."""
    names = {name for tick in ticks for name in tick.awaited_names}
    keys = keys_of(names, ticks[0].catalog.event_keys) if names else []
    if not keys:
        return frozenset()
    first, until = min(_last(tick) for tick in ticks), stored(ticks[0].until)
    if any(tick.new_files for tick in ticks):
        low = stored(first - ticks[0].late_window)
        found = engine.rows(_COME_IN, [keys, low, until, min(tick.last_run for tick in ticks), stored(first)])
    else:
        found = engine.rows(_SINCE, [keys, stored(first), until])
    come = {int(row[0]) for row in found}
    return frozenset(event for event, key in ticks[0].catalog.event_keys.items() if key in come)


def _last(tick: Tick) -> datetime:
    assert tick.last is not None
    return tick.last


def _is_met(tick: Tick, come_in: Iterable[str]) -> bool:
    names = tuple(sorted(tick.awaited_names))
    return any(is_named(event, names) for event in come_in)


def _standing(engine: Engine) -> dict[tuple[str, int], frozenset[str]]:
    """By journey and edition the steps where somebody stands."""
    rows = engine.rows("SELECT journey, version, list(DISTINCT step) FROM position_now GROUP BY journey, version")
    return {(journey, version): frozenset(steps) for journey, version, steps in rows}


def _is_waited_for(tick: Tick, standing: dict[tuple[str, int], frozenset[str]]) -> bool:
    return any(
        bool(steps) if step is None else step in steps
        for version, step in _waits(tick)
        for steps in [standing.get((tick.name, version), frozenset())]
    )


def _waits(tick: Tick) -> Iterator[tuple[int, str | None]]:
    """Where a condition may let somebody pass: of each edition the steps, None for all of them."""
    for edition in tick.editions:
        for _, step in edition.waits:
            yield edition.version, step


_DUE = "SELECT DISTINCT journey FROM position_now WHERE due <= ? OR exit_due <= ?"
_SINCE = """
    SELECT DISTINCT event_key FROM events SEMI JOIN (SELECT unnest(CAST(? AS INTEGER[])) AS event_key) AS k USING (event_key)
    WHERE ts > ? AND ts <= ?
"""
_COME_IN = """
    SELECT DISTINCT c.event_key FROM (
        SELECT event_key, message_id, ts FROM events SEMI JOIN (SELECT unnest(CAST(? AS INTEGER[])) AS event_key) AS k USING (event_key)
        WHERE ts > ? AND ts <= ?
    ) AS c
    LEFT JOIN (SELECT message_id FROM state.main.seen_event WHERE run <= ?) AS s USING (message_id)
    WHERE c.ts > ? OR s.message_id IS NULL
"""
