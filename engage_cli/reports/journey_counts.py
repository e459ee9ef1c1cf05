"""How many people came by, written on a journey's picture: what `journey_picture.picture_of` takes."""

from engage_cli.definitions.journey import EndReason, Journey
from engage_cli.definitions.journey_graph import JOINED, NONE, ON, Join
from engage_cli.definitions.journey_steps import TIMEOUT
from engage_cli.reports.journey_picture import END, ENTRY, ArrowCounts, Counts
from engage_cli.state.journey_readers import JourneyCounts, StepCount, WayCount

_OUTCOMES = {"timeout": TIMEOUT, "none": NONE, "delay": ON, "done": ON, "goto": ON}
"""The way out of a step by the cause of a move, where that is no branch."""


def counts_of_picture(journey: Journey, counted: JourneyCounts) -> tuple[Counts, ArrowCounts]:
    """What stands in each box and at each arrow."""
    boxes = {ENTRY: f"{counted.totals.entered} entered", END: f"{counted.ends.get(EndReason.COMPLETED, 0)} came"}
    for step in journey.all_steps():
        count = counted.steps.get(step.id, StepCount(step.id, 0, 0, 0, None))
        boxes[step.id] = f"{count.arrived} came" + (f", {count.here} here" if count.here else "")
    arrows: dict[tuple[str, str], int] = {}
    for way in counted.ways:
        outcome = _outcome(way)
        if outcome is not None:
            arrows[outcome] = arrows.get(outcome, 0) + way.moves
    return boxes, {way: str(count) for way, count in arrows.items()}


def _outcome(way: WayCount) -> tuple[str, str] | None:
    """The arrow that a way is drawn as: the box that it comes from, and the outcome; None for what ends an instance at any moment."""
    if way.cause in ("branch", "restart"):
        return (way.step, way.branch or "")
    if way.cause == "joined":
        return (Join(way.step).id, JOINED)
    return (way.step, _OUTCOMES[way.cause]) if way.cause in _OUTCOMES else None
