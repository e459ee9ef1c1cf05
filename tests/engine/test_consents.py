"""Subscription states from rows: the last one by the instant, whatever file it is in, and rows that say nothing."""

import csv
from pathlib import Path

import pytest

from engage_cli.engine.base import Engine
from engage_cli.errors import DataError
from tests.inputs.support import staged, write_lines
from tests.reference.consents import ConsentRow, consent_row_hash
from tests.reference.examples import utc

HEADER = ["user_id", "channel", "group", "status", "updated_at"]
SOURCE = "  consents: {path: c.csv}\n"
EMAIL = frozenset({"email"})


def write_csv(path: Path, *rows: list[str], header: list[str] = HEADER) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def states(engine: Engine) -> list[tuple[str, str, str | None, str]]:
    query = 'SELECT u.user_id, c.channel, c."group", c.status FROM consents AS c JOIN users AS u USING (user_key) ORDER BY ALL'
    return [(str(user), str(channel), group, str(status)) for user, channel, group, status in engine.rows(query)]


def test_the_last_row_by_the_instant_counts_for_each_channel_and_group(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "c.csv",
        ["ana", "email", "", "unsubscribed", "2026-11-23T10:00:00Z"],
        ["ana", "email", "", "subscribed", "2026-11-23T10:00:00.000001Z"],
        ["ana", "email", "news", "subscribed", "2026-11-02 08:00"],
        ["ana", "email", "news", "did_not_subscribe", "2026-11-01"],
        ["ben", "email", "", "unsubscribed", ""],
    )
    write_lines(
        tmp_path / "c.jsonl", [{"user_id": "ben", "channel": "email", "group": None, "status": "subscribed", "updated_at": "1970-01-02"}]
    )
    with staged(tmp_path, "  consents: [{path: c.csv}, {path: c.jsonl}]\n", channels=EMAIL) as (engine, staging):
        assert states(engine) == [
            ("ana", "email", "news", "subscribed"),
            ("ana", "email", None, "unsubscribed"),
            ("ben", "email", None, "subscribed"),
        ]
        assert staging.rejects == ()


@pytest.mark.parametrize("at", ["", "2026-11-01T08:00:00Z"])
def test_at_one_instant_the_greatest_row_hash_wins_whatever_the_order(at: str, tmp_path: Path) -> None:
    users = [f"u{number}" for number in range(30)]
    rows = [[user, "email", "", status, at] for user in users for status in ("subscribed", "unsubscribed", "did_not_subscribe")]
    expected = []
    for user in users:
        tied = [ConsentRow(user, "email", row[3], None, utc("2026-11-01 08:00") if at else None) for row in rows if row[0] == user]
        expected.append((user, "email", None, max(tied, key=consent_row_hash).status))
    assert len({status for *_, status in expected}) == 3
    for order in (rows, rows[::-1]):
        write_csv(tmp_path / "c.csv", *order)
        with staged(tmp_path, SOURCE, channels=EMAIL) as (engine, _):
            assert states(engine) == sorted(expected)


def test_only_the_channels_that_are_asked_for_are_staged(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "c.csv",
        ["ana", "email", "", "subscribed", ""],
        ["ana", "Email", "", "subscribed", ""],
        ["ana", "sms", "", "subscribed", ""],
    )
    with staged(tmp_path, SOURCE, channels=frozenset({"sms", "push"})) as (engine, _):
        assert states(engine) == [("ana", "sms", None, "subscribed")]


def test_of_a_project_without_consents_nobody_has_a_state(tmp_path: Path) -> None:
    write_lines(tmp_path / "p.jsonl", [{"user_id": "ana"}])
    with staged(tmp_path, "  profiles: {path: p.jsonl}\n", channels=EMAIL) as (engine, _):
        assert states(engine) == []


def test_rows_that_say_nothing_are_rejects_and_make_nobody_known(tmp_path: Path) -> None:
    write_csv(
        tmp_path / "c.csv",
        ["ana", "email", "", "subscribed", ""],
        ["ben", "", "", "subscribed", ""],
        ["cy", "email", "", "", ""],
        ["di", "email", "", "SUBSCRIBED", ""],
        ["eve", "email", "", "none", ""],
        ["", "email", "", "subscribed", ""],
        ["flo", "email", "", "maybe", "soon"],
    )
    with staged(tmp_path, SOURCE, channels=EMAIL) as (engine, staging):
        assert states(engine) == [("ana", "email", None, "subscribed")]
        assert staging.users == 1
        assert [(reject.reason, reject.rows, reject.first_row) for reject in staging.rejects] == [
            ("no channel", 1, 3),
            ("no status", 1, 4),
            ("no user_id", 1, 7),
            ("the status is not subscribed, unsubscribed or did_not_subscribe", 2, 5),
            ("the timestamp cannot be read", 1, 8),
        ]


@pytest.mark.parametrize("missing", ["channel", "status"])
def test_a_file_without_the_column_is_an_error(missing: str, tmp_path: Path) -> None:
    header = [name for name in ("user_id", "channel", "status") if name != missing]
    write_csv(tmp_path / "c.csv", ["ana", "x"], header=header)
    with pytest.raises(DataError, match=f"has no column `{missing}`"), staged(tmp_path, SOURCE):
        pass
