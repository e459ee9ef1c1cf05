"""What `journey pause`, `resume`, `archive` and `exit` did."""

from collections.abc import Iterator

from engage_cli.cli.render.blocks import Block, Piece, Style, counted, line, name, strong
from engage_cli.cli.render.documents import instant
from engage_cli.service.journey_hand import ExitResult, HandResult

_LIVE = "live"
_MEANS = {"paused": "nobody enters, those inside go on", "archived": "nothing moves", "draft": "it does not run"}


def hand_blocks(result: HandResult) -> Iterator[Block]:
    """`journey pause`, `resume`, `archive`."""
    journey, since = name(result.journey), f"from {instant(result.as_of)} on"
    if result.by_hand is None:
        means = f"runs as its definition says, which is {result.status}"
        yield line(journey, f" {means}, {since}" if result.changed else f" {means}: nothing changed")
    else:
        means = f"is {result.by_hand} by hand {since}"
        yield line(journey, f" {means}: {_MEANS[result.by_hand]}" if result.changed else f" {means}: nothing changed")
    if result.by_hand is None and result.status != _LIVE:
        yield line(Piece("  hint: ", Style.GOOD), f"{_MEANS[result.status]} until its file says `status: live`")


def exit_blocks(result: ExitResult, *, dry_run: bool) -> Iterator[Block]:
    """`journey exit`."""
    user, journey = strong(result.user), name(result.journey)
    if result.as_of is None:
        yield line("no tick has seen ", journey, " yet, so that nobody is inside: nothing changed")
        return
    if not result.stopped:
        yield line(user, " is not inside ", journey, ": nothing changed")
        return
    keys = [one.key for one in result.stopped if one.key is not None]
    which = f" ({', '.join(keys)})" if keys else ""
    would = (strong("dry run"), ": would take ") if dry_run else ("took ",)
    yield line(*would, user, " out of ", journey, f" as of {instant(result.as_of)}: {counted(len(result.stopped), 'instance')}{which}")
