"""Entries: whom an event, or a condition that becomes true, brings to a journey, and which of these it lets in.

Whether somebody enters hinges on how the instance before it ended, which the same walk decides. But what an instance does hinges on no
other: so every candidate is walked as if it were let in, and then one is chosen after the other along each user and key. Where one entry is
all, the first candidate is let in whatever it does, and the others are not walked.

`w_candidate(number, user_key, user_id, entered_at, entry_event, entry_name, key, properties, late)`
    whoever may enter, in no order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.journey import After, Always, EntryOn, EntryWhen, Journey, Never
from engage_cli.engine.base import Engine
from engage_cli.journeys.asking import Asker
from engage_cli.journeys.becoming import Becoming
from engage_cli.journeys.happening import Awaited, is_new, those_of
from engage_cli.journeys.sight import Turn
from engage_cli.plan.instants import since_instant
from engage_cli.plan.journeys.asked import ENTRY
from engage_cli.plan.needs import Catalog, Column, Reading
from engage_cli.sql.calendar import after_duration
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


def choose(engine: Engine, journey: Journey, zone: str) -> None:
    """Make `w_admitted(instance)`: those of the fresh instances of `w_instance` that are let in, by how each ended (`w_cut`)."""
    free: exp.Expr = column("ended_at", "c")
    match journey.entry.reentry:
        case After(duration=duration):
            free = after_duration(column("ended_at", "c"), duration, zone)
        case Never():
            free = exp.cast(exp.null(), "TIMESTAMP")
        case Always():
            pass
    ends = exp.select(column("instance", "c"), column("ended_at", "c"), exp.alias_(free, "free_at"))
    engine.execute("DROP TABLE IF EXISTS temp.main.w_free")
    engine.create("w_free", ends.from_(exp.alias_(exp.to_table("w_cut"), "c", table=True)))
    for macro in _MACROS:
        engine.execute(macro)
    engine.execute(_RIVALS, [journey.name])
    rivals = exp.select(column("instance", "c"), exp.alias_(free.copy(), "free_at")).from_(
        exp.alias_(exp.to_table("w_rival_end"), "c", table=True)
    )
    engine.execute("DROP TABLE IF EXISTS temp.main.w_rival_free")
    engine.create("w_rival_free", rivals)
    engine.execute(_WAITING[type(journey.entry.reentry).__name__])
    engine.execute(_NEXT)
    engine.execute(_ADMITTED)


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
_ASKED = """
    CREATE OR REPLACE TEMP TABLE w_asked AS
    SELECT number AS instance, '' AS token, user_key, entered_at AS asked_at, key, entered_at,
        map_from_entries([
            {'k': 'entry', 'v': {'value': CAST(properties AS JSON), 'since': entered_at - INTERVAL 1 MICROSECOND}}
        ]) AS context
    FROM w_candidate
"""
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
            ELSE map_from_entries([
                {'k': 'entry', 'v': {'value': CAST(properties AS JSON), 'since': entered_at - INTERVAL 1 MICROSECOND}}
            ]) END, ''
    FROM w_candidate
"""
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
# ---- who is let in --------------------------------------------------------------------------------------------------

