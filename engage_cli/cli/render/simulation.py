"""What would have become of a journey: the sums, the steps, messages by day, the ways of some people."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from engage_cli.cli.render.blocks import EMPTY, Block, Column, line, name, strong, table
from engage_cli.cli.render.documents import instant
from engage_cli.cli.render.journey_show import way_blocks
from engage_cli.cli.render.journey_status import steps_table, sum_words
from engage_cli.service.simulate import Simulation


def simulation_blocks(result: Simulation) -> Iterator[Block]:
    """`journey simulate`."""
    stretch = f" of {instant(result.since)} to {instant(result.until)}; nothing was written"
    yield line(strong("simulation"), stretch)
    yield line(name(result.journey), f": {sum_words(result.standing)}")
    yield EMPTY
    yield steps_table(result.standing)
    if result.sends:
        yield EMPTY
        yield _sends(result)
    if result.people:
        yield EMPTY
        yield line("some of them:")
        for person in result.people:
            yield from way_blocks(person)


def _sends(result: Simulation) -> Block:
    """Messages by channel and day; where that are too many rows, by week, or month."""
    channels = sorted({one.channel for one in result.sends})
    days = {one.day for one in result.sends}
    fitting = (one for one in _STRETCHES if len({one[1](day) for day in days}) <= _ROWS)
    title, start = next(fitting, _STRETCHES[-1])
    sums: dict[str, Counter[str]] = {}
    for one in result.sends:
        sums.setdefault(start(one.day), Counter())[one.channel] += one.messages
    columns = (Column(title), *(Column(channel, right=True) for channel in channels))
    return table(columns, ((began, *(counts[channel] for channel in channels)) for began, counts in sums.items()))


_ROWS = 60
_STRETCHES: tuple[tuple[str, Callable[[date], str]], ...] = (
    ("messages on", date.isoformat),
    ("messages in the week from", lambda day: (day - timedelta(days=day.weekday())).isoformat()),
    ("messages in", lambda day: f"{day:%Y-%m}"),
    ("messages in", lambda day: f"{day:%Y}"),
)
