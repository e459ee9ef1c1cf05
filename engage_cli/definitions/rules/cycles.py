"""No audience is defined by itself, directly or by way of others."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TypeVar

from engage_cli.definitions.loaded import Loaded, LoadedAudience
from engage_cli.definitions.reading import Mention, Mentioned
from engage_cli.source import Issue

T = TypeVar("T")
Graph = dict[str, dict[str, Mention]]
"""For each audience the audiences that it names, with the first mention of each."""


def graph_of(named: dict[str, LoadedAudience]) -> Graph:
    """Who names whom, among the audiences that exist."""
    graph: Graph = {}
    for name, audience in sorted(named.items()):
        graph[name] = {}
        for mention in audience.mentioned(Mentioned.AUDIENCE):
            if mention.name in named:
                graph[name].setdefault(mention.name, mention)
    return graph


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every cycle, once: the shortest that goes through its alphabetically first audience."""
    graph = graph_of(loaded.by_name())
    reported: set[str] = set()
    for name in graph:
        if name in reported:
            continue
        cycle = shortest_cycle(graph, name)
        if cycle is not None:
            reported.update(cycle)
            yield _issue(graph, cycle)


def shortest_cycle(graph: Mapping[str, Mapping[str, T]], start: str) -> list[str] | None:
    """The names on the shortest way from `start` back to it, `start` first."""
    came_from: dict[str, str] = {}
    queue = [start]
    for name in queue:
        for following in graph[name]:
            if following == start:
                return _way(came_from, start, name)
            if following not in came_from:
                came_from[following] = name
                queue.append(following)
    return None


def _way(came_from: dict[str, str], start: str, end: str) -> list[str]:
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]


def _issue(graph: Graph, cycle: list[str]) -> Issue:
    round_trip = [*cycle, cycle[0]]
    mentions = [graph[name][following] for name, following in pairwise(round_trip)]
    places = "; ".join(f"`{name}` names `{mention.name}` at {mention.span}" for name, mention in zip(cycle, mentions, strict=True))
    message = f"the audience `{cycle[0]}` is defined by itself: {' → '.join(round_trip)}"
    return Issue("cycle", message, mentions[0].span, f"{places}; take one of these out")
