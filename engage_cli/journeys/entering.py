"""Entries: whom an event, or a condition that becomes true, brings to a journey, and which of these it lets in.

Whether somebody enters hinges on how the instance before it ended, which the same walk decides. But what an instance does hinges on no
other: so every candidate is walked as if it were let in, and admitting.py chooses of them. Where one entry is all, the first candidate is
let in whatever it does, and the others are not walked.

`w_candidate(number, user_key, user_id, entered_at, entry_event, entry_name, key, properties, late)`
    whoever may enter, in no order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.journey import EntryOn, EntryWhen, Journey, Never
from engage_cli.engine.base import Engine
from engage_cli.journeys.asking import Asker
from engage_cli.journeys.becoming import Becoming
from engage_cli.journeys.happening import Awaited, is_new, those_of
from engage_cli.journeys.sight import Turn
from engage_cli.plan.instants import since_instant
from engage_cli.plan.journeys.asked import ENTRY
from engage_cli.plan.needs import Catalog, Column, Reading
from engage_cli.sql.literals import all_of, any_of, column, timestamp_literal
from engage_cli.sql.scope import EVENTS
from engage_cli.state.instants import stored

Stretches = Sequence[tuple[datetime, datetime | None]]


class Door(Struct, frozen=True):
    """By what a journey is entered in one tick: (`last`, `until`], from `since` on, not in `pauses`, `late_from` on for what came in
    late."""

    engine: Engine
    journey: Journey
    version: int
    asker: Asker
    catalog: Catalog
    zone: str
    since: datetime
    last: datetime | None
    until: datetime
    late_from: datetime | None
    pauses: Stretches
    anew: bool = False
    """Whether this edition is entered for the first time, after others."""
    new_files: bool = True
    """Whether something can have come in late."""

    def find(self, on: Awaited | None) -> None:
        """Make `w_candidate`, of those too whom an instance before keeps out."""
        entry = self.journey.entry
        match entry:
            case EntryOn():
                assert on is not None
                self._by_events(on, entry)
            case EntryWhen():
                self._by_condition(entry)

    def turn_away(self) -> None:
        """Take those out of `w_candidate` whom an instance in `w_known_instance` keeps out."""
        self.engine.execute(_ADMISSIBLE[type(self.journey.entry.reentry).__name__], [self.journey.name])

    def leave_first(self) -> None:
        """Where one entry is all, leave the first candidate of each user and key: it is let in, and nobody after it. Whoever enters by
        every event is not walked as often as there are such events."""
        if isinstance(self.journey.entry.reentry, Never):
            self.engine.execute(_LATER_ONES)

    # ---- by events -------------------------------------------------------------------------------------------------

    def _by_events(self, on: Awaited, entry: EntryOn) -> None:
        low = self.since if self.late_from is None else max(self.since, self.late_from)
        if self.last is not None and not self.new_files:
            low = max(low, self.last)
        key = exp.cast(exp.null(), "TEXT") if entry.key is None else column(Column(entry.key, Reading.TEXT).name, EVENTS)
        last = exp.false() if self.last is None else exp.LTE(this=column("ts", EVENTS), expression=timestamp_literal(self.last))
        shown = [
            *(column(name, EVENTS) for name in ("user_key", "ts", "message_id", "event", "properties")),
            exp.alias_(key, "key"),
            exp.alias_(last, "late"),
        ]
        query = those_of(on.names, on.row, shown, self.catalog, self.zone, low, self.until)
        query = query.where(all_of([is_new(self.last), *(_outside(pause) for pause in self.pauses)]))
        self.engine.execute("DROP TABLE IF EXISTS temp.main.w_entry_event")
        self.engine.create("w_entry_event", query)
        self.engine.execute(_OF_EVENTS, [entry.key is not None])
        if entry.condition is not None:
            self.engine.execute(_ASKED)
            self.asker.ask([ENTRY], Turn.ENTRY)
            self.engine.execute(_THOSE_WHO_MEET)

    # ---- by a condition --------------------------------------------------------------------------------------------

    def _by_condition(self, entry: EntryWhen) -> None:
        becoming = Becoming(
            engine=self.engine,
            asker=self.asker,
            journey=self.journey.name,
            since=self.since,
            last=self.last,
            until=self.until,
            late_from=self.late_from,
            backfill=entry.backfill,
            anew=self.anew,
            new_files=self.new_files,
        )
        becoming.find()
        last = None if self.last is None else stored(self.last)
        self.engine.execute(_OF_CONDITION, [last, [stored(one[0]) for one in self.pauses], [end_of(one) for one in self.pauses]])
        self.engine.execute(_REMEMBER, [self.journey.name])


def end_of(pause: tuple[datetime, datetime | None]) -> datetime:
    """The end of a pause, as the tables have it; one that lasts ends in the year 9999."""
    return datetime(9999, 12, 31) if pause[1] is None else stored(pause[1])  # noqa: DTZ001 - what tables hold is naive


def since_of(journey: Journey, default: datetime, zone: str) -> datetime:
    """The instant before which no event enters."""
    since = journey.entry.since
    return default if since is None else since_instant(since, ZoneInfo(zone))


def _outside(pause: tuple[datetime, datetime | None]) -> exp.Expr:
    begun, ended = pause
    before = exp.LT(this=column("ts", EVENTS), expression=timestamp_literal(begun))
    after = exp.false() if ended is None else exp.GTE(this=column("ts", EVENTS), expression=timestamp_literal(ended))
    return exp.paren(any_of([before, after]))


def enter_all(engine: Engine, journey: Journey, first_step: str) -> None:
    """Put an instance for each candidate into the tables of a walk, at the first step."""
    engine.execute(_INSTANCES, [journey.name, journey.key is not None])
    engine.execute(_TOKENS)
    engine.execute(_LOG, [first_step])


_OF_EVENTS = """
    CREATE OR REPLACE TEMP TABLE w_candidate AS
    SELECT row_number() OVER (ORDER BY e.ts, e.message_id) AS number, e.user_key, u.user_id, e.ts AS entered_at,
        e.message_id AS entry_event,
        e.event AS entry_name, e.key, e.properties, e.late
    FROM w_entry_event AS e JOIN users AS u USING (user_key)
    WHERE e.key IS NOT NULL OR NOT CAST(? AS BOOLEAN)
