"""Conditions asked on the way: as of an instant, or when they are first true. The compiler of audiences answers.

`w_asked(instance, token, user_key, asked_at, key, entered_at, context)`
    who is asked, made before `ask`; `context` is a map (see work.py).
`w_true(name, instance, token, asked_at, turn, after)`
    for whom which condition holds; `turn` and `after` as sight.py has them.
`w_waiter(instance, token, user_key, key, entered_at, context, arrived, arrived_at, instance_last_at)`
    who waits for a condition, made before `first_true`.
`w_first(instance, token, true_at, after)`
    when it is first true for each of them; `after`: the action at that instant that makes it true, if one of the journey's own does.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct, field
from sqlglot import exp

from engage_cli.definitions.project import Sources
from engage_cli.definitions.values import Boolean, Day, Instant, Number, Text, Value
from engage_cli.engine.base import Engine
from engage_cli.journeys.sight import SIGHT, Turn, make_sight
from engage_cli.journeys.work import ACTION
from engage_cli.plan.journeys.asked import ZONE, Asked, Literal, Read
from engage_cli.plan.moments import MomentPlan
from engage_cli.plan.needs import Catalog, Column
from engage_cli.plan.relative import Arrived
from engage_cli.plan.resolve import text_of
from engage_cli.sql.literals import column, integer_literal, text_literal
from engage_cli.state.instants import read, stored


class Asker(Struct):
    """The conditions of one version of a journey, by name, over what was staged."""

    engine: Engine
    plan: MomentPlan
    catalog: Catalog
    sources: Sources
    until: datetime
    """The instant of the tick."""
    places: Mapping[str, int]
    """Of each step the place in the graph."""
    values: Mapping[str, Asked]
    zone: str
    """The project's."""
    sets: frozenset[Column] = frozenset()
    """The readings of traits that are staged, where the journey itself sets some that its conditions read."""
    _dated: dict[str, bool] = field(default_factory=dict)

    def ask(self, names: Sequence[str], turn: Turn = Turn.LAST, branch: int = 0) -> None:
        """Make `w_true` of those in `w_asked`, whose turn it is: see sight.py."""
        self.engine.execute(_NOBODY)
        if not names:
            return
        low, high = self.engine.rows("SELECT min(asked_at), max(asked_at) FROM w_asked")[0]
        if low is None:
            return
        from engage_cli.sql.moments import compile_moments  # not at the top: an idle tick compiles nothing

        sight = self._make_subjects(turn, branch)
        compiled = compile_moments(
            self.plan, names, self.catalog, "w_subject", read(low), read(high), prefix="w_ask_", as_of=self.until, sight=sight
        )
        made = []
        for relation, query in compiled.steps():
            self.engine.create(relation, query)
            made.append(relation)
        for name in names:
            self._keep(name, compiled.holding(name), with_turns=sight is not None)
        for relation in reversed(made):
            self.engine.drop(relation)

    def _keep(self, name: str, holding: exp.Select, *, with_turns: bool) -> None:
        shown = [exp.alias_(text_literal(name), "name"), *(column(one, "s") for one in ("instance", "token", "asked_at"))]
        shown += [column(one, "s") for one in ("turn", "after")] if with_turns else [integer_literal(0), exp.null()]
        query = exp.select(*shown).from_(exp.alias_(exp.to_table("w_subject"), "s", table=True))
        same = exp.EQ(this=column("subject_key", "h"), expression=column("subject_key", "s"))
        self.engine.execute(exp.insert(query.join(exp.alias_(holding.subquery(), "h", table=True), on=same), "w_true"))

    def _make_subjects(self, turn: Turn = Turn.LAST, branch: int = 0) -> str | None:
        """`w_subject`: those in `w_asked` as the compiler wants them, with their arrivals at the steps that conditions ask for. Gives the
        relation of their traits, where not all of a user's see the same."""
        self.engine.execute(_SUBJECTS)
        sight = SIGHT if self.sets and make_sight(self.engine, turn, self.sets, self.zone, branch) else None
        steps = sorted({one.step for one in self.plan.relatives() if isinstance(one, Arrived) and one.step is not None})
        star = exp.Column(this=exp.Star(), table=exp.to_identifier("q"))
        query = exp.select(star).from_(exp.alias_(exp.to_table("w_subject_bare"), "q", table=True))
        if steps:
            self.engine.execute(_ARRIVALS, [steps, [self.places.get(step) for step in steps]])
        for number, step in enumerate(steps):
            alias = f"a{number}"
            on = exp.and_(
                exp.EQ(this=column("instance", alias), expression=column("instance", "q")),
                exp.EQ(this=column("step", alias), expression=text_literal(step)),
                exp.LTE(this=column("arrived_at", alias), expression=column("asked_at", "q")),
            )
            query = query.join(exp.alias_(exp.to_table("w_arrival"), alias, table=True), on=on, join_type="left")
            query = query.select(exp.alias_(column("arrived_at", alias), Arrived(step).name, quoted=True))
        self.engine.execute("DROP TABLE IF EXISTS temp.main.w_subject")
        self.engine.create("w_subject", query)
        return sight

    def is_dated(self, name: str) -> bool:
        """Whether a condition's value at every earlier instant is known."""
        if name not in self._dated:
            self._dated[name] = self.plan.dated(name, self.sources)
        return self._dated[name]

    def first_true(self, name: str, turn: Turn = Turn.LAST, branch: int = 0) -> None:
        """Make `w_first` of those in `w_waiter`: the first instant from the arrival on, or from the instance's last transition before
        this walk,
        at which the condition is true. One over undated inputs is asked at the arrival and at the tick's instant."""
        if self.is_dated(name):
            self.engine.execute(_WAITING)
            low = self.engine.rows("SELECT min(asked_at) FROM w_asked")[0][0]
            if low is None:
                self.engine.execute(_NO_FIRST)
                return
            self.make_changes(name, read(low))
            self.engine.execute(_ASK_CHANGES)
        else:
            self.engine.execute(_ASK_NOW, [stored(self.until)])
        self.ask([name], turn, branch)
        self.engine.execute(_FIRST)

    def make_changes(self, name: str, low: datetime) -> None:
        """Make `w_change(instance, token, changed_at)`: the instants in (low, the tick's] at which the condition may change for those in
        `w_asked`."""
        from engage_cli.sql.changes import instants_of_change

        self._make_subjects()
        changes = instants_of_change(self.plan, name, self.catalog, "w_subject", low, self.until)
        shown = [column("instance", "s"), column("token", "s"), exp.alias_(column("at", "c"), "changed_at")]
        query = exp.select(*shown).distinct().from_(exp.alias_(changes.subquery(), "c", table=True))
        same = exp.EQ(this=column("subject_key", "s"), expression=column("subject_key", "c"))
        self.engine.execute("DROP TABLE IF EXISTS temp.main.w_change")
        self.engine.create("w_change", query.join(exp.alias_(exp.to_table("w_subject"), "s", table=True), on=same))

    # ---- values ----------------------------------------------------------------------------------------------------

    def make_values(self, name: str) -> None:
        """Make `w_value(instance, token, value)` of those in `w_here`, as of their arrival."""
        asked = self.values[name]
        if isinstance(asked, Literal):
            self.engine.execute(_LITERAL, [json_text(asked.value)])
        else:
            self._read({"value": asked})
            self.engine.execute(_READ_VALUE)

    def make_properties(self, names: Mapping[str, str]) -> None:
        """Make `w_value(instance, token, value)` of those in `w_here`: a JSON object of several values, without the missing ones."""
        read_ones = {name: asked for name, key in names.items() if isinstance(asked := self.values[key], Read)}
        if read_ones:
            self._read(read_ones)
        else:
            self.engine.execute(_NOTHING_READ)
        self.engine.execute(
            "CREATE OR REPLACE TEMP TABLE w_property (instance BIGINT, token VARCHAR, number INTEGER, name VARCHAR, value JSON)"
        )
        for number, (name, key) in enumerate(names.items()):
            asked = self.values[key]
            value = column(name, "r") if isinstance(asked, Read) else exp.cast(text_literal(json_text(asked.value)), "JSON")
            shown = [column("instance", "r"), column("token", "r"), integer_literal(number), text_literal(name), value]
            self.engine.execute(exp.insert(exp.select(*shown).from_(exp.alias_(exp.to_table("w_read"), "r", table=True)), "w_property"))
        self.engine.execute(_OBJECTS)

    @property
    def has_zones(self) -> bool:
        """Whether people have zones of their own."""
        return ZONE in self.values

    def make_zones(self, zone: str) -> None:
        """Make `w_zoned(instance, token, zone)` of those in `w_here`: the person's zone, or, where that is no IANA name, `zone`."""
        if not self.has_zones:
            self.engine.execute(_ONE_ZONE, [zone])
            return
        asked = self.values[ZONE]
        assert isinstance(asked, Read)
        self._read({"value": asked})
        found = [str(row[0]) for row in self.engine.rows("SELECT DISTINCT value FROM w_read WHERE value IS NOT NULL ORDER BY value")]
        self.engine.execute(_ZONES, [[name for name in found if is_zone(name)], zone])

    def _read(self, values: Mapping[str, Read]) -> None:
        """Make `w_read(instance, token, and each value under its name)` of those in `w_here`."""
        from engage_cli.sql.moment_values import compile_values

        self.engine.execute(_HERE_ASKED)
        sight = self._make_subjects(Turn.ARRIVAL)
        low, high = self.engine.rows("SELECT min(asked_at), max(asked_at) FROM w_asked")[0]
        steps, made = compile_values(
            self.plan, values, self.catalog, "w_subject", read(low), read(high), prefix="w_ask_", as_of=self.until, sight=sight
        )
        for relation, query in steps:
            self.engine.create(relation, query)
        shown = [column("instance", "s"), column("token", "s"), *(column(name, "v") for name in values)]
        query = exp.select(*shown).from_(exp.alias_(exp.to_table("w_subject"), "s", table=True))
        same = exp.EQ(this=column("subject_key", "v"), expression=column("subject_key", "s"))
        self.engine.execute("DROP TABLE IF EXISTS temp.main.w_read")
        self.engine.create("w_read", query.join(exp.alias_(exp.to_table(made), "v", table=True), on=same))
        for relation, _ in reversed(steps):
            self.engine.drop(relation)


