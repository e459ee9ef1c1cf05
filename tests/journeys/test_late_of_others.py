"""A late event of somebody else lets a person go on whose condition looks at the users of their accounts."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from engage_cli.service.progress import SILENT
from engage_cli.service.tick import tick_journeys

FILES = {
    "engage.yaml": """\
project: shop
store: none
sources:
  events: {path: "events*.csv"}
  accounts: {path: accounts.csv}
  memberships: {path: members.csv, columns: {timestamp: since}}
""",
    "events1.csv": "message_id,user_id,event,timestamp\nm1,ana,Cart,2026-11-02T10:00:00Z\nm0,ben,Cart Seen,2026-11-01T10:00:00Z\n",
    "accounts.csv": "account_id\nacme\n",
    "members.csv": "user_id,account_id,since\nana,acme,2026-10-01T00:00:00Z\nben,acme,2026-10-01T00:00:00Z\n",
    "campaigns/journeys/watch.yaml": """\
journey: watch
status: live
entry: {on: {event: Cart}, since: 2026-11-01}
steps:
  - hold: {for: 20 days}
    id: wait
    branches:
      - {name: seen, when: {any_account: {any_user: {event: View, within: 1 hour}}}}
""",
}


@pytest.mark.parametrize(
    "last", [datetime(2026, 11, 2, 15, tzinfo=UTC), datetime(2026, 11, 9, tzinfo=UTC)], ids=["late", "older than the window"]
)
def test_a_late_event_of_a_colleague_acts_at_its_instant(last: datetime, tmp_path: Path) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    tick_journeys(tmp_path, (), as_of=last, progress=SILENT)
    (tmp_path / "events2.csv").write_text("message_id,user_id,event,timestamp\nm2,ben,View,2026-11-02T11:00:00Z\n")
    tick_journeys(tmp_path, (), as_of=datetime(2026, 11, 10, tzinfo=UTC), progress=SILENT)
    with duckdb.connect(str(tmp_path / ".engage" / "state.duckdb"), read_only=True) as state:
        moves = state.execute("SELECT from_step, moved_at, branch FROM transition WHERE from_step = 'wait'").fetchall()
    assert moves == [("wait", datetime(2026, 11, 2, 11), "seen")]
