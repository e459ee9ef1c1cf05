"""Looking again only at users who can have changed gives what looking at everybody gives, whatever came in the meantime."""

import json
import os
import random
import shutil
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engage_cli.service import build, evaluate
from engage_cli.service.build import build_audiences
from engage_cli.service.consents import import_consents
from engage_cli.service.progress import SILENT
from engage_cli.service.results.audiences import BuildResult
from tests.inputs.support import AS_OF

CONFIG = """
project: shop
timezone: Europe/London
sources:
  events: {path: "events/*.jsonl", on_missing_file: drop}
  profiles:
    - {path: "profiles/*.jsonl", columns: {user_id: user_id, timestamp: at}, on_missing_file: drop}
    - {path: "nightly/*.csv", on_missing_file: drop}
  memberships: {path: "accounts.csv"}
  consents: {path: "consents.csv"}
engine: {memory_limit: 1GB}
"""
AUDIENCES = """
audience: bought_lately
members: {event: Bought, within: 3 days}
---
audience: never_bought
members: {not: {event: Bought}}
---
audience: twice_some_time_ago
members: {event: Viewed, between_ago: [9 days, 2 days], count: {gte: 2}}
---
audience: spent
members: {event: Bought, within: 10 days, sum: {property: n, gte: 3}}
---
audience: days
members: {event: "*", within: 6 days, days: {gte: 2}}
---
audience: this_week
members: {event: Viewed, period: this week}
---
audience: last_was_cheap
members: {event: Bought, latest: {n: {lt: 3}}}
---
audience: first_lately
members: {event: Viewed, first_time: true, within: 5 days}
---
audience: regulars
members: {event: Viewed, regularly: {every: 2 days, at_least: 2, of_last: 4}}
---
audience: pros
members: {trait: plan, eq: pro}
---
audience: in_cities
members: {trait: city, in: [Rome, Oslo]}
---
audience: everybody
members: {everyone: true}
---
audience: no_city
members: {trait: city, exists: false}
---
trait: bought_10d
compute: count
event: Bought
within: 10 days
---
trait: spent_10d
compute: sum
event: Bought
property: n
within: 10 days
---
trait: average
expression: spent_10d / bought_10d
---
trait: last_bought
compute: last
event: Bought
property: n
---
trait: quiet_for
compute: days_since_last
event: "*"
---
trait: in_session
compute: count
event: Viewed
session: 5 hours
---
audience: frequent
members: {trait: bought_10d, gte: 2}
---
audience: cheap_on_average
members: {all: [{trait: average, lt: 2}, {trait: plan, exists: true}]}
---
audience: dear_last_time
members: {trait: last_bought, gte: 3}
---
audience: quiet
members: {trait: quiet_for, gte: 2}
---
audience: viewed_in_session
members: {trait: in_session, gte: 1}
---
audience: above_own_average
members: {event: Bought, where: {n: {gt: {trait: average}}}, within: 5 days}
---
audience: with_computed
members: {event: Left, within: 4 days}
with: [bought_10d, plan]
---
audience: renews_soon
members: {trait: renews, within_next: 3 days}
---
audience: viewed_then_bought
members: {sequence: [{event: Viewed}, {event: Bought, within: 3 days}], within: 20 days}
---
audience: left_behind
members: {sequence: [{event: Viewed}, {not: {event: Bought}, within: 2 days}]}
---
audience: settled
members: {sequence: [{event: Viewed}, {not: {event: Bought}, within: 2 days, settled: true}]}
---
audience: nested
members: {all: [{audience: bought_lately}, {not: {audience: pros}}, {random: {percent: 60}}]}
---
audience: by_sql
members: {sql: "SELECT user_id FROM profiles WHERE plan = 'free'"}
---
audience: reads_email
members: {consent: {channel: email}}
---
audience: wants_news
members: {consent: {channel: email, group: news, status: [subscribed, none]}}
---
audience: left_email
members: {all: [{not: {consent: {channel: email, status: none}}}, {consent: {channel: email, status: unsubscribed}}]}
---
audience: with_traits
members: {any: [{event: Left, within: 4 days}, {trait: plan, eq: pro}]}
with: [plan]
"""
SEEDS = range(int(os.environ.get("ENGAGE_STORE_SEEDS", "2")))
NAMES = ["Viewed", "Viewed", "Bought", "Left", "Other"]


