"""Values of computed traits: what they are, since when, and what a run changes of them.

Works on temporary relations:

`trait_now_users`, `trait_now_accounts` (subject_id VARCHAR, and for each trait of theirs a VARCHAR column `<trait>:value`)
    made by the caller: everybody, with the values of this run as JSON, NULL where missing.
`trait_change(trait, of, subject_id, value, before, gone BOOLEAN)`
    the values that this run changes, from `before` to `value` (NULL: there is none). `gone`: the subject is in no source any more, so that
    its value ends and nobody is told.
`trait_sync(destination, trait, subject_id, value)`
    what a destination that does not know a trait as it was before this run is told of it; a value NULL takes one back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlglot import exp

from engage_cli.engine.base import Engine
from engage_cli.state.inserting import insert_rows
from engage_cli.state.instants import read, stored
from engage_cli.state.runs import Clock
from engage_cli.state.store import State


class TraitClock(Struct, frozen=True):
    """Where a trait stands: whose it is, the first and the last instant that it was built at, from what, and how much changed then."""

    trait: str
    of: str
    first_as_of: datetime
    as_of: datetime
    definition: str
    inputs: str
    run: int
    changed: int

    @property
    def as_clock(self) -> Clock:
        """The same as runs are planned by."""
        return Clock(self.trait, self.as_of, self.definition, self.inputs, self.run, self.changed, 0)


class TraitChanges(Struct, frozen=True):
    """How many have a value of a trait now, and of how many it changed: to another value, or to none."""

    trait: str
    values: int
    changed: int
    cleared: int


class TraitBehind(Struct, frozen=True):
    """A destination that does not know a trait as it was before this run, but as after run number `run`. `again`: it is told all."""

    destination: str
    trait: str
    of: str
    run: int
    again: bool = False


def trait_clocks(state: State | None) -> dict[str, TraitClock]:
    """The clock of every trait ever built, by name, in name order."""
    if state is None:
        return {}
    rows = state.engine.rows(
        "SELECT trait, of, first_as_of, as_of, definition, inputs, run, changed FROM state.main.trait_clock ORDER BY trait"
    )
    return {row[0]: TraitClock(row[0], row[1], read(row[2]), read(row[3]), *row[4:]) for row in rows}


def last_trait_changes(state: State | None) -> dict[str, int]:
    """The last run that changed a value of each trait that ever had one."""
    if state is None:
        return {}
    rows = state.engine.rows(
        "SELECT trait, max(greatest(run, coalesce(until_run, 0))) FROM state.main.trait_value GROUP BY trait ORDER BY trait"
    )
    return {str(trait): int(run) for trait, run in rows}


def find_trait_changes(engine: Engine, state: State | None, traits: Mapping[str, str]) -> tuple[TraitChanges, ...]:
    """Compare the values of this run with those that the state has, of traits by name, each with whose it is; in name order.

    Makes `trait_change`; writes nothing. Without a state every value is new.
    """
    engine.execute(_NO_CHANGES)
    found = []
    for trait, of in sorted(traits.items()):
        engine.execute(exp.insert(_differences(trait, of, state is not None), "trait_change"))
        [(changed, cleared)] = engine.rows(_COUNTS, [trait])
        counted = exp.alias_(exp.Count(this=exp.column(value_column(trait))), "n")
        [(values,)] = engine.rows(exp.select(counted).from_(f"trait_now_{of}"))
        found.append(TraitChanges(trait, int(values), int(changed), int(cleared)))
    return tuple(found)


def make_trait_syncs(engine: Engine, state: State | None, behind: Iterable[TraitBehind]) -> dict[tuple[str, str], tuple[int, int]]:
    """Make `trait_sync` of what destinations lack; for each (destination, trait) how many values that are, and how many it is to forget."""
    engine.execute(_NO_SYNCS)
    for one in behind:
        engine.execute(exp.insert(_lacking(one, state is not None), "trait_sync"))
    rows = engine.rows(_SYNC_COUNTS)
    return {(destination, trait): (int(values), int(cleared)) for destination, trait, values, cleared in rows}


def apply_trait_changes(engine: Engine, run: int, as_of: datetime) -> None:
    """Apply `trait_change` to the state's values, inside the run's transaction."""
    engine.execute(_END, [stored(as_of), run])
    engine.execute(_BEGIN, [stored(as_of), run])


def record_trait_clocks(engine: Engine, clocks: Sequence[TraitClock]) -> None:
    """Set the clocks of traits, inside the run's transaction."""
    rows = [
        (one.trait, one.of, stored(one.first_as_of), stored(one.as_of), one.definition, one.inputs, one.run, one.changed) for one in clocks
    ]
    insert_rows(engine, "INSERT OR REPLACE INTO state.main.trait_clock", rows)


# ---- queries -------------------------------------------------------------------------------------------------------

