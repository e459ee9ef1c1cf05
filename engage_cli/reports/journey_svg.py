"""The picture of a journey as one SVG file that needs nothing else: boxes from the top down, arrows with their labels."""

from xml.etree import ElementTree

from msgspec import Struct

from engage_cli.reports.journey_picture import Arrow, Box, Picture
from engage_cli.reports.layered import Layout, layout

_CHARACTER = 7.3
"""How wide a character of the monospaced 12 px is, near enough for boxes that no text leaves."""
_LINE = 17
_PADDING = 12
_ROW_GAP = 58
_MARGIN = 20
_LOOP = 26
"""How far the arrow of a restart goes out to the side."""
_STYLE = """
  text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #1c2430; text-anchor: middle; }
  text.label { font-size: 11px; fill: #3d4a5c; }
  text.note { text-anchor: start; fill: #3d4a5c; }
  rect.paper { fill: #ffffff; }
  rect.box { fill: #ffffff; stroke: #5b6b80; }
  rect.entry, rect.end { fill: #e7edf5; } rect.wait { fill: #fff6df; } rect.choice { fill: #eee8fb; } rect.send { fill: #e2f4ea; }
  rect.note { fill: none; stroke: #8a97a8; stroke-dasharray: 4 3; }
  rect.behind { fill: #ffffff; }
  path.arrow { fill: none; stroke: #5b6b80; }
  path.head { fill: #5b6b80; }
"""


class _Placed(Struct, frozen=True):
    """A box in whole pixels."""

    box: Box
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        """The x of its middle."""
        return self.x + self.width // 2


def journey_svg(picture: Picture) -> str:
    """The text of an SVG file, the same for the same picture."""
    widths = {box.id: _PADDING * 2 + max(len(line) for line in box.lines) * _CHARACTER for box in picture.boxes}
    downward = [arrow for arrow in picture.arrows if arrow.source != arrow.target]
    found = layout(widths, [(arrow.source, arrow.target) for arrow in downward])
    notes = _PADDING * 2 + len(picture.notes) * _LINE if picture.notes else 0
    tops = _tops(picture, found, _MARGIN + (notes + _MARGIN if notes else 0))
    placed = {box.id: _placed(box, widths[box.id], found, tops) for box in picture.boxes}
    note_width = round(max((len(note) for note in picture.notes), default=0) * _CHARACTER) + 2 * _PADDING if picture.notes else 0
    labels = max((len(arrow.label) for arrow in picture.arrows), default=0) * _CHARACTER
    width = max(round(found.width + labels / 2) + _LOOP, note_width) + 2 * _MARGIN
    height = max(one.y + one.height for one in placed.values()) + _MARGIN
    root = _root(picture.title, width, height)
    if picture.notes:
        _add(root, "rect", {"class": "note", "x": _MARGIN, "y": _MARGIN, "width": note_width, "height": notes, "rx": 4})
        for number, note in enumerate(picture.notes):
            _add(root, "text", {"class": "note", "x": _MARGIN + _PADDING, "y": _MARGIN + _PADDING + 12 + number * _LINE}, note)
    for number, arrow in enumerate(downward):
        _draw_arrow(root, arrow, placed, [(_MARGIN + round(x), tops[rank], tops[rank + 1] - _ROW_GAP) for x, rank in found.bends[number]])
    _draw_restarts(root, picture, placed)
    for one in placed.values():
        _draw_box(root, one)
    _draw_labels(root, downward, placed, found, tops)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


# ---- places --------------------------------------------------------------------------------------------------------


def _height(box: Box) -> int:
    return _PADDING * 2 + len(box.lines) * _LINE - 4


def _tops(picture: Picture, found: Layout, top: int) -> dict[int, int]:
    """The y of each rank."""
    heights: dict[int, int] = {}
    for box in picture.boxes:
        rank = found.ranks[box.id]
        heights[rank] = max(heights.get(rank, 0), _height(box))
    tops: dict[int, int] = {}
    for rank in sorted(heights):
        tops[rank] = top
        top += heights[rank] + _ROW_GAP
    return tops


def _placed(box: Box, width: float, found: Layout, tops: dict[int, int]) -> _Placed:
    left = found.centers[box.id] - width / 2
    return _Placed(box, _MARGIN + round(left), tops[found.ranks[box.id]], round(width), _height(box))


