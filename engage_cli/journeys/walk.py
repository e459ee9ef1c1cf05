"""One walk: every place of a journey's graph in order, and at each all tokens that stand there, in a few statements."""

from datetime import datetime

from msgspec import Struct

from engage_cli.definitions.journey import Journey
from engage_cli.definitions.journey_graph import ON, Join, JourneyGraph, Place, ids_in
from engage_cli.definitions.journey_steps import Delay, Exit, Fork, Goto, Hold, JourneyStep, Randomize, Send, SetTrait, Split, Sync
from engage_cli.engine.base import Engine
from engage_cli.journeys.acting import act_send, act_set, act_sync
from engage_cli.journeys.asking import Asker
from engage_cli.journeys.choosing import choose_branch, draw_arm
from engage_cli.journeys.forking import fork_out, join_up
from engage_cli.journeys.happening import Awaited
from engage_cli.journeys.waiting import leave_delay, leave_hold
from engage_cli.journeys.work import ROOT, count
from engage_cli.state.instants import stored


class Walk(Struct, frozen=True):
    """One version of a journey, walked up to `until` (aware, UTC)."""

    engine: Engine
    journey: Journey
    graph: JourneyGraph
    asker: Asker
    until: datetime
    zone: str
    """The project's."""
    awaited: tuple[Awaited, ...]
    """Every `on` after the entry."""

    def run(self) -> None:
        """Move every token of `w_token` as far as it comes, to `w_log` and `w_stay`, `w_end`, `w_sent`, `w_set`, `w_synced`."""
        self._make_paths()
        standing = {int(row[0]) for row in self.engine.rows("SELECT DISTINCT place FROM w_token")}
        led_to: set[int | None] = {0}
        for place in self.graph.places:
            if place.index in standing or (place.index in led_to and count(self.engine, _STANDING, place.index)):
                self._leave(place)
                led_to.update(way.target for way in place.ways)

    def _make_paths(self) -> None:
        tokens = paths(self.graph)
        self.engine.execute(_PATHS, [[token for token, _ in tokens], [parent for _, parent in tokens]])
        beside = [(one, other) for one, _ in tokens for other, _ in tokens if _are_beside(one, other)]
        self.engine.execute(_BESIDE, [[one for one, _ in beside], [other for _, other in beside]])
        ways = [(place.index, way) for place in self.graph.places for way in place.ways]
        names = [None if way.target is None else _name(self.graph.places[way.target]) for _, way in ways]
        self.engine.execute(_WAYS, [[index for index, _ in ways], [way.outcome for _, way in ways], [way.target for _, way in ways], names])

    def _leave(self, place: Place) -> None:
        """Move the tokens on that stand at a place and leave it; those that stay are kept."""
        match place.node:
            case Send() | Sync() | SetTrait() | Goto():
                self._pass(place, place.node)
            case _:
                self.make_here(place)
                self._wait(place)

    def make_here(self, place: Place) -> None:
        """Make `w_here` of the tokens that stand at a place, with what is known of their instances."""
        self.engine.execute(_HERE, [place.index])

    def _pass(self, place: Place, node: Send | Sync | SetTrait | Goto) -> None:
        """What is done here is done at once, and everybody goes on."""
        cause = "done"
        match node:
            case Send():
                act_send(self, node, place)
            case Sync():
                act_sync(self, node, place)
            case SetTrait():
                act_set(self, node, place)
            case Goto():
                cause = "goto"
        target = place.way(ON).target
        to_step = None if target is None else _name(self.graph.places[target])
        self.engine.execute(_LOG_ALL, [place.id, to_step, cause, place.index, place.index])
        if target is None:
            self.engine.execute(_END_ALL, [place.index, place.index])
        else:
            self.engine.execute(_ARRIVE_ALL, [target, place.index])

    def _wait(self, place: Place) -> None:
        """Make `w_left` of the tokens in `w_here`, keep those that stay, and move the others on."""
        match place.node:
            case Delay():
                leave_delay(self, place.node)
            case Hold():
                leave_hold(self, place.node, place)
            case Split():
                choose_branch(self, place.node)
            case Randomize():
                draw_arm(self, place.node)
            case Fork():
                fork_out(self, place.node, place)
                return
            case Join():
                join_up(self, place)
            case Exit():
                self.engine.execute(_EXIT, [place.node.reason, place.index])
                return
        self.move_on(place)

    def move_on(self, place: Place) -> None:
        """Log the tokens of `w_left`, and let each arrive where its way leads."""
        source = place.node.fork if isinstance(place.node, Join) else place.id
        self.engine.execute(_LOG, [source, place.index, place.index])
        if any(way.target is not None for way in place.ways):
            self.engine.execute(_ARRIVE, [place.index])
        if any(way.target is None for way in place.ways):
            self.engine.execute(_END, [place.index, place.index])

    @property
    def limit(self) -> datetime:
        """The last instant of the walk, as the tables have it."""
        return stored(self.until)