def json_text(value: Value) -> str:
    """A literal as JSON: dates and instants are their ISO text."""
    match value:
        case Text(text):
            return json.dumps(text)
        case Number(number):
            return json.dumps(number if isinstance(number, int) else float(number))
        case Boolean(truth):
            return json.dumps(truth)
        case Day() | Instant():
            return json.dumps(text_of(value))
        case _:
            raise AssertionError(f"a reference is read, not written: {value}")


def is_zone(name: str) -> bool:
    """Whether a text names a zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


_NOBODY = f"""
    CREATE OR REPLACE TEMP TABLE w_true (
        name VARCHAR, instance BIGINT, token VARCHAR, asked_at TIMESTAMP, turn INTEGER, after {ACTION}
    )
"""
_SUBJECTS = """
    CREATE OR REPLACE TEMP TABLE w_subject_bare AS
    SELECT row_number() OVER () AS subject_key, instance, instance AS asking_instance, token, user_key, asked_at, asked_at AS "at", key,
        entered_at,
        CAST(to_json(map_from_entries(list_transform(map_entries(context), lambda e: {'k': e.key,
            'v': e.value.value}))) AS VARCHAR) AS context
    FROM w_asked
"""
_ARRIVALS = """
    CREATE OR REPLACE TEMP TABLE w_arrival AS
    WITH step AS (SELECT unnest(CAST(? AS VARCHAR[])) AS step, unnest(CAST(? AS INTEGER[])) AS place)
    SELECT instance, step, min(arrived_at) AS arrived_at FROM (
        SELECT t.instance, s.step, t.arrived_at FROM w_token AS t JOIN step AS s USING (place)
        UNION ALL
        SELECT t.instance, s.step, t.moved_at FROM state.main.transition AS t JOIN step AS s ON s.step = t.to_step
        SEMI JOIN w_subject_bare AS q ON q.instance = t.instance
        WHERE t.cause <> 'restart'
    ) GROUP BY instance, step
