"""Traits that journeys set: laid over the traits of the sources, from the instant of each on.

`trait_history` is made anew with them, of the users who have any. Of values at one instant the last in the log counts; a source's own row
takes over again when it says the trait at a later instant.

`w_set_before(number, user_key, instance_id, trait, value, set_at, entered_at, journey_place, token, action, place, seen_at)`
    what the journey that is walked was found to set, where its own conditions read it: then it is walked again until nothing changes.
    `journey_place` is the journey's in the order of the tick, as the log will have it. `token`, `action` and `place` say when at that
    instant: sight.py keeps from each what comes after it. Conditions see it from `seen_at` on: a microsecond late where what another
    instance set would take away the truth of the condition that brought it about.
"""

from collections.abc import Iterable, Mapping

from sqlglot import exp

from engage_cli.definitions.paths import Path
from engage_cli.engine.base import Engine
from engage_cli.journeys.standing import make_instance_users
from engage_cli.journeys.work import ACTION
from engage_cli.plan.needs import Column, said_at
from engage_cli.sql.events import ordered
from engage_cli.sql.literals import all_of, any_of, column, text_literal
from engage_cli.sql.readers import JsonReader

HISTORY = "trait_history"
BASE = "trait_history_of_sources"
BASE_ROW = "b"
POINT = "p"


def lay_over(engine: Engine, columns: Iterable[Column], zone: str) -> None:
    """Lay what journeys set, by the state and in this tick so far, over the traits that are read as `columns`."""
    wanted = sorted(columns, key=lambda one: one.name)
    engine.execute(_SETS, [sorted({one.path.name for one in wanted})])
    _lay(engine, wanted, zone)


def lay_recorded(engine: Engine, columns: Iterable[Column], zone: str, *, joined: bool) -> None:
    """Lay what journeys have set by the state, which is attached, over the traits that are read as `columns`.

    `joined`: identifiers join users, so that whom a journey knew by one id may be known by another now.
    """
    make_instance_users(engine, joined=joined)
    wanted = sorted(columns, key=lambda one: one.name)
    engine.execute(_RECORDED, [sorted({one.path.name for one in wanted})])
    _lay(engine, wanted, zone)


def set_traits(engine: Engine) -> frozenset[str]:
    """The names of the traits that journeys have set by the state, which is attached."""
    return frozenset(str(row[0]) for row in engine.rows("SELECT DISTINCT trait FROM state.main.trait_set ORDER BY trait"))


def _lay(engine: Engine, wanted: list[Column], zone: str) -> None:
    """Lay `trait_set_now` over `trait_history`."""
    traits = [str(row[0]) for row in engine.rows("SELECT DISTINCT trait FROM trait_set_now ORDER BY trait")]
    is_laid_over = _is_laid_over(engine)
    if not traits and not is_laid_over:
        return
    if not is_laid_over:
        engine.create(BASE, exp.select("*").from_(HISTORY))
    if traits:
        by_trait = {trait: [one for one in wanted if one.path.name == trait] for trait in traits}
        make_laid_over(engine, "trait_history_made", by_trait, wanted, zone)
    else:  # what was laid over is taken away again
        engine.create("trait_history_made", exp.select("*").from_(BASE))
    engine.execute(_REPLACE_DROP_VIEW if _is_view(engine) else _REPLACE_DROP_TABLE)
    engine.execute("ALTER TABLE trait_history_made RENAME TO trait_history")


def make_laid_over(
    engine: Engine,
    made: str,
    by_trait: Mapping[str, list[Column]],
    wanted: list[Column],
    zone: str,
    base: str = BASE,
    sets: str = "trait_set_now",
) -> None:
    """Make a history of traits (`user_key`, `since`, `until`, and each column) of `base` with the rows of `sets` laid over it. `by_trait`:
    the columns of the traits that have some."""
    engine.create("trait_points", _points(by_trait, base, sets))
    engine.create(made, _history(by_trait, wanted, zone, base, sets))
    engine.drop("trait_points")


def set_present(engine: Engine) -> None:
    """Make `traits`, of the run's instant, what `trait_history` says of it, where something was laid over that."""
    if _is_laid_over(engine):
        engine.execute(_PRESENT)


def _is_laid_over(engine: Engine) -> bool:
    return engine.has(BASE)


def forget_sets_of_walk(engine: Engine) -> None:
    """Begin with a journey of which nothing is found yet."""
    engine.execute(_NONE_BEFORE)


def begin_walks(engine: Engine) -> None:
    """Begin with the walks of a journey that reads what it sets: none has found anything."""
    engine.execute(_NONE_ONCE)
    engine.execute(_NONE_AGAIN)


