"""The SQL of a tick: the same whatever the data, every step in it with its place, and each statement has run as it is shown."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engage_cli.definitions.project_files import load_project
from engage_cli.journeys.recording import bound
from engage_cli.service.journey_sql import sql
from engage_cli.service.progress import SILENT
from tests.conftest import Golden
from tests.journeys.shop import first_tick, make_shop

NOW = datetime(2026, 11, 1, 13, 20, tzinfo=UTC)
EVERY_STEP = """
journey: every_step
entry: {when: {trait: plan, eq: pro}}
exit:
  - {when: {event: Account Closed}}
  - {after: 30 days}
goal: {on: {event: Order Completed}, for: 7 days, exit: true}
steps:
  - {delay: {window: {from: "09:00", to: "17:00"}}, id: office}
  - {delay: {until: {trait: renews_at}}, id: renewal}
  - hold: {for: 2 days}
    id: wait
    branches:
      - {name: paid, on: {event: Paid}, steps: [{exit: paid, id: out}]}
      - {name: rich, when: {trait: plan, eq: rich}}
  - split:
      - {name: some, when: {event: Seen, within: 3 days}}
    id: choice
  - fork:
      - {name: one, steps: [{delay: 1 hour, id: hour}]}
      - {name: two, when: {trait: plan, ne: free}, steps: [{goto: inner, id: jump}, {delay: 1 day, id: inner}]}
    id: sides
  - randomize:
      - {name: a, percent: 50}
      - {name: b, percent: 50}
    id: arms
  - {send: nudge, channel: email, id: letter}
  - {set: seen, to: {trait: plan}, id: mark}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_shop(tmp_path / "shop")


def text_of(shop: Path, name: str) -> str:
    return sql(shop, name, as_of=NOW, progress=SILENT)


def test_the_sql_of_a_journey(shop: Path, golden: Golden) -> None:
    golden(Path("golden/cart_recovery.sql"), text_of(shop, "cart_recovery"))


def test_every_step_is_in_it_with_its_place(shop: Path) -> None:
    (shop / "campaigns/journeys/every.yaml").write_text(EVERY_STEP)
    (shop / "data/profiles.csv").write_text("user_id,email,plan,renews_at\nana,ana@example.com,pro,2026-12-01\n")
    text = text_of(shop, "every_step")
    for step in load_project(shop).journeys["every_step"].all_steps():
        assert f"-- step {step.id}: " in text
        assert f"  {step.span.file}:{step.span.line}\n" in text
    assert "-- where the branches of sides come together\n" in text
    assert "-- who reached the goal: Order Completed within 7 days  campaigns/journeys/every.yaml:7\n" in text
    assert "?" not in text


def test_neither_data_nor_ticks_change_it(shop: Path) -> None:
    before = text_of(shop, "cart_recovery")
    assert not (shop / ".engage").exists()
    (shop / "data/events_more.csv").write_text(
        "message_id,user_id,event,timestamp,cart_id,cart_total\nn1,dora,Cart Updated,2026-11-01T13:20:00Z,c8,90\n"
    )
    first_tick(shop)
    assert text_of(shop, "cart_recovery") == before


def test_values_stand_as_literals_where_they_were_bound() -> None:
    given = [None, True, 3, datetime(2026, 11, 1, 13), ["a", "it's"], "x?"]
    assert bound("SELECT ?, ?, ?, ?, ?, ?, 'why?'", given) == (
        "SELECT NULL, TRUE, 3, TIMESTAMP '2026-11-01 13:00:00', ['a', 'it''s'], 'x?', 'why?'"
    )