"""
_WAITING = """
    CREATE OR REPLACE TEMP TABLE w_asked AS
    SELECT instance, token, user_key, CASE WHEN arrived THEN arrived_at ELSE instance_last_at END AS asked_at, key, entered_at, context
    FROM w_waiter
"""
_ASK_CHANGES = """
    CREATE OR REPLACE TEMP TABLE w_asked AS
    SELECT * FROM w_asked
    UNION ALL
    SELECT w.instance, w.token, w.user_key, c.changed_at, w.key, w.entered_at, w.context
    FROM w_asked AS w JOIN w_change AS c USING (instance, token) WHERE c.changed_at > w.asked_at
"""
_ASK_NOW = """
    CREATE OR REPLACE TEMP TABLE w_asked AS
    SELECT DISTINCT * FROM (
        SELECT instance, token, user_key, arrived_at AS asked_at, key, entered_at, context FROM w_waiter WHERE arrived
        UNION ALL SELECT instance, token, user_key, CAST(? AS TIMESTAMP), key, entered_at, context FROM w_waiter
    )
"""
_HERE_ASKED = """
    CREATE OR REPLACE TEMP TABLE w_asked AS
    SELECT instance, token, user_key, arrived_at AS asked_at, key, entered_at, context FROM w_here
"""
_LITERAL = "CREATE OR REPLACE TEMP TABLE w_value AS SELECT instance, token, CAST(? AS JSON) AS value FROM w_here"
_READ_VALUE = "CREATE OR REPLACE TEMP TABLE w_value AS SELECT instance, token, value FROM w_read"
_NOTHING_READ = "CREATE OR REPLACE TEMP TABLE w_read AS SELECT instance, token FROM w_here"
_OBJECTS = """
    CREATE OR REPLACE TEMP TABLE w_value AS
    SELECT h.instance, h.token, to_json(coalesce(p.properties, MAP {})) AS value
    FROM w_here AS h
    LEFT JOIN (
        SELECT instance, token, map_from_entries(list({'k': name, 'v': value} ORDER BY number)) AS properties
        FROM w_property WHERE value IS NOT NULL AND value NOT IN ('null', '""') GROUP BY instance, token
    ) AS p USING (instance, token)
"""
_ONE_ZONE = "CREATE OR REPLACE TEMP TABLE w_zoned AS SELECT instance, token, CAST(? AS VARCHAR) AS zone FROM w_here"
_ZONES = """
    CREATE OR REPLACE TEMP TABLE w_zoned AS
    SELECT instance, token, CASE WHEN list_contains(CAST(? AS VARCHAR[]), value) THEN value ELSE CAST(? AS VARCHAR) END AS zone FROM w_read
"""
_NO_FIRST = f"CREATE OR REPLACE TEMP TABLE w_first (instance BIGINT, token VARCHAR, true_at TIMESTAMP, after {ACTION})"
_FIRST = """
    CREATE OR REPLACE TEMP TABLE w_first AS
    SELECT instance, token, asked_at AS true_at, after FROM w_true
    QUALIFY row_number() OVER (PARTITION BY instance, token ORDER BY asked_at, turn) = 1
"""