# ---- elements ------------------------------------------------------------------------------------------------------


def _add(parent: ElementTree.Element, tag: str, attributes: dict[str, str | int], text: str | None = None) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag, {name: str(value) for name, value in attributes.items()})
    element.text = None if text is None else "".join(char if char.isprintable() else " " for char in text)
    return element


def _root(title: str, width: int, height: int) -> ElementTree.Element:
    root = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}", "role": "img"})
    root.set("width", str(width))
    root.set("height", str(height))
    _add(root, "title", {}, f"The journey {title}")
    ElementTree.SubElement(root, "style").text = _STYLE
    _add(root, "rect", {"class": "paper", "x": 0, "y": 0, "width": width, "height": height})
    return root


def _draw_box(root: ElementTree.Element, placed: _Placed) -> None:
    box = placed.box
    round_corners = 14 if box.look.value in ("entry", "end", "join") else 4
    frame = {"x": placed.x, "y": placed.y, "width": placed.width, "height": placed.height, "rx": round_corners}
    _add(root, "rect", {"class": f"box {box.look.value}", **frame})
    for number, line in enumerate(box.lines):
        _add(root, "text", {"x": placed.middle, "y": placed.y + _PADDING + 11 + number * _LINE}, line)


def _draw_arrow(root: ElementTree.Element, arrow: Arrow, placed: dict[str, _Placed], bends: list[tuple[int, int, int]]) -> None:
    """A line of curves from the bottom of one box to the top of the other; a bend (x, top, bottom) passes the boxes of its rank."""
    source, target = placed[arrow.source], placed[arrow.target]
    x, y = source.middle, source.y + source.height
    path = f"M{x},{y}"
    for bend_x, top, bottom in bends:
        path += _curve(x, y, bend_x, top) + f" V{bottom}"
        x, y = bend_x, bottom
    path += _curve(x, y, target.middle, target.y - 6)
    _add(root, "path", {"class": "arrow", "d": path})
    _add(root, "path", {"class": "head", "d": f"M{target.middle - 4},{target.y - 7} h8 l-4,7 z"})


def _curve(x: int, y: int, to_x: int, to_y: int) -> str:
    half = (y + to_y) // 2
    return f" C{x},{half} {to_x},{half} {to_x},{to_y}"


def _draw_restarts(root: ElementTree.Element, picture: Picture, placed: dict[str, _Placed]) -> None:
    """One arrow from the right side of a hold back to it, for all the branches that begin its wait again."""
    labels: dict[str, list[str]] = {}
    for arrow in picture.arrows:
        if arrow.source == arrow.target:
            labels.setdefault(arrow.source, []).append(arrow.label)
    for box, names in labels.items():
        at = placed[box]
        right, low, high = at.x + at.width, at.y + at.height - 10, at.y + 10
        _add(root, "path", {"class": "arrow", "d": f"M{right},{low} C{right + _LOOP},{low} {right + _LOOP},{high} {right + 6},{high}"})
        _add(root, "path", {"class": "head", "d": f"M{right + 7},{high - 4} v8 l-7,-4 z"})
        text = _add(root, "text", {"class": "label", "x": right + _LOOP, "y": at.y + at.height + 10}, ", ".join(names))
        text.set("style", "text-anchor: end")


def _draw_labels(root: ElementTree.Element, arrows: list[Arrow], placed: dict[str, _Placed], found: Layout, tops: dict[int, int]) -> None:
    """The words at arrows, each near the end of the arrow's first stretch, where those of one box lie apart."""
    for number, arrow in enumerate(arrows):
        if not arrow.label:
            continue
        source, target = placed[arrow.source], placed[arrow.target]
        bends = found.bends[number]
        x = _MARGIN + round(bends[0][0]) if bends else target.middle
        bottom = source.y + source.height
        top = tops[found.ranks[arrow.source] + 1]
        x, y = (source.middle + 3 * x) // 4, bottom + (top - bottom) * 2 // 3
        width = round(len(arrow.label) * 6.8) + 4
        _add(root, "rect", {"class": "behind", "x": x - width // 2, "y": y - 9, "width": width, "height": 13})
        _add(root, "text", {"class": "label", "x": x, "y": y + 1}, arrow.label)
