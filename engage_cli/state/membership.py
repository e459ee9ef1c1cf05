"""Who is in an audience, who came and who went: one full join finds the changes of a run, two statements apply them.

Works on temporary relations:

`everybody(user_key INTEGER, user_id VARCHAR)`, `member_now(audience VARCHAR, user_key INTEGER)`
    made by the caller: all users, and every one of them who is in an audience of this run now, once.
`member_before(audience VARCHAR, user_key INTEGER, user_id VARCHAR, entered_at TIMESTAMP)`
    the members that the state has; one who is no user any more has no key.
`member_changed(audience VARCHAR, user_key INTEGER, user_id VARCHAR, change VARCHAR)`
    those who entered, by their keys, and those who exited, by their ids.
`member_row(audience VARCHAR, user_key INTEGER, entered_at TIMESTAMP)`
    those of `member_now` with the instant at which their stay began.
`membership_change(audience VARCHAR, user_id VARCHAR, change VARCHAR)`
    the same as `member_changed`, all by their ids.

Members of an audience of accounts are accounts: there `user_id` holds their ids, and `user_key` their keys, of the relation
`accounts(account_key INTEGER, account_id VARCHAR)`. No user has such a key, so that keys say which kind they are of; ids do not.

Of audiences that were evaluated for some users only, `member_now` has those among them who are in, and `touched_user(user_id VARCHAR)`
has all of them: nothing changes for anybody else. Keys are of one run, and are compared in place of the ids: a third of the time.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct
from sqlglot import exp, parse_one

from engage_cli.engine.base import Engine
from engage_cli.state import aliases
from engage_cli.state.instants import literal, stored
from engage_cli.state.runs import RunPlan
from engage_cli.state.store import State
from engage_cli.state.tables import Change


class Changes(Struct, frozen=True):
    """What an evaluation changes in one audience: its size now, and how many entered and exited."""

    audience: str
    size: int
    entered: int
    exited: int


class Partly(Struct, frozen=True):
    """Audiences that were evaluated for the touched users only. `whole`: of these the member file is written anyhow."""

    audiences: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()


def find_changes(
    engine: Engine,
    state: State | None,
    plan: RunPlan,
    partly: Partly | None = None,
    *,
    keep: bool = True,
    accounts: frozenset[str] = frozenset(),
    joined: Sequence[str] = (),
) -> tuple[Changes, ...]:
    """Compare `member_now` with the state's members of the plan's audiences; counts by audience, in name order.

    Makes `member_before`, and with `keep` `member_changed` for `make_rows`; writes nothing. Without a state everybody enters. `accounts`
    are the audiences of accounts among them. `joined` are the identifiers that join users, if any do: members are then found under the
    profiles that their ids belong to now.
    """
    partly = partly or Partly()
    for name in ("member_before", "member_changed", "subject", *aliases.NAMES):
        engine.execute(f"DROP TABLE IF EXISTS temp.main.{name}")
    if accounts:
        engine.create("subject", parse_one(_SUBJECTS, read="duckdb"))
    members: exp.Query = _of_subjects(_before(state, plan, partly), accounts)
    if joined and state is not None and plan.builds:
        assert not partly.audiences, "where identifiers join users everybody is looked at"
        members = _joined_before(engine, plan, members, accounts, joined)
    anybody = engine.create("member_before", members) > 0
    if keep:
        engine.create("member_changed", _select(_CHANGED if anybody else _ALL_ENTERED))
    if anybody:
        counted = engine.rows(_COUNTS if keep else _COUNTS.replace("FROM member_changed", f"FROM ({_CHANGED})"))
    else:
        counted = engine.rows(_COUNTS_OF_ENTERED)
    counts = {audience: (size, entered, exited) for audience, size, entered, exited in counted}
    before = {str(name): int(size) for name, size in engine.rows(_SIZES)} if partly.audiences else {}
    found = []
    for name in plan.audiences:
        size, entered, exited = counts.get(name, (0, 0, 0))
        found.append(Changes(name, before.get(name, 0) + entered - exited if name in partly.audiences else size, entered, exited))
    return tuple(found)


class Comings(Struct, frozen=True):
    """Some of those who enter an audience, and of those who exit, by their ids in order."""

    entered: tuple[str, ...] = ()
    exited: tuple[str, ...] = ()


def sample_changes(engine: Engine, most: int) -> dict[str, Comings]:
    """By audience some of `membership_change`, at most so many of each kind."""
    found: dict[str, dict[str, list[str]]] = {}
    for audience, change, user_id in engine.rows(_SAMPLES, [most]):
        found.setdefault(str(audience), {}).setdefault(str(change), []).append(str(user_id))
    return {
        audience: Comings(tuple(of.get(Change.ENTERED.value, ())), tuple(of.get(Change.EXITED.value, ()))) for audience, of in found.items()
    }


_SAMPLES = """
    SELECT audience, change, user_id FROM membership_change
    QUALIFY row_number() OVER (PARTITION BY audience, change ORDER BY user_id) <= ? ORDER BY ALL
