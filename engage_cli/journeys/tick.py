"""One journey's tick: who enters, who moves, up to an instant, for each edition that somebody is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.journey import EntryWhen, ExitAfter
from engage_cli.definitions.journey_steps import Send, SetTrait, Sync
from engage_cli.definitions.project import Sources
from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError
from engage_cli.journeys.admitting import choose
from engage_cli.journeys.asking import Asker
from engage_cli.journeys.edition import Edition
from engage_cli.journeys.ending import end_instances, find_goals
from engage_cli.journeys.entering import Door, Stretches, enter_all
from engage_cli.journeys.happening import those_of
from engage_cli.journeys.ledger import walking
from engage_cli.journeys.looking import Look
from engage_cli.journeys.setting import begin_walks, forget_sets_of_walk, found_other_sets, lay_over
from engage_cli.journeys.sight import name_instances
from engage_cli.journeys.walk import Walk
from engage_cli.journeys.work import count, make_tables
from engage_cli.plan.checks import OfTrait
from engage_cli.plan.journeys.asked import Read
from engage_cli.plan.needs import Catalog, Column
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.literals import column, timestamp_literal
from engage_cli.sql.scope import EVENTS


class Tick(Struct, frozen=True):
    """What a tick of one journey is given. `editions` are those that somebody is in, and last the one that people enter.

    Instants are aware, UTC. `last`: the journey's clock before (None: its first tick), and `last_run` the run that moved it there.
    `moving`: else nobody enters or goes on, and only for whom the condition of the entry holds is kept.
    `late_names`: the events that may have come in late; those that an edition newly asks for cannot be told from what was there before.
    """

    engine: Engine
    editions: Sequence[Edition]
    catalog: Catalog
    sources: Sources
    zone: str
    since: datetime
    last: datetime | None
    last_run: int
    until: datetime
    late_window: timedelta
    pauses: Stretches
    moving: bool
    late_names: frozenset[str]
    trait_columns: frozenset[Column] = frozenset()
    """The readings of traits that are staged."""
    anew: bool = False
    """Whether the newest edition is entered for the first time, after others."""
    place: int = 0
    """The journey's place in the order of the tick."""
    new_files: bool = True
    """Whether there are other files than at the last tick: without, no event can have come in late."""
    new_records: bool = True
    """The same of files other than those of events: change logs of profiles, consents and the like."""
    old_events: bool = False
    """Whether events may have come in that are older than the late window reaches, or have gone: no id tells which."""

    @property
    def name(self) -> str:
        """The journey's."""
        return self.newest.journey.name

    @property
    def awaited_names(self) -> frozenset[str]:
        """The names of the events that its editions enter or wait by."""
        return frozenset(name for edition in self.editions for name in edition.awaited_names)

    @property
    def newest(self) -> Edition:
        """The edition that people enter."""
        return self.editions[-1]

    @property
    def late_from(self) -> datetime | None:
        """No event up to it is used any more; None in the first tick."""
        return None if self.last is None else self.last - self.late_window

    def run(self) -> None:
        """Find all that happens, into the tables of results.py."""
        self._make_late()
        if not self.moving:
            _Run(self, self.newest).remember()
            return
        for edition in self.editions:
            _Run(self, edition).run()

    def _make_late(self) -> None:
        """Make `w_late(message_id, user_key)`: what came in since the last tick with an instant that had passed by then."""
        engine = self.engine
        engine.execute("DROP TABLE IF EXISTS temp.main.w_late")
        if self.last is None or not self.late_names or not self.new_files:
            engine.execute(_NO_LATE)
            return
        shown = [column("message_id", EVENTS), column("user_key", EVENTS)]
        query = those_of(tuple(sorted(self.late_names)), None, shown, self.catalog, self.zone, self.late_from, self.last)
        query = query.where(exp.GT(this=column("ts", EVENTS), expression=timestamp_literal(self.last - self.late_window)))
        engine.execute("DROP TABLE IF EXISTS temp.main.w_late_all")
        engine.create("w_late_all", query)
        engine.execute(_LATE, [self.last_run])