def found_other_sets(engine: Engine, journey_place: int) -> bool:
    """Whether the walk that has just ended sets other values than it saw; then the next one sees these.

    A condition comes before what it brings about. Where a set at the very instant takes the truth of its own condition away, a walk that
    sees it does not find it, and the next one does: whatever is found once more, the first thing that differs, is seen from then on a
    microsecond later.
    """
    engine.execute(_SETS_OF_WALK, [journey_place])
    first = engine.rows(_FIRST_DIFFERENCE)[0][0]
    if first is None:
        return False
    engine.execute(_COME_AGAIN, [first])
    engine.execute(_SEEN_ONCE)
    engine.execute(_SEEN_NEXT)
    return True


def _is_view(engine: Engine) -> bool:
    return bool(engine.rows("SELECT count(*) FROM duckdb_views() WHERE database_name = 'temp' AND view_name = ?", [HISTORY])[0][0])


def _points(by_trait: Mapping[str, list[Column]], history: str, sets: str) -> exp.Query:
    """(user_key, since, and for each trait <trait>:set as JSON, <trait>:set_at): where something of a user with set traits changes."""
    setting = exp.select("user_key").from_(sets)
    base = exp.select("user_key", "since").from_(history).where(exp.column("user_key").isin(query=setting))
    set_at = exp.select("user_key", exp.alias_(column("set_at", "s"), "since")).from_(exp.alias_(exp.to_table(sets), "s", table=True))
    points: exp.Query = exp.union(base, set_at, distinct=True)
    query = exp.select(column("user_key", POINT), column("since", POINT)).from_(exp.alias_(points.subquery(), POINT, table=True))
    for number, trait in enumerate(by_trait):
        alias = f"s{number}"
        own = exp.select("*").from_(sets).where(exp.EQ(this=exp.column("trait"), expression=text_literal(trait)))
        on = exp.and_(
            exp.EQ(this=column("user_key", alias), expression=column("user_key", POINT)),
            exp.GTE(this=column("since", POINT), expression=column("set_at", alias)),
        )
        query = query.join(exp.alias_(own.subquery(), alias, table=True), on=on, join_type="asof left")
        query = query.select(
            exp.alias_(column("value", alias), f"{trait}:set", quoted=True),
            exp.alias_(column("set_at", alias), f"{trait}:set_at", quoted=True),
        )
    return query


def _history(by_trait: Mapping[str, list[Column]], wanted: list[Column], zone: str, base: str, sets: str) -> exp.Query:
    """The history of the users with set traits, point by point, and that of the others as the sources have it."""
    following = exp.Window(
        this=exp.Lead(this=column("since", POINT)),
        partition_by=[column("user_key", POINT)],
        order=exp.Order(expressions=[ordered(column("since", POINT))]),
    )
    shown: list[exp.Expr] = [column("user_key", POINT), column("since", POINT), exp.alias_(following, "until")]
    shown += [exp.alias_(_value(one, one.path.name in by_trait, zone), one.name, quoted=True) for one in wanted]
    on = exp.and_(
        exp.EQ(this=column("user_key", BASE_ROW), expression=column("user_key", POINT)),
        exp.GTE(this=column("since", POINT), expression=column("since", BASE_ROW)),
    )
    over = exp.select(*shown).from_(exp.alias_(exp.to_table("trait_points"), POINT, table=True))
    over = over.join(exp.alias_(exp.to_table(base), BASE_ROW, table=True), on=on, join_type="asof left")
    plain = [column(name, "o") for name in ("user_key", "since", "until", *(one.name for one in wanted))]
    others = exp.select(*plain).from_(exp.alias_(exp.to_table(base), "o", table=True))
    others = others.where(exp.not_(column("user_key", "o").isin(query=exp.select("user_key").from_(sets))))
    return exp.union(over, others, distinct=False)


def _value(one: Column, is_set: bool, zone: str) -> exp.Expr:
    """A reading of a trait at a point: of what was set, unless a source said it later."""
    source = column(one.name, BASE_ROW)
    if not is_set:
        return source
    trait, rest = one.path.name, one.path.parts[1:]
    reader = JsonReader(column(f"{trait}:set", POINT), Path(rest) if rest else None, zone, zone)
    set_at, said = column(f"{trait}:set_at", POINT), column(said_at(trait), BASE_ROW)
    later = any_of([exp.Is(this=said, expression=exp.null()), exp.GTE(this=set_at.copy(), expression=said.copy())])
    there = exp.not_(exp.Is(this=set_at, expression=exp.null()))
    return exp.Case(ifs=[exp.If(this=all_of([there, exp.paren(later)]), true=reader.read(one.reading))], default=source)


