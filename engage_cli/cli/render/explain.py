"""An explanation as a tree: each part true or false, with what made it so, and what is missing."""

from collections.abc import Iterator
from textwrap import wrap

from engage_cli.cli.render.blocks import EMPTY, Block, Line, Piece, Style, counted, dim, line, name, sign, strong
from engage_cli.cli.render.data import shortened
from engage_cli.cli.render.documents import instant
from engage_cli.service.results.audiences import EventShown, Explained, Explanation

_PROPERTIES = 100
_WIDTH = 100
_KEYS = 12
_MISSING = "missing"


def explanation_blocks(explanation: Explanation, *, whole: bool = False) -> Iterator[Block]:
    """Why a user is or is not in an audience. `whole`: properties uncut."""
    yield _verdict(explanation)
    if explanation.since is not None:
        since = f"by the last build, inside since {instant(explanation.since)}"
        yield line(dim(since))
    if not explanation.known:
        if explanation.nearest_user is not None:
            yield line(Piece("  hint: ", Style.GOOD), f"did you mean `{explanation.nearest_user}`?")
        return
    if explanation.left_out:
        yield line("known only by an anonymous id, which audiences leave out (`anonymous: include` takes them in)")
    if explanation.tree is not None:
        yield EMPTY
        yield from tree_blocks(explanation, whole=whole)


def tree_blocks(explanation: Explanation, *, whole: bool = False) -> Iterator[Block]:
    """The condition, part by part."""
    if explanation.tree is not None:
        yield from _part(explanation.tree, (), (), explanation.tree.file, whole)


def _verdict(explanation: Explanation) -> Line:
    user, audience, as_of = strong(explanation.user), name(explanation.audience), instant(explanation.as_of)
    if not explanation.known:
        return line(_mark(False), " ", user, f" is not known: no source names them by {as_of}")
    verdict = "is in" if explanation.member else "is not in"
    return line(_mark(explanation.member), " ", user, f" {verdict} ", audience, f" as of {as_of}")


def _mark(holds: bool) -> Piece:
    return sign("✓", Style.GOOD) if holds else sign("✗", Style.BAD)


Trunk = tuple[Piece, ...]
"""What is drawn before a line: the branches that pass by."""


def _part(part: Explained, head: Trunk, trunk: Trunk, file: str, whole: bool) -> Iterator[Block]:
    place = f"  line {part.line}" if part.file == file and head else f"  {part.file}:{part.line}"
    below = (*trunk, sign("│  " if part.parts else "   ", Style.DIM))
    first, *more = wrap(part.text, _WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
    rows = [(*head, _mark(part.holds), Piece(" "), Piece(first)), *((*below, Piece(f"  {text}")) for text in more)]
    yield from (Line(row) for row in rows[:-1])
    yield Line((*rows[-1], dim(place)))
    yield from (Line((*below, *text.pieces)) for text in _details(part, whole))
    for inner in part.parts:
        last = inner is part.parts[-1]
        branch, passing = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _part(inner, (*trunk, sign(branch, Style.DIM)), (*trunk, sign(passing, Style.DIM)), part.file, whole)


def _details(part: Explained, whole: bool) -> Iterator[Line]:
    for words, value in part.values:
        if value is None and part.missing == f"`{words}` is missing":
            continue
        yield line(dim(f"{words} is "), dim(_MISSING) if value is None else value)
    if part.matching or (part.matching is not None and part.missing is None):
        shown = len(part.events)
        newest = f", the newest {shown}" if 0 < shown < part.matching else ""
        yield line(dim(f"{counted(part.matching, 'matching event')}{newest}{':' if shown else ''}"))
    yield from (_event(event, whole) for event in part.events)
    for entity, keys in part.rows:
        listed = ", ".join(keys if whole else keys[:_KEYS])
        more = "" if whole or len(keys) <= _KEYS else f" and {len(keys) - _KEYS} more"
        yield line(dim(f"{entity} that match: "), listed, dim(more))
    if part.missing is not None:
        yield line(Piece("missing: ", Style.WARNING), part.missing)


def _event(event: EventShown, whole: bool) -> Line:
    shown = event.properties if whole else shortened(event.properties, _PROPERTIES)
    of = f"  step {' and '.join(str(step) for step in event.steps)}" if event.steps else ""
    return line("  ", dim(instant(event.timestamp)), "  ", event.event, of, "  ", dim(shown))