@dataclass
class _Run:
    """The tick of one edition."""

    tick: Tick
    edition: Edition

    def __post_init__(self) -> None:
        tick, edition = self.tick, self.edition
        self.engine = tick.engine
        self.journey = edition.journey
        self.is_newest = edition is tick.newest
        places = {place.id: place.index for place in edition.graph.places}
        self.asker = Asker(tick.engine, edition.plan, tick.catalog, tick.sources, tick.until, places, edition.values, tick.zone)
        self.walk = Walk(tick.engine, self.journey, edition.graph, self.asker, tick.until, tick.zone, edition.awaited)

    def run(self) -> None:
        """Walk; where the journey reads what it sets, again until that stays the same."""
        columns = self._own_columns()
        forget_sets_of_walk(self.engine)
        if columns:
            begin_walks(self.engine)
            self.asker.sets = self.tick.trait_columns
        for _ in range(MOST_WALKS):
            self._walk()
            if not columns or not found_other_sets(self.engine, self.tick.place):
                break
            lay_over(self.engine, self.tick.trait_columns, self.tick.zone)
        else:
            raise EngageError(
                f"the conditions of the journey `{self.journey.name}` and the traits that it sets hinge on each other",
                hint="let no condition that comes before a `set` read the trait that it sets",
            )
        forget_sets_of_walk(self.engine)
        self._collect()
        self._find_goals()
        if any(isinstance(step, SetTrait) for step in self.journey.all_steps()):
            lay_over(self.engine, self.tick.trait_columns, self.tick.zone)

    def _own_columns(self) -> frozenset[Column]:
        """The readings of traits that the journey sets and its own conditions and values ask for."""
        names = {step.trait for step in self.journey.all_steps() if isinstance(step, SetTrait)}
        asked = {path.name for path in self.edition.plan.trait_paths}
        asked |= {
            one.reference.path.name for one in self.edition.values.values() if isinstance(one, Read) and isinstance(one.reference, OfTrait)
        }
        return frozenset(column for column in self.tick.trait_columns if column.path.name in names & asked)

    def _walk(self) -> None:
        engine, tick, edition = self.engine, self.tick, self.edition
        make_tables(engine)
        walking(engine, self.journey.name)
        entering = self.is_newest
        door = self._door()
        look = Look(
            engine,
            edition,
            self.asker,
            tick.catalog,
            tick.zone,
            tick.since,
            tick.late_from,
            tick.last,
            tick.until,
            new_records=tick.new_records,
            old_events=tick.old_events,
        )
        engine.execute(_NO_CANDIDATE)
        if entering:
            door.find(edition.entry_on)
        look.find_happened()
        look.load_known()
        if entering:
            door.turn_away()
            if self.journey.exclude_previous:
                engine.execute(_EXCLUDE_PREVIOUS, [self.journey.name, edition.version])
            door.leave_first()
            enter_all(engine, self.journey, edition.graph.places[0].id)
        look.load_touched()
        if self.asker.sets:
            name_instances(engine)
        look.make_rules()
        self.walk.run()
        end_instances(self.walk)
        self._admit(entering)

    def remember(self) -> None:
        """Keep for whom the condition of the entry holds, so that it does not seem to become true when the journey moves again."""
        if isinstance(self.journey.entry, EntryWhen):
            forget_sets_of_walk(self.engine)
            make_tables(self.engine)
            walking(self.engine, self.journey.name)
            self._door().find(self.edition.entry_on)

    def _door(self) -> Door:
        tick = self.tick
        return Door(
            self.engine,
            self.journey,
            self.edition.version,
            self.asker,
            tick.catalog,
            tick.zone,
            tick.since,
            tick.last,
            tick.until,
            tick.late_from,
            tick.pauses,
            anew=tick.anew,
            new_files=tick.new_files,
        )

    # ---- what comes of it ------------------------------------------------------------------------------------------

    def _admit(self, entering: bool) -> None:
        """Number the fresh instances that are let in, and drop the others."""
        engine = self.engine
        engine.execute("CREATE OR REPLACE TEMP TABLE w_admitted (instance BIGINT)")
        if entering and count(engine, "SELECT count(*) FROM w_candidate"):
            choose(engine, self.journey, self.tick.zone)
        engine.execute(_NUMBERS)

    def _collect(self) -> None:
        engine, name, version = self.engine, self.journey.name, self.edition.version
        engine.execute("INSERT INTO r_ended SELECT instance, ended_at, reason FROM w_cut WHERE instance > 0")
        engine.execute(_ENTERED, [name, version])
        engine.execute(
            "INSERT INTO r_ended SELECT n.number, c.ended_at, c.reason FROM w_cut AS c JOIN w_number AS n USING (instance) WHERE n.fresh"
        )
        engine.execute(_MOVED)
        places = self.edition.graph.places
        self._make_exit_due()
        engine.execute(_POSITIONS, [name, version, [place.index for place in places], [place.id for place in places]])
        engine.execute(_TRANSITIONS)
        # What no step can have done is not looked for: a look costs some two milliseconds, of everybody or of nobody.
        kinds = {type(step) for step in self.journey.all_steps()}
        if Send in kinds:
            engine.execute(_SENT, [name, version])
        if SetTrait in kinds:
            engine.execute(_SET, [name, self.tick.place])
        if Sync in kinds:
            engine.execute(_SYNCED, [name, version])

    def _make_exit_due(self) -> None:
        after = [rule.duration for rule in self.journey.exits if isinstance(rule, ExitAfter)]
        instants = [after_duration(column("entered_at", "i"), duration, self.tick.zone) for duration in after]
        due: exp.Expr = exp.cast(exp.null(), "TIMESTAMP")
        if instants:
            due = exp.Least(this=instants[0], expressions=instants[1:]) if len(instants) > 1 else instants[0]
        query = exp.select(column("instance", "i"), exp.alias_(due, "exit_due"))
        self.engine.execute("DROP TABLE IF EXISTS temp.main.w_exit_due")
        self.engine.create("w_exit_due", query.from_(exp.alias_(exp.to_table("w_instance"), "i", table=True)))

    def _find_goals(self) -> None:
        if self.journey.goal is None:
            return
        engine = self.engine
        engine.execute(_GOAL_INSTANCES, [self.journey.name, self.edition.version])
        find_goals(self.walk)
        engine.execute("INSERT INTO r_goal SELECT instance, CAST(? AS VARCHAR), reached_at, event FROM w_goal", [self.journey.name])


