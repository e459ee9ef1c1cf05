"""Audiences that name audiences stay within bounds when each is written out in place of its name."""

from collections.abc import Iterator

from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.reading import Mentioned
from engage_cli.definitions.rules.cycles import graph_of
from engage_cli.source import Issue

MAX_LEVELS = 50
MAX_AUDIENCES = 10_000


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every audience that is the first, from below, to pass a bound. Those in cycles have an issue already."""
    named = loaded.by_name()
    graph = graph_of(named)
    waiting = {name: len(following) for name, following in graph.items()}
    named_by: dict[str, list[str]] = {name: [] for name in graph}
    for name, following in graph.items():
        for other in following:
            named_by[other].append(name)
    sizes: dict[str, int] = {}
    levels: dict[str, int] = {}
    ready = [name for name, count in waiting.items() if count == 0]
    for name in ready:
        mentions = [mention.name for mention in named[name].mentioned(Mentioned.AUDIENCE) if mention.name in named]
        sizes[name] = 1 + sum(sizes[mention] for mention in mentions)
        levels[name] = 1 + max((levels[mention] for mention in mentions), default=0)
        if levels[name] > MAX_LEVELS or sizes[name] > MAX_AUDIENCES:
            bound = f"more than {MAX_LEVELS} levels deep" if levels[name] > MAX_LEVELS else f"more than {MAX_AUDIENCES:,} times in all"
            message = f"in the audience `{name}` audiences name each other {bound}"
            yield Issue("too-large", message, named[name].span, "define it by fewer other audiences")
            sizes[name], levels[name] = 1, 1  # those above have no issue of their own
        for above in named_by[name]:
            waiting[above] -= 1
            if waiting[above] == 0:
                ready.append(above)
