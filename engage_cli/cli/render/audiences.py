"""Looks at audiences: list, preview, overlap, export."""

from collections.abc import Iterator, Sequence

from engage_cli.cli.render.blocks import EMPTY, MISSING, Block, Column, Line, Piece, counted, dim, line, name, strong, table
from engage_cli.cli.render.documents import instant
from engage_cli.service.results.audiences import AudienceRow, Export, Overlap, Preview

_LIST_COLUMNS = (
    Column("audience"),
    Column("size", right=True),
    Column("entered", right=True, spare=True),
    Column("exited", right=True, spare=True),
    Column("as of", spare=True),
    Column("description", wide=True),
)


def list_blocks(rows: Sequence[AudienceRow]) -> Iterator[Block]:
    """Every audience, and what the last run that built it found."""
    if not rows:
        yield line("the project has no audiences yet; write one in campaigns/audiences/, such as:")
        yield line("  audience: everybody")
        yield line("  members: {everyone: true}")
        return
    yield table(_LIST_COLUMNS, (_list_row(row) for row in rows))
    yield _built(rows)


def _built(rows: Sequence[AudienceRow]) -> Line:
    """How many there are, and as of when they were built."""
    instants = sorted({row.as_of for row in rows if row.as_of is not None})
    never = sum(row.as_of is None for row in rows)
    told = [counted(len(rows), "audience")]
    if instants:
        first, last = instant(instants[0]), instant(instants[-1])
        told.append(f"built as of {last}" if first == last else f"built as of {first} to {last}")
    if never:
        unbuilt = f"{never} not built yet" if instants else "not built yet"
        told.append(f"{unbuilt} (`engage audience build`)")
    return line("; ".join(told))


def _list_row(row: AudienceRow) -> tuple[Piece, ...]:
    numbers = (MISSING if number is None else Piece(number) for number in (row.size, row.entered, row.exited))
    as_of = MISSING if row.as_of is None else dim(instant(row.as_of))
    return (name(row.name), *numbers, as_of, Piece(row.description))


def preview_blocks(preview: Preview) -> Iterator[Block]:
    """How large it is, who is in it, and by what they can be reached."""
    share = "" if not preview.universe else f" ({share_of(preview.size, preview.universe)})"
    size = f"{counted(preview.size, 'member')} of {counted(preview.universe, preview.of.one)}{share}"
    yield line(name(preview.name), " as of ", instant(preview.as_of), ": ", strong(size))
    if not preview.sample:
        return
    yield EMPTY
    columns = (Column(column) for column in preview.columns)
    yield table(columns, ((MISSING if cell is None else Piece(cell) for cell in row) for row in preview.sample))
    if len(preview.sample) < preview.size:
        yield line(dim(f"a sample of {len(preview.sample)}, the same at every look; --sample N shows more"))
    yield EMPTY
    identifiers = (Column("identifier"), Column("members", right=True), Column("share", right=True))
    yield table(identifiers, ((one.name, one.members, share_of(one.members, preview.size)) for one in preview.identifiers))


def overlap_blocks(overlap: Overlap) -> Iterator[Block]:
    """Two audiences side by side, each part with its share of the audience that it is a part of."""
    left, right = overlap.left, overlap.right
    yield line(name(left), " and ", name(right), " as of ", instant(overlap.as_of))
    yield EMPTY
    sizes = (overlap.left_size, overlap.right_size)
    both, only_left, only_right = overlap.both, overlap.only_left, overlap.only_right
    rows = (
        (f"in {left}", sizes[0], MISSING, MISSING),
        (f"in {right}", sizes[1], MISSING, MISSING),
        ("in both", both, share_of(both, sizes[0]), share_of(both, sizes[1])),
        (f"only in {left}", only_left, share_of(only_left, sizes[0]), MISSING),
        (f"only in {right}", only_right, MISSING, share_of(only_right, sizes[1])),
        ("in either", both + only_left + only_right, MISSING, MISSING),
    )
    columns = (Column("members"), Column("number", right=True), Column(f"of {left}", right=True), Column(f"of {right}", right=True))
    yield table(columns, rows)


def export_blocks(export: Export) -> Iterator[Block]:
    """Where the members were written."""
    members = counted(export.rows, "member")
    yield line(f"{members} of ", name(export.name), f" as of {instant(export.as_of)} written to {export.path}")


def share_of(part: int, whole: int) -> str:
    """A share in percent, never rounded to all or nothing where it is neither."""
    if not whole:
        return "-"
    percent = 100 * part / whole
    if 0 < percent < 0.05:
        return "<0.1%"
    if 99.95 <= percent < 100:
        return ">99.9%"
    return f"{percent:.1f}%"
