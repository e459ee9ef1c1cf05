"""Raw Segment calls as rows about users and accounts: identify sets traits, group makes a member of an account and sets its traits."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from engage_cli.definitions.project import Sources
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.damage import blaming
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.open import open_batches
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.inputs.segment_calls import INSTANT_TYPE, PEOPLE, TEXT_TYPE, Calls, calls_of
from engage_cli.engine.inputs.values import JsonValue, TypedValue
from engage_cli.engine.template import Sql, literal, sql
from engage_cli.records import replace

_USER = TypedValue(Sql("call_user"), TEXT_TYPE)
_GROUP = TypedValue(Sql("call_group"), TEXT_TYPE)
_AT = TypedValue(Sql("call_at"), INSTANT_TYPE)
_COLUMNS = ("path", "call_type", "call_user", "call_group", "call_previous", "call_at", "call_traits")
_TRAITS = JsonValue(Sql("call_traits"))


class CallsAboutPeople(Struct, frozen=True):
    """Rows that raw calls have of each kind, all of them dated: the traits of users, the accounts that they belong to, and the traits
    of accounts, whose `user` is the account. Rows of `aliases` have the column call_previous."""

    profiles: tuple[PeopleRows, ...] = ()
    memberships: tuple[PeopleRows, ...] = ()
    accounts: tuple[PeopleRows, ...] = ()
    aliases: tuple[PeopleRows, ...] = ()


def calls_about_people(work: Work, folder: Path, sources: Sources, zone: str, only: frozenset[str]) -> CallsAboutPeople:
    """Read the calls about users and accounts in the files that are in `only` (as DuckDB names them)."""
    batches = open_batches(work.connection, folder, sources.segment, zone, only=only, every=False)
    loaded = [_loaded(work, calls_of(batch, zone, sources.identity)) for batch in batches]
    return CallsAboutPeople(
        profiles=tuple(_profiles(calls, table) for calls, table in loaded),
        memberships=tuple(_memberships(calls, table) for calls, table in loaded),
        accounts=tuple(_accounts(calls, table) for calls, table in loaded),
        aliases=tuple(_aliases(calls, table) for calls, table in loaded) if sources.identity is not None else (),
    )


def _loaded(work: Work, calls: Calls) -> tuple[Calls, Sql]:
    """The calls with a table of those about people. Rows that cannot be read are told of where the same files are read for events."""
    with blaming(work.connection, [calls.batch]):
        query = sql(
            "SELECT {columns} FROM {calls} WHERE {used}",
            columns=[*map(Sql, _COLUMNS), *(calls.identifiers.values.values() if calls.identifiers is not None else ())],
            calls=calls.of(_likely(calls, calls.batch.again)),
            used=_used(PEOPLE),
        )
        return calls, work.table("calls", query)


def _likely(calls: Calls, scan: Sql) -> Sql:
    """The rows of a scan without those that cannot be about people, by a look at the text: most are events, and need not be parsed."""
    if calls.batch.record is None:
        return scan
    # JSON may spell any letter as an escape.
    pattern = "|".join(["(?i)" + PEOPLE[0], *PEOPLE[1:], r"\\u00"])
    return sql(
        "(SELECT * FROM {scan} WHERE regexp_matches({content}, {pattern}))",
        scan=scan,
        content=calls.batch.content,
        pattern=literal(pattern),
    )


def _used(kinds: Sequence[str]) -> Sql:
    return sql("call_reason IS NULL AND call_type IN ({kinds})", kinds=[literal(kind) for kind in kinds])


def _of_kind(calls: Calls, table: Sql, kind: str) -> Batch:
    scan = sql("(SELECT * FROM {table} WHERE call_type = {kind})", table=table, kind=literal(kind))
    return replace(
        calls.batch,
        scan=scan,
        again=scan,
        numbered=lambda file: sql(
            "(SELECT * FROM {calls} WHERE {used})", calls=calls.of(_likely(calls, calls.batch.numbered(file))), used=_used([kind])
        ),
        columns={},
        record=None,
        broken=Sql("FALSE"),
        parsed=False,
        numbers_files=False,
    )


def _dated(calls: Calls, batch: Batch, user: TypedValue, *, id_name: str = "user_id", account: TypedValue | None = None) -> PeopleRows:
    zones = Zones(batch.source.timezone, calls.zones.project)
    identifiers = calls.identifiers if id_name == "user_id" else None
    return PeopleRows(batch, zones, user, _AT, True, id_name=id_name, account=account, identifiers=identifiers)


def _profiles(calls: Calls, table: Sql) -> PeopleRows:
    return _dated(calls, replace(_of_kind(calls, table, "identify"), record=_TRAITS), _USER)


def _memberships(calls: Calls, table: Sql) -> PeopleRows:
    return _dated(calls, replace(_of_kind(calls, table, "group"), columns={"user_id": _USER, "account_id": _GROUP}), _USER, account=_GROUP)


def _accounts(calls: Calls, table: Sql) -> PeopleRows:
    return _dated(calls, replace(_of_kind(calls, table, "group"), record=_TRAITS), _GROUP, id_name="account_id")


def _aliases(calls: Calls, table: Sql) -> PeopleRows:
    return _dated(calls, _of_kind(calls, table, "alias"), _USER)
