"""Broadcasts: the list, what became of the recipients of one, what one person gets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engage_cli.broadcasts.counting import Waterfall
from engage_cli.cli.render.blocks import EMPTY, MISSING, Block, Column, Piece, Style, counted, dim, line, name, strong, table
from engage_cli.cli.render.documents import Json, fields_of, instant
from engage_cli.cli.render.experiments import variant_blocks
from engage_cli.service.broadcast_cancel import CancelResult
from engage_cli.service.broadcast_preview import BroadcastPreview
from engage_cli.service.broadcast_results import BroadcastChange, BroadcastsResult, TrialRun
from engage_cli.service.broadcast_seeds import SeedsResult
from engage_cli.service.broadcast_status import BroadcastLine, BroadcastStanding

_LIST = (
    Column("broadcast"),
    Column("status"),
    Column("channel"),
    Column("send at"),
    Column("recipients", right=True),
    Column("sent", right=True),
    Column("description", wide=True, spare=True),
)
_WATERFALL = (Column("recipients"), Column("number", right=True))
_RUN = (
    Column("broadcast"),
    *(Column(title, right=True) for title in ("recipients", "sent", "not sent", "later")),
    Column("next", wide=True),
)


def list_blocks(rows: Sequence[BroadcastLine]) -> Iterator[Block]:
    """Every broadcast."""
    if not rows:
        yield line("the project has no broadcasts yet; write one in campaigns/broadcasts/, such as:")
        yield line("  broadcast: hello")
        yield line("  {channel: email, recipients: {everyone: true}, template: hello}")
        return
    yield table(_LIST, (_list_row(row) for row in rows))
    yield line(counted(len(rows), "broadcast"))


def _list_row(row: BroadcastLine) -> tuple[Piece | str | int, ...]:
    at = MISSING if row.sending_at is None else Piece(instant(row.sending_at))
    recipients, sent = (MISSING if one is None else Piece(one) for one in (row.recipients, row.sent))
    return name(row.name), row.stands, row.channel, at, recipients, sent, row.description


# ---- what became of everybody --------------------------------------------------------------------------------------


def waterfall_blocks(fall: Waterfall, *, to_send: int | None = None) -> Iterator[Block]:
    """From everybody who was matched to those who are sent to: each row but the first and the last is taken off. `to_send`: in a dry run so
    many of these; the others were sent to before."""
    rows: list[tuple[Piece | str | int, ...]] = [("matched", strong(fall.matched))]
    rows += [(reason.replace("_", " "), Piece(number, Style.WARNING)) for reason, number in fall.skipped]
    if fall.later:
        rows.append(("deferred: sent later", Piece(fall.later)))
    if fall.open:
        rows.append(("deferred: wait for the winner", Piece(fall.open)))
    if to_send is not None and fall.sent > to_send:
        rows.append(("sent before", Piece(fall.sent - to_send)))
    rows.append(("sent", Piece(fall.sent, Style.GOOD)) if to_send is None else ("to send", Piece(to_send, Style.GOOD)))
    yield table(_WATERFALL, rows)


def sent_blocks(result: BroadcastsResult) -> Iterator[Block]:
    """What sending one broadcast did, or would do."""
    for one, why in result.idle:
        yield line(name(one), f": {why}; nothing was sent")
    for change in result.broadcasts:
        yield line(name(change.name), f" as of {instant(change.sending_at)}")
        yield from waterfall_blocks(change.waterfall, to_send=change.sent if result.dry_run else None)
        if change.winner is not None:
            yield line("the winner is ", strong(change.winner))
        if change.next_at is not None:
            yield line(f"the next are due at {instant(change.next_at)}")
        yield line()
    if result.trial is not None and result.broadcasts:
        yield from _trial_blocks(result.trial)
    if result.dry_run:
        yield line(strong("dry run"), f" as of {instant(result.as_of)}; nothing was written")
    elif result.broadcasts:
        yield line(strong(_decided(result.broadcasts)), f" as of {instant(result.as_of)}")
        yield from (line(f"wrote {path}") for path in result.written)


def _decided(changes: Sequence[BroadcastChange]) -> str:
    sent, skipped = sum(one.sent for one in changes), sum(one.skipped for one in changes)
    return f"{sent} sent, {skipped} not sent"


def _trial_blocks(trial: TrialRun) -> Iterator[Block]:
    if trial.segments:
        messages, segments = sum(number for _, number in trial.segments), sum(size * number for size, number in trial.segments)
        parts = ", ".join(f"{number} of {counted(size, 'segment')}" for size, number in trial.segments)
        yield line(f"{counted(messages, 'text message')} of ", strong(counted(segments, "segment")), f": {parts}")
        yield EMPTY
    for sample in trial.samples:
        variant = "" if sample.variant is None else f", variant {sample.variant}"
        yield line(dim(f"to {sample.user_id}{variant}"))
        yield from message_blocks(sample.line)
        yield EMPTY


def message_blocks(message: Mapping[str, Any]) -> Iterator[Block]:
    """A message of a file of messages."""
    for label, key in (("from", "from"), ("to", "to"), ("reply to", "reply_to"), ("subject", "subject")):
        if message.get(key) is not None:
            yield line(dim(f"  {label}: "), str(message[key]))
    if "variables" in message:
        yield line(dim("  template: "), str(message["template"]))
    for text in (message.get("text") or "").split("\n"):
        yield line(f"  {text}")


def problem_blocks(result: BroadcastsResult) -> Iterator[Block]:
    """What keeps a broadcast from being sent as it is, and what is good to know."""
    for change in result.broadcasts:
        if change.warning is not None:
            yield line(Piece("warning", Style.WARNING), f": `{change.name}`: {change.warning}")
    if result.trial is not None:
        if result.trial.missing is not None:
            yield line(Piece("warning", Style.WARNING), f": {result.trial.missing}; the links shown are of nobody")
        yield from (line(Piece("error", Style.BAD), f": {problem}") for problem in result.trial.problems)
        return
    for refused in result.refused:
        yield line(Piece("error", Style.BAD), f": {refused.message}")
        yield line(Piece("  hint: ", Style.GOOD), refused.hint)


def broadcasts_document(result: BroadcastsResult, *, verbose: bool = False) -> Json:
    """`broadcast send`, and the stage of `run`, for machines. `verbose`: with what it took, which alone differs from run to run."""
    document = fields_of(result)
    without = [*([] if verbose else ["timings"]), *([] if result.samples else ["samples"]), *([] if result.trial else ["trial"])]
    for key in without:
        del document[key]
    document["broadcasts"] = [_change_document(one) for one in result.broadcasts]
    document["idle"] = [{"name": one, "why": why} for one, why in result.idle]
    if result.trial is not None:
        document["trial"]["segments"] = [{"segments": size, "messages": number} for size, number in result.trial.segments]
    document["would_change" if result.dry_run else "changed"] = result.would_change
    return document


def _change_document(change: BroadcastChange) -> Json:
    return fields_of(change) | {"waterfall": waterfall_document(change.waterfall)}


def waterfall_document(fall: Waterfall) -> Json:
    """The counts by name; `deferred` is the sum of `later` and `open`."""
    return fields_of(fall) | {"skipped": dict(fall.skipped), "deferred": fall.deferred}


def status_document(standing: BroadcastStanding) -> Json:
    """`broadcast status`."""
    fall = standing.waterfall
    return fields_of(standing) | {"waterfall": None if fall is None else waterfall_document(fall)}


def cancel_document(result: CancelResult) -> Json:
    """`broadcast cancel`."""
    document = fields_of(result) | {"waterfall": waterfall_document(result.waterfall)}
    del document["recovered"]
    return document


# ---- in a run ------------------------------------------------------------------------------------------------------


def result_blocks(result: BroadcastsResult) -> Iterator[Block]:
    """What a run did for broadcasts: a row each, and the sum."""
    if result.broadcasts:
        yield table(_RUN, (_run_row(one) for one in result.broadcasts))
    if result.idle:
        yield line(dim(f"nothing was due of {counted(len(result.idle), 'broadcast')}"))
    if result.broadcasts:
        yield line(f"{counted(len(result.broadcasts), 'broadcast')} as of {instant(result.as_of)}: {_decided(result.broadcasts)}")


def _run_row(change: BroadcastChange) -> tuple[Piece | str | int, ...]:
    sent = Piece(change.sent, Style.GOOD) if change.sent else dim(0)
    next_at = MISSING if change.next_at is None else Piece(instant(change.next_at))
    return name(change.name), change.waterfall.matched, sent, change.skipped, change.waterfall.deferred, next_at


# ---- status, preview, cancel, seeds --------------------------------------------------------------------------------


def status_blocks(standing: BroadcastStanding) -> Iterator[Block]:
    """How a broadcast stands."""
    when = "by hand" if standing.sending_at is None else f"as of {instant(standing.sending_at)}"
    yield line(name(standing.name), f" {standing.stands}, by {standing.channel}, {when}")
    if standing.cancelled_at is not None:
        yield line(Piece("cancelled", Style.WARNING), f" at {instant(standing.cancelled_at)}")
    if standing.edited:
        yield line(Piece("edited", Style.WARNING), " since it was sent: what waits goes as it was then")
    if standing.waterfall is None or standing.as_of is None:
        return
    yield line(dim(f"the last run was as of {instant(standing.as_of)}"))
    yield EMPTY
    yield from waterfall_blocks(standing.waterfall)
    if standing.next_at is not None:
        yield line(f"the next are due at {instant(standing.next_at)}")
    if standing.winner is not None:
        yield line("the winner is ", strong(standing.winner))
    elif standing.decides_at is not None and standing.waterfall.open:
        yield line(f"the test is decided at {instant(standing.decides_at)}")
    if standing.variants:
        yield EMPTY
        yield from variant_blocks("variant", standing.variants, with_goal=standing.has_goal)
        if standing.measured_at is not None:
            yield line(dim(f"outcomes by {instant(standing.measured_at)}"))


def preview_blocks(result: BroadcastPreview) -> Iterator[Block]:
    """What somebody gets, or why not."""
    yield line(name(result.broadcast), f" for {result.user}, as of {instant(result.as_of)}")
    yield line(_became(result))
    if result.unsent is not None:
        yield line(Piece("but nobody gets it as it stands: ", Style.WARNING), result.unsent)
    if result.variant is not None:
        yield line(dim("variant: "), result.variant)
    if result.send_at is not None and result.became == "sent":
        yield line(dim("at: "), instant(result.send_at))
    if result.problem is not None:
        yield line(Piece("it cannot be rendered: ", Style.BAD), result.problem)
    for message in result.lines:
        yield EMPTY
        yield from message_blocks(message)


def _became(result: BroadcastPreview) -> Piece:
    match result.became:
        case "sent":
            return Piece("was sent" if result.recorded else "would be sent", Style.GOOD)
        case "open":
            return Piece("waits for the winner of the test", Style.WARNING)
        case "not_matched":
            return Piece("is not among the recipients", Style.WARNING)
        case reason:
            rule = "" if result.rule is None else f" ({result.rule})"
            was = "was not sent" if result.recorded else "would not be sent"
            return Piece(f"{was}: {_words(reason)}{rule}", Style.WARNING)


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def cancel_blocks(result: CancelResult) -> Iterator[Block]:
    """What cancelling did."""
    if result.cancelled_at is None:
        yield line(name(result.broadcast), " was sent to everybody: there is nothing to cancel")
        return
    if not result.changed:
        yield line(name(result.broadcast), f" was cancelled at {instant(result.cancelled_at)}: nothing changed")
        return
    would = "would be cancelled" if result.dry_run else "cancelled"
    yield line(name(result.broadcast), f" {would} as of {instant(result.cancelled_at)}: ", strong(f"{result.skipped} are not sent"))
    if result.waterfall.matched:
        yield from waterfall_blocks(result.waterfall)
    if result.dry_run:
        yield line(strong("dry run"), "; nothing was written")
    yield from (line(f"wrote {path}") for path in result.written)


def seeds_blocks(result: SeedsResult) -> Iterator[Block]:
    """Where the test messages were written."""
    what = f"{counted(result.messages, 'test message')} of {result.broadcast} to {counted(result.addresses, 'address', 'addresses')}"
    if result.written is None:
        yield line(strong("dry run"), f": {what}; nothing was written")
    else:
        yield line(f"{what} written to {result.written}")
