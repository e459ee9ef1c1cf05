"""A journey's steps as a graph that goes forward only: who walks its nodes in order meets every step after all that lead to it.

Read by the rules, by the tick and by `journey graph`. Nodes stand in the order written, what is inside a block after the block and before
what follows it. After the branches of a fork stands its join, where the instance goes on once the last branch has ended.
"""

from collections.abc import Iterator

from msgspec import Struct

from engage_cli.definitions.journey import Journey
from engage_cli.definitions.journey_steps import Delay, Exit, Fork, Goto, Hold, JourneyStep, Randomize, Split, branches_of, walk

ON = ":on"
"""The way out of a step that has only one: a delay, a send, a sync, a set; of a goto, to its target."""
NONE = ":none"
"""The way out of a split or a fork of which no branch holds."""
JOINED = ":joined"
"""The way out of a join."""


class Join(Struct, frozen=True):
    """Where the branches of a fork come together."""

    fork: str

    @property
    def id(self) -> str:
        """What a branch that has ended stands at: no step can be called so."""
        return f"{self.fork}:joined"


Node = JourneyStep | Join


class Way(Struct, frozen=True):
    """A way out of a node. `branch` names the branch of the step that it leads into; `target` is a place, None the end of the path."""

    outcome: str
    branch: str | None
    target: int | None


class Place(Struct, frozen=True):
    """A node and the ways out of it. `fork` is the place of the innermost fork around it, None outside of forks."""

    index: int
    node: Node
    ways: tuple[Way, ...]
    fork: int | None

    @property
    def id(self) -> str:
        """The step's id; of a join the id that it has in the state."""
        return self.node.id

    def way(self, outcome: str) -> Way:
        """The way of an outcome, which the place has."""
        return next(way for way in self.ways if way.outcome == outcome)


class JourneyGraph(Struct, frozen=True):
    """The places of a journey in order; the first is where an instance begins."""

    places: tuple[Place, ...]

    def place(self, step: str) -> Place | None:
        """The place of a step by its id."""
        return next((place for place in self.places if place.id == step), None)

    def join_of(self, fork: Place) -> Place:
        """The join of a fork."""
        return next(place for place in self.places if isinstance(place.node, Join) and place.node.fork == fork.id)

    def reachable(self) -> frozenset[int]:
        """The places that some way leads to, from the first on."""
        found, ahead = set[int](), [0] if self.places else []
        while ahead:
            index = ahead.pop()
            if index in found:
                continue
            found.add(index)
            ahead += [way.target for way in self.places[index].ways if way.target is not None]
        return frozenset(found)


def graph_of(journey: Journey) -> JourneyGraph:
    """The graph of a journey whose ids are unique and whose gotos lead to steps further down."""
    nodes = list(_nodes(journey.steps))
    index = {node.id: place for place, node in enumerate(nodes)}
    following = dict(_following(journey.steps, None))
    forks = dict(_forks(journey.steps, None))
    places = []
    for place, node in enumerate(nodes):
        ways = tuple(Way(outcome, branch, None if target is None else index[target]) for outcome, branch, target in _ways(node, following))
        fork = forks[node.fork if isinstance(node, Join) else node.id]
        places.append(Place(place, node, ways, None if fork is None else index[fork]))
    return JourneyGraph(tuple(places))


def _nodes(steps: tuple[JourneyStep, ...]) -> Iterator[Node]:
    for step in steps:
        yield step
        for _, inner in branches_of(step):
            yield from _nodes(inner)
        if isinstance(step, Fork):
            yield Join(step.id)


def _following(steps: tuple[JourneyStep, ...], after: str | None) -> Iterator[tuple[str, str | None]]:
    """Each step's id with the id of the node that follows it where nothing else is said; None at the end of the path."""
    for number, step in enumerate(steps):
        following = steps[number + 1].id if number + 1 < len(steps) else after
        yield step.id, following
        inside = Join(step.id).id if isinstance(step, Fork) else following
        for _, inner in branches_of(step):
            yield from _following(inner, inside)


def _forks(steps: tuple[JourneyStep, ...], fork: str | None) -> Iterator[tuple[str, str | None]]:
    """Each step's id with that of the innermost fork around it."""
    for step in steps:
        yield step.id, fork
        for _, inner in branches_of(step):
            yield from _forks(inner, step.id if isinstance(step, Fork) else fork)


def _ways(node: Node, following: dict[str, str | None]) -> Iterator[tuple[str, str | None, str | None]]:
    """(outcome, branch, target) of every way out of a node."""
    match node:
        case Join(fork):
            yield JOINED, None, following[fork]
        case Goto(target=target):
            yield ON, None, target
        case Exit():
            return
        case Hold() | Split() | Fork() | Randomize():
            after = Join(node.id).id if isinstance(node, Fork) else following[node.id]
            restarts = {branch.name for branch in node.branches if branch.restart} if isinstance(node, Hold) else set()
            for name, inner in branches_of(node):
                if name not in restarts:
                    yield name, name, inner[0].id if inner else after
            if isinstance(node, Split | Fork) and all(branch.when is not None for branch in node.branches):
                yield NONE, None, following[node.id]
        case _:
            yield ON, None, following[node.id]


def waits(node: Node) -> bool:
    """Whether somebody can stand at a node over time: at a delay, a hold, or where a fork's branches end."""
    return isinstance(node, Delay | Hold | Join)


def ids_in(steps: tuple[JourneyStep, ...]) -> frozenset[str]:
    """The ids of these steps and of all inside them."""
    return frozenset(step.id for step in walk(steps))