_PRESENT = "CREATE OR REPLACE TEMP TABLE traits AS SELECT * EXCLUDE (since, until) FROM trait_history WHERE until IS NULL"
_WHICH = "user_key INTEGER, instance_id VARCHAR, trait VARCHAR, value JSON, set_at TIMESTAMP, entered_at TIMESTAMP"
_WHEN = f"journey_place INTEGER, token VARCHAR, action {ACTION}, place DOUBLE"
_NONE_BEFORE = f"CREATE OR REPLACE TEMP TABLE w_set_before (number BIGINT, {_WHICH}, {_WHEN}, seen_at TIMESTAMP)"
_NONE_ONCE = f"CREATE OR REPLACE TEMP TABLE w_set_once ({_WHICH})"
_NONE_AGAIN = f"CREATE OR REPLACE TEMP TABLE w_set_again ({_WHICH})"
_SETS_OF_WALK = """
    CREATE OR REPLACE TEMP TABLE w_set_found AS
    SELECT row_number() OVER (ORDER BY s.set_at, i.entered_at, i.instance_id, s.action, s.place) AS number,
        i.user_key, i.instance_id, s.trait, s.value, s.set_at,
        i.entered_at, CAST(? AS INTEGER) AS journey_place, s.token, s.action, s.place
    FROM w_set AS s JOIN w_number AS n USING (instance) JOIN w_instance AS i USING (instance)
"""
_FIRST_DIFFERENCE = """
    SELECT min(set_at) FROM (
        (SELECT * EXCLUDE (number) FROM w_set_found EXCEPT ALL SELECT * EXCLUDE (number, seen_at) FROM w_set_before)
        UNION ALL
        (SELECT * EXCLUDE (number, seen_at) FROM w_set_before EXCEPT ALL SELECT * EXCLUDE (number) FROM w_set_found)
    )
"""
_WHICH_ONES = "user_key, instance_id, trait, value, set_at, entered_at"
_COME_AGAIN = """
    INSERT INTO w_set_again
    SELECT * FROM (SELECT {which} FROM w_set_found EXCEPT SELECT {which} FROM w_set_before)
    WHERE set_at = ? AND row({which}) IN (SELECT row({which}) FROM w_set_once)
""".replace("{which}", _WHICH_ONES)
_SEEN_ONCE = "INSERT INTO w_set_once SELECT {which} FROM w_set_found".replace("{which}", _WHICH_ONES)
_SEEN_NEXT = """
    CREATE OR REPLACE TEMP TABLE w_set_before AS
    SELECT *, set_at + CASE WHEN row({which}) IN (SELECT row({which}) FROM w_set_again) THEN INTERVAL 1 MICROSECOND ELSE INTERVAL 0 DAYS END
        AS seen_at
    FROM w_set_found
""".replace("{which}", _WHICH_ONES)
ALL_SETS = """
        SELECT u.user_key, s.trait, CAST(s.value AS JSON) AS value, s.set_at, s.place, i.entered_at, i.instance_id, s.rowid AS number,
            0 AS part
        FROM state.main.trait_set AS s JOIN instance_user AS u USING (user_id) JOIN instance_now AS i USING (instance)
        UNION ALL
        SELECT user_key, trait, value, set_at, place, entered_at, instance_id, rowid, 1 FROM r_set
        UNION ALL
        SELECT user_key, trait, value, seen_at, journey_place, entered_at, instance_id, number, 2 FROM w_set_before
"""
"""What journeys set by the state (`part` 0), in this tick (1), and in this walk (2): of the last the number of `w_set_before`."""
LAST_OF_AN_INSTANT = """
    QUALIFY row_number() OVER (
        PARTITION BY user_key, trait, set_at ORDER BY place DESC, entered_at DESC, instance_id DESC, part DESC, number DESC
    ) = 1
"""
_SETS = """
    CREATE OR REPLACE TEMP TABLE trait_set_now AS
    SELECT user_key, trait, value, set_at FROM ({sets})
    WHERE list_contains(CAST(? AS VARCHAR[]), trait) {last}
""".replace("{sets}", ALL_SETS).replace("{last}", LAST_OF_AN_INSTANT)
_RECORDED = """
    CREATE OR REPLACE TEMP TABLE trait_set_now AS
    SELECT u.user_key, s.trait, CAST(s.value AS JSON) AS value, s.set_at
    FROM state.main.trait_set AS s JOIN instance_user AS u USING (user_id) JOIN state.main.instance AS i ON i.instance = s.instance
    WHERE list_contains(CAST(? AS VARCHAR[]), s.trait)
    QUALIFY row_number() OVER (
        PARTITION BY u.user_key, s.trait, s.set_at ORDER BY s.place DESC, i.entered_at DESC, i.instance_id DESC, s.rowid DESC
    ) = 1
"""
_REPLACE_DROP_VIEW = "DROP VIEW temp.main.trait_history"
_REPLACE_DROP_TABLE = "DROP TABLE temp.main.trait_history"