def paths(graph: JourneyGraph) -> list[tuple[str, str | None]]:
    """Every token with the one that it is a branch of, in the order written, depth first; the first is the instance's own."""
    found: list[tuple[str, str | None]] = []

    def visit(token: str, fork: int | None, parent: str | None) -> None:
        found.append((token, parent))
        for place in graph.places:
            if isinstance(place.node, Fork) and place.fork == fork and _inside(graph, place, token):
                for branch in place.node.branches:
                    inner = f"{place.id}:{branch.name}"
                    visit(f"{token}/{inner}" if token else inner, place.index, token)

    visit(ROOT, None, None)
    return found


def _are_beside(token: str, other: str) -> bool:
    """Whether two tokens are in different branches of one fork."""
    steps = zip(token.split("/"), other.split("/"), strict=False)
    ours, theirs = next(((a, b) for a, b in steps if a != b), ("", ""))
    return ours != theirs and ours.partition(":")[0] == theirs.partition(":")[0]


def _inside(graph: JourneyGraph, place: Place, token: str) -> bool:
    """Whether a fork that stands directly in the fork of `token`'s last branch stands in that very branch."""
    if place.fork is None:
        return token == ROOT
    fork = graph.places[place.fork].node
    assert isinstance(fork, Fork)
    name = token.rsplit("/", 1)[-1].partition(":")[2]
    return any(branch.name == name and _holds(branch.steps, place.id) for branch in fork.branches)


def _holds(steps: tuple[JourneyStep, ...], step: str) -> bool:
    return step in ids_in(steps)


def _name(place: Place) -> str | None:
    """A place as the log names it: none where a branch of a fork ends."""
    return None if isinstance(place.node, Join) else place.id


_PATHS = """
    CREATE OR REPLACE TEMP TABLE w_path AS
    SELECT token, parent, CAST(row_number() OVER () - 1 AS INTEGER) AS place_in_order
    FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS token, unnest(CAST(? AS VARCHAR[])) AS parent)
"""
_BESIDE = """
    CREATE OR REPLACE TEMP TABLE w_beside AS SELECT unnest(CAST(? AS VARCHAR[])) AS token, unnest(CAST(? AS VARCHAR[])) AS other
"""
_WAYS = """
    CREATE OR REPLACE TEMP TABLE w_way AS
    SELECT unnest(CAST(? AS INTEGER[])) AS place, unnest(CAST(? AS VARCHAR[])) AS outcome, unnest(CAST(? AS INTEGER[])) AS target,
        unnest(CAST(? AS VARCHAR[])) AS to_step
"""
_STANDING = "SELECT count(*) FROM w_token WHERE place = ?"
_HERE = """
    CREATE OR REPLACE TEMP TABLE w_here AS
    SELECT t.*, i.instance_id, i.user_key, i.user_id, i.key, i.entered_at, i.entry_event, i.entry_name, i.last_at AS instance_last_at,
        p.place_in_order, i.who
    FROM w_token AS t JOIN w_instance AS i USING (instance) JOIN w_path AS p USING (token)
    WHERE t.place = ?
"""
# What everybody does who stands at a place: they go on at the instant of their arrival.
_LOG_ALL = """
    INSERT INTO w_log
    SELECT instance, token, CAST(? AS VARCHAR), CAST(? AS VARCHAR), arrived_at, CAST(? AS VARCHAR), NULL, NULL, action, CAST(? AS DOUBLE),
        action
    FROM w_token WHERE place = ?
"""
_ARRIVE_ALL = """
    INSERT INTO w_token
    SELECT instance, token, CAST(? AS INTEGER), arrived_at, arrived_at, arrived_at, context, used, TRUE, NULL, action
    FROM w_token WHERE place = ?
"""
_END_ALL = """
    INSERT INTO w_end SELECT instance, token, arrived_at, 'completed', action, CAST(? AS DOUBLE) FROM w_token WHERE place = ?
"""
_LOG = """
    INSERT INTO w_log
    SELECT l.instance, l.token, CAST(? AS VARCHAR), w.to_step, l.moved_at, l.cause, l.branch, l.event, l.action, CAST(? AS DOUBLE), l.own
    FROM w_left AS l JOIN w_way AS w ON w.place = ? AND w.outcome = l.outcome
"""
_ARRIVE = """
    INSERT INTO w_token
    SELECT l.instance, l.token, w.target, l.moved_at, l.moved_at, l.moved_at, l.context, l.used, TRUE, NULL, l.action
    FROM w_left AS l JOIN w_way AS w ON w.place = ? AND w.outcome = l.outcome
    WHERE w.target IS NOT NULL
"""
_END = """
    INSERT INTO w_end
    SELECT l.instance, l.token, l.moved_at, 'completed', l.action, CAST(? AS DOUBLE)
    FROM w_left AS l JOIN w_way AS w ON w.place = ? AND w.outcome = l.outcome
    WHERE w.target IS NULL
"""
_EXIT = """
    INSERT INTO w_end SELECT instance, token, arrived_at, CAST(? AS VARCHAR), action, CAST(? AS DOUBLE) FROM w_here
"""
