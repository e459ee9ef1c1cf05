"""The sources as relations that `sql:` conditions name: `sources.events`, `sources.profiles` and so on, as of the run's instant."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from engage_cli.definitions.paths import path_of
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.fields import column_name
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.inputs.traits import Profiles, current_profiles, trait, trait_names
from engage_cli.engine.inputs.values import FLOATS, INTEGERS, TypedValue, Value, nothing
from engage_cli.engine.template import Sql, identifier, joined, sql
from engage_cli.plan.needs import Column, Reading

SCHEMA = "sources"
IDS = ("user_id", "account_id")


def relation(kind: str) -> str:
    """The name of the relation of a source."""
    return f"{SCHEMA}.{kind}"


def author_events(work: Work, events: Sql) -> None:
    """`sources.events`: message_id, user_id, event, timestamp, properties, each event once, none after as_of.

    `events` is a SELECT of message_id, user_id, event, ts, properties.
    """
    query = sql(
        "SELECT message_id, user_id, event, ts AS timestamp, CAST(properties AS JSON) AS properties FROM ({events}) "
        "ORDER BY timestamp, message_id",
        events=events,
    )
    create(work, "events", query)


def author_profiles(work: Work, profiles: Profiles, kind: str = "profiles", key: str = "user_id") -> None:
    """`sources.profiles`: user_id and each trait as it stands. Likewise `sources.accounts` with account_id, of accounts that are dated."""
    names = list(dict.fromkeys(name for rows in profiles.batches for name in _in_json(work, rows.batch) or trait_names(rows)))
    names = [name for name in names if any(trait(rows, name) is not None for rows in profiles.batches) and name != key]
    kinds = {name: kind_of(name, [trait(rows, name) for rows in profiles.batches]) for name in names}
    places = {name: f"trait {at}" for at, name in enumerate(names)}
    current = current_profiles(work, profiles, [(Column(path_of(name), kinds[name].reading), places[name]) for name in names], None)
    shown = shown_names([key, *names])[1:]
    columns = [
        sql("{value} AS {name}", value=kinds[name].shown(sql("{place}", place=identifier(places[name]))), name=identifier(label))
        for name, label in zip(names, shown, strict=True)
    ]
    ids = sql("user_id AS {key}", key=identifier(key))
    create(work, kind, sql("SELECT {columns} FROM {current} AS c ORDER BY c.user_id", columns=[ids, *columns], current=current))


def author_plain(work: Work, kind: str, batches: Sequence[Batch], zone: str, people: Sequence[PeopleRows], as_of: Sql) -> None:
    """`sources.accounts` and the like: the columns of the files, those that are mapped under their own names. Dated rows by as_of."""
    names = list(dict.fromkeys(name for batch in batches for name in names_of(work, batch)))
    found = [{name: batch.value(column_name(batch, name), Zones(batch.source.timezone, zone)) for name in names} for batch in batches]
    kinds = {name: kind_of(name, [values[name] for values in found]) for name in names}
    rows_of = {id(rows.batch): rows for rows in people}
    parts = []
    for batch, values in zip(batches, found, strict=True):
        zones = Zones(batch.source.timezone, zone)
        columns = [
            sql("{value} AS {name}", value=kinds[name].shown(_read(values[name], kinds[name], zones)), name=identifier(label))
            for name, label in zip(names, shown_names(names), strict=True)
        ]
        rows = rows_of.get(id(batch))
        if rows is not None and rows.joined.identity is not None:
            columns = [
                sql("user_id AS {name}", name=identifier(label)) if name == "user_id" else column
                for name, label, column in zip(names, shown_names(names), columns, strict=True)
            ]
        parts.append(
            sql("SELECT {columns} FROM {scan}", columns=columns, scan=batch.again)
            if rows is None
            else rows.select(columns, rows.known(as_of))
        )
    # A user may be told to belong to an account in call after call.
    rows_once = Sql("DISTINCT *" if any(batch.source.segment for batch in batches) else "*")
    create(work, kind, sql("SELECT {rows} FROM ({parts}) ORDER BY ALL", rows=rows_once, parts=joined(" UNION ALL ", parts)))


def create(work: Work, kind: str, query: Sql) -> None:
    """Make the relation of a source."""
    work.connection.run(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    work.connection.run(sql("CREATE OR REPLACE TABLE {name} AS {query}", name=Sql(relation(kind)), query=query).text)


# ---- names and types of columns ----------------------------------------------------------------------------------------


class _Kind(Struct, frozen=True):
    """How a column of `sql:` is read, and the type that the reading is then cast to."""

    reading: Reading
    cast_to: str | None = None

    def shown(self, value: Sql) -> Sql:
        if self.reading is Reading.VALUE:
            return sql("text_or_json({value})", value=value)
        return value if self.cast_to is None else sql("CAST({value} AS {type})", value=value, type=Sql(self.cast_to))


def kind_of(name: str, values: Iterable[Value | None], ids: Collection[str] = IDS) -> _Kind:
    """Ids are text. Other columns have the type that the files give them where these agree, else they are text."""
    found = [value for value in values if value is not None]
    types = {value.type.id for value in found if isinstance(value, TypedValue)}
    if name in ids:
        return _Kind(Reading.TEXT)
    if len(types) == 0 or not all(isinstance(value, TypedValue) for value in found):
        return _Kind(Reading.VALUE)
    if types <= INTEGERS | {"date"} and len(types) == 1:
        return _Kind(Reading.TEXT, types.pop().upper())
    if types <= INTEGERS | FLOATS | {"decimal"}:
        return _Kind(Reading.NUMBER)
    if types == {"boolean"}:
        return _Kind(Reading.BOOLEAN)
    if all(kind.startswith("timestamp") for kind in types):
        return _Kind(Reading.INSTANT)
    return _Kind(Reading.VALUE)


def _read(value: Value | None, kind: _Kind, zones: Zones) -> Sql:
    return nothing(kind.reading) if value is None else value.read(kind.reading, zones)


def names_of(work: Work, batch: Batch) -> list[str]:
    """The names of a batch's columns, mapped ones under the field's."""
    renamed: Mapping[str, str] = {column: name for name, column in batch.source.columns.items()}
    return [renamed.get(column, column) for column in _in_json(work, batch) or batch.columns]


def _in_json(work: Work, batch: Batch) -> list[str]:
    """Every name in the objects of a JSON batch."""
    if batch.record is None:
        return []
    query = sql("SELECT DISTINCT unnest(json_keys({record})) FROM {scan} ORDER BY ALL", record=batch.record.sql, scan=batch.again)
    return [str(row[0]) for row in work.connection.rows(query.text)]


def shown_names(names: Sequence[str]) -> list[str]:
    """The names with those told apart that differ only in their capitals, which DuckDB takes for one: the second gets `_2`."""
    taken: set[str] = set()
    shown = []
    for name in names:
        label, number = name, 1
        while label.lower() in taken:
            number += 1
            label = f"{name}_{number}"
        taken.add(label.lower())
        shown.append(label)
    return shown
