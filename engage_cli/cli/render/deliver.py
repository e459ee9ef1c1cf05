"""What was handed over, and what was not."""

from collections.abc import Iterator
from typing import Any

from engage_cli.cli.render.blocks import MISSING, Block, Column, Piece, Style, counted, dim, line, name, strong, table
from engage_cli.cli.render.documents import fields_of, instant
from engage_cli.cli.render.errors import error_blocks
from engage_cli.errors import EngageError
from engage_cli.service.results.delivery import ChannelDelivery, DeliveryResult

_COUNTS = ("messages", "before", "sent", "refused", "waiting", "uncertain", "skipped", "expired", "left")
_BAD = frozenset(("refused", "waiting", "uncertain", "left"))
_FAILURES = (Column("message"), Column("became"), Column("code"), Column("answer", wide=True))


def delivery_blocks(result: DeliveryResult) -> Iterator[Block]:
    """A row a channel of a run, and what went wrong."""
    if not result.channels:
        yield line("no run has messages that are left to be handed over")
        return
    counts = [one for one in _COUNTS if one in ("messages", "sent") or any(getattr(row, one) for row in result.channels)]
    titles = (Column("would send" if result.dry_run and one == "sent" else one, right=True) for one in counts)
    columns = (Column("run", wide=True), Column("channel"), Column("destination"), *titles)
    yield table(columns, (_row(one, counts) for one in result.channels))
    failures = [failure for one in result.channels for failure in one.failures]
    if failures:
        yield table(
            _FAILURES, ((dim(one.message_id), Piece(one.fate, Style.BAD), one.code or MISSING, one.answer or MISSING) for one in failures)
        )
    sent = sum(one.sent for one in result.channels)
    if result.dry_run:
        yield line(strong("dry run"), f" as of {instant(result.as_of)}: {counted(sent, 'message')} would be handed over; nothing was")
        return
    yield line(strong(f"{counted(sent, 'message')} handed over"), f"; what became of each is in {result.log}")
    for written in [one.file for one in result.channels if one.file is not None]:
        yield line(f"requests written to {written}")
    if result.lost:
        yield line(f"the delivery before was cut off: {counted(result.lost, 'message')} may have been sent by it")
    if any(one.uncertain or one.before for one in result.channels) and any(one.fate == "uncertain" for one in failures):
        yield line(dim("  uncertain: the server may have them; --resend-uncertain sends them again"))
    if any(one.fate == "refused" for one in failures):
        yield line(dim("  refused: --resend-refused sends them again, once what was wrong is mended"))


def _row(one: ChannelDelivery, counts: list[str]) -> tuple[Piece, ...]:
    destination = MISSING if one.destination is None else name(one.destination)
    return (Piece(one.run), Piece(one.channel), destination, *(_count(one, count) for count in counts))


def _count(one: ChannelDelivery, what: str) -> Piece:
    number = int(getattr(one, what))
    if not number:
        return dim(0)
    return Piece(number, Style.BAD if what in _BAD else Style.GOOD if what == "sent" else Style.PLAIN)


def warnings_of(result: DeliveryResult) -> Iterator[str]:
    """What somebody is to know beside the numbers: what no destination takes, cannot be handed over, or came too late."""
    for channel in sorted({one.channel for one in result.channels if one.destination is None}):
        number = sum(one.messages for one in result.channels if one.destination is None and one.channel == channel)
        yield f"no destination takes messages of {channel}: {number} stay where they are"
    for one in result.channels:
        if one.form != "jsonl":
            yield f"the messages of {one.run} on {one.channel} are {one.form}, and only jsonl can be handed over: {one.messages} are left"
        if one.expired:
            why = f"`send_at` is more than {one.expires_after} ago, the `expires_after` of the destination `{one.destination}`"
            yield f"{counted(one.expired, 'message')} of {one.run} on {one.channel} expired: {why}"


def warning_blocks(result: DeliveryResult) -> Iterator[Block]:
    """The warnings, and why a delivery ended early."""
    for words in warnings_of(result):
        yield line(Piece("warning", Style.WARNING), f": {words}")
    if result.stopped is not None:
        yield from error_blocks(EngageError(result.stopped, hint=result.hint), {})


def delivery_document(result: DeliveryResult) -> dict[str, Any]:
    """`deliver`."""
    return {**fields_of(result), "warnings": list(warnings_of(result))}