_NO_CHANGES = """
    CREATE OR REPLACE TEMP TABLE trait_change (
        trait VARCHAR, of VARCHAR, subject_id VARCHAR, value VARCHAR, before VARCHAR, gone BOOLEAN
    )
"""
_NO_SYNCS = "CREATE OR REPLACE TEMP TABLE trait_sync (destination VARCHAR, trait VARCHAR, subject_id VARCHAR, value VARCHAR)"
_COUNTS = "SELECT count(*), count(*) FILTER (value IS NULL) FROM trait_change WHERE trait = ?"
_SYNC_COUNTS = """
    SELECT destination, trait, count(value), count(*) FILTER (value IS NULL) FROM trait_sync GROUP BY destination, trait
    ORDER BY destination, trait
"""
_END = """
    UPDATE state.main.trait_value AS held SET until = CAST(? AS TIMESTAMP), until_run = CAST(? AS INTEGER)
    FROM trait_change AS changed
    WHERE held.until IS NULL AND changed.before IS NOT NULL
        AND held.trait = changed.trait AND held.of = changed.of AND held.subject_id = changed.subject_id
"""
_BEGIN = """
    INSERT INTO state.main.trait_value
    SELECT trait, of, subject_id, value, CAST(? AS TIMESTAMP), NULL, CAST(? AS INTEGER), NULL
    FROM trait_change WHERE value IS NOT NULL ORDER BY trait, of, subject_id
"""


def value_column(trait: str) -> exp.Identifier:
    """The name of a trait's column in `trait_now_users` and `trait_now_accounts`."""
    return exp.to_identifier(f"{trait}:value", quoted=True)


def _now(trait: str, of: str) -> exp.Select:
    """(id, value) of everybody in this run, under the alias `now`."""
    query = exp.select(exp.column("subject_id", table="now").as_("id"), exp.column(value_column(trait), table="now").as_("value"))
    return query.from_(exp.alias_(exp.to_table(f"trait_now_{of}"), "now", table=True))


def _held(trait: str, of: str, *columns: str) -> exp.Select:
    """Columns of the values of a trait that the state has, under the alias `held`."""
    query = exp.select(*(exp.column(name, table="held") for name in columns))
    query = query.from_(exp.alias_(exp.table_("trait_value", db="main", catalog="state"), "held", table=True))
    return query.where(exp.column("trait", table="held").eq(trait), exp.column("of", table="held").eq(of))


def _nothing_held() -> exp.Select:
    text = exp.cast(exp.null(), exp.DType.VARCHAR)
    return exp.select(text.as_("subject_id"), text.copy().as_("value")).where(exp.false())


def _differences(trait: str, of: str, with_state: bool) -> exp.Select:
    """The rows of `trait_change` of one trait."""
    ended = exp.Is(this=exp.column("until", table="held"), expression=exp.null())
    before = _held(trait, of, "subject_id", "value").where(ended) if with_state else _nothing_held()
    columns = [
        exp.Literal.string(trait).as_("trait"),
        exp.Literal.string(of).as_("of"),
        exp.func("COALESCE", exp.column("id", table="now"), exp.column("subject_id", table="held")).as_("subject_id"),
        exp.column("value", table="now"),
        exp.column("value", table="held").as_("before"),
        exp.Is(this=exp.column("id", table="now"), expression=exp.null()).as_("gone"),
    ]
    query = exp.select(*columns).from_(exp.alias_(_now(trait, of).subquery(), "now", table=True))
    on = exp.column("subject_id", table="held").eq(exp.column("id", table="now"))
    query = query.join(exp.alias_(before.subquery(), "held", table=True), on=on, join_type="full")
    return query.where(exp.NullSafeNEQ(this=exp.column("value", table="now"), expression=exp.column("value", table="held")))


def _lacking(one: TraitBehind, with_state: bool) -> exp.Select:
    """The rows of `trait_sync` of one destination and trait."""
    told = _nothing_held()
    if with_state:
        ended = exp.column("until_run", table="held")
        still = exp.or_(exp.Is(this=ended, expression=exp.null()), ended.copy() > one.run)
        told = _held(one.trait, one.of, "subject_id", "value").where(exp.column("run", table="held") <= one.run, still)
    columns = [
        exp.Literal.string(one.destination).as_("destination"),
        exp.Literal.string(one.trait).as_("trait"),
        exp.column("id", table="now").as_("subject_id"),
        exp.column("value", table="now"),
    ]
    query = exp.select(*columns).from_(exp.alias_(_now(one.trait, one.of).subquery(), "now", table=True))
    on = exp.column("subject_id", table="held").eq(exp.column("id", table="now"))
    query = query.join(exp.alias_(told.subquery(), "held", table=True), on=on, join_type="left")
    differs = exp.NullSafeNEQ(this=exp.column("value", table="now"), expression=exp.column("value", table="held"))
    if not one.again:
        return query.where(differs)
    there = exp.not_(exp.Is(this=exp.column("value", table="now"), expression=exp.null()))
    return query.where(exp.or_(differs, there))
