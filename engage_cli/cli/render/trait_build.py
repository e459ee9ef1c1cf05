"""What a build of traits did: a row a trait, a row a destination that is told something, the sum, and what was written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engage_cli.cli.render.blocks import Block, Column, Line, Piece, Style, counted, dim, line, name, strong, table
from engage_cli.cli.render.build import written_blocks
from engage_cli.cli.render.documents import fields_of, instant
from engage_cli.service.results.traits import TraitBuildResult, TraitBuilt

_COLUMNS = (
    Column("trait"),
    Column("of"),
    Column("values", right=True),
    Column("changed", right=True),
    Column("cleared", right=True),
)
_SYNC_COLUMNS = (Column("destination"), Column("trait"), Column("values", right=True), Column("cleared", right=True), Column("told"))


def build_blocks(result: TraitBuildResult, folder: Path, *, every_path: bool = False) -> Iterator[Block]:
    """The result of a build. `every_path`: however many files were written."""
    yield from result_blocks(result)
    yield from written_blocks(result.written, folder, every_path)


def result_blocks(result: TraitBuildResult) -> Iterator[Block]:
    """What a build did, without what it wrote."""
    yield table(_COLUMNS, (_row(one) for one in result.traits))
    if result.syncs:
        yield line()
        whole = "everything" if result.full else "what it lacked"
        told = (whole if one.whole else "what changed" for one in result.syncs)
        rows = zip(result.syncs, told, strict=True)
        yield table(_SYNC_COLUMNS, ((name(one.destination), name(one.trait), one.values, one.cleared, words) for one, words in rows))
    yield _summary(result)


def build_document(result: TraitBuildResult) -> dict[str, Any]:
    """`trait build`."""
    document = fields_of(result)
    document["would_change" if result.dry_run else "changed"] = result.would_change
    return document


def _row(built: TraitBuilt) -> tuple[Piece, ...]:
    changed = Piece(built.changed, Style.GOOD) if built.changed else dim(0)
    cleared = Piece(built.cleared, Style.WARNING) if built.cleared else dim(0)
    return name(built.name), Piece(built.of), Piece(built.values), changed, cleared


def _summary(result: TraitBuildResult) -> Line:
    traits, as_of = counted(len(result.traits), "trait"), instant(result.as_of)
    changed = sum(built.changed for built in result.traits)
    if result.dry_run:
        would = f"{counted(changed, 'value')} would change" if changed else "nothing would change"
        return line(strong("dry run"), f" of {traits} as of {as_of}: ", strong(would), "; nothing was written")
    changes = f"{counted(changed, 'value')} changed" if changed else "nothing changed"
    if all(built.unchanged for built in result.traits):
        again = "was" if len(result.traits) == 1 else "were"
        return line(f"{traits} {again} built as of {as_of} before, from the same definitions and files: ", strong(changes))
    return line(f"{traits} built as of {as_of}: ", strong(changes))
