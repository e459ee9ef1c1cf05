"""Entries by a condition: at which instants it becomes true for whom, and for whom it holds at the end of the tick.

Over dated inputs it acts at the very instant, over undated ones at the tick that sees it. Whoever is not known yet meets no condition.
For whom it held at the last tick is remembered (`entry_truth`), and asked again where files have changed, or other journeys did
something at earlier instants: whatever came in late, however old, and made it true by then does not go unnoticed. What it was at the last
tick is judged without what the journey sets in this one, or nobody could enter late who is set on the way what the condition must not see.

`w_truth(user_key, holds)`
    what is to be remembered: of the users that were looked at, whether the condition holds at the tick's instant.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from engage_cli.engine.base import Engine
from engage_cli.journeys.asking import Asker
from engage_cli.journeys.known import make_known
from engage_cli.journeys.results import find_late_doings
from engage_cli.journeys.work import count
from engage_cli.plan.journeys.asked import ENTRY
from engage_cli.state.instants import stored

MICROSECOND = timedelta(microseconds=1)


class Becoming(Struct, frozen=True):
    """One tick of an entry by a condition. `last` is None in the journey's first tick, `anew` in the first of an edition."""

    engine: Engine
    asker: Asker
    journey: str
    since: datetime
    last: datetime | None
    until: datetime
    late_from: datetime | None
    backfill: bool
    anew: bool
    new_files: bool

    def find(self) -> None:
        """Make `w_become(user_key, entered_at)` of those who enter, unless somebody keeps them out, and `w_truth`."""
        engine = self.engine
        if self.until < self.since:
            engine.execute(_NOBODY_YET)
            engine.execute(_NO_TRUTH)
            return
        last = None if self.last is None or self.last < self.since else self.last
        engine.execute(_RECORDED, [self.journey])
        if not self.asker.is_dated(ENTRY):
            engine.execute(_EVERYBODY, [stored(self.until)])
            self.asker.ask([ENTRY])
            enters = self.backfill if last is None else not self.anew
            engine.execute(_NOW_TRUE, [stored(self.until), enters])
        else:
            make_known(engine)
            if last is None:
                self._from_the_first()
            else:
                self._since(last)
        engine.execute(_TRUTH, [stored(self.until)])

    def _from_the_first(self) -> None:
        """Everybody, from just before `since` on."""
        before = self.since - MICROSECOND
        self.engine.execute(_EVERYBODY, [stored(before)])
        self.asker.make_changes(ENTRY, before)
        self.engine.execute(_COURSE, [stored(self.since), stored(before), stored(self.until), stored(self.until)])
        self._ask()
        self.engine.execute(_RISING, [stored(self.since)])
        if self.backfill:
            self.engine.execute(_BACKFILL, [stored(before), stored(self.since)])

    def _since(self, last: datetime) -> None:
        """Whoever the condition may have changed for since the last tick; in the first tick of an edition everybody."""
        assert self.late_from is not None
        engine = self.engine
        is_first_walk = not count(engine, "SELECT count(*) FROM w_set_before")
        if is_first_walk:
            self._compare(last)
        engine.execute(_EVERYBODY, [stored(self.late_from)])
        self.asker.make_changes(ENTRY, self.late_from)
        engine.execute(_LOOKED_AT, [stored(last), stored(last), self.anew])
        engine.execute(
            _COURSE_SINCE, [stored(self.late_from), stored(last), stored(self.until), stored(self.late_from), stored(self.until)]
        )
        self._ask()
        if is_first_walk:
            engine.execute(_HELD_BY_THEN, [stored(last)])
        engine.execute(_RISING, [stored(last + MICROSECOND)])
        if not self.anew:
            engine.execute(_LATE_RISING, [stored(last), stored(self.since)])

    def _compare(self, last: datetime) -> None:
        """Make `w_known_better(user_key)`: of whom the last tick was told something else than what is known of its instant now."""
        self.engine.execute("CREATE OR REPLACE TEMP TABLE w_known_better (user_key INTEGER)")
        if self.new_files or find_late_doings(self.engine, last):
            self.engine.execute(_EVERYBODY, [stored(last)])
            self.asker.ask([ENTRY])
            self.engine.execute(_KNOWN_BETTER, [stored(last)])

    def _ask(self) -> None:
        """Make `w_held(user_key, asked_at, holds, held_before)` of `w_asked`: the course of the condition."""
        self.engine.execute(_KEEP_ASKED)
        self.asker.ask([ENTRY])
        self.engine.execute(_HELD)


