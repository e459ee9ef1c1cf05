"""Every step of a journey can be reached and left, and a goto leads forward, within its branch of a fork."""

from collections.abc import Iterator

from engage_cli.definitions.comparisons import ALWAYS
from engage_cli.definitions.journey import ExitOn, Journey
from engage_cli.definitions.journey_graph import JourneyGraph, Place, graph_of, ids_in
from engage_cli.definitions.journey_steps import Fork, Goto, Hold, HoldBranch, JourneyStep, Occurrence, Split, branches_of
from engage_cli.definitions.loaded import Loaded
from engage_cli.definitions.printing_where import where_tree
from engage_cli.definitions.rules.journey_ids import has_sound_ids
from engage_cli.source import Issue, Severity


def check(loaded: Loaded) -> Iterator[Issue]:
    """Every goto that leads nowhere it may, every step that nobody reaches, every hold that nobody leaves."""
    for journey in loaded.sound_journeys().values():
        if not has_sound_ids(journey):
            continue  # the issues about the ids come first
        graph = graph_of(journey)
        wrong = list(_gotos(graph))
        yield from wrong
        for step in journey.all_steps():
            match step:
                case Hold():
                    yield from _hold(step, journey)
                case Split():
                    yield from _split(step)
        if not wrong:
            yield from _unreachable(journey.steps, frozenset(graph.places[index].id for index in graph.reachable()))


# ---- goto ----------------------------------------------------------------------------------------------------------


def _gotos(graph: JourneyGraph) -> Iterator[Issue]:
    for place in graph.places:
        if not isinstance(place.node, Goto):
            continue
        span, target = place.node.span, graph.place(place.node.target)
        assert target is not None
        if target.index <= place.index:
            message = f"`goto` leads forward only, and `{target.id}` stands before it"
            yield Issue("goto", message, span, "a wait that begins again is a `hold` with a branch that says `restart: true`")
        elif (here := _fork_branches(graph, place)) != (there := _fork_branches(graph, target)):
            into = here[: len(there)] != there
            message = f"`goto` cannot lead {'into' if into else 'out of'} a branch of the fork `{(there if into else here)[-1][0]}`"
            yield Issue("goto", message, span, "a branch of a fork ends at its end, and the instance goes on when all have ended")


def _fork_branches(graph: JourneyGraph, place: Place) -> list[tuple[str, str]]:
    """The branches of forks in which a place stands, outermost first, each as (id of the fork, name of the branch)."""
    found: list[tuple[str, str]] = []
    inner = place.id
    while place.fork is not None:
        place = graph.places[place.fork]
        assert isinstance(place.node, Fork)
        name = next(branch.name for branch in place.node.branches if inner in ids_in(branch.steps))
        found.insert(0, (place.id, name))
        inner = place.id
    return found


# ---- reachability --------------------------------------------------------------------------------------------------


def _unreachable(steps: tuple[JourneyStep, ...], reachable: frozenset[str]) -> Iterator[Issue]:
    """The first step of every stretch that no path reaches."""
    was_reachable = True
    for step in steps:
        is_reachable = step.id in reachable
        if is_reachable:
            for _, inner in branches_of(step):
                yield from _unreachable(inner, reachable)
        elif was_reachable:
            message = "no path leads to this step: all that stands before it ends, or goes on elsewhere"
            yield Issue("unreachable", message, step.span, "take it out, or lead a `goto` to it")
        was_reachable = is_reachable


def _split(split: Split) -> Iterator[Issue]:
    for place, branch in enumerate(split.branches[:-1]):
        if branch.when is None:
            following = split.branches[place + 1]
            message = f"nobody comes to this branch: `{branch.name}` before it has no `when`, and takes everyone"
            yield Issue("unreachable", message, following.span, f"put `{branch.name}` last, or give it a `when`")
            return


# ---- holds ---------------------------------------------------------------------------------------------------------


def _hold(hold: Hold, journey: Journey) -> Iterator[Issue]:
    exits = [rule.on for rule in journey.exits if isinstance(rule, ExitOn)]
    dead: set[str] = set()
    for place, branch in enumerate(hold.branches):
        ending = next((on for on in exits if _comes_first(on, branch)), None)
        earlier = next((other for other in hold.branches[:place] if other.on is not None and _comes_first(other.on, branch)), None)
        if ending is not None:
            dead.add(branch.name)
            message = (
                f"`{branch.name}` is never taken: its event ends the instance, by the exit rule at {ending.span}, before it counts here"
            )
            yield Issue("never-taken", message, branch.span, "take the branch out, or the exit rule", Severity.WARNING)
        elif earlier is not None:
            dead.add(branch.name)
            message = f"`{branch.name}` is never taken: its event takes `{earlier.name}`, which stands before it"
            yield Issue("never-taken", message, branch.span, "put it before the other one", Severity.WARNING)
    if hold.duration is None and all(branch.restart or branch.name in dead for branch in hold.branches):
        message = "this hold never ends: it has no `for`, and no branch of it leads on"
        yield Issue("never-ends", message, hold.span, "write `hold: {for: 2 hours}`, or add a branch that leads on")


def _comes_first(other: Occurrence, branch: HoldBranch) -> bool:
    """Whether every event that takes a branch is one of another occurrence, too."""
    on = branch.on
    if on is None:
        return False
    names = "*" in other.names or set(on.names) <= set(other.names)
    where = other.where == ALWAYS or where_tree(other.where) == where_tree(on.where)
    return names and where and (other.match is None or other.match == on.match)
