"""A folder of raw Segment calls with `identity` is a whole project: its profiles are those of a plain reading."""

import csv
import random
from datetime import timedelta

import pytest

from engage_cli.service.build import build_audiences
from engage_cli.service.identity import show_identity
from engage_cli.service.progress import SILENT
from tests.identity.calls import AS_OF, drawn, expected, is_used, write
from tests.identity.shop import build, members

LIMITS = [(1, 2, 2, 2, 3), (3, 100, 100, 100, 100)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_members_are_those_of_a_plain_reading(tmp_path, seed, limits):
    calls = drawn(seed)
    write(tmp_path, [calls[:40], calls[40:]], limits, store=seed % 2 == 0, warehouse=seed > 1)
    result = build(tmp_path)
    found = members(tmp_path)
    assert found == expected(calls, limits)
    assert sum(map(bool, found.values())) >= 6
    assert result.data.anonymous_calls == 0
    rejected = [] if not (tmp_path / "out/rejects.csv").exists() else list(csv.DictReader((tmp_path / "out/rejects.csv").open()))
    assert len(rejected) == sum(not is_used(call) for call in calls)
    assert {row["reason"] for row in rejected} <= {"no user_id and no anonymous_id", "no user_id"}


@pytest.mark.parametrize("limits", LIMITS, ids=str)
def test_neither_the_order_nor_the_split_nor_when_files_came_makes_a_difference(tmp_path, limits):
    calls = drawn(20)
    shuffled = random.Random(1).sample(calls, len(calls))
    parts = [shuffled[:20], shuffled[20:50], shuffled[50:]]
    for at in range(1, 4):
        write(tmp_path, parts[:at], limits, store=True)
        as_of = AS_OF - timedelta(hours=3 - at)
        build(tmp_path, as_of)
        assert members(tmp_path) == expected([call for part in parts[:at] for call in part], limits, as_of)


def test_what_was_called_later_than_the_run_joins_nobody(tmp_path):
    calls = drawn(8)
    as_of = AS_OF - timedelta(days=9)
    write(tmp_path, [calls], LIMITS[1], store=True)
    build(tmp_path, as_of)
    assert members(tmp_path) == expected(calls, LIMITS[1], as_of)


def test_an_alias_joins_what_was_done_before_to_the_user_and_is_shown(tmp_path):
    calls = [
        {"type": "page", "messageId": "1", "anonymousId": "d1", "timestamp": "2026-11-02T10:00:00Z", "context": {}},
        {"type": "alias", "messageId": "2", "userId": "ana", "previousId": "d1", "timestamp": "2026-11-03T10:00:00Z", "context": {}},
    ]
    write(tmp_path, [calls], LIMITS[0], store=True)
    build_audiences(tmp_path, ("known_viewers",), as_of=AS_OF, file_format="jsonl", progress=SILENT)
    assert members(tmp_path) == {"known_viewers": ["ana"]}
    shown = show_identity(tmp_path, "d1", as_of=AS_OF)
    assert [(one.name, one.value, one.at and one.at.day) for one in shown.identifiers] == [("user_id", "ana", 3), ("anonymous_id", "d1", 2)]


def test_an_alias_of_two_users_is_refused_by_the_limit_and_shown(tmp_path):
    calls = [
        {"type": "identify", "messageId": "1", "userId": "old", "traits": {}, "timestamp": "2026-11-02T10:00:00Z", "context": {}},
        {"type": "identify", "messageId": "2", "userId": "new", "traits": {}, "timestamp": "2026-11-02T11:00:00Z", "context": {}},
        {"type": "alias", "messageId": "3", "userId": "new", "previousId": "old", "timestamp": "2026-11-03T10:00:00Z", "context": {}},
    ]
    write(tmp_path, [calls], LIMITS[0], store=True)
    build(tmp_path)
    assert members(tmp_path)["everyone"] == ["new", "old"]
    [refused] = show_identity(tmp_path, "old", as_of=AS_OF).not_joined
    assert (refused.own, refused.other, refused.limit) == (("user_id", "old"), ("user_id", "new"), "user_id")
    write(tmp_path, [calls], LIMITS[1], store=True)
    build(tmp_path, AS_OF + timedelta(hours=1))
    assert members(tmp_path)["everyone"] == ["old"]
