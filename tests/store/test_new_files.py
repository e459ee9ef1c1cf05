"""A new file in which something is missing: whether it is read beside the others or alone, the answer, or the error, is the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engage_cli.errors import EngageError
from tests.inputs.support import event, write_lines
from tests.store.support import Seen, Shop


def answer(ask: Callable[[], Seen]) -> Seen | str:
    try:
        return ask()
    except EngageError as error:
        return f"{type(error).__name__}: {error.message}"


FILES = {
    "jsonl without a timestamp": ("b.jsonl", '{"user_id": "eve", "event": "Viewed"}\n'),
    "jsonl of one broken line": ("b.jsonl", "{broken\n"),
    "jsonl of empty objects": ("b.jsonl", "{}\n{}\n"),
    "jsonl without properties": ("b.jsonl", '{"user_id": "eve", "event": "Viewed", "timestamp": "2026-11-01T10:00:00Z"}\n'),
    "jsonl, number for user": ("b.jsonl", '{"user_id": 7, "event": "Viewed", "timestamp": "2026-11-01T10:00:00Z"}\n'),
    "jsonl, number for instant": ("b.jsonl", '{"user_id": "7", "event": "Viewed", "timestamp": 1793527200}\n'),
    "jsonl, properties a text of JSON": (
        "b.jsonl",
        '{"user_id": "7", "event": "Viewed", "timestamp": "2026-11-01T10:00:00Z", "properties": "{\\"n\\": 1}"}\n',
    ),
    "csv without a timestamp": ("b.csv", "user_id,event\neve,Viewed\n"),
    "csv without properties": ("b.csv", "user_id,event,timestamp\neve,Viewed,2026-11-01T10:00:00Z\n"),
    "csv without ids": ("b.csv", "user_id,event,timestamp,properties\neve,Viewed,2026-11-01T10:00:00Z,\n"),
    "csv semicolons": ("b.csv", "message_id;user_id;event;timestamp;properties\nx;eve;Viewed;2026-11-01T10:00:00Z;\n"),
}


@pytest.mark.parametrize("base", ["a.jsonl", "a.csv", "both"])
@pytest.mark.parametrize("kind", FILES)
def test_a_new_file_is_judged_as_it_is_beside_the_others(kind: str, base: str, tmp_path: Path) -> None:
    if (kind, base) == ("jsonl without a timestamp", "a.csv"):
        base = "both"  # alone of its format nothing vouches for the column
    if base != "a.csv":
        write_lines(tmp_path / "events/a.jsonl", [event("a1", n=1)])
    if base != "a.jsonl":
        (tmp_path / "events").mkdir(exist_ok=True)
        (tmp_path / "events/a.csv").write_text(
            'message_id,user_id,event,timestamp,properties\nc1,ana,Viewed,2026-11-01T10:00:00Z,"{""n"": 1}"\n'
        )
    shop = Shop(tmp_path, sources='  events: {path: "events/*", on_missing_file: drop}\n')
    shop.run()
    name, text = FILES[kind]
    (tmp_path / "events" / name).write_text(text)
    bare = answer(shop.bare)
    got = [answer(shop.look), answer(shop.run), answer(shop.run), answer(shop.look)]
    assert all(one == bare for one in got), f"\nBARE {bare}\nGOT  {got}"
