"""The files of a case say what the case says, in every format."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generated.backend import FRESH
from tests.generated.datasets import datasets
from tests.generated.files import EVENT_FORMATS, PROFILE_FORMATS, write_events, write_profiles, write_project
from tests.generated.pools import pools
from tests.generated.strategies import cases
from tests.reference import Case, Dataset, ProfileRow, evaluate
from tests.reference.examples import done, utc
from tests.reference.values import Datum, Value, is_missing, read_boolean, read_instant, read_number, read_text

ROWS = [
    done("View", "2026-03-01 12:00", {"n": 12.0, "tags": ["a"], "utm.source": "ads"}, key="m1"),
    done("View, again", "2026-03-01 12:00:00.000001", {"n": None, "text": 'say "hi"\nthere'}),
    done("View", "2026-03-02 12:00", user="Ü", key="m0"),
]


def read_back(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The rows of event files as mappings of what is there, properties as JSON reads them."""
    return [_row(row) for path in paths for row in _READERS[path.suffix](path)]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    properties = row["properties"]
    present = {key: value for key, value in row.items() if value not in (None, "")}
    return {**present, "properties": json.loads(properties) if isinstance(properties, str) else properties}


def _jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def _csv(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _parquet(path: Path) -> list[dict[str, Any]]:
    time = "strftime(timestamp AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS timestamp"
    relation = duckdb.sql(f"SELECT * REPLACE ({time}) FROM '{path}'")
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


_READERS = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}


@pytest.mark.parametrize("parts", [1, 2, 5])
@pytest.mark.parametrize("file_format", ["jsonl", "csv", "parquet"])
def test_events_come_back_in_order(file_format: str, parts: int, tmp_path: Path) -> None:
    paths = write_events(ROWS, tmp_path, file_format, parts)
    assert len(paths) == min(parts, len(ROWS))
    expected = [
        {
            **({"message_id": row.message_id} if row.message_id else {}),
            "user_id": row.user_id,
            "event": row.event,
            "timestamp": row.timestamp.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "properties": row.properties,
        }
        for row in ROWS
    ]
    assert read_back(paths) == expected


def test_properties_as_columns(tmp_path: Path) -> None:
    (path,) = write_events(ROWS, tmp_path, "csv_columns")
    first, second, third = _csv(path)
    assert first | {"n": "12", "tags": '["a"]', "utm.source": "ads", "text": ""} == first
    assert second | {"n": "", "tags": "", "text": 'say "hi"\nthere', "message_id": ""} == second
    assert third["utm.source"] == ""


@pytest.mark.parametrize("file_format", EVENT_FORMATS)
def test_no_events_are_an_empty_file(file_format: str, tmp_path: Path) -> None:
    (path,) = write_events([], tmp_path, file_format)
    assert path.exists()


def test_profiles(tmp_path: Path) -> None:
    rows = [ProfileRow("007", {"age": 12.0, "likes": ["a"]}), ProfileRow("Ü", {"vip": True, "plan": None})]
    (path,) = write_profiles(rows, tmp_path / "csv", "csv")
    assert path.read_text(encoding="utf-8").splitlines() == ["user_id,age,likes,vip,plan", '007,12,"[""a""]",,', "Ü,,,true,"]
    (path,) = write_profiles(rows, tmp_path / "jsonl", "jsonl")
    assert _jsonl(path) == [{"user_id": "007", "age": 12.0, "likes": ["a"]}, {"user_id": "Ü", "vip": True, "plan": None}]
    (path,) = write_profiles([ProfileRow("u", {"a": 1}, utc("2026-03-01 12:00"))], tmp_path / "log", "csv")
    assert path.read_text(encoding="utf-8").splitlines() == ["user_id,timestamp,a", "u,2026-03-01T12:00:00.000000Z,1"]


def from_cell(value: Value) -> Value:
    """What a plain column's cell is read as: a list or an object if it is one in JSON, else its text."""
    if isinstance(value, list | Mapping):
        return value
    return "" if is_missing(value) else read_text(value)


@settings(max_examples=100, backend=FRESH, derandomize=True, database=None, deadline=None)
@given(pools().flatmap(datasets))
def test_a_value_reads_the_same_from_a_cell_as_with_its_type(dataset: Dataset) -> None:
    zone = ZoneInfo("Europe/London")
    rows = [row.traits for row in dataset.profiles] + [row.properties for row in dataset.events]
    for row in rows:
        for value in row.values():
            cell = from_cell(value)
            assert is_missing(cell) == is_missing(value)
            assert (read_text(cell), read_number(cell), read_boolean(cell)) == (read_text(value), read_number(value), read_boolean(value))
            assert read_instant(Datum(cell, zone), zone) == read_instant(Datum(value, zone), zone)


@settings(max_examples=20, backend=FRESH, derandomize=True, database=None, deadline=None)
@given(cases(), st.sampled_from(EVENT_FORMATS), st.sampled_from(PROFILE_FORMATS), st.integers(1, 3))
def test_a_project_can_be_written_in_every_format(case: Case, event_format: str, profile_format: str, parts: int) -> None:
    with TemporaryDirectory() as name:
        write_project(case, Path(name), event_format=event_format, profile_format=profile_format, parts=parts)
        assert (Path(name) / "engage.yaml").exists()
        assert len(list(Path(name).glob("data/events/part-*"))) <= parts


@settings(max_examples=30, backend=FRESH, derandomize=True, database=None, deadline=None)
@given(cases())
def test_rows_of_cells_have_the_same_members(case: Case) -> None:
    events = [replace(row, properties=_cells(row.properties)) for row in case.dataset.events]
    profiles = [replace(row, traits=_cells(row.traits)) for row in case.dataset.profiles]
    assert evaluate(replace(case, dataset=replace(case.dataset, events=events, profiles=profiles))) == evaluate(case)


def _cells(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: from_cell(value) for name, value in values.items()}
