"""What becomes of the people inside when a journey is edited: they finish the edition that they entered, move to the new one, or leave."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.journeys.shop import make_shop, tick

EVENTS = "message_id,user_id,event,timestamp\n"
JOURNEY = """
journey: j
status: live
on_change: {on_change}
entry: {{on: {{event: Start}}, since: 2026-11-01}}
steps:
  - hold: {{for: 10 days}}
    id: wait
    branches:
      - {{name: went, on: {{event: {event}}}, steps: [{{exit: {reason}, id: out}}]}}
  - {{delay: 1 day, id: {last}}}
"""


def write(shop: Path, *, on_change: str = "finish", event: str = "Go", reason: str = "first", last: str = "rest") -> None:
    """The journey in a wording."""
    (shop / "campaigns/journeys/j.yaml").write_text(JOURNEY.format(on_change=on_change, event=event, reason=reason, last=last))


def add_events(shop: Path, name: str, *rows: str) -> None:
    (shop / f"data/{name}.csv").write_text(EVENTS + "".join(f"{row}\n" for row in rows))


def rows(shop: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(shop / ".engage/state.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Ana stands at the hold of the first edition."""
    shop = make_shop(tmp_path / "shop")
    (shop / "campaigns/journeys/cart.yaml").unlink()
    add_events(shop, "events", "s1,ana,Start,2026-11-01T10:00:00Z")
    write(shop)
    tick(shop, "2026-11-01T12:00:00")
    return shop


ENDS = "SELECT user_id, version, end_reason, CAST(ended_at AS VARCHAR) FROM instance WHERE journey = 'j' ORDER BY instance"


def test_finish_goes_on_by_the_edition_that_was_entered(shop: Path) -> None:
    write(shop, reason="second")
    tick(shop, "2026-11-01T13:00:00")
    add_events(shop, "later", "s2,ana,Go,2026-11-01T14:00:00Z", "s3,ben,Start,2026-11-01T14:00:00Z", "s4,ben,Go,2026-11-01T14:30:00Z")
    tick(shop, "2026-11-01T15:00:00")
    assert rows(shop, ENDS) == [("ana", 1, "first", "2026-11-01 14:00:00"), ("ben", 2, "second", "2026-11-01 14:30:00")]


def test_move_goes_on_by_the_new_edition_in_this_tick_and_in_later_ones(shop: Path) -> None:
    write(shop, on_change="move", event="Leave", reason="second")
    tick(shop, "2026-11-01T13:00:00")
    assert rows(shop, "SELECT DISTINCT p.version, i.version FROM position AS p JOIN instance AS i USING (instance)") == [(2, 2)]
    add_events(shop, "later", "s2,ana,Go,2026-11-01T14:00:00Z", "s3,ana,Leave,2026-11-01T14:30:00Z")
    tick(shop, "2026-11-01T15:00:00")
    assert rows(shop, ENDS) == [("ana", 2, "second", "2026-11-01 14:30:00")]


def test_move_ends_who_stands_at_a_step_that_is_gone(shop: Path) -> None:
    tick(shop, "2026-11-11T12:00:00")
    assert rows(shop, "SELECT step FROM position") == [("rest",)]
    write(shop, on_change="move", last="pause")
    tick(shop, "2026-11-11T13:00:00")
    assert rows(shop, ENDS) == [("ana", 1, "changed", "2026-11-11 12:00:00")]
    assert rows(shop, "SELECT from_step, to_step, cause FROM transition ORDER BY ordinal DESC LIMIT 1") == [("rest", None, "changed")]


def test_exit_ends_everybody_inside(shop: Path) -> None:
    write(shop, on_change="exit", reason="second")
    tick(shop, "2026-11-01T13:00:00")
    assert rows(shop, ENDS) == [("ana", 1, "changed", "2026-11-01 12:00:00")]
    assert rows(shop, "SELECT * FROM position") == []