def _event(chance: random.Random, until: datetime) -> str:
    at = until - timedelta(hours=chance.choice([0, 1, 5, 30, 70, 71, 72, 73, 200, 300, -40]))
    row = {
        "message_id": f"m{chance.randrange(10**9)}" if chance.random() < 0.97 else "same",
        "user_id": f"u{chance.randrange(60):02}",
        "event": chance.choice(NAMES),
        "timestamp": at.isoformat(),
        "properties": {"n": chance.randrange(5)},
    }
    return json.dumps(row) + "\n"


def _profile(chance: random.Random, until: datetime) -> str:
    at = until - timedelta(hours=chance.choice([0, 1, 30, 100, -40]))
    row = {
        "user_id": f"u{chance.randrange(70):02}",
        "at": at.isoformat(),
        "plan": chance.choice(["pro", "free"]),
        "renews": (at + timedelta(days=2)).isoformat(),
    }
    return json.dumps(row) + "\n"


def _consent(chance: random.Random) -> str:
    """A row of some user, with or without an instant, which may lie some days ahead."""
    at = (AS_OF + timedelta(hours=chance.choice([-300, -30, 20, 40, 60]))).isoformat() if chance.random() < 0.8 else ""
    status = chance.choice(["subscribed", "unsubscribed", "did_not_subscribe"])
    return f"u{chance.randrange(30):02},{chance.choice(['email', 'email', 'sms'])},{chance.choice(['', 'news'])},{status},{at}\n"


def _tell(folder: Path, chance: random.Random) -> None:
    """A night's files about users: a snapshot of most of them in which some changed, and who belongs and consents."""
    stable = random.Random(1)
    rows = [(f"u{at:02}", stable.choice(["Rome", "Oslo", "Lima", ""])) for at in range(80)]
    rows = [(user, chance.choice(["Rome", "Lima"]) if chance.random() < 0.05 else city) for user, city in rows]
    kept = [f"{user},{city}\n" for user, city in rows if chance.random() < 0.97]
    chance.shuffle(kept)
    (folder / "nightly" / "people.csv").write_text("user_id,city\n" + "".join(kept))
    users = chance.sample(range(70, 95), 20)
    (folder / "accounts.csv").write_text("user_id,account_id\n" + "".join(f"u{user},a{user % 3}\n" for user in users))
    consents = [f"u{chance.randrange(90, 99)},email,,subscribed,2026-11-0{chance.randrange(1, 9)}\n" for _ in range(6)]
    consents += [_consent(stable) for _ in range(60)] + [_consent(chance) for _ in range(6)]
    (folder / "consents.csv").write_text("user_id,channel,group,status,updated_at\n" + "".join(consents))


def _project(folder: Path) -> Path:
    (folder / "campaigns" / "audiences").mkdir(parents=True)
    (folder / "engage.yaml").write_text(CONFIG)
    (folder / "campaigns" / "audiences" / "all.yaml").write_text(AUDIENCES)
    (folder / "events").mkdir()
    (folder / "profiles").mkdir()
    (folder / "nightly").mkdir()
    _tell(folder, random.Random(0))
    return folder


def _happen(folder: Path, chance: random.Random, step: int, now: datetime) -> None:
    """New events, late ones among them; now and then a file that is replaced or gone, or a change of a profile."""
    events = sorted((folder / "events").glob("*.jsonl"))
    (folder / "events" / f"{step:02}.jsonl").write_text("".join(_event(chance, now) for _ in range(chance.choice([1, 3, 8]))))
    match chance.randrange(12):
        case 0 if events:
            chance.choice(events).write_text("".join(_event(chance, now) for _ in range(5)))
        case 1 if len(events) > 1:
            chance.choice(events).unlink()
        case 3 | 4 | 5:
            _tell(folder, chance)
        case 6:
            for path in (folder / "nightly").glob("*.csv"):
                path.rename(path.with_stem(f"night-{step}"))
            _tell(folder, chance)
        case 8 | 9:
            rows = [_consent(chance).rpartition(",")[0] + ",\n" for _ in range(chance.choice([1, 4]))]
            given = folder / "given.csv"
            given.write_text("user_id,channel,group,status,updated_at\n" + "".join(rows))
            import_consents(folder, given, as_of=now, progress=SILENT)
        case 7:
            logs = sorted((folder / "profiles").glob("*.jsonl"))
            chance.choice(logs).write_text("".join(_profile(chance, now) for _ in range(10)))
        case 2:
            (folder / "profiles" / f"{step:02}.jsonl").write_text("".join(_profile(chance, now) for _ in range(3)))


