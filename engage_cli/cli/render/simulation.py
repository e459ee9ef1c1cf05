"""What would have become of a journey: the sums, the steps, messages by day, the ways of some people."""

from collections.abc import Iterator

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
        channels = sorted({one.channel for one in result.sends})
        by_day: dict[str, dict[str, int]] = {}
        for one in result.sends:
            by_day.setdefault(one.day.isoformat(), {})[one.channel] = one.messages
        yield EMPTY
        columns = (Column("messages on"), *(Column(channel, right=True) for channel in channels))
        yield table(columns, ((day, *(counts.get(channel, 0) for channel in channels)) for day, counts in by_day.items()))
    if result.people:
        yield EMPTY
        yield line("some of them:")
        for person in result.people:
            yield from way_blocks(person)
