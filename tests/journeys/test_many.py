"""Journeys of many people at once: what holds for a few must not hinge on how many there are."""

from pathlib import Path

import duckdb
import pytest

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


@pytest.mark.parametrize(("reentry", "instances", "open_ones"), [("never", 1, 0), ("always", 2500, 1)])
def test_one_person_with_thousands_of_entries_fits_into_little_memory(reentry: str, instances: int, open_ones: int, tmp_path: Path) -> None:
    for inner in ("data", "campaigns"):
        (tmp_path / inner).mkdir()
    (tmp_path / "engage.yaml").write_text(f"{CONFIG}engine: {{memory_limit: 300MB, threads: 2}}\n")
    (tmp_path / "campaigns/again.yaml").write_text(f"""
journey: again
status: live
entry: {{on: {{event: Viewed}}, since: 2026-01-01, reentry: {reentry}}}
steps:
  - hold: {{for: 30 days}}
    id: wait
    branches: [{{name: again, on: {{event: Viewed}}, steps: [{{exit: again}}]}}]
""")
    said = '"{""page"": ""' + "x" * 400 + '""}"'
    rows = "".join(f"m{n},ana,Viewed,2026-10-{1 + n // 1000:02}T{n % 1000 // 60:02}:{n % 60:02}:00Z,{said}\n" for n in range(2500))
    (tmp_path / "data/events.csv").write_text("message_id,user_id,event,timestamp,properties\n" + rows)
    tick(tmp_path, "2026-10-05T00:00:00")
    with duckdb.connect(str(tmp_path / ".engage/state.duckdb"), read_only=True) as state:
        found = state.execute("SELECT count(*), count(*) FILTER (ended_at IS NULL) FROM instance").fetchall()
    assert found == [(instances, open_ones)]
