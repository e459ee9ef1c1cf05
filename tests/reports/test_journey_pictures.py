"""Pictures of journeys: every step and way is on them, boxes stand apart, arrows lead down, and names stay text."""

import re
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.definitions.conditions import Everyone
from engage_cli.definitions.journey import EntryOn, Journey, JourneyStatus, OnChange
from engage_cli.definitions.journey_graph import graph_of
from engage_cli.definitions.journey_ids import with_ids
from engage_cli.definitions.journey_steps import Delay, Exit, ForDuration, Fork, Goto, Hold, HoldBranch, Occurrence, Split, Sync, WhenBranch
from engage_cli.definitions.project_files import load_project
from engage_cli.definitions.values import Duration, Unit
from engage_cli.reports.journey_picture import END, ENTRY, picture_of
from engage_cli.reports.journey_svg import journey_svg
from engage_cli.reports.layered import GAP, layout
from engage_cli.reports.mermaid import mermaid
from tests.definitions.strategies import PLACE, law

DEMO = load_project(Path(__file__).parents[2]).journeys
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", sorted(DEMO))
def test_how_the_pictures_of_the_demo_look(name: str, golden) -> None:
    picture = picture_of(DEMO[name])
    golden(Path("golden") / f"{name}.mmd", mermaid(picture))
    golden(Path("golden") / f"{name}.svg", journey_svg(picture))


# ---- any journey ---------------------------------------------------------------------------------------------------

names = st.sampled_from(['Order "Completed"', "<b>", "a|b", "`x`", "end", "x]", "Käse & Brot", "line\nbreak"])
unnamed = {"id": st.just(""), "written": st.just(False), "span": st.just(PLACE)}
plain = st.one_of(
    st.builds(Delay, wait=st.just(ForDuration(Duration(1, Unit.DAY))), **unnamed),
    st.builds(Sync, destination=st.just("crm"), event=names, **unnamed),
    st.builds(Exit, reason=st.just("bored"), **unnamed),
)


@st.composite
def held_branches(draw, steps):
    """Branches of a hold; some begin the wait again."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        restart = draw(st.booleans())
        inner = () if restart else tuple(draw(st.lists(steps, max_size=2)))
        found.append(HoldBranch(f"b{number}", PLACE, Occurrence((draw(names),), PLACE), None, restart, inner))
    return tuple(found)


@st.composite
def chosen_branches(draw, steps):
    """Branches of a split or a fork; some are for everyone."""
    return tuple(
        WhenBranch(f"b{number}", PLACE, draw(st.sampled_from([None, Everyone(PLACE)])), tuple(draw(st.lists(steps, max_size=2))))
        for number in range(draw(st.integers(1, 3)))
    )


def _blocks(steps):
    return st.one_of(
        st.builds(Hold, duration=st.sampled_from([None, Duration(2, Unit.HOUR)]), branches=held_branches(steps), **unnamed),
        st.builds(Split, branches=chosen_branches(steps), **unnamed),
        st.builds(Fork, branches=chosen_branches(steps), **unnamed),
    )


steps_of_all_kinds = st.recursive(plain, _blocks, max_leaves=6)


@st.composite
def plain_journeys(draw) -> Journey:
    """Journeys whose ways fork and join, with names that are hard to draw, and gotos to the last step."""
    steps = draw(st.lists(steps_of_all_kinds, min_size=1, max_size=4))
    last = Delay("last", True, PLACE, ForDuration(Duration(1, Unit.DAY)))
    jumps = [Goto("", False, PLACE, "last")] if draw(st.booleans()) else []
    on = EntryOn(Occurrence((draw(names),), PLACE), PLACE)
    ids = with_ids((*steps, *jumps, last))
    return Journey("j", "", JourneyStatus.LIVE, on, (), None, ids, OnChange.FINISH, False, PLACE)


@law
@given(plain_journeys())
def test_every_step_and_every_way_is_on_the_picture(journey: Journey) -> None:
    graph, picture = graph_of(journey), picture_of(journey)
    assert [box.id for box in picture.boxes if box.id not in (ENTRY, END)] == [place.id for place in graph.places]
    ways = sum(len(place.ways) for place in graph.places)
    loops = sum(arrow.source == arrow.target for arrow in picture.arrows)
    assert len(picture.arrows) == 1 + ways + loops


@law
@given(plain_journeys())
def test_boxes_stand_apart(journey: Journey) -> None:
    root = ElementTree.fromstring(journey_svg(picture_of(journey)))
    boxes = [box for box in root.iter(f"{SVG}rect") if box.get("class", "").startswith("box ")]
    assert len(boxes) == len(picture_of(journey).boxes)
    frames = [tuple(int(box.get(name, "0")) for name in ("x", "y", "width", "height")) for box in boxes]
    for one, other in combinations(frames, 2):
        assert one[0] + one[2] <= other[0] or other[0] + other[2] <= one[0] or one[1] + one[3] <= other[1] or other[1] + other[3] <= one[1]


@law
@given(plain_journeys())
def test_what_authors_write_stays_text(journey: Journey) -> None:
    text = r'"[^"<>`]*(?:<br>[^"<>`]*)*"'
    for row in mermaid(picture_of(journey)).splitlines()[1:]:
        assert re.fullmatch(rf"  (?:n\d+[(\[{{>/]+{text}[)\]}}/]+|n\d+ -->(?:\|{text}\|)? n\d+)", row), row


WIDTHS = st.lists(st.integers(10, 200), min_size=2, max_size=12)


@settings(law, max_examples=200)
@given(st.data(), WIDTHS)
def test_a_layout_keeps_gaps_and_ranks(data, widths) -> None:
    names = [f"b{number}" for number in range(len(widths))]
    pairs = st.sampled_from(list(combinations(names, 2)))
    arrows = [*pairwise(names)] if data.draw(st.booleans()) else data.draw(st.lists(pairs, max_size=15))
    found = layout(dict(zip(names, map(float, widths), strict=True)), arrows)
    assert all(found.ranks[source] < found.ranks[target] for source, target in arrows)
    assert [len(bends) for bends in found.bends] == [found.ranks[target] - found.ranks[source] - 1 for source, target in arrows]
    for one, other in combinations(range(len(names)), 2):
        if found.ranks[names[one]] == found.ranks[names[other]]:
            apart = abs(found.centers[names[one]] - found.centers[names[other]])
            assert apart >= (widths[one] + widths[other]) / 2 + GAP - 0.001
    assert all(found.centers[name] >= width / 2 - 0.001 for name, width in zip(names, widths, strict=True))


def test_counts_are_written_where_they_are_given() -> None:
    picture = picture_of(DEMO["cart_recovery"], {"left_alone": "12 here"}, {("left_alone", "timeout"): "340"})
    assert '"left_alone<br>hold for 2 hours<br>12 here"' in mermaid(picture)
    assert '|"timeout 340"|' in mermaid(picture)
    assert "12 here" in journey_svg(picture)
