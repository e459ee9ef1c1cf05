"""Journeys of many people at once: what holds for a few must not hinge on how many there are."""

from pathlib import Path

import duckdb

from tests.journeys.shop import tick

CONFIG = """
project: many
timezone: UTC
store: none
sources:
  events: {path: data/events.csv}
"""
JOURNEY = """
journey: welcome
status: live
entry:
  when: {event: Order Completed}
  backfill: true
  since: 2026-11-01
  reentry: {after: 30 days}
steps:
  - {delay: 10 days, id: wait}
"""
USERS = 3000


def test_thousands_who_enter_by_a_condition_and_wait(tmp_path: Path) -> None:
    for inner in ("data", "campaigns"):
        (tmp_path / inner).mkdir()
    (tmp_path / "engage.yaml").write_text(CONFIG)
    (tmp_path / "campaigns/welcome.yaml").write_text(JOURNEY)
    rows = "".join(f"m{user},u{user},Order Completed,2026-10-{1 + user % 30:02}T10:00:00Z\n" for user in range(USERS))
    (tmp_path / "data/events.csv").write_text("message_id,user_id,event,timestamp\n" + rows)
    tick(tmp_path, "2026-11-05T00:00:00")
    with duckdb.connect(str(tmp_path / ".engage/state.duckdb"), read_only=True) as state:
        assert state.execute("SELECT count(*), count(DISTINCT user_id) FROM instance").fetchall() == [(USERS, USERS)]
        assert state.execute("SELECT step, count(*) FROM position GROUP BY step").fetchall() == [("wait", USERS)]
