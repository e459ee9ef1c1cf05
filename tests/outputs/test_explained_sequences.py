"""Why somebody is in a sequence, or not: each event stands once, in order, with the steps that it may have been taken for."""

from datetime import UTC, datetime
from pathlib import Path

from engage_cli.cli.render.blocks import Line
from engage_cli.cli.render.explain import explanation_blocks
from engage_cli.service.explain import explain
from engage_cli.service.progress import SILENT

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
CONFIG = "project: shop\nsources: {events: {path: events.csv}}\n"
EVENTS = """message_id,user_id,event,timestamp
m3,ann,Order,2026-11-20T12:00:00Z
m1,ann,Cart,2026-11-20T10:00:00Z
m2,ann,View,2026-11-20T11:00:00Z
m4,ann,Cart,2026-11-20T13:00:00Z
"""
AUDIENCES = """
audience: bought
members: {sequence: [{event: [Cart, View]}, {event: View}, {not: {event: Refund}}, {event: Order}]}
---
audience: twice
members: {sequence: [{event: Order}, {event: Order}], order: any}
---
audience: regretted
members: {sequence: [{event: Cart}, {not: {event: View}}, {event: Order}]}
"""


def told(folder: Path, audience: str) -> list[str]:
    """The lines of an explanation of ann, without the verdict."""
    (folder / "campaigns").mkdir(exist_ok=True)
    for name, text in {"engage.yaml": CONFIG, "events.csv": EVENTS, "campaigns/all.yaml": AUDIENCES}.items():
        (folder / name).write_text(text)
    blocks = explanation_blocks(explain(folder, audience, "ann", as_of=NOW, progress=SILENT))
    return ["".join(piece.text for piece in block.pieces).strip() for block in blocks if isinstance(block, Line)][3:]


def test_events_of_a_sequence_say_which_step_they_are_for(tmp_path: Path) -> None:
    assert told(tmp_path, "bought") == [
        "2026-11-20T10:00:00Z  Cart  step 1  {}",
        "2026-11-20T11:00:00Z  View  step 1 and 2  {}",
        "2026-11-20T12:00:00Z  Order  step 3  {}",
        "2026-11-20T13:00:00Z  Cart  step 1  {}",
    ]


def test_two_steps_that_are_alike_are_both_named(tmp_path: Path) -> None:
    assert told(tmp_path, "twice")[:1] == ["2026-11-20T12:00:00Z  Order  step 1 and 2  {}"]


def test_an_event_that_must_not_come_is_of_no_step(tmp_path: Path) -> None:
    assert "2026-11-20T11:00:00Z  View  {}" in told(tmp_path, "regretted")
