"""What a journey reads of an instance is there: the events of its context, and the arrivals at steps, of some path to where it is read."""

from collections.abc import Callable, Iterator

from engage_cli.definitions.condition_walk import leaves_of
from engage_cli.definitions.conditions import ContextIs, EventDone, SequenceDone
from engage_cli.definitions.journey import ENTRY, EntryOn, Journey
from engage_cli.definitions.journey_graph import JourneyGraph, Node, Place, Way, graph_of
from engage_cli.definitions.journey_steps import Hold
from engage_cli.definitions.journey_walk import Asked, AskedCondition, Role, asked_by, references_asked
from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.rules.journey_ids import has_sound_ids
from engage_cli.definitions.values import ContextRef
from engage_cli.source import Issue, Span, did_you_mean, visible


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every reference to a context, and every `since: {step: …}`, that no path to its place can have."""
    for journey in loaded.sound_journeys().values():
        if not has_sound_ids(journey):
            continue  # the issues about the ids come first
        graph = graph_of(journey)
        context, arrivals = contexts_of(journey, graph), _arrivals_of(graph)
        for asked in asked_by(journey):
            known = context(asked)
            for name, span in _names_read(asked):
                if name not in known:
                    yield _unknown(name, span, journey, known)
            yield from _moments(asked, journey, arrivals(asked))


# ---- what is there where -------------------------------------------------------------------------------------------

_Known = Callable[[Asked], frozenset[str]]


def contexts_of(journey: Journey, graph: JourneyGraph) -> _Known:
    """The names that the context can have where something is asked."""
    start = frozenset({ENTRY}) if isinstance(journey.entry, EntryOn) else frozenset[str]()
    at = _forward(graph, start, lambda place, way: _taken(place.node, way.outcome))
    everything = start.union(
        *(at[place.id] | _taken(place.node, way.outcome) for place in graph.places for way in place.ways if place.id in at)
    )

    def known(asked: Asked) -> frozenset[str]:
        match asked.place.role:
            case Role.ENTRY:
                return start if isinstance(asked, AskedCondition) else frozenset()
            case Role.INSIDE:
                return everything
            case Role.STEP:
                place = graph.place(asked.place.step or "")
                assert place is not None
                return at.get(place.id, everything) | _taken(place.node, None)

    return known


def _taken(node: Node, outcome: str | None) -> frozenset[str]:
    """What a hold puts into the context by an outcome, or by its restarts while it waits."""
    if not isinstance(node, Hold):
        return frozenset()
    return frozenset(branch.name for branch in node.branches if branch.on is not None and (branch.restart or branch.name == outcome))


def _arrivals_of(graph: JourneyGraph) -> _Known:
    """The steps at which an instance can have arrived where something is asked."""
    at = _forward(graph, frozenset(), lambda place, _way: frozenset({place.id}))
    everything = frozenset(at)

    def known(asked: Asked) -> frozenset[str]:
        match asked.place.role:
            case Role.ENTRY:
                return frozenset()
            case Role.INSIDE:
                return everything
            case Role.STEP:
                step = asked.place.step or ""
                return at.get(step, everything) | {step}

    return known


def _forward(graph: JourneyGraph, start: frozenset[str], added: Callable[[Place, Way], frozenset[str]]) -> dict[str, frozenset[str]]:
    """What can have been gathered on the way to each place that some way leads to."""
    at = {graph.places[0].id: start}
    for place in graph.places:
        for way in place.ways if place.id in at else ():
            if way.target is not None:
                target = graph.places[way.target].id
                at[target] = at.get(target, frozenset()) | at[place.id] | added(place, way)
    return at


# ---- what is read --------------------------------------------------------------------------------------------------


def _names_read(asked: Asked) -> Iterator[tuple[str, Span]]:
    if isinstance(asked, AskedCondition):
        for leaf in leaves_of(asked.condition):
            if isinstance(leaf, ContextIs):
                yield leaf.path.name, leaf.span
    for reference, span in references_asked(asked):
        if isinstance(reference, ContextRef):
            yield reference.path.name, span


def _unknown(name: str, span: Span, journey: Journey, known: frozenset[str]) -> Issue:
    shown = visible(name)
    if name == ENTRY and isinstance(journey.entry, EntryOn):
        return Issue("unknown-context", "the event that enters has no context yet", span, "compare with a trait (`{trait: …}`) or a value")
    if name == ENTRY:
        message = "there is no `entry` in the context: people enter by a condition (`when`), and not by an event"
        return Issue("unknown-context", message, span, "compare with a trait (`{trait: …}`)")
    branches = {branch.name for step in journey.all_steps() if isinstance(step, Hold) for branch in step.branches if branch.on is not None}
    if name in branches:
        message = f"no path to here has taken the branch `{shown}`, whose event would be in the context"
    else:
        message = f"nothing puts `{shown}` into the context"
    listed = f"here it can have {', '.join(f'`{one}`' for one in sorted(known))}" if known else "here it has nothing"
    return Issue("unknown-context", message, span, did_you_mean(name, known) or listed)


def _moments(asked: Asked, journey: Journey, arrived: frozenset[str]) -> Iterator[Issue]:
    steps = {step.id for step in journey.all_steps()}
    for leaf in leaves_of(asked.condition) if isinstance(asked, AskedCondition) else ():
        match leaf:
            case EventDone(since=since) | SequenceDone(since=since) if since is not None:
                if asked.place.role is Role.ENTRY:
                    message = "who is about to enter has no moments of the journey"
                    yield Issue("unknown-context", message, since.span, "write a date, or `within: 30 days`")
                elif since.step is not None and since.step in steps and since.step not in arrived:
                    yield Issue("unknown-context", f"no path to here comes by the step `{visible(since.step)}`", since.span, None)
            case _:
                pass