_NOBODY_YET = "CREATE OR REPLACE TEMP TABLE w_become (user_key INTEGER, entered_at TIMESTAMP)"
_NO_TRUTH = "CREATE OR REPLACE TEMP TABLE w_truth (user_key INTEGER, holds BOOLEAN)"
_RECORDED = """
    CREATE OR REPLACE TEMP TABLE w_recorded AS
    SELECT DISTINCT u.user_key FROM state.main.entry_truth AS t JOIN instance_user AS u ON u.user_id = t.user_id WHERE t.journey = ?
"""
_EVERYBODY = """
    CREATE OR REPLACE TEMP TABLE w_asked AS
    SELECT CAST(user_key AS BIGINT) AS instance, '' AS token, user_key, CAST(? AS TIMESTAMP) AS asked_at, CAST(NULL AS VARCHAR) AS key,
        CAST(NULL AS TIMESTAMP) AS entered_at, CAST(MAP {} AS MAP(VARCHAR, STRUCT("value" JSON, since TIMESTAMP))) AS context
    FROM users
"""
_NOW_TRUE = """
    CREATE OR REPLACE TEMP TABLE w_become AS
    SELECT CAST(t.instance AS INTEGER) AS user_key, CAST(? AS TIMESTAMP) AS entered_at FROM w_true AS t
    WHERE CAST(? AS BOOLEAN) AND CAST(t.instance AS INTEGER) NOT IN (SELECT user_key FROM w_recorded)
"""
_COURSE = """
    CREATE OR REPLACE TEMP TABLE w_asked AS
    SELECT a.instance, a.token, a.user_key, c.changed_at AS asked_at, a.key, a.entered_at, a.context
    FROM w_asked AS a JOIN (
        SELECT instance, changed_at FROM w_change
        UNION SELECT instance, CAST(? AS TIMESTAMP) FROM w_asked
        UNION SELECT instance, asked_at FROM w_asked
        UNION SELECT k.user_key, k.since FROM w_known_since AS k WHERE k.since > CAST(? AS TIMESTAMP) AND k.since <= CAST(? AS TIMESTAMP)
        UNION SELECT instance, CAST(? AS TIMESTAMP) FROM w_asked
    ) AS c USING (instance)
"""
_KNOWN_BETTER = """
    INSERT INTO w_known_better
    SELECT k.user_key FROM w_known_since AS k
    LEFT JOIN w_true AS t ON t.instance = k.user_key
    LEFT JOIN w_recorded AS r ON r.user_key = k.user_key
    WHERE (t.instance IS NOT NULL AND k.since <= CAST(? AS TIMESTAMP)) <> (r.user_key IS NOT NULL)
"""
_LOOKED_AT = """
    CREATE OR REPLACE TEMP TABLE w_looked_at AS
    SELECT DISTINCT u.user_key FROM users AS u
    WHERE u.user_key IN (SELECT instance FROM w_change WHERE changed_at > CAST(? AS TIMESTAMP))
        OR u.user_key IN (SELECT user_key FROM w_known_better)
        OR u.user_key IN (SELECT user_key FROM w_known_since WHERE since > CAST(? AS TIMESTAMP)) OR CAST(? AS BOOLEAN)
"""
_COURSE_SINCE = """
    CREATE OR REPLACE TEMP TABLE w_asked AS
    SELECT a.instance, a.token, a.user_key, c.changed_at AS asked_at, a.key, a.entered_at, a.context
    FROM w_asked AS a SEMI JOIN w_looked_at USING (user_key)
    JOIN (
        SELECT instance, changed_at FROM w_change
        UNION SELECT instance, CAST(? AS TIMESTAMP) FROM w_asked
        UNION SELECT instance, CAST(? AS TIMESTAMP) FROM w_asked
        UNION SELECT instance, CAST(? AS TIMESTAMP) FROM w_asked
        UNION SELECT k.user_key, k.since FROM w_known_since AS k WHERE k.since > CAST(? AS TIMESTAMP) AND k.since <= CAST(? AS TIMESTAMP)
    ) AS c USING (instance)
"""
_KEEP_ASKED = "CREATE OR REPLACE TEMP TABLE w_course AS SELECT DISTINCT user_key, asked_at FROM w_asked"
_HELD = """
    CREATE OR REPLACE TEMP TABLE w_held AS
    SELECT user_key, asked_at, holds, coalesce(lag(holds) OVER (PARTITION BY user_key ORDER BY asked_at), holds) AS held_before FROM (
        SELECT c.user_key, c.asked_at, t.instance IS NOT NULL AND c.asked_at >= k.since AS holds
        FROM w_course AS c JOIN w_known_since AS k USING (user_key)
        LEFT JOIN w_true AS t ON t.instance = c.user_key AND t.asked_at = c.asked_at
    )
"""
_RISING = """
    CREATE OR REPLACE TEMP TABLE w_become AS
    SELECT user_key, asked_at AS entered_at FROM w_held WHERE holds AND NOT held_before AND asked_at >= CAST(? AS TIMESTAMP)
"""
_BACKFILL = """
    INSERT INTO w_become
    SELECT b.user_key, s.asked_at FROM w_held AS b JOIN w_held AS s USING (user_key)
    WHERE b.asked_at = CAST(? AS TIMESTAMP) AND b.holds AND s.asked_at = CAST(? AS TIMESTAMP) AND s.holds
"""
_HELD_BY_THEN = """
    CREATE OR REPLACE TEMP TABLE w_held_by_then AS SELECT user_key FROM w_held WHERE asked_at = CAST(? AS TIMESTAMP) AND holds
"""
_LATE_RISING = """
    INSERT INTO w_become
    SELECT r.user_key, max(r.asked_at) FROM w_held AS r SEMI JOIN w_held_by_then USING (user_key)
    WHERE r.holds AND NOT r.held_before AND r.asked_at <= CAST(? AS TIMESTAMP) AND r.asked_at >= CAST(? AS TIMESTAMP)
        AND r.user_key NOT IN (SELECT user_key FROM w_recorded)
    GROUP BY r.user_key
"""
_TRUTH = """
    CREATE OR REPLACE TEMP TABLE w_truth AS
    SELECT DISTINCT CAST(a.instance AS INTEGER) AS user_key, t.instance IS NOT NULL AS holds
    FROM w_asked AS a LEFT JOIN w_true AS t ON t.instance = a.instance AND t.asked_at = a.asked_at
    WHERE a.asked_at = CAST(? AS TIMESTAMP)
"""
