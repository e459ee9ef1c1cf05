"""Whatever comes, changes, moves and goes, in whatever order: a store answers as the files do that are there now."""

import json
import os
import random
from pathlib import Path

import pytest

from tests.store.support import Shop

IDS = ["m1", "m2", "m3", "m4", "m5", None, None]
USERS = ["ana", "ben", "cy", "di"]
NAMES = ["Viewed", "Bought", "Left"]
TIMES = ["2026-11-01T10:00:00Z", "2026-11-02T10:00:00Z", "2026-11-03T10:00:00Z", "2026-11-30T10:00:00Z"]
PROPERTIES = [{"n": 1}, {"n": "2"}, {"tags": ["a", "b"]}, {}, {"n": 1, "other": "x"}]
SEEDS = range(int(os.environ.get("ENGAGE_STORE_SEEDS", "12")))


def _line(chance: random.Random) -> str:
    if chance.random() < 0.05:
        return chance.choice(
            ["{broken", '{"user_id": "ana"}', '{"message_id": "m1", "event": "Viewed", "timestamp": "soon", "user_id": "eve"}']
        )
    properties = "text" if chance.random() < 0.05 else chance.choice(PROPERTIES)
    identity = chance.choice(IDS) if chance.random() < 0.6 else f"u{chance.randrange(10**6)}"
    row = {"user_id": chance.choice(USERS), "event": chance.choice(NAMES), "timestamp": chance.choice(TIMES), "properties": properties}
    return json.dumps(row if identity is None else {"message_id": identity, **row})


def _text(chance: random.Random) -> str:
    return "".join(f"{_line(chance)}\n" for _ in range(chance.randrange(8)))


def _change(folder: Path, chance: random.Random) -> None:
    """One thing that happens to the files."""
    there = sorted(folder.glob("*.jsonl"))
    match chance.choice(["add", "add", "add", "change", "grow", "remove", "move", "copy"]) if there else "add":
        case "add":
            (folder / f"{chance.randrange(100):02}.jsonl").write_text(_text(chance))
        case "change":
            chance.choice(there).write_text(_text(chance))
        case "grow":
            with chance.choice(there).open("a") as file:
                file.write(_text(chance))
        case "remove" if len(there) > 1:
            chance.choice(there).unlink()
        case "move":
            chance.choice(there).rename(folder / f"{chance.randrange(100):02}.jsonl")
        case "copy":
            (folder / f"{chance.randrange(100):02}.jsonl").write_bytes(chance.choice(there).read_bytes())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_store_answers_as_the_files_do(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    (tmp_path / "events").mkdir()
    shop = Shop(tmp_path)
    for _ in range(6):
        for _ in range(chance.choice([1, 1, 2, 3])):
            _change(tmp_path / "events", chance)
        shop.as_of = shop.as_of.replace(day=chance.choice([1, 2, 23, 30]))
        expected = shop.bare()
        assert shop.look() == expected, "a reader"
        assert shop.run() == expected, "a run"
        assert shop.run() == expected, "a run again"
        assert shop.look() == expected, "a reader after it"