_MACROS = (
    # The entry event that is the first thing done at an instant of all that leads to an action at it; '' where none does.
    "CREATE OR REPLACE TEMP MACRO entry_behind(action) AS CASE WHEN action[1].rank = 4 THEN action[1].event ELSE '' END",
    "CREATE OR REPLACE TEMP MACRO turn_at_door(instant, event) AS strftime(instant, '%Y%m%d%H%M%S%f') || event",
)
_RIVALS = """
    CREATE OR REPLACE TEMP TABLE w_rival_end AS
    SELECT k.instance, k.user_key, k.key, k.entered_at, coalesce(e.ended_at, k.ended_at) AS ended_at, coalesce(e.end_event, '') AS end_event
    FROM w_known_instance AS k
    LEFT JOIN (
        SELECT instance, ended_at, '' AS end_event FROM r_ended UNION ALL SELECT instance, ended_at, entry_behind(action) FROM w_cut
    ) AS e USING (instance) WHERE k.journey = ?
"""
_WAITING = {
    "Always": """
        CREATE OR REPLACE TEMP TABLE w_waiting_door AS
        SELECT i.*, row_number() OVER (PARTITION BY user_key, key ORDER BY entered_at, entry_event NULLS FIRST) AS place, f.free_at
        FROM w_instance AS i LEFT JOIN w_free AS f USING (instance)
        WHERE i.fresh AND NOT EXISTS (
            SELECT 1 FROM w_rival_end AS r
            WHERE r.user_key = i.user_key AND r.key IS NOT DISTINCT FROM i.key
                AND r.entered_at <= i.entered_at AND (
                    r.ended_at IS NULL OR i.entered_at < r.ended_at
                    OR (i.entered_at = r.ended_at AND r.end_event >= coalesce(i.entry_event, '') AND r.end_event <> '')
                )
        )
    """,
    "After": """
        CREATE OR REPLACE TEMP TABLE w_waiting_door AS
        SELECT i.*, row_number() OVER (PARTITION BY user_key, key ORDER BY entered_at, entry_event NULLS FIRST) AS place, f.free_at
        FROM w_instance AS i LEFT JOIN w_free AS f USING (instance)
        WHERE i.fresh AND NOT EXISTS (
            SELECT 1 FROM w_rival_end AS r JOIN w_rival_free AS g USING (instance)
            WHERE r.user_key = i.user_key AND r.key IS NOT DISTINCT FROM i.key AND (
                g.free_at IS NULL OR i.entered_at < g.free_at
                OR (i.entered_at = r.ended_at AND r.end_event >= coalesce(i.entry_event, '') AND r.end_event <> '')
            )
        )
    """,
    "Never": """
        CREATE OR REPLACE TEMP TABLE w_waiting_door AS
        SELECT i.*, row_number() OVER (PARTITION BY user_key, key ORDER BY entered_at, entry_event NULLS FIRST) AS place, f.free_at
        FROM w_instance AS i LEFT JOIN w_free AS f USING (instance)
        WHERE i.fresh
    """,
}
# An instance may end at an instant by what somebody sets who enters at it. That one, and whoever enters before it, finds it still open.
_NEXT = """
    CREATE OR REPLACE TEMP TABLE w_following AS
    SELECT w.instance, w.user_key, w.key, w.place,
        CASE WHEN w.free_at IS NOT NULL AND n.place IS NOT NULL THEN greatest(n.place, w.place + 1) END AS next_place
    FROM (
        SELECT d.*, coalesce(turn_at_door(d.free_at, CASE
            WHEN d.free_at = c.ended_at AND entry_behind(c.action) <> '' THEN entry_behind(c.action) || chr(1) ELSE ''
        END), '~') AS free_turn
        FROM w_waiting_door AS d LEFT JOIN w_cut AS c USING (instance)
    ) AS w
    ASOF LEFT JOIN (
        SELECT user_key, coalesce(key, '') AS keyed, turn_at_door(entered_at, coalesce(entry_event, '')) AS turn, min(place) AS place
        FROM w_waiting_door GROUP BY ALL
    ) AS n ON n.user_key = w.user_key AND n.keyed = coalesce(w.key, '') AND n.turn >= w.free_turn
"""
_ADMITTED = """
    CREATE OR REPLACE TEMP TABLE w_admitted AS
    WITH RECURSIVE chain AS (
        SELECT instance, user_key, key, next_place FROM w_following WHERE place = 1
        UNION ALL
        SELECT f.instance, f.user_key, f.key, f.next_place
        FROM chain AS c JOIN w_following AS f
            ON f.user_key = c.user_key AND f.key IS NOT DISTINCT FROM c.key AND f.place = c.next_place
    )
    SELECT instance FROM chain
"""
