"""A folder of raw Segment calls is a whole project: its members are those that a plain reading of the calls gives."""

import csv
import gzip
import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engage_cli.errors import DataError
from engage_cli.service import evaluate
from engage_cli.service.build import build_audiences
from engage_cli.service.progress import SILENT
from engage_cli.service.results.audiences import BuildResult
from tests.segment_project import generate
from tests.support.product import members_of_all

PROJECT = Path(__file__).parent / "segment_project"
AS_OF = datetime(2026, 11, 23, 10, tzinfo=UTC)
OBJECTS = ("properties", "traits", "context")
Call = dict[str, Any]


# ---- the calls, read plainly -------------------------------------------------------------------------------------------


def calls_in(path: Path) -> Iterator[Call]:
    """The calls of a file in Segment's own spelling, without what is missing; what is no JSON is left out."""
    camel = {snake: name for name, snake in generate.SNAKE.items()}
    for row in _rows(path):
        call = {camel.get(name, name): value for name, value in row.items()}
        for name in OBJECTS:
            if path.suffix in (".csv", ".parquet") and call.get(name):
                call[name] = json.loads(call[name])
        yield {name: value for name, value in call.items() if value not in (None, "")}


def _rows(path: Path) -> Iterator[Call]:
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)
    elif path.suffix == ".parquet":
        found = duckdb.connect().sql(f"SELECT * REPLACE (strftime(timezone('UTC', timestamp), '%xT%XZ') AS timestamp) FROM '{path}'")
        names = found.columns
        yield from (dict(zip(names, row, strict=True)) for row in found.fetchall())
    else:
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        yield from (json.loads(line) for line in text.splitlines() if line.endswith("}"))


def instant(call: Call) -> datetime | None:
    try:
        return datetime.fromisoformat(call["timestamp"])
    except (KeyError, ValueError):
        return None


def is_sound(call: Call) -> bool:
    """Whether a call has what it needs, but for a user who is known."""
    needs: dict[str, str | None] = {
        "track": "event",
        "group": "groupId",
        "alias": "previousId",
        "page": None,
        "screen": None,
        "identify": None,
    }
    if call.get("type") not in needs or instant(call) is None or not (call.get("userId") or call.get("anonymousId")):
        return False
    need = needs[call["type"]]
    return (need is None or need in call) and isinstance(call.get("traits", {}), dict)


@dataclass
class Known:
    """What the calls say by AS_OF."""

    events: dict[str, tuple[str, str, datetime, Call]] = field(default_factory=dict)
    traits: dict[str, Call] = field(default_factory=lambda: defaultdict(dict))
    memberships: set[tuple[str, str]] = field(default_factory=set)
    accounts: dict[str, Call] = field(default_factory=lambda: defaultdict(dict))
    users: set[str] = field(default_factory=set)
    anonymous: int = 0
    rejects: int = 0

    def who(self, test: Callable[[str, datetime, Call], bool], at_least: int = 1) -> list[str]:
        found: dict[str, int] = defaultdict(int)
        for user, event, at, properties in self.events.values():
            found[user] += test(event, at, properties)
        return sorted(user for user, count in found.items() if count >= at_least)


def known(logs: Path, as_of: datetime = AS_OF) -> Known:
    found = Known()
    every = [call for path in sorted(logs.iterdir()) for call in calls_in(path)]
    found.rejects = sum(not is_sound(call) for call in every)
    found.anonymous = sum(is_sound(call) and "userId" not in call for call in every)
    used = [call for call in every if is_sound(call) and "userId" in call]
    for call in sorted(used, key=lambda one: datetime.fromisoformat(one["timestamp"])):
        if datetime.fromisoformat(call["timestamp"]) <= as_of:
            _learn(found, call)
    return found


