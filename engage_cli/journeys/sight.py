"""What a condition of a journey sees of the traits that the journey itself sets at the very instant at which it is asked.

What is done at an instant has an order (work.py): a condition sees what was set before its turn, and nothing of what comes after it. The
history of traits knows instants alone; so whoever must not see something gets a history of their own.

Who arrives somewhere has one turn. Who waits has many: before all that others set at the instant, and after each of these, until something
is done that comes before what the waiting one would do. They are asked at each.

`w_set_group(user_key, set_at, turn, action)`
    the actions that set something at an instant, in their order, `turn` from 1 on.
`w_turn(subject_key, asker_key, user_key, asked_at, turn, after)`
    the turns of those in `w_subject_bare`, each a subject of its own; `after` is the action that makes it theirs, NULL
    where none does.
`w_hidden(subject_key, number)`
    who must not see which row of `w_set_before`.
`w_sight(user_key, since, until, and each column)`
    `trait_history`, and under the number below zero of each of them (`trait_key`) what it is without these rows.
"""

from collections.abc import Iterable
from enum import Enum

from sqlglot import exp

from engage_cli.engine.base import Engine
from engage_cli.journeys.setting import ALL_SETS, BASE, HISTORY, LAST_OF_AN_INSTANT, make_laid_over
from engage_cli.journeys.work import ACTION, count
from engage_cli.plan.needs import Column

SIGHT = "w_sight"


class Turn(Enum):
    """Whose turn it is at the instant that is asked about."""

    LAST = "last"
    """That of somebody outside of the walk: all that is set then is seen."""
    ENTRY = "entry"
    """That of those in `w_candidate`, whom an event would let in."""
    ARRIVAL = "arrival"
    """That of the tokens of `w_here`, which arrive at the instant."""
    WAIT = "wait"
    """That of the tokens of `w_here`, which wait for a branch. They see nothing of what they do themselves once they have left."""
    EXIT = "exit"
    """That of the instances of `w_instance`, which an exit ends."""


def make_sight(engine: Engine, turn: Turn, columns: Iterable[Column], zone: str, branch: int = 0) -> bool:
    """Make `w_sight`, give those in `w_subject_bare` their `trait_key`, and add them once more for each turn; False, and nothing of this,
    where everybody sees everything. `branch`: the number among those of the hold."""
    if turn is Turn.LAST or not engine.has(BASE) or not count(engine, "SELECT count(*) FROM w_set_before"):
        return False
    if turn in (Turn.ENTRY, Turn.ARRIVAL):
        engine.execute(_ENTERING if turn is Turn.ENTRY else _ARRIVING)
        engine.execute(_ONE_TURN)
        engine.execute(_HIDDEN_AT_ONE_TURN)
    else:
        engine.execute(_GROUPS)
        engine.execute(_WAITING if turn is Turn.WAIT else _EXITING, [branch] if turn is Turn.WAIT else [])
        engine.execute(_TURNS)
        engine.execute(_HIDDEN_AT_TURNS)
        if turn is Turn.WAIT:
            engine.execute(_HIDE_OWN)
    if not count(engine, "SELECT count(*) FROM w_turn"):
        return False
    _lay(engine, sorted(columns, key=lambda one: one.name), zone)
    engine.execute(_KEYS)
    return True


def name_instances(engine: Engine) -> None:
    """Say in every action whose it is: other instances of the person see what it sets."""
    engine.execute("UPDATE w_instance SET who = strftime(entered_at, '%Y-%m-%d %H:%M:%S.%f ') || instance_id")
    engine.execute(_NAMED)


def _lay(engine: Engine, wanted: list[Column], zone: str) -> None:
    engine.execute(_BASE)
    engine.execute(_SETS, [sorted({one.path.name for one in wanted})])
    traits = [str(row[0]) for row in engine.rows("SELECT DISTINCT trait FROM w_sight_set ORDER BY trait")]
    engine.execute("DROP TABLE IF EXISTS temp.main.w_sight_own")
    if traits:
        by_trait = {trait: [one for one in wanted if one.path.name == trait] for trait in traits}
        make_laid_over(engine, "w_sight_own", by_trait, wanted, zone, "w_sight_base", "w_sight_set")
    else:
        engine.execute("CREATE TEMP TABLE w_sight_own AS FROM w_sight_base")
    shown = [exp.column(name, quoted=True) for name in ("user_key", "since", "until", *(one.name for one in wanted))]
    both = exp.union(exp.select(*shown).from_(HISTORY), exp.select(*shown).from_("w_sight_own"), distinct=False)
    engine.execute("DROP TABLE IF EXISTS temp.main.w_sight")
    engine.create(SIGHT, both)


