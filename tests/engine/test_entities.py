"""Rows of entities through all that lies between a file and an answer: formats, joined users, `sql:`, and runs that look at few users."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from engage_cli.service.build import build_audiences
from engage_cli.service.progress import SILENT
from engage_cli.service.results.audiences import BuildResult

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
PETS = [
    {"pet": "007", "owner": "ana", "kind": "cat", "weight": 4.5, "tags": ["old"]},
    {"pet": "7", "owner": "ana-2", "kind": "dog", "weight": 11.0, "tags": []},
    {"pet": "8", "owner": "ben", "kind": "cat", "weight": 5.0, "tags": ["old", "shy"]},
    {"pet": "9", "owner": None, "kind": "cat", "weight": 1.0, "tags": None},
]
AUDIENCES = """
audience: two_pets
members: {entity: pets, count: {gte: 2}}
with: {entities: [pets]}
---
audience: shy_or_heavy
members: {any: [{entity: pets, where: {"tags[]": shy}}, {entity: pets, where: {weight: {gt: 10}}}]}
---
audience: by_sql
members: {sql: "select owner as user_id from pets where kind = 'cat' and pet in ('007', '8')"}
---
audience: clicked
members: {event: Click, within: 30 days}
---
audience: clicked_with_cat
members: {all: [{event: Click, within: 30 days}, {entity: pets, where: {kind: cat}}]}
"""
IDENTITY = "identity: {identifiers: [{name: user_id, limit: 5}, {name: email, limit: 5}]}\n"


def write(folder: Path, file_format: str = "jsonl", more: str = "", pets: list[dict[str, object]] | None = None) -> None:
    (folder / "campaigns/audiences").mkdir(parents=True, exist_ok=True)
    sources = f"profiles: {{path: p.csv}}, events: {{path: 'e*.csv'}}, entities: {{pets: {{path: pets.{file_format}, key: pet, links: {{user: owner}}}}}}"
    (folder / "engage.yaml").write_text(f"project: zoo\nsources: {{{sources}}}\n{more}")
    (folder / "campaigns/audiences/a.yaml").write_text(AUDIENCES)
    (folder / "p.csv").write_text("user_id,email\nana,a@b.c\nana-2,a@b.c\nben,b@b.c\n")
    (folder / "e.csv").write_text(
        "message_id,user_id,event,timestamp\n1,ana,Click,2026-11-20T10:00:00Z\n2,ben,Click,2026-11-01T10:00:00Z\n"
    )
    lines = "".join(json.dumps(pet) + "\n" for pet in pets or PETS)
    (folder / "pets.jsonl").write_text(lines)
    if file_format != "jsonl":
        read = duckdb.read_json(
            str(folder / "pets.jsonl"),
            columns={"pet": "VARCHAR", "owner": "VARCHAR", "kind": "VARCHAR", "weight": "DOUBLE", "tags": "VARCHAR[]"},
            format="newline_delimited",
        )
        if file_format == "parquet":
            read.write_parquet(str(folder / "pets.parquet"))
        else:
            read.project("pet, owner, kind, weight, to_json(tags) AS tags").write_csv(str(folder / "pets.csv"))


def build(folder: Path, as_of: datetime = NOW) -> BuildResult:
    return build_audiences(folder, (), as_of=as_of, file_format="jsonl", verbose=True, progress=SILENT)


def members(folder: Path, name: str) -> list[str]:
    return [json.loads(line)["user_id"] for line in (folder / f"out/audiences/{name}/members.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("file_format", ["jsonl", "csv", "parquet"])
def test_every_format_gives_the_same_answers(tmp_path: Path, file_format: str) -> None:
    write(tmp_path, file_format)
    build(tmp_path)
    assert members(tmp_path, "two_pets") == []
    assert members(tmp_path, "shy_or_heavy") == ["ana-2", "ben"]
    assert members(tmp_path, "by_sql") == ["ana", "ben"]
    assert members(tmp_path, "clicked_with_cat") == ["ana", "ben"]


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
def test_rows_of_joined_users_are_those_of_the_profile(tmp_path: Path, file_format: str) -> None:
    write(tmp_path, file_format, IDENTITY)
    build(tmp_path)
    assert members(tmp_path, "two_pets") == ["ana"]
    [line] = (tmp_path / "out/audiences/two_pets/members.jsonl").read_text().splitlines()
    assert [pet["pet"] for pet in json.loads(line)["pets"]] == ["007", "7"]
    assert [pet["owner"] for pet in json.loads(line)["pets"]] == ["ana", "ana-2"], "as the table has them"
    assert members(tmp_path, "shy_or_heavy") == ["ana", "ben"]


def test_users_that_come_together_later_bring_their_rows_together(tmp_path: Path) -> None:
    write(tmp_path, "jsonl", IDENTITY)
    (tmp_path / "p.csv").write_text("user_id,email\nana,a@b.c\nana-2,other@b.c\nben,b@b.c\n")
    build(tmp_path)
    assert (members(tmp_path, "two_pets"), members(tmp_path, "shy_or_heavy")) == ([], ["ana-2", "ben"])
    (tmp_path / "p.csv").write_text("user_id,email\nana,a@b.c\nana-2,a@b.c\nben,b@b.c\n")
    found = {one.name: (one.entered, one.exited) for one in build(tmp_path, NOW + timedelta(hours=1)).audiences}
    assert (members(tmp_path, "two_pets"), members(tmp_path, "shy_or_heavy")) == (["ana"], ["ana", "ben"])
    assert (found["two_pets"], found["shy_or_heavy"]) == ((1, 0), (0, 0)), "who is inside stays inside under the other id"


def test_few_users_are_looked_at_where_events_alone_changed_and_all_where_the_table_did(tmp_path: Path) -> None:
    write(tmp_path)
    with (tmp_path / "p.csv").open("a") as people:
        people.write("".join(f"u{at},\n" for at in range(40)))
    build(tmp_path)
    (tmp_path / "e2.csv").write_text("message_id,user_id,event,timestamp\n3,ana-2,Click,2026-11-23T09:00:00Z\n")
    result = build(tmp_path, NOW + timedelta(hours=1))
    assert result.looked is not None
    assert {"clicked", "clicked_with_cat"} <= set(result.looked.audiences)
    assert result.looked.users < 5
    assert members(tmp_path, "clicked") == ["ana", "ana-2", "ben"]
    assert members(tmp_path, "clicked_with_cat") == ["ana", "ben"]
    write(tmp_path, pets=[{**PETS[1], "kind": "cat"}, *PETS[2:]])
    with (tmp_path / "p.csv").open("a") as people:
        people.write("".join(f"u{at},\n" for at in range(40)))
    result = build(tmp_path, NOW + timedelta(hours=2))
    assert result.looked is not None
    assert "clicked_with_cat" not in result.looked.audiences
    assert members(tmp_path, "clicked_with_cat") == ["ana-2", "ben"]
