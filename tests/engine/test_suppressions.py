"""Who must never be written to: ids and addresses from files, by hashes, beside those of people who were forgotten."""

from pathlib import Path

import pytest

from engage_cli.definitions.forgotten import ADDRESS, STATE_ID, Forgotten, address_form, hash_of
from engage_cli.engine.base import Engine
from engage_cli.errors import DataError
from tests.inputs.support import staged, write_lines

EMAIL = frozenset({"email"})


def hashes(engine: Engine) -> set[tuple[str, str]]:
    rows = engine.rows("SELECT kind, hash FROM suppressed_hash")
    assert len(rows) == len(set(rows))
    return {(str(kind), str(hashed)) for kind, hashed in rows}


def of(users: list[str], addresses: list[str]) -> set[tuple[str, str]]:
    return {("user", hash_of(user)) for user in users} | {("address", hash_of(address)) for address in addresses}


def test_users_and_addresses_of_all_files_count_in_one_form(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("who,mail\nana, Ana@Example.com \n007,\n,+44 (0)20-7946 0000\n,token-Ab\n,\n")
    write_lines(tmp_path / "s.jsonl", [{"user_id": 7}, {"address": "ANA@example.COM"}, {"note": "nobody"}])
    (tmp_path / "p.csv").write_text("user_id\nben\n")
    sources = """
  profiles: {path: p.csv}
  suppressions:
    - {path: s.csv, columns: {user_id: who, address: mail}}
    - {path: s.jsonl}
"""
    with staged(tmp_path, sources, channels=EMAIL) as (engine, staging):
        assert hashes(engine) == of(["ana", "007", "7"], ["ana@example.com", "+4402079460000", "token-Ab"])
        assert staging.users == 1, "being suppressed makes nobody known"
        assert [(one.path, one.reason, one.rows) for one in staging.rejects] == [
            ("s.csv", "no user_id and no address", 1),
            ("s.jsonl", "no user_id and no address", 1),
        ]
    with staged(tmp_path, sources) as (engine, staging):
        assert not engine.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'suppressed_hash'"), "nothing is asked for"


@pytest.mark.parametrize("text", [" A@B.c", "\tx@y.z\r\n", "+1 (2) 3.4-5/6", "12 34", "Ab", "1a", "a b", "", "Ä@Ö.de", "+", "(0)"])
def test_the_form_of_an_address_is_the_same_in_both_languages(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.csv").write_text("user_id\na\n")
    with staged(tmp_path, "  profiles: {path: p.csv}\n") as (engine, _):
        assert engine.rows("SELECT address_form(?)", [text]) == [(address_form(text),)]


def test_without_a_source_there_are_the_forgotten_and_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("user_id\nben\n")
    forgotten = {"user_id": ["ana"], STATE_ID: ["ana-before"], ADDRESS: ["a@b.c"], "email": ["A@b.c"]}
    found = Forgotten({kind: frozenset(hash_of(value) for value in values) for kind, values in forgotten.items()})
    with staged(tmp_path, "  profiles: {path: p.csv}\n", channels=EMAIL, forgotten=found) as (engine, _):
        assert hashes(engine) == of(["ana", "ana-before"], ["a@b.c"])
    with staged(tmp_path, "  profiles: {path: p.csv}\n", channels=EMAIL) as (engine, _):
        assert hashes(engine) == set()


@pytest.mark.parametrize("named", ["ana", "ana-2", "ana-3"])
def test_whoever_is_suppressed_by_one_of_their_ids_is_so_by_the_others(tmp_path: Path, named: str) -> None:
    (tmp_path / "e.csv").write_text(
        "message_id,user_id,email,event,timestamp\n1,ana,a@b.c,X,2026-11-01T10:00:00Z\n2,ana-2,a@b.c,X,2026-11-02T10:00:00Z\n"
        "3,ana-3,a@b.c,X,2026-11-03T10:00:00Z\n4,ben,b@b.c,X,2026-11-03T10:00:00Z\n"
    )
    (tmp_path / "s.csv").write_text(f"user_id\n{named}\n")
    config = "  events: {path: e.csv}\n  suppressions: {path: s.csv}\nidentity: {identifiers: [{name: user_id, limit: 5}, {name: email, limit: 5}]}\n"
    with staged(tmp_path, config, channels=EMAIL) as (engine, _):
        assert hashes(engine) == of(["ana", "ana-2", "ana-3"], [])


def test_a_file_with_neither_column_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("email\na@b.c\n")
    with (
        pytest.raises(DataError, match=r"`s.csv` has no column `user_id`; it has `email`") as caught,
        staged(tmp_path, "  suppressions: {path: s.csv}\n  profiles: {path: s.csv, columns: {user_id: email}}\n", channels=EMAIL),
    ):
        pass
    assert caught.value.hint == "it needs `user_id`, `address`, or both"
