"""Who stands where in a journey: the sums, the steps with their ways, editions, pauses."""

from collections.abc import Iterator

from engage_cli.cli.render.blocks import EMPTY, MISSING, Block, Column, Piece, Style, dim, line, name, table
from engage_cli.cli.render.documents import instant
from engage_cli.cli.render.experiments import message_blocks, variant_blocks
from engage_cli.service.journey_status import JourneyStanding, Pause, StepStanding

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEP_COLUMNS = (
    Column("step"),
    Column("does", wide=True, spare=True),
    Column("here", right=True),
    Column("came", right=True),
    Column("went on", right=True),
    Column("mean wait", right=True),
    Column("ways", wide=True),
)
_EDITION_COLUMNS = (
    Column("edition", right=True),
    Column("entered by what came after"),
    Column("entered", right=True),
    Column("inside", right=True),
)
_CAUSES = {
    "delay": "the wait was over",
    "none": "no branch",
    "joined": "all branches ended",
    "stopped": "stopped by hand",
    "changed": "the journey was edited",
}


def status_blocks(standing: JourneyStanding) -> Iterator[Block]:
    """`journey status`."""
    by_hand = () if standing.by_hand is None else (", by hand ", Piece(standing.by_hand, Style.WARNING))
    yield line(name(standing.journey), f" is {standing.status}", *by_hand, f", entered by: {standing.enters}")
    if standing.as_of is None or standing.since is None:
        yield line("no tick has seen it yet; `engage journey tick` runs it")
        return
    yield line(f"as of {instant(standing.as_of)}, since {instant(standing.since)}")
    yield line(sum_words(standing))
    yield from (line(_pause(pause)) for pause in standing.pauses)
    yield EMPTY
    yield steps_table(standing)
    if standing.results.unread is not None:
        yield EMPTY
        yield line(Piece("warning", Style.WARNING), f": what came of its messages is not known: {standing.results.unread}")
    if standing.results.messages:
        yield EMPTY
        yield from message_blocks(standing.results.messages, standing.results.skipped)
    for one in standing.results.experiments:
        yield EMPTY
        yield from variant_blocks(one.step, one.arms, with_goal=standing.goal is not None)
    if len(standing.editions) > 1:
        yield EMPTY
        rows = ((str(one.version), instant(one.from_at), one.entered, one.inside) for one in standing.editions)
        yield table(_EDITION_COLUMNS, rows)


def steps_table(standing: JourneyStanding) -> Block:
    """The steps, with who is there, came and went on."""
    return table(_STEP_COLUMNS, (_row(step) for step in standing.steps))


def sum_words(standing: JourneyStanding) -> str:
    """`5 entered, 2 inside, 3 ended: …`."""
    ended = sum(one.instances for one in standing.ended)
    reasons = ": " + ", ".join(f"{one.instances} {one.reason}" for one in standing.ended) if ended else ""
    goal = "" if standing.goal is None else f"; {standing.goal} reached the goal"
    return f"{standing.entered} entered, {standing.inside} inside, {ended} ended{reasons}{goal}"


def _pause(pause: Pause) -> str:
    until = "on" if pause.until is None else f"to {instant(pause.until)}"
    return f"nobody enters from {instant(pause.since)} {until}"


def _row(step: StepStanding) -> tuple[Piece | str | int, ...]:
    wait = MISSING if step.mean_wait_seconds is None else Piece(wait_words(step.mean_wait_seconds))
    here = Piece(step.here, Style.GOOD) if step.here else dim(0)
    ways = ", ".join(
        f"{cause_words(way.cause, way.branch)}: {way.moves}" for way in step.ways if way.cause not in ("delay", "done", "goto", "exit")
    )
    return name(step.step), step.does or dim("of an earlier edition"), here, step.arrived, step.passed, wait, ways


def cause_words(cause: str, branch: str | None) -> str:
    """By which way somebody left a step, or came."""
    match cause:
        case "branch":
            return branch or ""
        case "restart":
            return f"{branch} (again)"
        case "exit_rule":
            return f"exit rule {branch}"
        case _:
            return _CAUSES.get(cause, cause)


def wait_words(seconds: float) -> str:
    """How long: `45 s`, `12 min`, `2 h 30 min`, `3.2 days`."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < _DAY:
        minutes = round(seconds / _MINUTE)
        return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    return f"{seconds / _DAY:.1f}".removesuffix(".0") + (" day" if seconds == _DAY else " days")
