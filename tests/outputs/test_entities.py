"""Rows of entities go along with the members that they made: in member files, in calls, in exports, and where looks show them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engage_cli import __version__
from engage_cli.outputs.calls import stage_committed_changes
from engage_cli.outputs.folder import write_folder
from engage_cli.service.build import build_audiences
from engage_cli.service.explain import explain
from engage_cli.service.look import export, preview
from engage_cli.service.progress import SILENT
from engage_cli.state.check import check_state
from engage_cli.state.outbox import run_files
from engage_cli.state.runs import all_runs
from engage_cli.state.store import open_state
from tests.state.engine import make_engine

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
CONFIG = """
project: shop
sources:
  profiles: {path: profiles.csv}
  memberships: {path: staff.csv}
  events: {path: events.csv}
  entities:
    plans: {path: plans.jsonl, key: plan_id, links: {user: who, account: firm}}
    bills: {path: bills.csv, key: bill, links: {plans: plan}}
destinations:
  crm: {type: events, call: identify}
  hook: {type: events, call: track}
"""
AUDIENCES = """
audience: paying
members:
  any:
    - {entity: plans, where: {price: {gt: 10}}, has: {all: [{entity: bills, where: {paid: false}}, {not: {entity: bills, where: {due: {exists: false}}}}]}}
    - all: [{audience: small}, {event: Login}]
