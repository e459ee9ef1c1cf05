"""One person's way through a journey: a table of moves for each instance, then where it stands and what it waits for."""

import json
from collections.abc import Iterator

from engage_cli.cli.render.blocks import EMPTY, MISSING, Block, Column, Piece, Style, counted, line, name, strong, table
from engage_cli.cli.render.data import shortened
from engage_cli.cli.render.documents import instant
from engage_cli.cli.render.explain import tree_blocks
from engage_cli.cli.render.journey_status import cause_words
from engage_cli.definitions.journey import JourneyStatus
from engage_cli.service.journey_show import Awaiting, InstanceShown, Made, Move, PersonInJourney
from engage_cli.service.journey_why import Absence

_COLUMNS = (
    Column("at"),
    Column("left"),
    Column("by", wide=True),
    Column("came to"),
    Column("event"),
    Column("made", wide=True),
)
_WITHIN = Column("within", wide=True)
_CONTEXT = 100


def person_blocks(person: PersonInJourney, *, whole: bool = False) -> Iterator[Block]:
    """`journey show`. `whole`: contexts uncut."""
    journey, user = name(person.journey), strong(person.user)
    if person.as_of is None:
        yield line("no tick has seen ", journey, " yet; `engage journey tick` runs it")
        return
    if not person.instances:
        yield line(user, " has never been in ", journey, f" as of {instant(person.as_of)}")
        if person.absence is not None:
            yield from _absence(person.absence, whole)
        return
    yield line(user, " in ", journey, f" as of {instant(person.as_of)}: {counted(len(person.instances), 'instance')}")
    for one in person.instances:
        yield EMPTY
        yield from _instance(person, one, whole)


def _absence(absence: Absence, whole: bool) -> Iterator[Block]:
    """Why somebody has never been in a journey."""
    if absence.status is not JourneyStatus.LIVE:
        yield line(f"the journey is {absence.status.value}: nobody enters")
    asked = absence.explanation
    if asked is None:
        yield line(f"what keeps them out cannot be asked: {absence.unexplained}")
    elif not asked.known:
        yield line("no source names them by then")
        if asked.nearest_user is not None:
            yield line(Piece("  hint: ", Style.GOOD), f"did you mean `{asked.nearest_user}`?")
    else:
        holds = "they meet its entry rule" if asked.member else "they do not meet its entry rule"
        yield line(holds, f", which counts events from {instant(absence.since)} on:")
        yield from tree_blocks(asked, whole=whole)
        if absence.without_if:
            yield line("its `if` asks for properties of the entry event, and is not shown")
        if asked.member:
            without = "" if absence.key is None else f" without a `{absence.key}`,"
            yield line(f"nobody enters by an event{without} of a pause, or that came in later than the late window")


def way_blocks(person: PersonInJourney) -> Iterator[Block]:
    """A line for each instance: the steps that it came to."""
    for one in person.instances:
        key = () if one.key is None else (f" {one.key}",)
        steps = [move.to_step for move in one.moves if move.to_step is not None and move.from_step != move.to_step]
        end = f"inside since {instant(one.entered_at)}" if one.ended_at is None else f"{one.end_reason} {instant(one.ended_at)}"
        yield line("  ", strong(person.user), *key, f": {' > '.join(steps)} ({end})")


def _instance(person: PersonInJourney, one: InstanceShown, whole: bool) -> Iterator[Block]:
    key = () if one.key is None else (strong(one.key), " ")
    by = "as a condition became true" if one.entry_event is None else f"by {one.entry_name} {one.entry_event}"
    known = f" as {one.user_id}" if one.user_id != person.user else ""
    end = ", is inside" if one.ended_at is None else f", ended {instant(one.ended_at)}: {one.end_reason}"
    goal = "" if one.goal_at is None else f"; reached the goal {instant(one.goal_at)}"
    yield line(*key, f"entered {instant(one.entered_at)}{known} {by}{end}{goal} (edition {one.edition})")
    forked = any(move.within for move in one.moves)
    yield table((*_COLUMNS, _WITHIN) if forked else _COLUMNS, (_row(move)[: 7 if forked else 6] for move in one.moves))
    for awaiting in one.awaiting:
        yield from _awaiting(awaiting, whole)
    if one.awaiting and one.leaves:
        by_time = "" if one.leaves_by is None else f", by time alone {instant(one.leaves_by)}"
        yield line(f"leaves {', or '.join(one.leaves)}{by_time}")


def _row(move: Move) -> tuple[Piece | str, ...]:
    made = ", ".join(_made(one) for one in move.made)
    end = Piece("(end)", Style.DIM) if move.from_step is not None and not move.within else MISSING
    return (
        instant(move.at),
        MISSING if move.from_step is None else name(move.from_step),
        cause_words(move.cause, move.branch),
        end if move.to_step is None else name(move.to_step),
        move.event or MISSING,
        made or MISSING,
        move.within or MISSING,
    )


def _made(made: Made) -> str:
    match made.kind:
        case "message":
            return f"{made.name} by {made.value}"
        case "set":
            return f"{made.name} = {made.value}"
        case _:
            return f"{made.name}: {made.value}" + ("" if made.until is None else f" until {instant(made.until)}")


def _awaiting(awaiting: Awaiting, whole: bool) -> Iterator[Block]:
    within = f" (within {awaiting.within})" if awaiting.within else ""
    until = "" if awaiting.until is None else f", until {instant(awaiting.until)} at most"
    if not awaiting.awaits and awaiting.until is not None:
        until = f", until {instant(awaiting.until)}"
    restarted = "" if awaiting.since == awaiting.arrived_at else f", anew since {instant(awaiting.since)}"
    yield line("stands at ", name(awaiting.step), f"{within}: {awaiting.does}, since {instant(awaiting.arrived_at)}{restarted}{until}")
    for one in awaiting.awaits:
        yield line(f"  or {one}" if one != awaiting.awaits[0] else f"  awaits {one}")
    for known, value in awaiting.context.items():
        text = json.dumps(value, ensure_ascii=False)
        yield line(f"  knows {known}: ", text if whole else shortened(text, _CONTEXT))