def _members(folder: Path) -> dict[str, list[str]]:
    return {path.parent.name: path.read_text().splitlines() for path in sorted(folder.glob("out/audiences/*/members.csv"))}


def _build(folder: Path, as_of: datetime) -> BuildResult:
    return build_audiences(folder, [], as_of=as_of, file_format="csv", verbose=True, progress=SILENT)


def _users(members: dict[str, list[str]]) -> dict[str, set[str]]:
    return {name: {line.split(",")[0] for line in lines[1:]} for name, lines in members.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_touched_users_are_enough(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "MOST", 1.0)
    chance = random.Random(seed)
    folder = _project(tmp_path / "shop")
    (folder / "events" / "base.jsonl").write_text("".join(_event(chance, AS_OF) for _ in range(400)))
    (folder / "profiles" / "base.jsonl").write_text("".join(_profile(chance, AS_OF) for _ in range(60)))
    now, looked = AS_OF, Counter[bool]()
    for step in range(5):
        result = _build(folder, now)
        assert result.looked is not None
        looked[bool(result.looked.audiences)] += 1
        fresh = tmp_path / f"fresh-{step}"
        shutil.copytree(folder, fresh, ignore=shutil.ignore_patterns(".engage", "out"))
        if (folder / ".engage/consents").exists():
            shutil.copytree(folder / ".engage/consents", fresh / ".engage/consents")
        sizes = {change.name: change.size for change in _build(fresh, now).audiences}
        assert _users(_members(folder)) == _users(_members(fresh)), f"at step {step}"
        assert {change.name: change.size for change in result.audiences} == sizes
        _happen(folder, chance, step, now)
        now += timedelta(hours=chance.choice([0, 1, 24, 50]))
    assert looked[False], "the first build looks at everybody"
    assert looked[True], "the builds after it do not"


def test_a_new_snapshot_touches_those_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _project(tmp_path / "shop")
    (folder / "events" / "base.jsonl").write_text(_event(random.Random(1), AS_OF - timedelta(days=30)))
    (folder / "profiles" / "base.jsonl").write_text(_profile(random.Random(1), AS_OF - timedelta(days=30)))
    snapshot = folder / "nightly" / "people.csv"
    snapshot.write_text("user_id,city\n" + "".join(f"p{at},Rome\n" for at in range(500)))
    _build(folder, AS_OF)
    rows = [f"p{at},{'Lima' if at == 7 else 'Rome'}\n" for at in reversed(range(499))] + ["p600,Oslo\n"]
    snapshot.write_text("user_id,city\n" + "".join(rows))
    result = _build(folder, AS_OF + timedelta(minutes=1))
    assert result.looked is not None
    assert (result.looked.users, len(result.looked.audiences)) == (3, 24)
    changes = {change.name: (change.entered, change.exited) for change in result.audiences if change.entered or change.exited}
    assert (changes["in_cities"], changes["everybody"]) == ((1, 2), (1, 1))


@pytest.mark.parametrize("harm", ["gone", "damaged"])
def test_without_a_record_of_what_files_said_everybody_is_looked_at(harm: str, tmp_path: Path) -> None:
    folder = _project(tmp_path / "shop")
    (folder / "events" / "base.jsonl").write_text(_event(random.Random(1), AS_OF))
    (folder / "profiles" / "base.jsonl").write_text(_profile(random.Random(1), AS_OF))
    looked = []
    for hour in range(4):
        _tell(folder, random.Random(hour))
        result = _build(folder, AS_OF + timedelta(hours=hour))
        assert result.looked is not None
        looked.append(result.looked.why)
        if hour == 1:
            for path in (folder / ".engage/events").glob("people-*.parquet"):
                path.unlink() if harm == "gone" else path.write_bytes(b"PAR1 not at all PAR1")
    assert [why is None or "record" not in why for why in looked] == [True, True, False, True]


def test_another_version_looks_at_everybody_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "MOST", 1.0)
    chance = random.Random(1)
    folder = _project(tmp_path / "shop")
    (folder / "events" / "base.jsonl").write_text("".join(_event(chance, AS_OF) for _ in range(50)))
    (folder / "profiles" / "base.jsonl").write_text("".join(_profile(chance, AS_OF) for _ in range(10)))
    looked = []
    for hour, version in enumerate(("1", "1", "2", "2")):
        monkeypatch.setattr(build, "__version__", version)
        result = _build(folder, AS_OF + timedelta(hours=hour))
        assert result.looked is not None
        looked.append(bool(result.looked.audiences))
    assert looked == [False, True, False, True]