with: {traits: [city], entities: [bills, plans]}
sync: [crm, hook]
---
audience: small
members: {entity: plans, where: {price: {lte: 10}}, count: {gte: 2, ne: 4}}
with: {entities: [plans]}
---
audience: firms
of: accounts
members: {entity: plans, sum: {property: price, gte: 20}}
with: {entities: [plans]}
sync: [crm]
---
audience: logins
members: {event: Login, within: 30 days}
"""
PLANS = [
    {"plan_id": 1, "who": "ana", "firm": "acme", "price": 20, "seats": [{"no": 1}]},
    {"plan_id": "2", "who": "ana", "firm": "acme", "price": 15, "note": None},
    {"plan_id": "3", "who": "ben", "firm": "acme", "price": 5},
    {"plan_id": "4", "who": "ben", "firm": "", "price": 6},
    {"plan_id": "5", "who": "cy", "firm": "globex", "price": 50},
    {"plan_id": "6", "who": "zoe", "firm": "globex", "price": 50},
]
BILLS = "bill,plan,paid,due\nb1,1,false,2026-12-01\nb2,1,true,2026-12-02\nb3,2,false,2026-12-01\nb4,2,false,\nb5,5,true,2026-12-01\n"


@pytest.fixture
def project(tmp_path) -> Path:
    (tmp_path / "campaigns/audiences").mkdir(parents=True)
    (tmp_path / "engage.yaml").write_text(CONFIG)
    (tmp_path / "campaigns/audiences/a.yaml").write_text(AUDIENCES)
    write_plans(tmp_path, PLANS)
    (tmp_path / "bills.csv").write_text(BILLS)
    (tmp_path / "profiles.csv").write_text("user_id,city\nana,Rome\nben,Oslo\ncy,\n")
    (tmp_path / "staff.csv").write_text("user_id,account_id\nana,acme\ncy,globex\n")
    (tmp_path / "events.csv").write_text("message_id,user_id,event,timestamp\n1,ben,Login,2026-11-22T10:00:00Z\n")
    return tmp_path


def write_plans(folder: Path, plans: list[dict[str, Any]]) -> None:
    (folder / "plans.jsonl").write_text("".join(json.dumps(plan) + "\n" for plan in plans))


def build(folder: Path, as_of: datetime = NOW, file_format: str = "jsonl") -> None:
    build_audiences(folder, (), as_of=as_of, file_format=file_format, progress=SILENT)


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def members(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    return {next(iter(row.values())): row for row in rows_of(folder / f"out/audiences/{name}/members.jsonl")}


WHOLE = {
    "1": {"plan_id": 1, "who": "ana", "firm": "acme", "price": 20, "seats": [{"no": 1}]},
    "2": {"plan_id": "2", "who": "ana", "firm": "acme", "price": 15},
    "3": {"plan_id": "3", "who": "ben", "firm": "acme", "price": 5},
    "4": {"plan_id": "4", "who": "ben", "firm": "", "price": 6},
    "5": {"plan_id": "5", "who": "cy", "firm": "globex", "price": 50},
    "6": {"plan_id": "6", "who": "zoe", "firm": "globex", "price": 50},
}


def test_member_files_have_the_rows_of_each_condition_that_holds_and_is_not_negated(project):
    build(project)
    paying = members(project, "paying")
    assert paying.keys() == {"ana", "ben"}
    assert paying["ana"]["plans"] == [WHOLE["1"]]
    assert [bill["bill"] for bill in paying["ana"]["bills"]] == ["b1"]
    assert paying["ben"]["plans"] == [WHOLE["3"], WHOLE["4"]], "those of the audience that is named"
    assert paying["ben"]["bills"] is None
    assert list(paying["ben"]) == ["user_id", "entered_at", "city", "bills", "plans"]
    assert members(project, "small")["ben"]["plans"] == paying["ben"]["plans"]
    firms = members(project, "firms")
    assert {name: row["plans"] for name, row in firms.items()} == {
        "acme": [WHOLE["1"], WHOLE["2"], WHOLE["3"]],
        "globex": [WHOLE["5"], WHOLE["6"]],
    }


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_other_formats_have_them_as_the_text_of_a_list(project, file_format):
    build(project, file_format=file_format)
    rows = duckdb.sql(f"SELECT user_id, plans FROM '{project}/out/audiences/paying/members.{file_format}' ORDER BY ALL").fetchall()
    assert [(user, json.loads(plans)) for user, plans in rows] == [("ana", [WHOLE["1"]]), ("ben", [WHOLE["3"], WHOLE["4"]])]


def calls(folder: Path, destination: str, audience: str) -> dict[str, dict[str, Any]]:
    [path] = (folder / "out/runs").glob(f"*/syncs/{destination}/{audience}.jsonl")
    return {row.get("userId") or row.get("groupId"): row for row in rows_of(path)}


def test_calls_have_them_beside_the_traits_and_one_who_left_has_none(project):
    build(project)
    assert calls(project, "crm", "paying")["ana"]["traits"]["plans"] == [WHOLE["1"]]
    assert calls(project, "hook", "paying")["ben"]["context"]["traits"] == {"city": "Oslo", "plans": [WHOLE["3"], WHOLE["4"]]}
    assert calls(project, "crm", "firms")["globex"]["traits"] == {"firms": True, "plans": [WHOLE["5"], WHOLE["6"]]}
    (project / "bills.csv").write_text(BILLS.replace("b1,1,false", "b1,1,true"))
    before = set((project / "out/runs").iterdir())
    build(project, NOW + timedelta(hours=1))
    [run] = set((project / "out/runs").iterdir()) - before
    assert [row["traits"] for row in rows_of(run / "syncs/crm/paying.jsonl")] == [{"paying": False, "city": "Rome"}]


def test_rows_that_change_show_in_the_member_file_and_are_no_change_of_membership(project):
    build(project)
    runs = sorted((project / "out/runs").iterdir())
    write_plans(project, [{**PLANS[0], "price": 30}, *PLANS[1:]])
    build(project, NOW + timedelta(hours=1))
    assert members(project, "paying")["ana"]["plans"][0]["price"] == 30
    assert sorted((project / "out/runs").iterdir()) == runs
    (project / "events.csv").write_text((project / "events.csv").read_text() + "2,cy,Login,2026-11-23T10:30:00Z\n")
    build(project, NOW + timedelta(hours=2))
    assert members(project, "logins").keys() == {"ben", "cy"}
    assert members(project, "paying")["ben"]["plans"] == [WHOLE["3"], WHOLE["4"]], "also where few users are looked at"


def test_a_committed_run_is_written_again_byte_for_byte(project, tmp_path):
    build(project)
    [folder] = (project / "out/runs").iterdir()
    with make_engine(project) as engine:
        state = open_state(engine, project / ".engage/state.duckdb", tool_version=__version__)
        [run] = all_runs(engine)
        stage_committed_changes(engine, run.number)
        written, _ = write_folder(engine, run, run_files(engine, run.number), tmp_path / "again")
        assert check_state(state) == []
    for file in written:
        [again] = [path for path in (tmp_path / "again").rglob(Path(file.path).name) if str(path).endswith(file.path)]
        assert again.read_bytes() == (folder / file.path).read_bytes()


def test_an_export_has_the_same_and_a_preview_shows_the_keys(project):
    found = export(project, "paying", as_of=NOW, file_format="jsonl", progress=SILENT).lines
    build(project)
    expected = [{key: value for key, value in row.items() if key != "entered_at"} for row in members(project, "paying").values()]
    assert [json.loads(line) for line in found] == expected
    shown = preview(project, "paying", as_of=NOW, progress=SILENT)
    assert shown.columns == ("user_id", "city", "plans", "bills")
    assert sorted(shown.sample) == [("ana", "Rome", "1", "b1"), ("ben", "Oslo", "3, 4", None)]
    assert preview(project, "firms", as_of=NOW, progress=SILENT).columns == ("account_id", "plans")
    write_plans(project, [{"plan_id": f"{at}", "who": "ben", "firm": None, "price": 1} for at in range(10, 17)])
    assert preview(project, "small", as_of=NOW, progress=SILENT).sample == (("ben", "10, 11, 12, 13, 14 and 2 more"),)


def test_an_explanation_shows_the_rows_of_each_condition(project):
    tree = explain(project, "paying", "ana", as_of=NOW, progress=SILENT).tree
    assert tree is not None
    assert [part.rows for part in tree.parts] == [(("plans", ("1",)), ("bills", ("b1",))), ()]
    tree = explain(project, "firms", "acme", as_of=NOW, progress=SILENT).tree
    assert tree is not None
    assert tree.rows == (("plans", ("1", "2", "3")),)
    tree = explain(project, "paying", "cy", as_of=NOW, progress=SILENT).tree
    assert tree is not None
    assert [part.missing for part in tree.parts] == ["no such row of `plans`", None]
    tree = explain(project, "small", "cy", as_of=NOW, progress=SILENT).tree
    assert tree is not None
    assert tree.missing == "the count of such rows is 0"
