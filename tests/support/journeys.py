"""The product's ticks over a history: a project folder, a tick after the other, and the rows of the state as the reference has them."""

import atexit
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from engage_cli.definitions.project import EngineSettings
from engage_cli.engine.duckdb_engine import DuckDBEngine, open_engine
from engage_cli.service.progress import SILENT
from engage_cli.service.tick import tick_journeys
from engage_cli.state.check import Finding, check_tables
from engage_cli.state.store import State
from tests.reference.journeys import Candidate, Entry, GoalReached, History, Position, Results, Synced, TraitSet, Transition
from tests.support.lists import Taken, some, standing
from tests.support.reading import STATE, reading


def product_results(history: History, store: str = "none", *, check: bool = False) -> dict[str, Results]:
    """What the product's ticks gave, by journey. `check`: the state has to be sound, too. After each, those are on lists of destinations whose stays are not over."""
    with TemporaryDirectory() as folder:
        write_project(Path(folder), history, store)
        lists, may_sync = Taken(Path(folder)), any(_named(history.definitions, "sync"))
        for number, as_of in enumerate(history.schedule):
            write_data(Path(folder), history, number)
            tick_journeys(Path(folder), [], as_of=as_of, progress=SILENT)
            there = some(lists.take())
            assert there == (some(standing(Path(folder) / STATE, as_of)) if may_sync else {})
        assert not check or broken_invariants(Path(folder)) == []
        return read_results(Path(folder) / STATE, list(history.of_kind("journey")))


def tick_through(folder: Path, history: History, store: str = "none") -> None:
    """A project folder with a history, ticked as its schedule says."""
    write_project(folder, history, store)
    for number, as_of in enumerate(history.schedule):
        write_data(folder, history, number)
        tick_journeys(folder, [], as_of=as_of, progress=SILENT)


def broken_invariants(folder: Path) -> list[Finding]:
    """What `state check` finds in the state of a project."""
    engine = _checking()
    engine.attach(folder / STATE, "state", read_only=True)
    try:
        return check_tables(State(engine, folder / STATE))
    finally:
        engine.detach("state")


@cache
def _checking() -> DuckDBEngine:
    """The engine of all checks of a process: to open one for each would take as long as a third of a check."""
    folder = _ENDS.enter_context(TemporaryDirectory())
    settings = EngineSettings(memory_limit="1GB", threads=1, temp_directory="tmp")
    return _ENDS.enter_context(open_engine(Path(folder), settings, "UTC"))


_ENDS = ExitStack()
atexit.register(_ENDS.close)


def write_project(folder: Path, history: History, store: str) -> None:
    """The definitions and all data but the events."""
    (folder / "campaigns" / "journeys").mkdir(parents=True)
    (folder / "campaigns" / "templates").mkdir()
    (folder / "data").mkdir()
    definitions = [{**one, "status": one.get("status", "live")} if "journey" in one else dict(one) for one in history.definitions]
    (folder / "campaigns" / "all.yaml").write_text("\n---\n".join(yaml_text(one) for one in definitions))
    for template in sorted(set(_named(definitions, "send"))):
        (folder / "campaigns" / "templates" / f"{template}.txt").write_text("Hello. Reply STOP to opt out.\n")
    channels = {name: {"address": name} for name in sorted({*_named(definitions, "channel"), "email"})}
    destinations = {name: _destination(definitions, name) for name in sorted(set(_named(definitions, "sync")))}
    sources: dict[str, Any] = {"events": {"path": "data/events/*.jsonl"}}
    (folder / "data" / "events").mkdir()
    data = history.dataset
    profiles = []
    if any(row.timestamp is not None for row in data.profiles):
        profiles.append({"path": "data/log.jsonl", "columns": {"user_id": "user_id", "timestamp": "set_at"}})
    if any(row.timestamp is None for row in data.profiles):
        profiles.append({"path": "data/profiles.jsonl", "columns": {"user_id": "user_id"}})
    if profiles:
        sources["profiles"] = profiles
    if data.consents:
        sources["consents"] = {"path": "data/consents.jsonl"}
    config: dict[str, Any] = {
        "project": "p",
        "timezone": history.zone,
        "store": store,
        "late_window": history.late_window,
        "sources": sources,
        "messaging": {"channels": channels},
    }
    if destinations:
        config["destinations"] = destinations
    if history.quiet_hours is not None:
        config["messaging"]["quiet_hours"] = dict(zip(("from", "to"), history.quiet_hours, strict=True))
    if history.zone_trait is not None:
        config["person_timezone"] = {"trait": history.zone_trait}
    (folder / "engage.yaml").write_text("\n".join(f"{key}: {yaml_text(value)}" for key, value in config.items()))
    for path, values in history.lists.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("\n".join(values) + "\n")


