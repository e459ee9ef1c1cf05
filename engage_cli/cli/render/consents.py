"""What the `consent` commands say, in tables and as documents."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from engage_cli.cli.render.blocks import MISSING, Block, Column, Piece, Style, counted, dim, line, strong, table
from engage_cli.cli.render.documents import Json, fields_of, instant
from engage_cli.service.results.consents import ConsentCount, ConsentImport, ConsentStates, VerifiedToken
from engage_cli.source import visible

_REFUSED = 10
_REFUSED_COLUMNS = (Column("row", right=True), Column("code"), Column("reason", wide=True))
_STATE_COLUMNS = (Column("channel"), Column("group"), Column("status"), Column("since"), Column("state"))


def refused_blocks(result: ConsentImport, errors_file: str | None) -> Iterator[Block]:
    """The first of the refused rows, and where all of them are."""
    if not result.refused:
        return
    number = len(result.refused)
    yield line(
        Piece("warning", Style.WARNING),
        f": {counted(number, 'row')} of {visible(str(result.file))} {'is' if number == 1 else 'are'} refused",
    )
    yield table(_REFUSED_COLUMNS, ((one.row, one.code, one.reason) for one in result.refused[:_REFUSED]))
    if number > _REFUSED:
        yield line(dim(f"  and {number - _REFUSED} more"))
    if errors_file is not None:
        yield line("  all of them, with their reasons: ", errors_file)
    elif result.dry_run:
        yield line(dim("  without --dry-run, all of them are written to a file of errors"))


def import_blocks(result: ConsentImport) -> Iterator[Block]:
    """What was added, by channel, group and status."""
    if result.counts:
        yield _counts(result.counts, "rows")
    verb = "would be added" if result.dry_run else "added"
    told = [f"{counted(result.rows, 'row')}: {result.added} {verb}", f"{result.known} known before", f"{len(result.refused)} refused"]
    yield line(strong(", ".join(told)))


def states_blocks(result: ConsentStates) -> Iterator[Block]:
    """A user's states, or how many users have which."""
    if result.user is None:
        if result.counts:
            yield _counts(result.counts, "users")
        else:
            yield line(f"nobody has a subscription state as of {instant(result.as_of)}")
        return
    if not result.states:
        yield line(strong(result.user), f" has no subscription state as of {instant(result.as_of)}")
        return
    rows = (
        (one.channel, MISSING if one.group is None else Piece(one.group), one.status, _since(one.updated_at), one.state)
        for one in result.states
    )
    yield table(_STATE_COLUMNS, rows)


def _since(moment: datetime | None) -> Piece:
    return MISSING if moment is None else Piece(instant(moment))


def _counts(counts: Iterable[ConsentCount], title: str) -> Block:
    columns = (Column("channel"), Column("group"), Column("status"), Column(title, right=True))
    return table(columns, ((one.channel, MISSING if one.group is None else Piece(one.group), one.status, one.number) for one in counts))


# ---- documents -----------------------------------------------------------------------------------------------------


def import_document(result: ConsentImport) -> Json:
    """`consent import`."""
    return fields_of(result)


def states_document(result: ConsentStates) -> Json:
    """`consent list`."""
    return fields_of(result)


def token_blocks(result: VerifiedToken) -> Iterator[Block]:
    """What a token stands for."""
    group = "the whole channel" if result.group is None else f"the group {result.group}"
    yield line(strong(result.user), f" unsubscribes from {group} of {result.channel}")
    if result.message is not None:
        yield line(dim(f"  by the link of the message {result.message}"))


def token_document(result: VerifiedToken) -> Json:
    """`consent verify`."""
    return {**fields_of(result), "row": json.loads(result.row)}
