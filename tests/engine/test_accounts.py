"""Accounts: the universe, their traits, who belongs to which, and what cannot be read."""

from pathlib import Path

import pytest

from engage_cli.errors import DataError
from tests.engine.test_people import write_csv
from tests.inputs.support import columns, staged, write_lines

SOURCES = (
    "  profiles: {path: profiles.csv}\n"
    "  accounts: [{path: accounts.csv, columns: {account_id: company}}, {path: log.csv, columns: {timestamp: at}}]\n"
    "  memberships: [{path: members.csv}, {path: joined.csv, columns: {account_id: team, timestamp: since}}]\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_csv(tmp_path / "profiles.csv", ["user_id"], ["ana"])
    write_csv(tmp_path / "accounts.csv", ["company", "plan", "seats"], ["a1", "pro", "10"], ["007", "free", ""], ["", "lost", "1"])
    write_csv(
        tmp_path / "log.csv",
        ["account_id", "at", "plan"],
        ["a1", "2026-11-02", "team"],
        ["a1", "2026-11-01", "free"],
        ["a1", "2026-12-01", "later"],
        ["a9", "2026-12-01", "later"],
    )
    write_csv(
        tmp_path / "members.csv",
        ["user_id", "account_id", "role"],
        ["ana", "a1", "x"],
        ["ana", "a1", "y"],
        ["ben", "a2", ""],
        ["cat", "", ""],
    )
    write_csv(
        tmp_path / "joined.csv", ["user_id", "team", "since"], ["ana", "007", "2026-11-01"], ["dan", "a1", "2026-12-01"], ["eve", "a1", ""]
    )
    return tmp_path


def test_accounts_their_traits_and_their_users(folder: Path) -> None:
    names = columns("plan:text", "seats:number")
    with staged(folder, SOURCES, accounts=True, account_traits=names) as (engine, staging):
        assert engine.rows("SELECT account_id FROM accounts ORDER BY account_id") == [("007",), ("a1",), ("a2",)]
        assert engine.rows("SELECT bool_and(account_key < 0), count(DISTINCT account_key) FROM accounts") == [(True, 3)]
        traits = 'SELECT account_id, "plan:text", "seats:number" FROM account_traits JOIN accounts USING (account_key) ORDER BY account_id'
        assert engine.rows(traits) == [("007", "free", None), ("a1", "team", 10.0)]
        members = "SELECT user_id, account_id FROM members JOIN users USING (user_key) JOIN accounts USING (account_key) ORDER BY ALL"
        assert engine.rows(members) == [("ana", "007"), ("ana", "a1"), ("ben", "a2")]
        assert engine.rows("SELECT user_id FROM users ORDER BY user_id") == [("ana",), ("ben",)]
        assert [(reject.path, reject.reason, reject.first_row) for reject in staging.rejects] == [
            ("accounts.csv", "no account_id", 4),
            ("joined.csv", "no timestamp", 4),
            ("members.csv", "no account_id", 5),
        ]


def test_without_sources_of_their_own_accounts_are_those_of_memberships(tmp_path: Path) -> None:
    write_lines(tmp_path / "m.jsonl", [{"user_id": 7, "account_id": 1.50}, {"user_id": "7", "account_id": "1.50"}])
    with staged(tmp_path, "  memberships: {path: m.jsonl}\n", accounts=True, account_traits=columns("plan:text")) as (engine, _):
        assert engine.rows("SELECT account_id FROM accounts ORDER BY account_id") == [("1.5",), ("1.50",)]
        assert engine.rows('SELECT count("plan:text") FROM account_traits') == [(0,)]


def test_without_memberships_nobody_belongs_to_an_account(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ["account_id"], ["a1"])
    with staged(tmp_path, "  accounts: {path: a.csv}\n", accounts=True) as (engine, _):
        assert engine.rows("SELECT count(*) FROM accounts") == [(1,)]
        assert engine.rows("SELECT count(*) FROM members") == [(0,)]


@pytest.mark.parametrize(("kind", "names"), [("accounts", ["account", "plan"]), ("memberships", ["user_id", "company"])])
def test_a_file_that_names_no_accounts_is_an_error(kind: str, names: list[str], tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", names, ["a", "b"])
    with (
        pytest.raises(DataError, match=r"engage\.yaml:4:\d+: `x\.csv` has no column `account_id`"),
        staged(tmp_path, f"  {kind}: {{path: x.csv}}\n", accounts=True),
    ):
        pass