def write_data(folder: Path, history: History, tick: int) -> None:
    """What came in by a tick: the events in a file of their own, the rows of profiles and consents in the files that have those before."""
    rows = [
        {
            "message_id": row.message_id,
            "user_id": row.user_id,
            "event": row.event,
            "timestamp": _iso(row.timestamp),
            "properties": dict(row.properties),
        }
        for row in history.dataset.events
        if history.came_in.get(row.message_id or "", 0) == tick
    ]
    if rows or tick == 0:
        _write(folder / "data" / "events" / f"{tick:03}.jsonl", rows)
    data, before = history.known_by(tick), history.known_by(tick - 1)
    if tick == 0 or data.profiles != before.profiles:
        logs = [{"user_id": row.user_id, "set_at": _iso(row.timestamp), **row.traits} for row in data.profiles if row.timestamp is not None]
        snapshots = [{"user_id": row.user_id, **row.traits} for row in data.profiles if row.timestamp is None]
        for name, lines in (("log", logs), ("profiles", snapshots)):
            if any((row.timestamp is not None) == (name == "log") for row in history.dataset.profiles):
                _write(folder / "data" / f"{name}.jsonl", lines)
    if history.dataset.consents and (tick == 0 or data.consents != before.consents):
        consents = [
            {"user_id": c.user_id, "channel": c.channel, "group": c.group, "status": c.status, "updated_at": _iso(c.updated_at)}
            for c in data.consents
        ]
        _write(folder / "data" / "consents.jsonl", consents)


def read_results(state: Path, journeys: list[str]) -> dict[str, Results]:
    """The rows of a state, in the order in which the reference has them."""
    with reading(state) as connection:
        return {name: _results(connection, name) for name in journeys}


def _results(connection: duckdb.DuckDBPyConnection, name: str) -> Results:
    def rows(text: str) -> list[tuple[Any, ...]]:
        return [tuple(_aware(value) for value in row) for row in connection.execute(text, [name]).fetchall()]

    return Results(
        entries=[Entry(*row) for row in rows(_ENTRIES)],
        transitions=[Transition(*row) for row in rows(_TRANSITIONS)],
        positions=[Position(*row) for row in rows(_POSITIONS)],
        candidates=[Candidate(*row) for row in rows(_CANDIDATES)],
        sets=[TraitSet(*row[:4], json.loads(row[4]), row[5]) for row in rows(_SETS)],
        syncs=[Synced(*row[:8], tuple(json.loads(row[8]).items())) for row in rows(_SYNCS)],
        goals=[GoalReached(*row) for row in rows(_GOALS)],
    )


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


