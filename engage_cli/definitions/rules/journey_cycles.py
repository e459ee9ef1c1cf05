"""No two journeys read what the other does, directly or by way of others: within a tick one of them runs first."""

from collections.abc import Iterator
from itertools import pairwise

from engage_cli.definitions.journey_reads import journey_reads
from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.rules.cycles import shortest_cycle
from engage_cli.source import Issue


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every cycle, once: as met from its alphabetically first journey."""
    audiences = {name: one.definition for name, one in loaded.by_name().items() if one.definition is not None}
    traits = {trait.name: trait.definition for trait in loaded.traits if trait.definition is not None}
    reads = journey_reads(loaded.sound_journeys(), audiences, traits)
    reported: set[str] = set()
    for name in reads:
        cycle = shortest_cycle(reads, name) if name not in reported else None
        if cycle is None:
            continue
        reported.update(cycle)
        way = [*cycle, cycle[0]]
        places = [(one, other, reads[one][other]) for one, other in pairwise(way)]
        said = "; ".join(f"`{one}` reads `{other}` at {span}" for one, other, span in places)
        message = f"journeys read what each other do: {' → '.join(way)}"
        yield Issue("cycle", message, places[0][2], f"{said}; take one of these out")
