"""What a broadcast says can be meant: zones are known, a winner is decided after the test, and journeys read of it what is there."""

from collections.abc import Iterator

from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.journey_reads import broadcast_reads, broadcasts_read
from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.values import SECONDS, Duration
from engage_cli.source import Issue, Severity


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every broadcast that is sent by clocks that nobody knows, or that journeys read and that reads journeys."""
    broadcasts = loaded.sound_broadcasts()
    for broadcast in broadcasts.values():
        yield from _clocks(broadcast, loaded)
        yield from _early_winner(broadcast)
    yield from _read_both_ways(broadcasts, loaded)


def _clocks(broadcast: Broadcast, loaded: Loaded) -> Iterator[Issue]:
    send_at = broadcast.send_at
    if loaded.config is not None and loaded.config.person_timezone is None and send_at is not None and send_at.local:
        message = "nobody has a time zone of their own, so that `local: true` is the project's zone for all"
        hint = "write `person_timezone: {trait: timezone}` in engage.yaml, or leave `local` out"
        yield Issue("no-zones", message, send_at.span, hint, Severity.WARNING)


def _early_winner(broadcast: Broadcast) -> Iterator[Issue]:
    """Nine o'clock comes to UTC+14 first, and to UTC-12 so long afterwards: before then not everybody of a test has been written to."""
    send_at, winner = broadcast.send_at, broadcast.winner
    if send_at is not None and send_at.local and winner is not None and _seconds(winner.after) < _ROUND_THE_WORLD:
        message = (
            f"the winner is decided {winner.after} after it is that time where it comes first (UTC+14), and with `local: true` others get "
            "theirs up to 26 hours later"
        )
        yield Issue("early-winner", message, winner.span, "write `after: 30 hours` or more, or leave `local` out", Severity.WARNING)


_ROUND_THE_WORLD = 26 * 3600


def _seconds(exact: Duration) -> int:
    return exact.amount * SECONDS[exact.unit]


def _read_both_ways(broadcasts: dict[str, Broadcast], loaded: Loaded) -> Iterator[Issue]:
    """A broadcast that journeys ask about is sent before they move, one that asks about journeys after they did."""
    audiences = {name: one.definition for name, one in loaded.by_name().items() if one.definition is not None}
    traits = {trait.name: trait.definition for trait in loaded.traits if trait.definition is not None}
    journeys = loaded.sound_journeys()
    readers = broadcasts_read(journeys, audiences)
    for name, journeys_read in broadcast_reads(broadcasts, journeys, audiences, traits).items():
        reader = next(((journey, read[name]) for journey, read in readers.items() if name in read), None)
        if reader is None or not journeys_read:
            continue
        other, span = next(iter(journeys_read.items()))
        message = (
            f"the broadcast `{name}` asks about the journey `{other}`, so that it is sent after journeys moved; "
            f"and the journey `{reader[0]}` asks about the broadcast"
        )
        yield Issue("cycle", message, span, f"`{reader[0]}` asks at {reader[1]}; take one of the two out")