def _learn(found: Known, call: Call) -> None:
    user, at = call["userId"], datetime.fromisoformat(call["timestamp"])
    match call["type"]:
        case "alias":
            return
        case "identify":
            found.traits[user].update(call.get("traits", {}))
        case "group":
            found.memberships.add((user, call["groupId"]))
            found.accounts[call["groupId"]].update(call.get("traits", {}))
        case kind:
            own = {} if kind == "track" else {f"{kind}_name": call.get("name")}
            beside = {name: call[name] for name in ("context", "category") if name in call}
            name = call["event"] if kind == "track" else {"page": "Page Viewed", "screen": "Screen Viewed"}[kind]
            found.events[call["messageId"]] = (user, name, at, beside | own | call.get("properties", {}))
    found.users.add(user)


def expected(logs: Path, as_of: datetime = AS_OF) -> dict[str, list[str]]:
    """The members of every audience of the project."""
    now = known(logs, as_of)
    tech = {account for account, traits in now.accounts.items() if traits.get("industry") == "tech"}
    buyers = set(now.who(lambda event, _at, _own: event == "Order Completed"))
    days = timedelta(days=1)
    return {
        "bought_lately": now.who(lambda event, at, _: event == "Order Completed" and at >= as_of - 14 * days, 2),
        "big_orders": now.who(lambda event, _, own: event == "Order Completed" and own["revenue"] >= 150 and own["coupon"] == "WELCOME"),
        "saw_pricing": now.who(lambda event, _, own: event == "Page Viewed" and own["page_name"] == "Pricing" and own["category"] == "web"),
        "docs_on_the_phone": now.who(lambda event, _, own: event == "Screen Viewed" and own["screen_name"] == "Docs"),
        "from_the_pricing_page": now.who(lambda _, at, own: at >= as_of - 10 * days and own["context"]["page"]["path"] == "/pricing"),
        "pros": sorted(user for user, traits in now.traits.items() if traits.get("plan") == "pro"),
        "in_bern": sorted(user for user, traits in now.traits.items() if traits.get("address", {}).get("city") == "Bern"),
        "of_tech_companies": sorted({user for user, account in now.memberships if account in tech}),
        "everybody": sorted(now.users),
        "at_tech_accounts": sorted({user for user, account in now.memberships if account in tech}),
        "tech_accounts": sorted({account for user, account in now.memberships if account in tech and user in buyers}),
    }


# ---- and by the product ------------------------------------------------------------------------------------------------


def copy_of(folder: Path, *, with_logs: bool = True, config: str = "") -> Path:
    ignored = ("out", ".engage", "__pycache__", *(() if with_logs else ("logs",)))
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns(*ignored))
    (folder / "logs").mkdir(exist_ok=True)
    with (folder / "engage.yaml").open("a") as file:
        file.write(config)
    return folder


def built(folder: Path, as_of: datetime = AS_OF, **options: Any) -> BuildResult:
    return build_audiences(folder, [], as_of=as_of, progress=SILENT, **{"dry_run": False, "file_format": "csv", "verbose": True, **options})


def written(folder: Path) -> dict[str, list[str]]:
    found = {}
    for path in (folder / "out" / "audiences").glob("*/members.csv"):
        with path.open(newline="") as file:
            found[path.parent.name] = sorted(row.get("user_id") or row["account_id"] for row in csv.DictReader(file))
    return found


def test_the_logs_are_what_the_generator_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "LOGS", tmp_path)
    generate.write()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == sorted(path.name for path in (PROJECT / "logs").iterdir())
    for name in files:
        assert list(calls_in(tmp_path / name)) == list(calls_in(PROJECT / "logs" / name)), name


@pytest.mark.parametrize("store", [".engage/events", "none"])
def test_members_are_those_of_a_plain_reading(tmp_path: Path, store: str) -> None:
    folder = copy_of(tmp_path / "project", config=f"store: {store}\n")
    result = built(folder)
    members = expected(folder / "logs")
    assert written(folder) == members
    assert all(members.values())
    assert not any(len(users) == len(members["everybody"]) for name, users in members.items() if name != "everybody")
    assert members_of_all(folder, AS_OF) == members
    plain = known(folder / "logs")
    assert result.data is not None
    assert result.data.anonymous_calls == plain.anonymous > 0
    assert sum(reject.rows for reject in result.data.rejects) == plain.rejects + 1  # and a line that is no JSON
    assert result.data.duplicates > 0