_NAMED = """
    UPDATE w_token SET action = list_transform(action, lambda one: struct_update(one, who := i.who))
    FROM w_instance AS i WHERE i.instance = w_token.instance
"""

# ---- one turn ----------------------------------------------------------------------------------------------------------

_ARRIVING = """
    CREATE OR REPLACE TEMP TABLE w_arriving AS
    SELECT q.subject_key AS asker_key, q.user_key, q.asked_at, h.action AS own, CAST(h.place AS DOUBLE) AS place
    FROM w_subject_bare AS q JOIN w_here AS h USING (instance, token) WHERE h.arrived
"""
# Nobody is called '', which comes before all: so who enters does not see what they set themselves.
_ENTERING = """
    CREATE OR REPLACE TEMP TABLE w_arriving AS
    SELECT q.subject_key AS asker_key, q.user_key, q.asked_at,
        [{'rank': 4, 'branch': 0, 'ts': c.entered_at, 'event': coalesce(c.entry_event, ''), 'token': 0, 'who': ''}] AS own, -1.0 AS place
    FROM w_subject_bare AS q JOIN w_candidate AS c ON c.number = q.instance
"""
_ONE_TURN = """
    CREATE OR REPLACE TEMP TABLE w_turn AS
    SELECT (SELECT max(subject_key) FROM w_subject_bare) + row_number() OVER () AS subject_key, asker_key, user_key, asked_at, 0 AS turn,
        CAST(NULL AS {action}) AS after
    FROM w_arriving AS a
    WHERE EXISTS (
        SELECT 1 FROM w_set_before AS s WHERE s.user_key = a.user_key AND s.set_at = a.asked_at AND s.seen_at = a.asked_at
    )
""".replace("{action}", ACTION)
_HIDDEN_AT_ONE_TURN = """
    CREATE OR REPLACE TEMP TABLE w_hidden AS
    SELECT t.subject_key, s.number
    FROM w_turn AS t JOIN w_arriving AS a USING (asker_key)
    JOIN w_set_before AS s ON s.user_key = t.user_key AND s.set_at = t.asked_at AND s.seen_at = t.asked_at
    WHERE row(s.action, s.place) >= row(a.own, a.place)
"""

# ---- many --------------------------------------------------------------------------------------------------------------

