"""Messages of a simulation as a table: by day, or, over a long stretch, by week, month or year."""

from datetime import UTC, date, datetime, timedelta

import pytest

from engage_cli.cli.render.blocks import Table
from engage_cli.cli.render.simulation import simulation_blocks
from engage_cli.service.journey_status import JourneyStanding
from engage_cli.service.results.common import DataReport
from engage_cli.service.simulate import SendsOfDay, Simulation

FIRST = date(2025, 1, 1)  # a Wednesday
START = datetime(2025, 1, 1, tzinfo=UTC)
NOBODY = JourneyStanding("j", "live", None, "", START, START, 0, 0, (), None, (), (), ())


@pytest.mark.parametrize(
    ("days", "title", "first", "rows", "of_email"),
    [
        (60, "messages on", "2025-01-01", 60, "1"),
        (61, "messages in the week from", "2024-12-30", 9, "5"),
        (600, "messages in", "2025-01", 20, "31"),
        (3000, "messages in", "2025", 9, "365"),
    ],
)
def test_a_long_stretch_is_shown_in_longer_parts(days: int, title: str, first: str, rows: int, of_email: str) -> None:
    sends = [
        SendsOfDay(FIRST + timedelta(days=n), channel, 1) for n in range(days) for channel in ("email", "sms") if n or channel == "email"
    ]
    result = Simulation("j", START, START + timedelta(days=days), NOBODY, tuple(sends), (), DataReport())
    table = [block for block in simulation_blocks(result) if isinstance(block, Table)][-1]
    texts = [[str(piece.text) for piece in row] for row in table.rows]
    assert [column.title for column in table.columns] == [title, "email", "sms"]
    assert (texts[0][:2], len(texts)) == ([first, of_email], rows)
    assert sum(int(row[1]) + int(row[2]) for row in texts) == len(sends)
