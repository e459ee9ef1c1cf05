"""Whom a tick of one edition looks at: those to whom something happened, or may happen by time or by a condition.

`w_due(instance, version)`
    the open ones that time alone may move.
`w_known_instance(instance, journey, version, user_key, user_id, key, entered_at, entry_event, entry_name, ended_at, instance_id)`
    the instances, ended ones too, of all of these.
`w_touched(instance)`
    the open ones of them that may move, which are walked.
"""

from datetime import datetime

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.journey import Journey
from engage_cli.definitions.journey_steps import Fork, Hold
from engage_cli.engine.base import Engine
from engage_cli.journeys.asking import Asker
from engage_cli.journeys.edition import Edition
from engage_cli.journeys.happening import make_happened
from engage_cli.journeys.results import find_late_doings
from engage_cli.journeys.work import count
from engage_cli.plan.needs import Catalog
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.literals import column
from engage_cli.state.instants import read, stored


class Look(Struct, frozen=True):
    """What is asked of the state and the events before a walk. Instants as in `Tick`."""

    engine: Engine
    edition: Edition
    asker: Asker
    catalog: Catalog
    zone: str
    since: datetime
    late_from: datetime | None
    last: datetime | None
    until: datetime
    new_records: bool
    old_events: bool

    @property
    def journey(self) -> Journey:
        """The edition's."""
        return self.edition.journey

    def find_happened(self) -> None:
        """Make `w_happened`: what happened to those who may enter, and since the last tick to those inside."""
        lows = [self.late_from] if self.late_from is not None else []
        entered = self.engine.rows("SELECT min(entered_at) FROM w_candidate")[0][0]
        lows += [read(entered)] if entered is not None else []
        if any(isinstance(step, Hold) and step.since_entry for step in self.journey.all_steps()):
            first = self.engine.rows(_FIRST_ENTRY, [self.journey.name, self.edition.version])[0][0]
            lows += [read(first)] if first is not None else []
        make_happened(self.engine, self.edition.awaited, self.catalog, self.zone, min(lows) if lows else self.since, self.until, self.last)

    def load_known(self) -> None:
        """Make `w_known_instance`: the instances, ended ones too, of those who may enter or to whom something happened, and those that
        time or a condition may move."""
        name, version = self.journey.name, self.edition.version
        steps = [step for _, step in self.edition.waits]
        self.engine.execute(_DUE, [name, stored(self.until), stored(self.until)])
        standing = [name, version, steps, None in steps]
        self.engine.execute(_KNOWN if steps else _KNOWN_WITHOUT_CONDITIONS, [name, *standing] if steps else [name])

    def load_touched(self) -> None:
        """Add to `w_instance` and `w_token` the instances that something can have happened to."""
        engine, name, version = self.engine, self.journey.name, self.edition.version
        engine.execute(_TOUCHED, [version, name, version, name, version])
        self._touch_by_conditions()
        places = self.edition.graph.places
        engine.execute(_LOAD_INSTANCES if any(isinstance(place.node, Fork) for place in places) else _LOAD_UNFORKED)
        engine.execute(_LOAD_TOKENS, [[place.id for place in places], [place.index for place in places]])

    def _touch_by_conditions(self) -> None:
        engine, name, version = self.engine, self.journey.name, self.edition.version
        if not self.edition.waits:
            return
        late = self.last is not None and find_late_doings(engine, self.last)
        changed = self._has_another_past()
        for condition, step in self.edition.waits:
            if not count(engine, _STANDING, name, version, step):
                continue
            if not self.asker.is_dated(condition) or self.last is None:
                engine.execute(_TOUCHED_ALL, [name, version, step])
            elif changed:
                engine.execute(_WAITERS, [name, version, step, step])
                self.asker.first_true(condition)
                engine.execute("INSERT INTO w_touched SELECT DISTINCT instance FROM w_first")
            else:
                engine.execute(_ASK_STANDING, [stored(self.last), name, version, step])
                self.asker.make_changes(condition, self.last)
                engine.execute("INSERT INTO w_touched SELECT DISTINCT instance FROM w_change")
                if late:
                    engine.execute(_TOUCHED_BY_OTHERS, [name, version, step])

    def _has_another_past(self) -> bool:
        """Whether the conditions may have become true at instants that an earlier tick had passed, and not only for those in `w_late`."""
        plan = self.edition.plan
        if (self.new_records and plan.reads_records) or (self.old_events and plan.event_names):
            return True
        return plan.reads_others and count(self.engine, "SELECT count(*) FROM w_late") > 0

    def make_rules(self) -> None:
        """`w_branch`, `w_exit_rule`, `w_goal_rule`: which `on` stands where; `w_goal_limit`: until when a goal that ends instances
        counts."""
        engine, journey = self.engine, self.journey
        holds = {step.id: step for step in journey.all_steps() if isinstance(step, Hold)}
        rows = [
            (one.place, one.number, holds[one.place].branches[one.number], one.occurrence, one.match is not None, one.tied)
            for one in self.edition.awaited
            if one.place in holds
        ]
        engine.execute(
            _BRANCHES,
            [
                [row[0] for row in rows],
                [row[1] for row in rows],
                [row[2].name for row in rows],
                [row[3] for row in rows],
                [row[2].restart for row in rows],
                [row[4] for row in rows],
                [row[5] for row in rows],
            ],
        )
        exits = [one for one in self.edition.awaited if one.place == "exit"]
        goals = [one for one in self.edition.awaited if one.place == "goal"]
        ending = exits + (goals if journey.goal is not None and journey.goal.exit else [])
        engine.execute(
            _EXIT_RULES,
            [
                [one.occurrence for one in ending],
                [one.number for one in ending],
                [one.match is not None for one in ending],
                [one.place == "goal" for one in ending],
                [one.tied for one in ending],
            ],
        )
        engine.execute(_GOAL_RULES, [[one.occurrence for one in goals], [one.match is not None for one in goals]])
        until: exp.Expr = exp.cast(exp.null(), "TIMESTAMP")
        if journey.goal is not None and journey.goal.within is not None:
            until = after_duration(column("entered_at", "i"), journey.goal.within, self.zone)
        query = exp.select(column("instance", "i"), exp.alias_(until, "until"))
        engine.execute("DROP TABLE IF EXISTS temp.main.w_goal_limit")
        engine.create("w_goal_limit", query.from_(exp.alias_(exp.to_table("w_instance"), "i", table=True)))