MOST_WALKS = 50
"""How often a journey is walked at most that reads what it sets: each walk is right at least one instant further than the one before."""
_NO_CANDIDATE = "CREATE OR REPLACE TEMP TABLE w_candidate (number BIGINT, user_key INTEGER, entered_at TIMESTAMP)"
_NO_LATE = "CREATE TEMP TABLE w_late (message_id VARCHAR, user_key INTEGER)"
_LATE = """
    CREATE TEMP TABLE w_late AS
    SELECT l.message_id, l.user_key FROM w_late_all AS l
    ANTI JOIN (SELECT message_id FROM state.main.seen_event WHERE run <= ?) AS s ON s.message_id = l.message_id
"""
_EXCLUDE_PREVIOUS = """
    DELETE FROM w_candidate WHERE user_key IN (SELECT user_key FROM w_known_instance WHERE journey = ? AND version < ?)
"""
_NUMBERS = """
    CREATE OR REPLACE TEMP TABLE w_number AS
    SELECT instance, instance AS number, FALSE AS fresh FROM w_instance WHERE NOT fresh
    UNION ALL
    SELECT i.instance, (SELECT greatest(coalesce(max(s.instance), 0), (SELECT coalesce(max(r.instance), 0) FROM r_entered AS r))
            FROM instance_now AS s) + row_number() OVER (ORDER BY i.entered_at, i.instance_id), TRUE
    FROM w_instance AS i JOIN w_admitted AS a USING (instance)
"""
_ENTERED = """
    INSERT INTO r_entered
    SELECT n.number, i.instance_id, CAST(? AS VARCHAR), CAST(? AS INTEGER), i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name,
        i.user_key
    FROM w_instance AS i JOIN w_number AS n USING (instance) WHERE n.fresh
"""
_MOVED = """
    INSERT INTO r_moved SELECT DISTINCT n.number FROM w_kept AS l JOIN w_number AS n USING (instance) WHERE NOT n.fresh
"""
_POSITIONS = """
    INSERT INTO r_position
    SELECT n.number, CAST(? AS VARCHAR), CAST(? AS INTEGER), s.token, p.id, s.arrived_at, s.waiting_since, s.last_at, s.context, s.used,
        s.due, e.exit_due
    FROM w_stay AS s JOIN w_number AS n USING (instance) JOIN w_exit_due AS e USING (instance)
    JOIN (SELECT unnest(CAST(? AS INTEGER[])) AS place, unnest(CAST(? AS VARCHAR[])) AS id) AS p USING (place)
    WHERE n.fresh OR n.number IN (SELECT instance FROM r_moved)
"""
_TRANSITIONS = """
    INSERT INTO r_transition
    SELECT number, CAST(coalesce(before, 0) + row_number() OVER (
            PARTITION BY number ORDER BY moved_at, action, place, own
        ) AS INTEGER), token, from_step, to_step, moved_at, cause, branch, event
    FROM (
        SELECT n.number, l.*, t.before
        FROM w_kept AS l JOIN w_number AS n USING (instance)
        LEFT JOIN (
            SELECT instance, max(ordinal) AS before FROM state.main.transition SEMI JOIN w_instance AS i USING (instance) GROUP BY instance
        ) AS t ON t.instance = n.number
    )
"""
_SENT = """
    INSERT INTO r_sent
    SELECT id_of_candidate(i.instance_id, s.step, i.user_id), CAST(? AS VARCHAR), CAST(? AS INTEGER),
        n.number,
        s.step, i.user_id, i.user_key, s.scheduled_at,
        CAST(to_json(map_from_entries(list_sort(list_transform(map_entries(s.context), lambda e: {'k': e.key,
            'v': e.value.value})))) AS VARCHAR), s.zone
    FROM w_sent AS s JOIN w_number AS n USING (instance) JOIN w_instance AS i USING (instance)
"""
_SET = """
    INSERT INTO r_set
    SELECT CAST(? AS VARCHAR), CAST(? AS INTEGER), n.number, i.instance_id, s.step, i.user_id, i.user_key, s.trait, s.value, s.set_at,
        i.entered_at
    FROM w_set AS s JOIN w_number AS n USING (instance) JOIN w_instance AS i USING (instance)
    ORDER BY s.set_at, i.entered_at, i.instance_id, s.action, s.place
"""
_SYNCED = """
    INSERT INTO r_synced
    SELECT n.number, CAST(? AS VARCHAR), CAST(? AS INTEGER), s.step, i.user_id, s.synced_at, s.remove_at, CAST(s.properties AS VARCHAR)
    FROM w_synced AS s JOIN w_number AS n USING (instance) JOIN w_instance AS i USING (instance)
"""
_GOAL_INSTANCES = """
    CREATE OR REPLACE TEMP TABLE w_goal_instance AS
    SELECT k.instance, k.user_key, k.key, k.entered_at, k.entry_event, FALSE AS fresh
    FROM w_known_instance AS k
    WHERE k.journey = ? AND k.version = ? AND k.instance NOT IN (SELECT instance FROM state.main.instance_goal)
        AND k.user_key IN (SELECT user_key FROM w_happened WHERE is_new)
    UNION ALL
    SELECT n.number, i.user_key, i.key, i.entered_at, i.entry_event, TRUE FROM w_instance AS i
        JOIN w_number AS n USING (instance) WHERE n.fresh
"""
