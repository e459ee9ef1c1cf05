"""Messages with what came of them, and variants beside the control."""

from collections.abc import Iterable, Iterator, Sequence

from engage_cli.cli.render.blocks import MISSING, Block, Column, Piece, Style, dim, line, name, table
from engage_cli.reports.experiments import Lift, Share, VariantReport, Verdict
from engage_cli.state.message_counts import SkippedMessages, StepMessages

_OUTCOMES = ("delivered", "opened", "clicked")
_MESSAGES = (Column("messages of"), *(Column(title, right=True) for title in ("sent", "not sent", "later", *_OUTCOMES, "bounced")))
_STYLES = {Verdict.BETTER: Style.GOOD, Verdict.WORSE: Style.BAD, Verdict.UNCLEAR: Style.PLAIN, Verdict.TOO_SMALL: Style.DIM}


def message_blocks(messages: Iterable[StepMessages], skipped: Sequence[SkippedMessages] = ()) -> Iterator[Block]:
    """A row a step that meant messages, and why some were not sent."""
    rows = [(name(one.step), one.sent, one.skipped, one.later, one.delivered, one.opened, one.clicked, one.bounced) for one in messages]
    if rows:
        yield table(_MESSAGES, rows)
    if skipped:
        yield line("not sent: ", ", ".join(f"{one.messages} {one.reason.replace('_', ' ')}" for one in skipped))


def variant_blocks(title: str, variants: Sequence[VariantReport], *, with_goal: bool) -> Iterator[Block]:
    """A row a variant. Without a goal nothing is said of conversions."""
    goal = (Column("converted", right=True), Column("lift over control", wide=True)) if with_goal else ()
    columns = (Column(title), *(Column(one, right=True) for one in ("people", "sent", *_OUTCOMES)), *goal)
    yield table(columns, (_row(one, with_goal=with_goal) for one in variants))


def _row(one: VariantReport, *, with_goal: bool) -> tuple[Piece | str | int, ...]:
    counts = one.counts
    told = [_part(counts.delivered, one.delivered), _part(counts.opened, one.opened), _part(counts.clicked, one.clicked)]
    cells: tuple[Piece | str | int, ...] = (name(counts.variant), counts.people, counts.sent, *told)
    if not with_goal:
        return cells
    return (*cells, _with_interval(counts.converted, one.converted), _lift(one))


def _part(number: int, share: Share | None) -> Piece:
    return MISSING if share is None else Piece(f"{number} ({share.value:.1%})")


def _with_interval(number: int, share: Share | None) -> Piece:
    return MISSING if share is None else Piece(f"{number} ({share.value:.1%}, {share.low:.1%} to {share.high:.1%})")


def _lift(one: VariantReport) -> Piece:
    if one.counts.is_control:
        return dim("control")
    return MISSING if one.lift is None else Piece(lift_words(one.lift), _STYLES[one.lift.verdict])


def lift_words(lift: Lift) -> str:
    """`+50% (+5% to +113%), p 0.026`."""
    if lift.p_value is None:
        return "too few people to tell"
    p_value = "p < 0.001" if lift.p_value < 0.001 else f"p {lift.p_value:.3f}"
    unclear = ", which may be chance" if lift.verdict is Verdict.UNCLEAR else ""
    if lift.value is None or lift.low is None or lift.high is None:
        nobody = "nobody of the control" if lift.value is None else "nobody"
        return f"{nobody} converted, {p_value}{unclear}"
    return f"{lift.value:+.0%} ({lift.low:+.0%} to {lift.high:+.0%}), {p_value}{unclear}"