_GROUPS = """
    CREATE OR REPLACE TEMP TABLE w_set_group AS
    SELECT *, row_number() OVER (PARTITION BY user_key, set_at ORDER BY action) AS turn
    FROM (SELECT DISTINCT user_key, set_at, action FROM w_set_before WHERE seen_at = set_at)
"""
# What each would do, and by which action it came where it waits, if that was at the instant. An exit is asked for before the first step
# (`place` -1), and then after what is done there.
_WAITING = """
    CREATE OR REPLACE TEMP TABLE w_waiting AS
    SELECT q.subject_key AS asker_key, q.token, q.user_key, q.asked_at, h.instance_id, h.place,
        {'rank': 2, 'branch': CAST(? AS INTEGER), 'ts': q.asked_at, 'event': '', 'token': h.place_in_order, 'who': h.who} AS own,
        CASE WHEN h.arrived AND h.last_at = q.asked_at THEN h.action END AS arrival
    FROM w_subject_bare AS q JOIN w_here AS h USING (instance, token)
"""
_EXITING = """
    CREATE OR REPLACE TEMP TABLE w_waiting AS
    SELECT q.subject_key AS asker_key, q.token, q.user_key, q.asked_at, i.instance_id, -1 AS place,
        {'rank': 0, 'branch': 0, 'ts': TIMESTAMP '0001-01-01', 'event': '', 'token': 0, 'who': i.who} AS own, t.action AS arrival
    FROM w_subject_bare AS q JOIN w_instance AS i USING (instance)
    LEFT JOIN w_token AS t ON t.instance = i.instance AND t.place = 0 AND t.arrived AND i.fresh AND t.arrived_at = q.asked_at
"""
# A turn ends where something else is done that comes before what the waiting one would do.
_TURNS = """
    CREATE OR REPLACE TEMP TABLE w_turn AS
    WITH possible AS (
        SELECT user_key, set_at, turn, action FROM w_set_group
        UNION ALL
        SELECT DISTINCT user_key, set_at, 0, NULL FROM w_set_group
    ), reached AS (
        SELECT w.*, (
            SELECT count(*) FROM w_set_group AS b WHERE b.user_key = w.user_key AND b.set_at = w.asked_at
                AND (b.action < w.arrival OR (b.action = w.arrival AND w.place >= 0))
        ) AS since
        FROM w_waiting AS w
    ), turns AS (
        SELECT r.asker_key, r.user_key, r.asked_at, r.own, r.since, p.turn,
            CASE WHEN p.turn > r.since THEN p.action WHEN r.place >= 0 THEN r.arrival END AS after,
            n.action AS next_action
        FROM reached AS r
        JOIN possible AS p ON p.user_key = r.user_key AND p.set_at = r.asked_at AND p.turn >= r.since
        LEFT JOIN w_set_group AS n ON n.user_key = r.user_key AND n.set_at = r.asked_at AND n.turn = p.turn + 1
    )
    SELECT (SELECT max(subject_key) FROM w_subject_bare) + row_number() OVER () AS subject_key, asker_key, user_key, asked_at, turn,
        CASE WHEN turn > since THEN after END AS after
    FROM turns
    WHERE next_action IS NULL OR behind(coalesce(after, []), [own]) <= next_action
"""
_HIDDEN_AT_TURNS = """
    CREATE OR REPLACE TEMP TABLE w_hidden AS
    SELECT t.subject_key, s.number
    FROM w_turn AS t
    JOIN w_set_group AS g ON g.user_key = t.user_key AND g.set_at = t.asked_at AND g.turn > t.turn
    JOIN w_set_before AS s ON s.user_key = g.user_key AND s.set_at = g.set_at AND s.seen_at = g.set_at AND s.action = g.action
"""
# What is further on is reached by leaving, but for what other branches of a fork around it do.
_HIDE_OWN = """
    INSERT INTO w_hidden
    SELECT t.subject_key, s.number
    FROM w_turn AS t JOIN w_waiting AS w USING (asker_key)
    JOIN w_set_before AS s ON s.user_key = t.user_key AND s.set_at = t.asked_at AND s.instance_id = w.instance_id
    WHERE s.place > w.place AND NOT EXISTS (SELECT 1 FROM w_beside AS b WHERE b.token = w.token AND b.other = s.token)
"""

# ---- what each sees ----------------------------------------------------------------------------------------------------

_BASE = """
    CREATE OR REPLACE TEMP TABLE w_sight_base AS
    SELECT CAST(-t.subject_key AS INTEGER) AS user_key, b.* EXCLUDE (user_key) FROM {base} AS b JOIN w_turn AS t USING (user_key)
""".replace("{base}", BASE)
_SETS = """
    CREATE OR REPLACE TEMP TABLE w_sight_set AS
    WITH seen AS (
        SELECT s.* REPLACE (CAST(-t.subject_key AS INTEGER) AS user_key)
        FROM ({sets}) AS s JOIN w_turn AS t USING (user_key)
        WHERE s.part <> 2 OR row(t.subject_key, s.number) NOT IN (SELECT row(subject_key, number) FROM w_hidden)
    )
    SELECT user_key, trait, value, set_at FROM seen
    WHERE list_contains(CAST(? AS VARCHAR[]), trait) {last}
""".replace("{sets}", ALL_SETS).replace("{last}", LAST_OF_AN_INSTANT)
_KEYS = """
    CREATE OR REPLACE TEMP TABLE w_subject_bare AS
    SELECT q.* REPLACE (coalesce(t.subject_key, q.subject_key) AS subject_key),
        CAST(coalesce(-t.subject_key, q.user_key) AS INTEGER) AS trait_key, coalesce(t.turn, 0) AS turn, t.after
    FROM w_subject_bare AS q LEFT JOIN w_turn AS t ON t.asker_key = q.subject_key
"""