"""
_OF_CONDITION = """
    CREATE OR REPLACE TEMP TABLE w_candidate AS
    SELECT row_number() OVER (ORDER BY b.entered_at, u.user_id) AS number, b.user_key, u.user_id, b.entered_at,
        CAST(NULL AS VARCHAR) AS entry_event,
        CAST(NULL AS VARCHAR) AS entry_name, CAST(NULL AS VARCHAR) AS key, CAST(NULL AS VARCHAR) AS properties,
        coalesce(b.entered_at <= CAST(? AS TIMESTAMP), FALSE) AS late
    FROM (SELECT DISTINCT * FROM w_become) AS b JOIN users AS u USING (user_key)
    WHERE NOT EXISTS (
        SELECT 1 FROM (SELECT unnest(CAST(? AS TIMESTAMP[])) AS begun, unnest(CAST(? AS TIMESTAMP[])) AS ended) AS p
        WHERE b.entered_at >= p.begun AND b.entered_at < p.ended
    )
"""
_REMEMBER = """
    INSERT INTO r_truth SELECT CAST(? AS VARCHAR), u.user_id, t.holds FROM w_truth AS t JOIN users AS u USING (user_key)
"""
# Whatever an instance carries along, also at the very instant of its entry, is later than what it came with.
_CONTEXT = """
    map_from_entries([{'k': 'entry', 'v': {'value': CAST(properties AS JSON), 'since': entered_at - INTERVAL 1 MICROSECOND}}])
"""
_ASKED = """
    CREATE OR REPLACE TEMP TABLE w_asked AS
    SELECT number AS instance, '' AS token, user_key, entered_at AS asked_at, key, entered_at, {entry} AS context
    FROM w_candidate
""".replace("{entry}", _CONTEXT)
_THOSE_WHO_MEET = "DELETE FROM w_candidate WHERE number NOT IN (SELECT instance FROM w_true)"
# Whoever was inside at the candidate's instant keeps it out, an open instance whatever comes late; where one entry is all, any does.
_ADMISSIBLE = {
    "Never": """
        DELETE FROM w_candidate WHERE EXISTS (
            SELECT 1 FROM w_known_instance AS i
            WHERE i.journey = ? AND i.user_key = w_candidate.user_key AND i.key IS NOT DISTINCT FROM w_candidate.key
        )
    """,
    "Always": """
        DELETE FROM w_candidate WHERE EXISTS (
            SELECT 1 FROM w_known_instance AS i
            WHERE i.journey = ? AND i.user_key = w_candidate.user_key AND i.key IS NOT DISTINCT FROM w_candidate.key AND (
                (i.ended_at IS NULL AND w_candidate.late)
                OR (i.entered_at <= w_candidate.entered_at AND w_candidate.entered_at < i.ended_at)
            )
        )
    """,
}
_ADMISSIBLE["After"] = _ADMISSIBLE["Always"]
_LATER_ONES = """
    DELETE FROM w_candidate WHERE number NOT IN (
        SELECT number FROM w_candidate
        QUALIFY row_number() OVER (PARTITION BY user_key, key ORDER BY entered_at, entry_event NULLS FIRST) = 1
    )
"""
_INSTANCES = """
    INSERT INTO w_instance
    SELECT -number, md5(
            CAST(? AS VARCHAR) || chr(31) || user_id || chr(31) || CASE WHEN CAST(? AS BOOLEAN) THEN coalesce(key,
                '') ELSE '' END || chr(31)
            || coalesce(entry_event, strftime(entered_at, '%Y-%m-%dT%H:%M:%S.%fZ'))
        ), user_key, user_id, key, entered_at, entry_event, entry_name, TRUE, entered_at,
        CASE WHEN entry_event IS NULL THEN CAST(MAP {} AS MAP(VARCHAR, STRUCT(value JSON, since TIMESTAMP)))
            ELSE {entry} END, ''
    FROM w_candidate
""".replace("{entry}", _CONTEXT)
_TOKENS = """
    INSERT INTO w_token
    SELECT instance, '', 0, entered_at, entered_at, entered_at, context, CASE WHEN entry_event IS NULL THEN [] ELSE [entry_event] END,
        TRUE, NULL,
        [{'rank': 4, 'branch': 0, 'ts': entered_at, 'event': coalesce(entry_event, ''), 'token': 0, 'who': ''}]
    FROM w_instance WHERE fresh
"""
_LOG = """
    INSERT INTO w_log
    SELECT instance, '', NULL, CAST(? AS VARCHAR), entered_at, 'entry', NULL, entry_event,
        [{'rank': -3, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': 0, 'who': ''}], -3,
        [{'rank': -3, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': 0, 'who': ''}]
    FROM w_instance WHERE fresh
"""
