"""No trait is computed of itself, directly or by way of others."""

from collections.abc import Iterator, Mapping

from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.trait import Trait
from engage_cli.definitions.trait_references import traits_of
from engage_cli.source import Issue


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every cycle, once: as met from its alphabetically first trait."""
    traits: dict[str, Trait] = {}
    for trait in loaded.traits:
        if trait.definition is not None:
            traits.setdefault(trait.name, trait.definition)
    done: set[str] = set()
    for name in sorted(traits):
        cycle = _cycle(traits, name, done)
        if cycle is not None:
            done.update(cycle)
            shown = " → ".join([*cycle, cycle[0]])
            message = f"the trait `{cycle[0]}` is computed of itself: {shown}"
            yield Issue("cycle", message, traits[cycle[0]].source_span, "take one of these out")


def _cycle(traits: Mapping[str, Trait], start: str, done: set[str]) -> list[str] | None:
    """A shortest way from `start` back to it, through traits that are in no reported cycle."""
    came_from: dict[str, str] = {}
    queue = [start]
    for name in queue:
        for following in traits_of(traits[name]):
            if following == start and start not in done:
                way = [name]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if following in traits and following not in came_from and following not in done:
                came_from[following] = name
                queue.append(following)
    return None
