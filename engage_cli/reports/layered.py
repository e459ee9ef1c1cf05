"""A small layered layout for graphs that go downward: ranks by longest path, an order in each rank with few crossings, and positions.

The method is that of Sugiyama, Tagawa and Toda (1981): edges over several ranks get bends in between, each rank is ordered by the mean
place of its neighbours, a few times down and up, and then boxes move towards their neighbours as far as those beside them allow.
"""

import itertools
from collections.abc import Mapping, Sequence

from msgspec import Struct

SWEEPS = 8
GAP = 28.0
"""Between two boxes side by side."""
BEND = 12.0
"""The width that a bend of an arrow takes in a rank."""

Vertex = str | tuple[int, int]
"""A box by its id, or a bend: (number of the arrow, rank)."""


class Layout(Struct, frozen=True):
    """The rank and the middle of each box, and the bends of each arrow as (x, rank), by its number; x begins at 0."""

    ranks: Mapping[str, int]
    centers: Mapping[str, float]
    bends: Sequence[Sequence[tuple[float, int]]]
    width: float


def layout(widths: Mapping[str, float], arrows: Sequence[tuple[str, str]]) -> Layout:
    """Places for boxes of these widths. Every arrow leads from a box to one that stands after it in `widths`."""
    ranks = _ranks(list(widths), arrows)
    chains = [_chain(number, arrow, ranks) for number, arrow in enumerate(arrows)]
    rows = _rows(list(widths), ranks, chains)
    above, below = _neighbours(chains)
    _order(rows, above, below)
    centers = _positions(rows, {**above}, {**below}, widths)
    left = min(centers[one] - _width(one, widths) / 2 for row in rows for one in row)
    placed = {one: center - left for one, center in centers.items()}
    width = max(placed[one] + _width(one, widths) / 2 for row in rows for one in row)
    bends = [[(placed[one], one[1]) for one in chain if isinstance(one, tuple)] for chain in chains]
    return Layout(ranks, {one: placed[one] for one in widths}, bends, width)


def _ranks(boxes: Sequence[str], arrows: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The length of the longest path to each box."""
    into: dict[str, list[str]] = {box: [] for box in boxes}
    for source, target in arrows:
        into[target].append(source)
    ranks: dict[str, int] = {}
    for box in boxes:
        ranks[box] = 1 + max((ranks[source] for source in into[box]), default=-1)
    return ranks


def _chain(number: int, arrow: tuple[str, str], ranks: Mapping[str, int]) -> list[Vertex]:
    """The box, the bends and the box of an arrow, a rank each."""
    source, target = arrow
    return [source, *((number, rank) for rank in range(ranks[source] + 1, ranks[target])), target]


def _rows(boxes: Sequence[str], ranks: Mapping[str, int], chains: Sequence[Sequence[Vertex]]) -> list[list[Vertex]]:
    rows: list[list[Vertex]] = [[] for _ in range(1 + max(ranks.values()))]
    for box in boxes:
        rows[ranks[box]].append(box)
    for chain in chains:
        for one in chain:
            if isinstance(one, tuple):
                rows[one[1]].append(one)
    return rows


_Neighbours = dict[Vertex, list[Vertex]]


def _neighbours(chains: Sequence[Sequence[Vertex]]) -> tuple[_Neighbours, _Neighbours]:
    above: _Neighbours = {}
    below: _Neighbours = {}
    for chain in chains:
        for upper, lower in itertools.pairwise(chain):
            below.setdefault(upper, []).append(lower)
            above.setdefault(lower, []).append(upper)
    return above, below


def _order(rows: list[list[Vertex]], above: _Neighbours, below: _Neighbours) -> None:
    """Sort every row by the mean place of its neighbours, down and up in turn. Ties keep their order."""
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for rank in range(len(rows)) if down else range(len(rows) - 1, -1, -1):
            other = rank - 1 if down else rank + 1
            if not 0 <= other < len(rows):
                continue
            place = {one: number for number, one in enumerate(rows[other])}
            own = {one: number for number, one in enumerate(rows[rank])}
            neighbours = above if down else below
            rows[rank].sort(key=lambda one: _mean([place[near] for near in neighbours.get(one, [])], own[one]))


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _width(one: Vertex, widths: Mapping[str, float]) -> float:
    return BEND if isinstance(one, tuple) else widths[one]


def _positions(rows: list[list[Vertex]], above: _Neighbours, below: _Neighbours, widths: Mapping[str, float]) -> dict[Vertex, float]:
    """The middle of everything: first side by side, then towards the neighbours of both sides, without overlapping."""
    centers: dict[Vertex, float] = {}
    for row in rows:
        _settle(row, dict.fromkeys(row, 0.0), centers, widths)
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = {one: _mean([centers[near] for near in (*above.get(one, []), *below.get(one, []))], centers[one]) for one in row}
            _settle(row, wanted, centers, widths)
    return centers


def _settle(row: Sequence[Vertex], wanted: Mapping[Vertex, float], centers: dict[Vertex, float], widths: Mapping[str, float]) -> None:
    """Put a row as near to the wanted places as the gaps allow: halfway between pushing to the right and pushing to the left."""
    rightward: list[float] = []
    for number, one in enumerate(row):
        least = rightward[-1] + _apart(row[number - 1], one, widths) if number else wanted[one]
        rightward.append(max(wanted[one], least))
    leftward: list[float] = []
    for number, one in enumerate(reversed(row)):
        most = leftward[-1] - _apart(row[len(row) - number], one, widths) if number else wanted[one]
        leftward.append(min(wanted[one], most))
    for one, right, left in zip(row, rightward, reversed(leftward), strict=True):
        centers[one] = (right + left) / 2


def _apart(one: Vertex, other: Vertex, widths: Mapping[str, float]) -> float:
    return (_width(one, widths) + _width(other, widths)) / 2 + GAP