def test_every_call_that_cannot_be_used_is_told_of(tmp_path: Path) -> None:
    folder = copy_of(tmp_path / "project")
    built(folder)
    with (folder / "out" / "rejects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    path = next((folder / "logs").glob("1761*.gz"))
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert {row["path"] for row in rows} == {"logs/1761436800000.77ab02.gz"}
    assert [row["reason"] for row in sorted(rows, key=lambda row: int(row["row_number"]))] == [
        "no event name",
        "the type is none of track, page, screen, identify, group, alias",
        "no user_id and no anonymous_id",
        "no group_id",
        "no previous_id",
        "the traits are no JSON object",
        "the timestamp cannot be read",
        "no timestamp",
        "the line is no JSON object",
    ]
    assert all(lines[int(row["row_number"]) - 1].startswith(row["content"]) for row in rows)
    with pytest.raises(DataError, match="9 rows cannot be read"):
        built(folder, AS_OF + timedelta(hours=1), strict=True)


def test_day_by_day_gives_what_all_at_once_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that come one by one, some of them late: after each run the members are those of a plain reading of what is there."""
    monkeypatch.setattr(evaluate, "MOST", 2.0)  # of so few users, to look at the touched ones alone is never dearer
    folder = copy_of(tmp_path / "project", with_logs=False)
    looked = []
    for at, path in enumerate(sorted((PROJECT / "logs").iterdir(), reverse=True)):
        shutil.copy(path, folder / "logs" / path.name)
        as_of = AS_OF + timedelta(days=at)
        result = built(folder, as_of)
        assert result.looked is not None
        looked.append(result.looked)
        assert written(folder) == expected(folder / "logs", as_of), path.name
        assert result.data is not None
        assert result.data.anonymous_calls == known(folder / "logs").anonymous
    assert any(one.audiences for one in looked[1:])


def test_new_identify_calls_touch_their_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "MOST", 2.0)
    folder = copy_of(tmp_path / "project")
    built(folder)
    calls = [
        {"type": "identify", "messageId": "n1", "userId": "newcomer", "timestamp": "2026-11-23T12:00:00Z", "traits": {"plan": "pro"}},
        {"type": "identify", "messageId": "n2", "userId": "early", "timestamp": "2026-10-01T12:00:00Z", "traits": {"plan": "pro"}},
        {"type": "group", "messageId": "n3", "userId": "colleague", "timestamp": "2026-10-01T12:00:00Z", "groupId": "acme"},
    ]
    (folder / "logs" / "new.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    later = AS_OF + timedelta(minutes=1)
    result = built(folder, later)
    assert result.looked is not None
    assert result.looked.users == 3
    assert "pros" in result.looked.audiences
    assert written(folder) == expected(folder / "logs", later)
    assert "early" in written(folder)["pros"]
    assert "newcomer" not in written(folder)["pros"]
    last = AS_OF + timedelta(days=1)
    built(folder, last)
    assert "newcomer" in written(folder)["pros"]
    assert written(folder) == expected(folder / "logs", last)


@pytest.mark.parametrize("gone", ["both.jsonl", "warehouse.parquet"])
def test_the_rows_of_a_file_that_is_gone_are_dropped_or_kept(tmp_path: Path, gone: str) -> None:
    for word in ("drop", "keep"):
        folder = copy_of(tmp_path / word)
        config = folder / "engage.yaml"
        config.write_text(config.read_text().replace("drop", word))
        built(folder)
        before = expected(folder / "logs", AS_OF + timedelta(days=1))
        (folder / "logs" / gone).unlink()
        built(folder, AS_OF + timedelta(days=1))
        after = expected(folder / "logs", AS_OF + timedelta(days=1))
        assert before != after
        assert written(folder) == (before if word == "keep" else after)
