"""`journey sql`: the statements of a journey's tick, commented with file and line. They run over a scratch state; nothing is written."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from engage_cli import __version__
from engage_cli.definitions.journey import Journey
from engage_cli.definitions.journey_graph import graph_of
from engage_cli.definitions.journey_steps import Goto, Send
from engage_cli.definitions.step_words import entry_words, goal_words, step_words
from engage_cli.engine.base import Engine
from engage_cli.journeys.needs import needs_of_editions
from engage_cli.journeys.recording import Recorder
from engage_cli.plan.needs import Needs
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.journeys import journey_named
from engage_cli.service.progress import Progress
from engage_cli.service.simulate import as_live, recorded_of
from engage_cli.service.tick_plans import plan_ticks
from engage_cli.service.tick_walks import perform
from engage_cli.service.trait_courses import make_trait_courses
from engage_cli.service.workspace import engine_for, load, with_tables_of
from engage_cli.source import Span
from engage_cli.state.instants import iso
from engage_cli.state.journeys import record_doings, record_moves
from engage_cli.state.store import scratch_state

_BEGINS = (
    ("w_due", "who is or was in the journey, of those whom something can have happened to"),
    ("w_happened", "the events that instances wait for"),
    ("w_path", "the ways from step to step"),
    ("w_cut", "who comes to an end, and when"),
    ("w_admitted", "which of those who may enter are let in"),
    ("w_exit_due", "what came of it"),
    ("step_settings", "what the steps say beside"),
    ("seen_now", "the events that were seen"),
)
_PASSED_BY: dict[type, str] = {Send: "w_sent", Goto: "w_log"}
"""Where everybody passes without being asked anything: what the first statement of the step fills."""
_MADE = re.compile(r'\s*(?:CREATE (?:OR REPLACE )?TEMP TABLE|INSERT INTO|UPDATE|DELETE FROM)\s+"?([a-z_.]+)"?')


def sql(folder: Path, name: str, *, as_of: datetime | None, progress: Progress) -> str:
    """The statements of a tick up to an instant (None: now) of a journey that went live then, as if somebody stood at each step.

    What a tick reads is staged from the project's files; the text does not hinge on what is in them. Raises UsageError for an unknown
    journey.
    """
    project = load(folder)
    journey, zone = journey_named(project, name), project.config.timezone
    instant = resolve_as_of(as_of, zone)
    project = as_live(project, journey, instant)
    with engine_for(project, folder) as engine:
        state = scratch_state(engine, tool_version=__version__)
        [plan] = plan_ticks(project, state, [name], instant, dry_run=True)
        needs = needs_of_editions(Needs(instant, zone), plan.editions, instant)
        needs = with_tables_of(needs, [edition.plan for edition in plan.editions], project.config.sources)
        with progress.stage("reading events and profiles"):
            staging = engine.stage(project.config.sources, needs)
        engine.seal([])
        make_trait_courses(engine, state, project, staging.catalog, recorded_of(plan), instant)
        recorder = Recorder(engine, instant, _Titles(journey).of)
        recording = cast(Engine, recorder)
        perform(recording, project, [plan], staging, needs, instant)
        record_moves(recording, 1)
        record_doings(recording, 1)
        head = f"-- a tick of the journey {name} up to {iso(instant)}, its first, as run 1  {_place(journey.span)}"
        return head + "\n" + recorder.text


class _Titles:
    """What the statements of a tick of a journey begin, each once."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self._steps = {step.id: step for step in journey.all_steps()}
        self._places = [place.id for place in graph_of(journey).places]
        self._told: set[str] = set()

    def of(self, text: str, parameters: Sequence[Any]) -> str | None:
        """The comment above a statement that begins something."""
        found = _MADE.match(text)
        if found is None:
            return None
        title = self._title(found[1], parameters)
        if title is None or title in self._told:
            return None
        self._told.add(title)
        return title

    def _title(self, made: str, parameters: Sequence[Any]) -> str | None:
        journey = self._journey
        if made == "w_here":
            return self._step(self._places[parameters[0]])
        if made in _PASSED_BY.values() and parameters and made == _PASSED_BY.get(type(self._steps.get(parameters[0]))):
            return self._step(parameters[0])
        if made in ("w_entry_event", "w_recorded"):
            return f"who may enter: {entry_words(journey.entry)}  {_place(journey.entry.span)}"
        if made == "w_goal_instance" and journey.goal is not None:
            return f"who reached the goal: {goal_words(journey.goal)}  {_place(journey.goal.span)}"
        if made.startswith("state.main."):
            return "what the tick's transaction does to the state"
        return dict(_BEGINS).get(made)

    def _step(self, place: str) -> str:
        if place not in self._steps:
            return f"where the branches of {place.removesuffix(':joined')} come together"
        step = self._steps[place]
        return f"step {place}: {step_words(step)}  {_place(step.span)}"


def _place(span: Span) -> str:
    return f"{span.file}:{span.line}"
