"""A person who is forgotten leaves journeys, and entities that are linked with them are nobody's and nowhere."""

import json
from pathlib import Path

import duckdb
import pytest

from engage_cli.service.forget import forget
from engage_cli.service.keep import backup, check_state
from engage_cli.service.look import preview
from engage_cli.service.progress import SILENT
from tests.forget.people import AS_OF
from tests.journeys.shop import first_tick, make_shop, rows_of, second_tick

ENTITIES = "  entities: {visits: {path: visits.csv, key: visit_id, links: {user: guest, account: firm}, columns: {guest: who}}}\n"
ACCOUNTS = "  memberships: {path: staff.csv}\n"
AUDIENCES = """
audience: visited
of: accounts
members: {entity: visits}
---
audience: visits_by_sql
members: {sql: "select u.user_id from (select distinct user_id from events) u where (select count(*) from visits) = 1"}
"""


@pytest.fixture
def shop(tmp_path) -> Path:
    folder = make_shop(tmp_path / "shop")
    config = folder / "engage.yaml"
    config.write_text(config.read_text().replace("messaging:", f"{ACCOUNTS}{ENTITIES}messaging:"))
    (folder / "staff.csv").write_text("user_id,account_id\nben,acme\nben,globex\n")
    (folder / "visits.csv").write_text("visit_id,who,firm\nv1,ana,acme\nv2,ben,globex\n")
    (folder / "campaigns/audiences").mkdir()
    (folder / "campaigns/audiences/a.yaml").write_text(AUDIENCES)
    return folder


def named_ana(rows: dict[str, list[tuple[object, ...]]]) -> set[str]:
    return {table for table, found in rows.items() if "ana" in repr(found)}


def test_their_instances_go_wherever_these_stand_and_nothing_moves_them_any_more(shop):
    first_tick(shop)
    before = rows_of(shop)
    [(number, *_)] = [row for row in before["instance"] if row[4] == "ana" and row[5] == "c1"]
    assert any(row[0] == number for row in before["position"])
    assert {"m1", "m5"} <= {row[0] for row in before["seen_event"]}
    result = forget(shop, "ana")
    assert {"instance", "position", "transition"} <= result.removed.keys()
    after = rows_of(shop)
    assert named_ana(after) == set()
    theirs = {row[0] for row in before["instance"] if row[4] == "ana"}
    assert not any(row[0] in theirs for table in ("instance", "position", "transition") for row in after[table])
    assert "m1" not in {row[0] for row in after["seen_event"]}
    assert after["instance"] == [row for row in before["instance"] if row[0] not in theirs]
    assert check_state(shop) == ()
    second_tick(shop)
    assert named_ana(rows_of(shop)) == set()
    assert {row[4] for row in rows_of(shop)["instance"]} == {"ben", "cleo"}


def test_what_was_sent_set_and_told_goes_too_and_the_files_are_listed(shop):
    second_tick(shop)
    assert {"instance", "candidate", "trait_set", "list_stay", "outbox"} <= named_ana(rows_of(shop))
    copy = backup(shop)
    result = forget(shop, "ana")
    assert {"candidate", "message", "trait_set", "list_stay", "outbox"} <= result.removed.keys()
    assert result.told == ("ads", "hub")
    assert named_ana(rows_of(shop)) == set()
    assert check_state(shop) == ()
    written = {str(path.relative_to(shop)) for path in (shop / "out").rglob("*.jsonl") if '"ana"' in path.read_text()}
    assert written
    assert written | {str(copy.relative_to(shop))} <= {one.path for one in result.files}


def test_a_tick_at_the_same_instant_looks_again_and_says_the_same_of_the_others(shop):
    second_tick(shop)
    before = rows_of(shop)
    forget(shop, "ana")
    second_tick(shop)
    after = rows_of(shop)
    assert after["journey"] != before["journey"], "it was not taken for one that changes nothing"
    for table in ("instance", "transition", "candidate"):
        assert after[table] == [row for row in before[table] if row in after[table]]
        assert "cleo" in repr(after["candidate"])


def test_rows_of_entities_that_name_them_are_listed_and_left_out(shop):
    assert preview(shop, "visited", as_of=AS_OF, progress=SILENT).size == 2
    assert preview(shop, "visits_by_sql", as_of=AS_OF, progress=SILENT).size == 0
    named = {"data/events.csv": 5, "data/profiles.csv": 1, "data/consents.csv": 1, "visits.csv": 1}
    assert {one.path: one.rows for one in forget(shop, "ana").files} == named
    assert preview(shop, "visited", as_of=AS_OF, progress=SILENT).size == 1
    assert preview(shop, "visits_by_sql", as_of=AS_OF, progress=SILENT).size == 2


def test_of_someone_joined_by_other_identifiers_rows_of_entities_are_left_out(shop):
    config = shop / "engage.yaml"
    config.write_text(config.read_text() + "identity: {identifiers: [{name: user_id, limit: 2}, {name: cart_id, limit: 9}]}\n")
    found = preview(shop, "visited", as_of=AS_OF, progress=SILENT)
    assert found.size == 2
    assert forget(shop, "c2").user_id == "ana"
    assert preview(shop, "visited", as_of=AS_OF, progress=SILENT).size == 1
    kept = [json.loads(line)["kind"] for path in (shop / ".engage/forgotten").glob("*.jsonl") for line in path.read_text().splitlines()]
    assert set(kept) == {":id", ":address", "user_id", "cart_id"}


def test_the_file_of_the_state_does_not_hold_a_byte_of_them(shop):
    events = shop / "data/events.csv"
    events.write_text(events.read_text().replace(",ana,", ",zebra-ana-4711,"))
    second_tick(shop)
    assert b"zebra" in (shop / ".engage/state.duckdb").read_bytes()
    forget(shop, "zebra-ana-4711")
    for path in sorted((shop / ".engage").rglob("*")):
        assert not path.is_file() or b"zebra" not in path.read_bytes(), path
    with duckdb.connect(str(shop / ".engage/state.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM candidate").fetchone() == (1,)


def test_files_of_suppressions_that_name_them_are_listed(shop):
    config = shop / "engage.yaml"
    config.write_text(config.read_text().replace("messaging:", "  suppressions: {path: never.csv}\nmessaging:"))
    (shop / "never.csv").write_text("user_id,address\nana,\n,x@y.z\n")
    assert {one.path: one.rows for one in forget(shop, "ana", dry_run=True).files}["never.csv"] == 1
