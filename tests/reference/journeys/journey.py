"""One journey over all ticks: lets people in and moves them, one action after the other, in the order of logical time."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from hashlib import md5
from typing import Any

from tests.reference.dataset import Event
from tests.reference.instants import later
from tests.reference.journeys.actions import RESTARTS, TIMERS, Action, Possible
from tests.reference.journeys.changes import MICROSECOND
from tests.reference.journeys.delays import delay_end, person_zone
from tests.reference.journeys.graph import Step, Way, graph_of
from tests.reference.journeys.instance import ROOT, Instance, Token
from tests.reference.journeys.occurrences import Clock
from tests.reference.journeys.rows import (
    COMPLETED,
    EXITED,
    GOAL,
    Candidate,
    Entry,
    GoalReached,
    Position,
    Synced,
    TraitSet,
    Transition,
    candidate_id,
    instance_id,
)
from tests.reference.journeys.world import World
from tests.reference.messages.quiet import awake_from
from tests.reference.paths import values_at
from tests.reference.ties import Ledger, Made, Stay
from tests.reference.values import Value, is_missing, read_text

BUCKETS = 2**32


class Walk:
    """The instances of one journey and what they did."""

    def __init__(self, journey: Mapping[str, Any], world: World) -> None:
        self.name: str = journey["journey"]
        self.instances: list[Instance] = []
        self.candidates: list[Candidate] = []
        self.syncs: list[Synced] = []
        self.possible = Possible(journey, world)
        self._world = world
        self._zone_trait = world.history.zone_trait
        self._graph = graph_of(journey)
        self._keyed = "key" in journey["entry"]
        self._exits = journey.get("exit", [])
        self._goal_ends = journey.get("goal", {}).get("exit", False)
        self._tick = 0

    def start_tick(self, number: int) -> None:
        """Remember where everybody stood before the tick."""
        self._tick = number
        for instance in self.instances:
            instance.last_before = instance.last_at

    # ---- entering

    def enter(self, user_id: str, key: str | None, at: datetime, event: Event | None, clock: Clock) -> None:
        """Let somebody in. An exit that is met at once ends the instance before its first step."""
        made = instance_id(self.name, user_id, key, event.message_id if event else at)
        entry = Entry(made, self.name, user_id, key, at, event.message_id if event else None)
        context = {"entry": (at - MICROSECOND, event.properties)} if event else {}
        first = self._graph.steps[self._graph.first]
        root = Token(ROOT, (), first, at, self._tick, at, dict(context))
        instance = Instance(entry, event, root, self._tick, {ROOT: root})
        self.instances.append(instance)
        root.use(at, {event.message_id} if event else set())
        self._log(instance, root, None, first.id, at, "entry", event=event)
        self._tell()
        while (action := self.possible.next(instance, clock)) and action.at == at and action.rank == 0 and instance.is_open:
            self.act(instance, action)
        if instance.is_open:
            self._arrive(instance, root, first.id, at)

    # ---- acting

    def act(self, instance: Instance, action: Action) -> None:
        """Do what comes next, and all that follows from it without waiting."""
        token = action.token
        if token is None:
            self._exit_or_reach_goal(instance, action)
            return
        event = action.event
        moved_by = {event.message_id} if event else set()
        instance.moved_by |= moved_by
        if action.rank == RESTARTS:
            assert event is not None and action.way is not None
            token.use(action.at, moved_by)
            self._log(instance, token, token.step.id, token.step.id, action.at, "restart", action.way.name, event)
            self._carry(token, action.way.name, action.at, event)
            if instance.event is not None and event.name == instance.event.name:
                self._carry(token, "entry", action.at, event)
            token.waiting_since = action.at
            token.restarted_by |= moved_by
        elif action.way is not None:
            token.use(action.at, moved_by)
            if event is not None:
                self._carry(token, action.way.name, action.at, event)
            self._go(instance, token, action.way.to, action.at, "branch", action.way.name, event)
        elif action.rank == TIMERS and token.step.kind == "hold":
            self._go(instance, token, token.step.timeout, action.at, "timeout")
        else:
            self._go(instance, token, token.step.next, action.at, "delay")

    def _carry(self, token: Token, name: str, at: datetime, event: Event) -> None:
        token.context[name] = (at, event.properties)

    def _exit_or_reach_goal(self, instance: Instance, action: Action) -> None:
        if action.rule is not None:
            self._end(instance, action.at, EXITED, "exit_rule", str(action.rule + 1), action.event)
            return
        assert action.event is not None
        instance.goal = GoalReached(instance.entry.instance_id, action.event.timestamp, action.event.message_id)
        if self._goal_ends and instance.is_open:
            self._end(instance, action.at, GOAL, "goal", None, action.event)

    # ---- moving

    def _go(
        self,
        instance: Instance,
        token: Token,
        to: str | None,
        at: datetime,
        cause: str,
        branch: str | None = None,
        event: Event | None = None,
    ) -> None:
        """Move a token on; where its way ends, its fork or the instance may."""
        self._log(instance, token, token.step.id, to, at, cause, branch, event)
        if to is not None:
            self._arrive(instance, token, to, at)
        elif token.parent is None:
            del instance.tokens[token.name]
            self._close(instance, at, COMPLETED)
        else:
            del instance.tokens[token.name]
            self._join(instance, token, token.parent, at)

    def _join(self, instance: Instance, token: Token, parent: Token, at: datetime) -> None:
        """A branch of a fork has ended; with the last of them the fork goes on, with what was put in last: of one instant, in the branch that
        ended last."""
        parent.use(at, token.used if token.used_at == at else set())
        for name, carried in token.context.items():
            if carried[0] >= parent.context.get(name, carried)[0]:
                parent.context[name] = carried
        parent.branches_left -= 1
        if parent.branches_left == 0:
            instance.tokens[parent.name] = parent
            self._go(instance, parent, parent.step.next, at, "joined")

    def _arrive(self, instance: Instance, token: Token, step_id: str, at: datetime) -> None:
        """Come to a step, and through it if it does not wait."""
        step = self._graph.steps[step_id]
        token.step, token.arrived_at, token.waiting_since, token.leaves_at = step, at, at, None
        token.arrived_in, token.restarted_by = self._tick, set()
        token.use(at, set())
        instance.arrivals[step_id] = at
        match step.kind:
            case "hold":
                pass
            case "delay":
                leaves_at = delay_end(self._delay(step), self._subject(instance, token), self._zone_trait)
                if leaves_at > at:
                    token.leaves_at = leaves_at
                else:
                    self._go(instance, token, step.next, at, "delay")
            case "split":
                way = next(self._held(instance, token), None)
                if way is None:
                    self._go(instance, token, step.next, at, "none")
                else:
                    self._go(instance, token, way.to, at, "branch", way.name)
            case "randomize":
                way = self._drawn(instance, step)
                self._go(instance, token, way.to, at, "branch", way.name)
            case "fork":
                self._fork(instance, token, at)
            case "exit":
                self._log(instance, token, step_id, None, at, "exit")
                del instance.tokens[token.name]
                self._end(instance, at, step.what, "exit")
            case "goto":
                self._go(instance, token, step.next, at, "goto")
            case _:
                self._do(instance, token, step, at)
                self._go(instance, token, step.next, at, "done")

    @staticmethod
    def _delay(step: Step) -> Any:
        """What the delay says; an offset may stand beside `until` or beside `delay`."""
        if "offset" in step.definition:
            return {**step.what, "offset": step.definition["offset"]}
        return step.what

    def _held(self, instance: Instance, token: Token) -> Iterator[Way]:
        """The branches whose condition holds at the arrival; one without a condition always does."""
        for way in token.step.ways:
            condition = way.definition.get("when")
            if condition is None or self._holds(condition, instance, token):
                yield way

    def _fork(self, instance: Instance, token: Token, at: datetime) -> None:
        ways = list(self._held(instance, token))
        if not ways:
            self._go(instance, token, token.step.next, at, "none")
            return
        del instance.tokens[token.name]
        token.branches_left = len(ways)
        for way in ways:
            name = f"{token.step.id}:{way.name}"
            if token.name:
                name = f"{token.name}/{name}"
            child = Token(name, (*token.order, way.place), token.step, at, self._tick, at, dict(token.context), token)
            child.use(at, token.used)
            instance.tokens[name] = child
            self._go(instance, child, way.to, at, "branch", way.name)
            if not instance.is_open:
                return

    def _drawn(self, instance: Instance, step: Step) -> Way:
        entry = instance.entry
        who = entry.user_id if not self._keyed else f"{entry.user_id}\x1f{entry.key}"
        if step.definition.get("reassign"):
            who = entry.instance_id
        h = int(md5(f"{self.name}.{step.id}:{who}".encode()).hexdigest()[:8], 16)
        cumulated = Fraction(0)
        for way in step.ways:
            cumulated += Fraction(str(way.definition["percent"]))
            if h * 100 < cumulated * BUCKETS:
                return way
        raise ValueError(f"the percentages of {step.id} do not make 100")

    def _do(self, instance: Instance, token: Token, step: Step, at: datetime) -> None:
        """Send, sync, set: what leaves a row."""
        made, user_id, definition = instance.entry.instance_id, instance.entry.user_id, step.definition
        match step.kind:
            case "send":
                candidate = candidate_id(made, step.id, user_id)
                channel = definition["channel"]
                zone = person_zone(self._subject(instance, token), self._zone_trait)
                send_at = awake_from(at, self._world.history.quiet_hours, zone)
                self.candidates.append(Candidate(candidate, made, self.name, step.id, user_id, channel, definition["send"], at, send_at))
            case "set":
                value = self._value(definition["to"], instance, token)
                if not is_missing(value):
                    row = TraitSet(made, step.id, user_id, definition["set"], value, at)
                    self._world.note_set(row, (self.name, instance.entry.entered_at))
            case "sync":
                remove_at = later(at, definition["remove_after"], self._world.zone) if "remove_after" in definition else None
                properties = {name: self._value(value, instance, token) for name, value in definition.get("properties", {}).items()}
                there = tuple((name, value) for name, value in properties.items() if not is_missing(value))
                told = Synced(made, step.id, user_id, step.what, at, definition.get("list"), remove_at, definition.get("event"), there)
                self.syncs.append(told)
        self._tell()

    def _value(self, value: Any, instance: Instance, token: Token) -> Value:
        return self._subject(instance, token).referred(value).value if isinstance(value, Mapping) else value

    # ---- ends

    def _end(
        self, instance: Instance, at: datetime, reason: str, cause: str, branch: str | None = None, event: Event | None = None
    ) -> None:
        """End the instance wherever its tokens stand."""
        for token in sorted(instance.tokens.values(), key=lambda token: token.order):
            self._log(instance, token, token.step.id, None, at, cause, branch, event)
        instance.tokens.clear()
        self._close(instance, at, reason)

    def _close(self, instance: Instance, at: datetime, reason: str) -> None:
        instance.entry = replace(instance.entry, ended_at=at, end_reason=reason)
        self._tell()

    # ---- rows and conditions

    def _log(
        self,
        instance: Instance,
        token: Token,
        from_step: str | None,
        to_step: str | None,
        at: datetime,
        cause: str,
        branch: str | None = None,
        event: Event | None = None,
    ) -> None:
        event_id = event.message_id if event else None
        row = Transition(instance.entry.instance_id, len(instance.log) + 1, token.name, from_step, to_step, at, cause, branch, event_id)
        instance.log.append(row)

    def _tell(self) -> None:
        """What conditions may read of this journey has changed."""
        if self._world.history.reads_journeys:
            self._world.changed()

    def ledger(self, user_id: str) -> Ledger:
        """What the journey did with a user."""
        stays = [
            Stay(self.name, entry.entered_at, entry.ended_at, entry.end_reason)
            for entry in (instance.entry for instance in self.instances)
            if entry.user_id == user_id
        ]
        made = [
            Made(self.name, one.instance_id, one.step, one.scheduled_at, one.candidate_id)
            for one in self.candidates
            if one.user_id == user_id
        ]
        return Ledger(stays, made)

    def _subject(self, instance: Instance, token: Token) -> Any:
        return self._world.subject(instance.entry.user_id, token.arrived_at, self.possible.ties(instance, token))

    def _holds(self, condition: Mapping[str, Any], instance: Instance, token: Token) -> bool:
        ties = self.possible.ties(instance, token)
        return self._world.holds(condition, self.name, instance.entry.user_id, token.arrived_at, ties)

    def positions(self) -> list[Position]:
        """Where every token stands."""
        return [
            Position(instance.entry.instance_id, token.name, token.step.id, token.arrived_at, token.waiting_since)
            for instance in self.instances
            for token in instance.tokens.values()
        ]


def key_of(event: Event, path: str) -> str | None:
    """The text of the key that an entry event gives; None where it has none."""
    (value,) = values_at(event.properties, path)
    return read_text(value)
