"""Cases as a project folder for the product to read: engage.yaml, definitions, and the data in one of several formats."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from tests.generated.yaml_text import definitions_to_yaml, to_yaml
from tests.reference.case import Case
from tests.reference.consents import ConsentRow
from tests.reference.dataset import Dataset, Entity, EventRow, ProfileRow
from tests.reference.values import Value, read_text

Row = TypeVar("Row")

EVENT_FORMATS = ["jsonl", "csv", "csv_columns", "parquet"]
PROFILE_FORMATS = ["jsonl", "csv"]
EVENT_COLUMNS = ["message_id", "user_id", "event", "timestamp", "properties"]


def write_project(
    case: Case, folder: Path, *, event_format: str = "jsonl", profile_format: str = "jsonl", parts: int = 1, flow: bool = False
) -> None:
    """The whole case as a project. The audience to build is `case.definitions[-1]["audience"]`, as of `case.as_of`.

    Events and profiles are written in `parts` files each, their rows in the given order. `flow` is the style of the YAML.
    """
    audiences = folder / "campaigns" / "audiences"
    audiences.mkdir(parents=True)
    (audiences / "generated.yaml").write_text(definitions_to_yaml(case.definitions, flow=flow), encoding="utf-8")
    for path, values in case.lists.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        _write_csv(folder / path, None, [[value] for value in values])
    dataset = case.dataset
    write_events(dataset.events, folder / "data" / "events", event_format, parts)
    snapshot = [row for row in dataset.profiles if row.timestamp is None]
    log = [row for row in dataset.profiles if row.timestamp is not None]
    write_profiles(snapshot, folder / "data" / "profiles", profile_format, parts)
    write_profiles(log, folder / "data" / "profile_log", profile_format, parts)
    write_known(dataset.known, folder / "data")
    write_accounts(dataset, folder / "data", profile_format)
    write_consents(dataset.consents, folder / "data" / "consent_rows", profile_format, parts)
    write_entities(dataset, folder / "data" / "entities", profile_format)
    (folder / "engage.yaml").write_text(project_yaml(case, event_format, profile_format), encoding="utf-8")


def project_yaml(case: Case, event_format: str, profile_format: str) -> str:
    """engage.yaml of a project that `write_project` wrote."""
    dataset = case.dataset
    columns = {"id": "message_id", "user_id": "user_id", "event": "event", "timestamp": "timestamp"}
    if event_format != "csv_columns":
        columns["properties"] = "properties"
    suffix = _suffix(event_format)
    sources: dict[str, Any] = {"events": [{"path": f"data/events/*.{suffix}", "columns": columns, "timezone": dataset.events_zone}]}
    profiles = []
    if any(row.timestamp is None for row in dataset.profiles):
        profiles.append({"path": f"data/profiles/*.{profile_format}", "columns": {"user_id": "user_id"}})
    if any(row.timestamp is not None for row in dataset.profiles):
        profiles.append({"path": f"data/profile_log/*.{profile_format}", "columns": {"user_id": "user_id", "timestamp": "timestamp"}})
    if profiles:
        sources["profiles"] = [{**profile, "timezone": dataset.profiles_zone} for profile in profiles]
    if None in dataset.known.values():
        sources["memberships"] = [{"path": "data/memberships.csv"}]
    sources |= account_sources(dataset, profile_format)
    if any(since is not None for since in dataset.known.values()):
        sources["consents"] = [{"path": "data/consents.csv"}]
    if dataset.consents:
        sources["consents"] = [*sources.get("consents", []), {"path": f"data/consent_rows/*.{profile_format}"}]
    if dataset.entities:
        sources["entities"] = {name: entity_source(name, entity, profile_format) for name, entity in dataset.entities.items()}
    return to_yaml({"project": "generated", "timezone": case.zone, "sources": sources})


# ---- events


def write_events(rows: Sequence[EventRow], folder: Path, file_format: str, parts: int = 1) -> list[Path]:
    """The rows as files, in order. Formats: `jsonl` (properties an object), `csv` and `parquet` (properties as JSON text),
    `csv_columns` (each property a column)."""
    write = {"jsonl": _events_jsonl, "csv": _events_csv, "csv_columns": _events_csv_columns, "parquet": _events_parquet}[file_format]
    return _write_parts(rows, folder, _suffix(file_format), parts, write)


def _events_jsonl(path: Path, rows: Sequence[EventRow]) -> None:
    _write_jsonl(path, [{**_event_cells(row), "properties": row.properties} for row in rows])


def _events_csv(path: Path, rows: Sequence[EventRow]) -> None:
    cells = [{**_event_cells(row), "properties": _json(row.properties)} for row in rows]
    _write_csv(path, EVENT_COLUMNS, [[_cell(row.get(column)) for column in EVENT_COLUMNS] for row in cells])


def _events_csv_columns(path: Path, rows: Sequence[EventRow]) -> None:
    columns = [*EVENT_COLUMNS[:-1], *_names(row.properties for row in rows)]
    _write_csv(path, columns, [[_cell({**row.properties, **_event_cells(row)}.get(column)) for column in columns] for row in rows])


def _events_parquet(path: Path, rows: Sequence[EventRow]) -> None:
    """Timestamps are in UTC and say so: without a zone they would be in that of the source."""
    with duckdb.connect() as connection:
        columns = "message_id VARCHAR, user_id VARCHAR, event VARCHAR, timestamp TIMESTAMPTZ, properties VARCHAR, number INTEGER"
        connection.execute(f"CREATE TABLE rows ({columns})")
        for number, row in enumerate(rows):
            connection.execute(
                "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)",
                [row.message_id, row.user_id, row.event, _instant(row.timestamp), _json(row.properties), number],
            )
        connection.execute(f"COPY (SELECT * EXCLUDE (number) FROM rows ORDER BY number) TO '{path}' (FORMAT parquet)")


def _event_cells(row: EventRow) -> dict[str, Value]:
    cells: dict[str, Value] = {"user_id": row.user_id, "event": row.event, "timestamp": _instant(row.timestamp)}
    return {"message_id": row.message_id, **cells} if row.message_id is not None else cells


# ---- profiles, memberships, consents


def write_profiles(rows: Sequence[ProfileRow], folder: Path, file_format: str, parts: int = 1) -> list[Path]:
    """Rows of a snapshot, or of a change log (they have a timestamp). `jsonl` keeps types; a `csv` cell holds a value's text.

    The two differ in nothing that a condition can see: docs/values.md reads 12.0 and the cell `12` alike.
    """
    write = {"jsonl": _profiles_jsonl, "csv": _profiles_csv}[file_format]
    return _write_parts(rows, folder, file_format, parts, write) if rows else []


def _profiles_jsonl(path: Path, rows: Sequence[ProfileRow]) -> None:
    _write_jsonl(path, [{**_profile_cells(row), **row.traits} for row in rows])


def _profiles_csv(path: Path, rows: Sequence[ProfileRow]) -> None:
    own = ["user_id", "timestamp"] if any(row.timestamp for row in rows) else ["user_id"]
    columns = [*own, *_names(row.traits for row in rows)]
    _write_csv(path, columns, [[_cell({**_profile_cells(row), **row.traits}.get(column)) for column in columns] for row in rows])


def _profile_cells(row: ProfileRow) -> dict[str, Value]:
    return {"user_id": row.user_id, "timestamp": _instant(row.timestamp)} if row.timestamp else {"user_id": row.user_id}


def write_known(known: Mapping[str, datetime | None], folder: Path) -> None:
    """memberships.csv of those who are known always, consents.csv of those who are known since an instant, on a channel of their own."""
    always = [[user, "account"] for user, since in known.items() if since is None]
    dated = [[user, "known", "", "subscribed", _instant(since)] for user, since in known.items() if since is not None]
    folder.mkdir(parents=True, exist_ok=True)
    if always:
        _write_csv(folder / "memberships.csv", ["user_id", "account_id"], always)
    if dated:
        _write_csv(folder / "consents.csv", ["user_id", "channel", "group", "status", "updated_at"], dated)


def write_consents(rows: Sequence[ConsentRow], folder: Path, file_format: str, parts: int = 1) -> list[Path]:
    """Rows of subscription states. What a row does not say is an empty cell, or no key of the object."""
    write = {"jsonl": _consents_jsonl, "csv": _consents_csv}[file_format]
    return _write_parts(rows, folder, file_format, parts, write) if rows else []


def _consents_jsonl(path: Path, rows: Sequence[ConsentRow]) -> None:
    _write_jsonl(path, [{name: value for name, value in _consent_cells(row).items() if value} for row in rows])


def _consents_csv(path: Path, rows: Sequence[ConsentRow]) -> None:
    _write_csv(path, ["user_id", "channel", "group", "status", "updated_at"], [list(_consent_cells(row).values()) for row in rows])


def _consent_cells(row: ConsentRow) -> dict[str, str]:
    updated_at = _instant(row.updated_at) if row.updated_at else ""
    return {"user_id": row.user_id, "channel": row.channel, "group": row.group or "", "status": row.status, "updated_at": updated_at}


# ---- cells and lines


def _write_parts(rows: Sequence[Row], folder: Path, suffix: str, parts: int, write: Callable[[Path, Sequence[Row]], None]) -> list[Path]:
    """Consecutive stretches of the rows as files `part-0`, `part-1` and so on; the first is there even if it is empty."""
    folder.mkdir(parents=True, exist_ok=True)
    length = max(1, -(-len(rows) // parts))
    starts = range(0, max(1, len(rows)), length)
    paths = [folder / f"part-{number}.{suffix}" for number in range(len(starts))]
    for path, start in zip(paths, starts, strict=True):
        write(path, rows[start : start + length])
    return paths


def _suffix(file_format: str) -> str:
    return "csv" if file_format == "csv_columns" else file_format


def _names(mappings: Any) -> list[str]:
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _cell(value: Value) -> str:
    """A CSV cell: text as it is, JSON for lists and objects, nothing for what is missing."""
    return _json(value) if isinstance(value, list | Mapping) else read_text(value) or ""


def _json(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _write_jsonl(path: Path, rows: Sequence[Mapping[str, Value]]) -> None:
    path.write_text("".join(f"{_json(row)}\n" for row in rows), encoding="utf-8")


def _write_csv(path: Path, columns: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if columns:
            writer.writerow(columns)
        writer.writerows(rows)


# ---- accounts


def account_sources(dataset: Dataset, file_format: str) -> dict[str, Any]:
    """The sources of accounts and memberships, as `write_accounts` wrote them."""
    sources: dict[str, Any] = {}
    accounts = []
    if any(row.timestamp is None for row in dataset.accounts):
        accounts.append({"path": f"data/accounts.{file_format}", "timezone": dataset.accounts_zone})
    if any(row.timestamp is not None for row in dataset.accounts):
        log = {"path": f"data/account_log.{file_format}", "timezone": dataset.accounts_zone}
        accounts.append({**log, "columns": {"account_id": "account_id", "timestamp": "timestamp"}})
    if accounts:
        sources["accounts"] = accounts
    if dataset.accounts or dataset.memberships:
        dated = {"path": "data/membership_log.csv", "columns": {"timestamp": "since"}}
        sources["memberships"] = [{"path": "data/belongs.csv"}, dated]
    return sources


def write_accounts(dataset: Dataset, folder: Path, file_format: str) -> None:
    """The accounts as a snapshot and a log, and likewise the memberships."""
    for name, rows in (
        ("accounts", [row for row in dataset.accounts if row.timestamp is None]),
        ("account_log", [row for row in dataset.accounts if row.timestamp is not None]),
    ):
        cells = [
            {"account_id": row.account_id, **({"timestamp": _instant(row.timestamp)} if row.timestamp else {}), **row.traits}
            for row in rows
        ]
        if cells and file_format == "jsonl":
            _write_jsonl(folder / f"{name}.jsonl", cells)
        elif cells:
            columns = _names(cells)
            _write_csv(folder / f"{name}.csv", columns, [[_cell(row.get(column)) for column in columns] for row in cells])
    always = [[row.user_id, row.account_id] for row in dataset.memberships if row.timestamp is None]
    dated = [[row.user_id, row.account_id, _instant(row.timestamp)] for row in dataset.memberships if row.timestamp is not None]
    _write_csv(folder / "belongs.csv", ["user_id", "account_id"], always)
    _write_csv(folder / "membership_log.csv", ["user_id", "account_id", "since"], dated)


# ---- entities


def entity_source(name: str, entity: Entity, file_format: str) -> dict[str, Any]:
    """An entity as engage.yaml declares it. Its first column has another name in the files."""
    columns = {"columns": {"amount": "amt"}} if name == "orders" else {}
    links = {"links": dict(entity.links)} if entity.links else {}
    return {"path": f"data/entities/{name}.{file_format}", "key": entity.key, **links, **columns, "timezone": entity.zone}


def write_entities(dataset: Dataset, folder: Path, file_format: str) -> None:
    """Each entity as one file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, entity in dataset.entities.items():
        rows = [
            {"amt" if name == "orders" and column == "amount" else column: value for column, value in row.items()} for row in entity.rows
        ]
        if file_format == "jsonl":
            _write_jsonl(folder / f"{name}.jsonl", rows)
        else:
            columns = _names(rows)
            _write_csv(folder / f"{name}.csv", columns, [[_cell(row.get(column)) for column in columns] for row in rows])
