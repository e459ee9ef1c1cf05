"""Journeys that ask about a broadcast see its messages at their instants, whichever runs there are."""

from pathlib import Path

import pytest

from engage_cli.service.progress import SILENT
from engage_cli.service.run import run_all
from tests.broadcasts.shop import instant, query, write_shop

ASKING = """
journey: told
status: live
entry: {when: {message: {broadcast: sale}}, since: 2026-11-26}
steps: [{delay: 1 hour, id: wait}, {set: told, to: true}]
"""


@pytest.mark.parametrize("schedule", [["27T12:00"], ["27T08:00", "27T09:30", "27T12:00"]])
def test_a_journey_enters_who_a_broadcast_was_made_for(tmp_path: Path, schedule: list[str]) -> None:
    write_shop(tmp_path / "shop")
    (tmp_path / "shop/campaigns/journeys").mkdir()
    (tmp_path / "shop/campaigns/journeys/told.yaml").write_text(ASKING)
    for at in schedule:
        run_all(tmp_path / "shop", as_of=instant(at), progress=SILENT)
    entered = query(tmp_path / "shop", "SELECT user_id, CAST(entered_at AS VARCHAR) FROM instance ORDER BY user_id")
    assert len(entered) == 10
    assert {at for _, at in entered} == {"2026-11-27 09:00:00"}
    assert query(tmp_path / "shop", "SELECT count(*) FROM trait_set WHERE set_at = TIMESTAMP '2026-11-27 10:00:00'") == [(10,)]
