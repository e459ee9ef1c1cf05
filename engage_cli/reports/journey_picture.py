"""A journey as boxes and arrows, with words for each: what Mermaid text and SVG are made of. No positions yet."""

from collections.abc import Mapping
from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from engage_cli.definitions.journey import Journey
from engage_cli.definitions.journey_graph import NONE, Join, JourneyGraph, Node, Place, Way, graph_of
from engage_cli.definitions.journey_steps import Delay, Exit, Fork, Goto, Hold, Randomize, Send, SetTrait, Split, Sync
from engage_cli.definitions.step_words import entry_words, exit_words, goal_words, step_words

ENTRY = "entry"
END = "end"


class Look(StrEnum):
    """What a box stands for, from which a drawing takes its shape."""

    ENTRY = "entry"
    WAIT = "wait"
    CHOICE = "choice"
    ACTION = "action"
    SEND = "send"
    JOIN = "join"
    END = "end"


class Box(Struct, frozen=True):
    """A step, the entry, a join or an end. `lines` are what is written in it."""

    id: str
    look: Look
    lines: tuple[str, ...]


class Arrow(Struct, frozen=True):
    """A way from a box to another; one from a hold to itself is a restart."""

    source: str
    target: str
    label: str = ""


class Picture(Struct, frozen=True):
    """A journey's boxes, from the top down, and arrows. `notes` are what holds at any moment: exit rules, the goal."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    notes: tuple[str, ...]


Counts = Mapping[str, str]
"""What is to be written in a box below its words, by the id of the step (`entry` and `end` among them)."""
ArrowCounts = Mapping[tuple[str, str], str]
"""What is to be written at an arrow, by the id of the step and the outcome."""


def picture_of(journey: Journey, counts: Counts | None = None, arrow_counts: ArrowCounts | None = None) -> Picture:
    """The picture of a journey, with counts where there are any."""
    graph = graph_of(journey)
    counts, arrow_counts = counts or {}, arrow_counts or {}
    boxes = [Box(ENTRY, Look.ENTRY, (entry_words(journey.entry),))]
    arrows = [Arrow(ENTRY, graph.places[0].id)]
    for place in graph.places:
        boxes.append(Box(place.id, _look(place.node), _lines(place.node)))
        arrows += [_arrow(graph, place, way, arrow_counts) for way in place.ways]
        restarts = place.node.branches if isinstance(place.node, Hold) else ()
        arrows += [_restart(place, branch.name, arrow_counts) for branch in restarts if branch.restart]
    if any(arrow.target == END for arrow in arrows):
        boxes.append(Box(END, Look.END, ("end",)))
    written = tuple(Box(box.id, box.look, (*box.lines, *([counts[box.id]] if box.id in counts else []))) for box in boxes)
    notes = [f"exit {exit_words(rule)}" for rule in journey.exits]
    notes += [] if journey.goal is None else [f"goal: {goal_words(journey.goal)}"]
    return Picture(journey.name, written, tuple(arrows), tuple(notes))


def _arrow(graph: JourneyGraph, place: Place, way: Way, counts: ArrowCounts) -> Arrow:
    label = way.branch or ("no branch" if way.outcome == NONE else "")
    target = END if way.target is None else graph.places[way.target].id
    return Arrow(place.id, target, _counted(label, counts.get((place.id, way.outcome), "")))


def _restart(place: Place, branch: str, counts: ArrowCounts) -> Arrow:
    return Arrow(place.id, place.id, _counted(branch, counts.get((place.id, branch), "")))


def _counted(label: str, count: str) -> str:
    return " ".join(part for part in (label, count) if part)


def _look(node: Node) -> Look:
    match node:
        case Join():
            return Look.JOIN
        case Delay() | Hold():
            return Look.WAIT
        case Split() | Fork() | Randomize():
            return Look.CHOICE
        case Send():
            return Look.SEND
        case Exit():
            return Look.END
        case Sync() | SetTrait() | Goto():
            return Look.ACTION
        case _:
            assert_never(node)


def _lines(node: Node) -> tuple[str, ...]:
    """The id where the author gave one, and what the step does."""
    if isinstance(node, Join):
        return (f"all of {node.fork}",)
    return (node.id, step_words(node)) if node.written else (step_words(node),)