_ENTRIES = """
    SELECT instance_id, journey, user_id, key, entered_at, entry_event, ended_at, end_reason FROM instance WHERE journey = ?
    ORDER BY entered_at, instance_id
"""
_TRANSITIONS = """
    SELECT instance_id, ordinal, token, from_step, to_step, moved_at, cause, branch, event
    FROM transition JOIN instance USING (instance) WHERE journey = ? ORDER BY instance_id, ordinal
"""
_POSITIONS = """
    SELECT instance_id, token, step, arrived_at, waiting_since FROM position AS p JOIN instance AS i USING (instance)
    WHERE p.journey = ? AND NOT ends_with(step, ':joined') ORDER BY instance_id, token
"""
_CANDIDATES = """
    SELECT candidate_id, instance_id, c.campaign, step, c.user_id, channel, template, scheduled_at, send_at
    FROM candidate AS c JOIN instance AS i USING (instance) WHERE c.campaign = ? ORDER BY scheduled_at, candidate_id
"""
_SETS = """
    SELECT instance_id, step, s.user_id, trait, value, set_at FROM trait_set AS s JOIN instance AS i USING (instance)
    WHERE i.journey = ? ORDER BY set_at, instance_id, step
"""
_SYNCS = """
    SELECT instance_id, step, s.user_id, destination, added_at, list, remove_at, event, properties
    FROM list_stay AS s JOIN instance AS i USING (instance) WHERE i.journey = ? ORDER BY added_at, instance_id, step
"""
_GOALS = """
    SELECT instance_id, reached_at, event FROM instance_goal JOIN instance USING (instance) WHERE journey = ? ORDER BY instance_id
"""


def normal(results: Results) -> Results:
    """Results in the order in which `read_results` gives them."""
    return Results(
        entries=sorted(results.entries, key=lambda one: (one.entered_at, one.instance_id)),
        transitions=sorted(results.transitions, key=lambda one: (one.instance_id, one.ordinal)),
        positions=sorted(results.positions, key=lambda one: (one.instance_id, one.token)),
        candidates=sorted(results.candidates, key=lambda one: (one.scheduled_at, one.candidate_id)),
        sets=sorted(results.sets, key=lambda one: (one.at, one.instance_id, one.step)),
        syncs=sorted(results.syncs, key=lambda one: (one.at, one.instance_id, one.step)),
        goals=sorted(results.goals, key=lambda one: one.instance_id),
    )


# ---- files ----------------------------------------------------------------------------------------------------------


def yaml_text(value: Any) -> str:
    """Plain data as YAML in flow style: every text is quoted, dates and instants are not."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {yaml_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(yaml_text(one) for one in value) + "]"
    if isinstance(value, datetime):
        return _iso(value) or ""
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def _destination(definitions: Any, name: str) -> dict[str, Any]:
    """A destination of lists where some step puts people on one of it, else one of events."""
    if any(step["sync"] == name and "list" in step for step in _holding(definitions, "sync")):
        return {"type": "list", "format": "csv", "columns": {"id": {"trait": "user_id"}}}
    return {"type": "events", "format": "jsonl", "call": "track"}


def _holding(asked: Any, key: str) -> Iterator[Mapping[str, Any]]:
    if isinstance(asked, Mapping):
        if key in asked:
            yield asked
        for value in asked.values():
            yield from _holding(value, key)
    elif isinstance(asked, list | tuple):
        for value in asked:
            yield from _holding(value, key)


def _named(asked: Any, key: str) -> Iterator[str]:
    if isinstance(asked, Mapping):
        for name, value in asked.items():
            if name == key and isinstance(value, str):
                yield value
            yield from _named(value, key)
    elif isinstance(asked, list | tuple):
        for value in asked:
            yield from _named(value, key)


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps({key: value for key, value in row.items() if value is not None}) + "\n" for row in rows))


def differences(expected: Results, told: Results) -> list[str]:
    """What one of two results has and the other has not, a line each; none where they are equal."""
    found = []
    for field in ("entries", "transitions", "positions", "candidates", "sets", "syncs", "goals"):
        one, other = getattr(expected, field), getattr(told, field)
        if one != other:
            found += [f"{field}: only the reference has {row}" for row in one if row not in other]
            found += [f"{field}: only the product has {row}" for row in other if row not in one]
            found = found or [f"{field} are in another order"]
    return found
