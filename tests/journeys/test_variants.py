"""The arm of a message: that of the last randomize that the person came by before it."""

import json
from pathlib import Path

import duckdb

from tests.journeys.shop import files_of, make_shop, tick

JOURNEY = """
journey: offers
status: live
entry:
  on: {event: Cart Updated}
  reentry: always
  since: 2026-10-01
steps:
  - {send: nudge, channel: email, id: hello, category: transactional}
  - randomize:
      - {name: calm, percent: 100, steps: [{send: nudge, channel: email, id: inside, category: transactional}]}
      - {name: loud, percent: 0, control: true}
    id: tone
  - {delay: 1 hour, id: later}
  - fork:
      - name: left
        when: {everyone: true}
        steps:
          - randomize: [{name: early, percent: 100}, {name: late, percent: 0}]
            id: time
          - {send: nudge, channel: email, id: left, category: transactional, render: variables}
      - name: right
        when: {everyone: true}
        steps: [{delay: 1 hour, id: wait}, {send: nudge, channel: email, id: right, category: transactional}]
    id: both
  - {send: nudge, channel: email, id: behind, category: transactional}
"""
EXPECTED = {"hello": None, "inside": "calm", "left": "early", "right": "calm", "behind": "early"}


def shop(folder: Path) -> Path:
    make_shop(folder)
    (folder / "campaigns/journeys/cart.yaml").write_text(JOURNEY.replace("percent: 0,", "percent: 0.000001,").replace("100,", "99.999999,"))
    config = (folder / "engage.yaml").read_text()
    (folder / "engage.yaml").write_text(config.replace('  quiet_hours: {from: "13:30", to: "15:00"}\n', ""))
    template = folder / "campaigns/templates/nudge.txt"
    template.write_text("{{ campaign.step }}: {{ campaign.variant | default('none') }}\n")
    return folder


def test_a_message_has_the_arm_that_came_last_before_it(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    for as_of in ("2026-11-01T10:00:00", "2026-11-01T12:15:00", "2026-11-02T00:00:00"):
        tick(folder, as_of)
    lines = [json.loads(line) for name, text in files_of(folder).items() if name.endswith("email.jsonl") for line in text.splitlines()]
    assert len(lines) >= 10
    assert {line["step"]: line["variant"] for line in lines} == EXPECTED
    for line in lines:
        shown = line["variables"]["campaign"].get("variant") if "variables" in line else line["text"].partition(": ")[2]
        assert shown == (line["variant"] or "none")
    with duckdb.connect(str(folder / ".engage/state.duckdb"), read_only=True) as connection:
        for table in ("candidate", "message"):
            found = connection.execute(f"SELECT DISTINCT step, variant FROM {table}").fetchall()
            assert dict(found) == EXPECTED and len(found) == len(EXPECTED)


def test_one_tick_gives_the_arms_of_many(tmp_path: Path) -> None:
    whole, parts = shop(tmp_path / "whole"), shop(tmp_path / "parts")
    tick(whole, "2026-11-02T00:00:00")
    for as_of in ("2026-11-01T10:30:00", "2026-11-01T11:30:00", "2026-11-01T13:00:00", "2026-11-02T00:00:00"):
        tick(parts, as_of)
    found = []
    for folder in (whole, parts):
        with duckdb.connect(str(folder / ".engage/state.duckdb"), read_only=True) as connection:
            found.append(connection.execute("SELECT candidate_id, variant, send_at FROM candidate ORDER BY ALL").fetchall())
    assert found[0] == found[1]
