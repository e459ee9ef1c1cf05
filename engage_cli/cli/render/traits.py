"""Looks at computed traits: list, show, export."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from engage_cli.cli.render.blocks import EMPTY, MISSING, Block, Column, Piece, counted, line, name, table
from engage_cli.cli.render.documents import instant
from engage_cli.service.results.audiences import Export
from engage_cli.service.results.traits import TraitRow, TraitsShown

_LIST_COLUMNS = (Column("trait"), Column("of"), Column("computed of", wide=True), Column("description", wide=True, spare=True))
_SHOWN_COLUMNS = (Column("trait"), Column("value", wide=True))


def list_blocks(rows: Sequence[TraitRow]) -> Iterator[Block]:
    """Every computed trait."""
    if not rows:
        yield line("the project has no computed traits yet; write one in campaigns/traits/, such as:")
        yield line("  trait: orders")
        yield line("  compute: count")
        yield line("  event: Order Completed")
        return
    yield table(_LIST_COLUMNS, ((name(row.name), Piece(row.of), Piece(row.computed), Piece(row.description)) for row in rows))
    yield line(counted(len(rows), "trait"))


def shown_blocks(shown: TraitsShown) -> Iterator[Block]:
    """The traits of one user or account."""
    if not shown.known:
        yield line(f"{shown.subject_id} is in none of the sources as of {instant(shown.as_of)}")
        return
    yield line(name(shown.subject_id), f" as of {instant(shown.as_of)}")
    yield EMPTY
    yield table(_SHOWN_COLUMNS, ((name(one.name), MISSING if one.value is None else Piece(_plain(one.value))) for one in shown.values))


def _plain(value: str) -> str:
    """A text without its quotes, anything else as the JSON that it is."""
    parsed = json.loads(value)
    return parsed if isinstance(parsed, str) else value


def shown_document(shown: TraitsShown) -> dict[str, Any]:
    """`trait show`: the values by trait."""
    values = {one.name: None if one.value is None else json.loads(one.value) for one in shown.values}
    return {shown.of.one: shown.subject_id, "as_of": instant(shown.as_of), "known": shown.known, "traits": values}


def export_blocks(export: Export) -> Iterator[Block]:
    """Where the traits were written."""
    yield line(f"the traits of {counted(export.rows, export.of.one)} as of {instant(export.as_of)} written to {export.path}")