"""


def make_rows(
    engine: Engine, plan: RunPlan, changes: Sequence[Changes], partly: Partly | None = None, *, accounts: frozenset[str] = frozenset()
) -> None:
    """Make `membership_change` and `member_row`, of what `find_changes` found: what is written, and kept in the state.

    Of an audience that was evaluated partly `member_row` is left empty where nothing changed and its file need not be written.
    """
    partly = partly or Partly()
    for name in ("member_row", "membership_change"):
        engine.execute(f"DROP TABLE IF EXISTS temp.main.{name}")
    engine.create("membership_change", _of_subjects(_select(_WITH_IDS), accounts))
    changed = frozenset(one.audience for one in changes if one.entered or one.exited)
    engine.create("member_row", _rows(plan, partly, partly.audiences & (changed | partly.whole)))


def apply_changes(engine: Engine, run: int, as_of: datetime) -> None:
    """Apply `membership_change` to the state's memberships, inside the run's transaction.

    An UPDATE and an INSERT: with a million members and a tenth of them changing, half the time of one MERGE.
    """
    engine.execute(_EXIT, [stored(as_of), run])
    engine.execute(_ENTER, [stored(as_of), run])


_SUBJECTS = "SELECT user_key, user_id FROM everybody UNION ALL SELECT account_key AS user_key, account_id AS user_id FROM accounts"
_CHANGED = """
    SELECT coalesce(now.audience, before.audience) AS audience, now.user_key AS user_key, before.user_id AS user_id,
        CASE WHEN before.audience IS NULL THEN 'entered' ELSE 'exited' END AS change
    FROM member_now AS now
    FULL JOIN member_before AS before ON now.audience = before.audience AND now.user_key = before.user_key
    WHERE now.user_key IS NULL OR before.audience IS NULL
"""
_ALL_ENTERED = "SELECT audience, user_key, CAST(NULL AS VARCHAR) AS user_id, 'entered' AS change FROM member_now"
_WITH_IDS = """
    SELECT audience, coalesce(changed.user_id, everybody.user_id) AS user_id, change
    FROM member_changed AS changed LEFT JOIN everybody ON everybody.user_key = changed.user_key
"""
_ROWS = """
    SELECT now.audience, now.user_key, before.entered_at AS entered_at
    FROM member_now AS now
    LEFT JOIN member_before AS before ON now.audience = before.audience AND now.user_key = before.user_key
"""
_COUNTS = """
    SELECT audience, sum(inside), sum(entered), sum(exited) FROM (
        SELECT audience, count(*) AS inside, 0 AS entered, 0 AS exited FROM member_now GROUP BY audience
        UNION ALL
        SELECT audience, 0, count(*) FILTER (change = 'entered'), count(*) FILTER (change = 'exited')
        FROM member_changed GROUP BY audience
    ) GROUP BY audience ORDER BY audience
"""
_COUNTS_OF_ENTERED = "SELECT audience, count(*), count(*), 0 FROM member_now GROUP BY audience ORDER BY audience"
_ENTER = """
    INSERT INTO state.main.membership
    SELECT audience, user_id, CAST(? AS TIMESTAMP), NULL, CAST(? AS INTEGER), NULL
    FROM membership_change WHERE change = 'entered' ORDER BY audience, user_id
