"""The sources as relations that `sql:` conditions name: `sources.events`, `sources.profiles` and so on, as of the run's instant."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from duckdb.sqltypes import DuckDBPyType

from engage_cli.definitions.paths import path_of
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.events import Events
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.inputs.traits import Profiles, current_profiles, trait, trait_names
from engage_cli.engine.inputs.values import Cell, JsonValue, TypedValue, Value
from engage_cli.engine.template import Sql, identifier, joined, sql
from engage_cli.plan.needs import Column, Reading

SCHEMA = "sources"


def relation(kind: str) -> str:
    """The name of the relation of a source."""
    return f"{SCHEMA}.{kind}"


def _create(work: Work, kind: str, query: Sql) -> None:
    work.connection.run(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    work.connection.run(sql("CREATE TABLE {name} AS {query}", name=Sql(relation(kind)), query=query).text)


def author_events(work: Work, events: Events) -> None:
    """`sources.events`: message_id, user_id, event, timestamp, properties, each event once, none after as_of."""
    query = sql(
        "SELECT message_id, user_id, event, ts AS timestamp, CAST(properties AS JSON) AS properties FROM ({events}) "
        "ORDER BY timestamp, message_id",
        events=events.select(replace(events.wanted, columns=())),
    )
    _create(work, "events", query)


def author_profiles(work: Work, profiles: Profiles) -> None:
    """`sources.profiles`: user_id and each trait as it stands."""
    names = list(dict.fromkeys(name for rows in profiles.batches for name in trait_names(rows)))
    readings = {name: _reading_of([trait(rows, name) for rows in profiles.batches]) for name in names}
    current = current_profiles(work, profiles, [(Column(path_of(name), readings[name]), f"trait {name}") for name in names], None)
    columns = [sql("{column} AS {name}", column=_shown(name, readings[name]), name=identifier(name)) for name in names if name != "user_id"]
    _create(work, "profiles", sql("SELECT {columns} FROM {current} ORDER BY user_id", columns=[Sql("user_id"), *columns], current=current))


def _shown(name: str, reading: Reading) -> Sql:
    column = sql("{name}", name=identifier(f"trait {name}"))
    return sql("text_or_json({column})", column=column) if reading is Reading.VALUE else column


def _reading_of(values: Sequence[Value | None]) -> Reading:
    """How a column of `sql:` is typed: by the files where they agree on numbers, booleans or instants, else as text."""
    kinds = {_natural(value) for value in values if value is not None}
    return kinds.pop() if len(kinds) == 1 else Reading.VALUE


def _natural(value: Value) -> Reading:
    match value:
        case TypedValue() if _is_numeric(value.type):
            return Reading.NUMBER
        case TypedValue() if value.type.id == "boolean":
            return Reading.BOOLEAN
        case TypedValue() if value.type.id.startswith("timestamp"):
            return Reading.INSTANT
        case TypedValue() | Cell() | JsonValue():
            return Reading.VALUE


def _is_numeric(value_type: DuckDBPyType) -> bool:
    return value_type.id in ("float", "double", "decimal") or value_type.id.endswith("int") or value_type.id in ("integer", "uinteger")


def author_plain(work: Work, kind: str, batches: Sequence[Batch], zone: str, people: Sequence[PeopleRows], as_of: Sql) -> None:
    """`sources.accounts` and the like: the columns of the files, those that are mapped under their own names."""
    names = list(dict.fromkeys(name for batch in batches for name in _names(batch)))
    by_batch = {id(rows.batch): rows for rows in people}
    parts = []
    values = [
        {name: batch.value(batch.source.columns.get(name, name), Zones(batch.source.timezone, zone)) for name in names} for batch in batches
    ]
    readings = {name: _reading_of([found[name] for found in values]) for name in names}
    for batch, found in zip(batches, values, strict=True):
        zones = Zones(batch.source.timezone, zone)
        columns = [sql("{value} AS {name}", value=_cell(found[name], readings[name], zones), name=identifier(name)) for name in names]
        rows = by_batch.get(id(batch))
        if rows is None:
            parts.append(sql("SELECT {columns} FROM {scan}", columns=columns, scan=batch.again))
        else:
            parts.append(rows.select(columns, rows.known(as_of)))
    _create(work, kind, sql("SELECT * FROM ({parts}) ORDER BY ALL", parts=joined(" UNION ALL ", parts)))


def _names(batch: Batch) -> list[str]:
    renamed: Mapping[str, str] = {column: name for name, column in batch.source.columns.items()}
    return [renamed.get(column, column) for column in batch.columns]


def _cell(value: Value | None, reading: Reading, zones: Zones) -> Sql:
    if value is None:
        return Sql("NULL")
    column = value.read(reading, zones)
    return sql("text_or_json({column})", column=column) if reading is Reading.VALUE else column