_DUE = """
    CREATE OR REPLACE TEMP TABLE w_due AS
    SELECT DISTINCT instance, version FROM position_now WHERE journey = ? AND (due <= ? OR exit_due <= ?)
"""
_WHO = """
    CREATE OR REPLACE TEMP TABLE w_known_instance AS
    WITH who AS (
        SELECT user_key FROM w_candidate
        UNION SELECT user_key FROM w_happened WHERE is_new
        UNION SELECT user_key FROM w_late
    ), found AS (
        SELECT i.instance FROM instance_now AS i
        SEMI JOIN (SELECT user_id FROM instance_user SEMI JOIN who USING (user_key)) AS u ON u.user_id = i.user_id
        WHERE i.journey = ?
        UNION SELECT instance FROM w_due
        UNION SELECT instance FROM changed_now"""
_STANDING_BY = """
        UNION SELECT p.instance FROM position_now AS p
            WHERE p.journey = ? AND p.version = ? AND (list_contains(CAST(? AS VARCHAR[]), p.step) OR ?)"""
_KNOWN_ONES = """
    )
    SELECT i.instance, i.journey, i.version, u.user_key, i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name, i.ended_at,
        i.instance_id
    FROM instance_now AS i SEMI JOIN found USING (instance) JOIN instance_user AS u ON u.user_id = i.user_id
"""
_KNOWN = _WHO + _STANDING_BY + _KNOWN_ONES
_KNOWN_WITHOUT_CONDITIONS = _WHO + _KNOWN_ONES
_FIRST_ENTRY = "SELECT min(entered_at) FROM instance_now WHERE journey = ? AND version = ? AND ended_at IS NULL"
_TOUCHED = """
    CREATE OR REPLACE TEMP TABLE w_touched AS
    SELECT DISTINCT instance FROM (
        SELECT instance FROM w_due WHERE version = ?
        UNION ALL
        SELECT p.instance FROM position_now AS p SEMI JOIN changed_now AS c USING (instance) WHERE p.journey = ? AND p.version = ?
        UNION ALL
        SELECT k.instance FROM w_known_instance AS k
        WHERE k.ended_at IS NULL AND k.journey = ? AND k.version = ?
            AND (k.user_key IN (SELECT user_key FROM w_happened WHERE is_new) OR k.user_key IN (SELECT user_key FROM w_late))
    )
"""
_STANDING = "SELECT count(*) FROM position_now WHERE journey = ? AND version = ? AND step = coalesce(?, step)"
_ASK_STANDING = """
    CREATE OR REPLACE TEMP TABLE w_asked AS
    SELECT p.instance, p.token, k.user_key, CAST(? AS TIMESTAMP) AS asked_at, k.key, k.entered_at, p.context
    FROM position_now AS p JOIN w_known_instance AS k USING (instance)
    WHERE p.journey = ? AND p.version = ? AND p.step = coalesce(?, p.step)
"""
# A row of a change log, or an event, may have come in late, however old: what is asked begins with each instance's last transition.
_WAITERS = """
    CREATE OR REPLACE TEMP TABLE w_waiter AS
    SELECT p.instance, p.token, k.user_key, k.key, k.entered_at, p.context, FALSE AS arrived, p.arrived_at,
        max(p.last_at) OVER (PARTITION BY p.instance) AS instance_last_at, p.last_at
    FROM position_now AS p JOIN w_known_instance AS k USING (instance)
    WHERE p.journey = ? AND p.version = ?
    QUALIFY CASE WHEN CAST(? AS VARCHAR) IS NULL THEN row_number() OVER (PARTITION BY p.instance ORDER BY p.token, p.last_at) = 1
        ELSE p.step = CAST(? AS VARCHAR) END
"""
_TOUCHED_BY_OTHERS = """
    INSERT INTO w_touched
    SELECT DISTINCT p.instance FROM position_now AS p JOIN w_known_instance AS k USING (instance)
    WHERE p.journey = ? AND p.version = ? AND p.step = coalesce(?, p.step) AND k.user_key IN (SELECT user_key FROM w_did_before)
"""
_TOUCHED_ALL = """
    INSERT INTO w_touched SELECT DISTINCT instance FROM position_now WHERE journey = ? AND version = ? AND step = coalesce(?, step)
"""
_LOAD = """
    INSERT INTO w_instance
    SELECT k.instance, k.instance_id, k.user_key, k.user_id, k.key, k.entered_at, k.entry_event, k.entry_name, FALSE, p.last_at,
        p.context, ''
    FROM (SELECT DISTINCT instance FROM w_touched) AS t
    JOIN w_known_instance AS k USING (instance)
    JOIN {carried} AS p USING (instance)
"""
_LOAD_UNFORKED = _LOAD.replace("{carried}", "position_now")
_LOAD_INSTANCES = _LOAD.replace(
    "{carried}",
    """(
        SELECT instance, max(last_at) AS last_at, arg_min(context, (token, last_at)) AS context
        FROM position_now SEMI JOIN w_touched USING (instance) GROUP BY instance
    )""",
)
_LOAD_TOKENS = """
    INSERT INTO w_token
    SELECT p.instance, p.token, s.place, p.arrived_at, p.waiting_since, p.last_at, p.context, p.used, FALSE, p.due,
        [{'rank': -1, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': 0, 'who': ''}]
    FROM position_now AS p
    SEMI JOIN (SELECT instance FROM w_instance) AS i ON i.instance = p.instance
    JOIN (SELECT unnest(CAST(? AS VARCHAR[])) AS id, unnest(CAST(? AS INTEGER[])) AS place) AS s ON s.id = p.step
"""
_BRANCHES = """
    CREATE OR REPLACE TEMP TABLE w_branch AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS step, unnest(CAST(? AS INTEGER[])) AS number, unnest(CAST(? AS VARCHAR[])) AS branch,
        unnest(CAST(? AS INTEGER[])) AS occurrence, unnest(CAST(? AS BOOLEAN[])) AS restart, unnest(CAST(? AS BOOLEAN[])) AS matching,
        unnest(CAST(? AS BOOLEAN[])) AS tied
"""
_EXIT_RULES = """
    CREATE OR REPLACE TEMP TABLE w_exit_rule AS
    SELECT unnest(CAST(? AS INTEGER[])) AS occurrence, unnest(CAST(? AS INTEGER[])) AS number, unnest(CAST(? AS BOOLEAN[])) AS matching,
        unnest(CAST(? AS BOOLEAN[])) AS is_goal, unnest(CAST(? AS BOOLEAN[])) AS tied
"""
_GOAL_RULES = """
    CREATE OR REPLACE TEMP TABLE w_goal_rule AS
    SELECT unnest(CAST(? AS INTEGER[])) AS occurrence, unnest(CAST(? AS BOOLEAN[])) AS matching
"""
