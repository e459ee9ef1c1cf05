"""The picture of a journey as Mermaid text, which GitHub, GitLab and many editors draw. Syntax: https://mermaid.js.org/syntax/flowchart.html"""

from engage_cli.reports.journey_picture import Arrow, Box, Look, Picture

_SHAPES = {
    Look.ENTRY: ("([", "])"),
    Look.WAIT: ("[/", "/]"),
    Look.CHOICE: ("{{", "}}"),
    Look.ACTION: ("[", "]"),
    Look.SEND: (">", "]"),
    Look.JOIN: ("((", "))"),
    Look.END: ("([", "])"),
}
_ESCAPES = {'"': "#quot;", "#": "#35;", "&": "#amp;", "<": "#lt;", ">": "#gt;", "`": "#96;", "\\": "#92;"}
"""Entities in Mermaid's own spelling; whatever an author calls an event must not become markup."""


def mermaid(picture: Picture) -> str:
    """A flowchart from the top down. Names of boxes are numbers, so that no id can be a word of Mermaid."""
    names = {box.id: f"n{number}" for number, box in enumerate(picture.boxes)}
    lines = ["flowchart TD", *(f"  {names[box.id]}{_box(box)}" for box in picture.boxes)]
    lines += [f"  {names[arrow.source]} {_line(arrow)} {names[arrow.target]}" for arrow in picture.arrows]
    if picture.notes:
        lines.append(f'  notes["{"<br>".join(_escaped(note) for note in picture.notes)}"]')
        lines.append("  style notes stroke-dasharray: 4 4")
    return "\n".join(lines) + "\n"


def _box(box: Box) -> str:
    left, right = _SHAPES[box.look]
    return f'{left}"{"<br>".join(_escaped(line) for line in box.lines)}"{right}'


def _line(arrow: Arrow) -> str:
    return f'-->|"{_escaped(arrow.label)}"|' if arrow.label else "-->"


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in " ".join(text.split()))