"""
_EXIT = """
    UPDATE state.main.membership AS member SET exited_at = CAST(? AS TIMESTAMP), exited_run = CAST(? AS INTEGER)
    FROM membership_change AS changed
    WHERE changed.change = 'exited' AND member.exited_at IS NULL
        AND member.audience = changed.audience AND member.user_id = changed.user_id
"""
_BEFORE = """
    SELECT audience, user_key, member.user_id AS user_id, entered_at
    FROM state.main.membership AS member LEFT JOIN everybody ON everybody.user_id = member.user_id
    WHERE exited_at IS NULL
"""
_SIZES = "SELECT audience, count(*) FROM state.main.membership WHERE exited_at IS NULL GROUP BY audience"
_UNTOUCHED = """
    SELECT audience, user_key, entered_at
    FROM state.main.membership AS member JOIN everybody ON everybody.user_id = member.user_id
    WHERE exited_at IS NULL AND NOT member.user_id IN (SELECT user_id FROM touched_user)
"""
_NOBODY = """
    SELECT '' AS audience, CAST(NULL AS INTEGER) AS user_key, '' AS user_id, CAST(NULL AS TIMESTAMP) AS entered_at WHERE FALSE
"""


def _of_subjects(query: exp.Select, accounts: frozenset[str]) -> exp.Select:
    """A query that looks members up in `everybody`, looking them up among users and accounts, each audience's among its own kind."""
    if not accounts:
        return query
    for table in query.find_all(exp.Table):
        if table.name == "everybody":
            table.replace(exp.alias_(exp.to_table("subject"), "everybody", table=True))
    for join in query.find_all(exp.Join):
        on = join.args.get("on")
        if on is not None and any(column.name == "user_id" and column.table == "everybody" for column in on.find_all(exp.Column)):
            is_account = exp.column("user_key", table="everybody") < 0
            join.set("on", exp.and_(on, exp.EQ(this=exp.paren(is_account), expression=exp.column("audience").isin(*sorted(accounts)))))
    return query


def _rows(plan: RunPlan, partly: Partly, whole: Collection[str]) -> exp.Expr:
    select = _select(_ROWS)
    entered = exp.func("COALESCE", exp.column("entered_at", table="before"), literal(plan.run.as_of)).as_("entered_at")
    rows: exp.Query = select.select(*select.selects[:2], entered, append=False)
    if partly.audiences - set(whole):
        rows = rows.where(exp.not_(exp.column("audience", table="now").isin(*sorted(partly.audiences - set(whole)))))
    if whole:
        rows = exp.union(rows, _select(_UNTOUCHED).where(exp.column("audience").isin(*sorted(whole))), distinct=False)
    return rows


def _before(state: State | None, plan: RunPlan, partly: Partly) -> exp.Select:
    """The members before this run, of the audiences that it evaluates; of those evaluated partly, among the touched users."""
    if state is None or not plan.builds:
        return _select(_NOBODY)
    before = _select(_BEFORE).where(exp.column("audience").isin(*plan.audiences))
    if not partly.audiences:
        return before
    wholly = exp.not_(exp.column("audience").isin(*sorted(partly.audiences)))
    return before.where(exp.or_(wholly, exp.column("user_id", table="member").isin(query="SELECT user_id FROM touched_user")))


def _joined_before(engine: Engine, plan: RunPlan, before: exp.Query, accounts: frozenset[str], identifiers: Sequence[str]) -> exp.Query:
    """The members before this run where identifiers join users: those of audiences of accounts as `before` has them."""
    users = [name for name in plan.audiences if name not in accounts]
    if not users:
        return before
    aliases.make_members_known(engine, users, identifiers)
    if not accounts:
        return aliases.members_before()
    assert isinstance(before, exp.Select)
    return exp.union(aliases.members_before(), before.where(exp.column("audience").isin(*sorted(accounts))), distinct=False)


def _select(text: str) -> exp.Select:
    select = parse_one(text, read="duckdb")
    assert isinstance(select, exp.Select)
    return select
