"""Decisions of the product about candidates that a test makes up, run after run, over a project folder."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engage_cli.engine.base import Engine
from engage_cli.journeys.standing import make_instance_users
from engage_cli.messaging.policy.due import Campaigns
from engage_cli.messaging.policy.timing import make_no_candidates
from engage_cli.plan.needs import Needs
from engage_cli.service.policy import Sending, decide_due, plan_policy
from engage_cli.service.workspace import engine_for, load
from engage_cli.state.instants import stored
from engage_cli.state.messages import record_messages
from engage_cli.state.store import open_state
from tests.reference.messages.policy import Candidate, World


def decide_in_runs(folder: Path, candidates: Sequence[Candidate], schedule: Sequence[datetime]) -> list[tuple[str, str | None, str | None]]:
    """(message id, to, reason) of every message that runs at these instants decide, by id. A candidate is made by the first that can."""
    project = load(folder)
    made: set[str] = set()
    addressed: dict[str, str | None] = {}
    for number, as_of in enumerate(schedule, start=1):
        with engine_for(project, folder) as engine:
            state = open_state(engine, folder / project.config.state, tool_version="1")
            known = [one for one in candidates if one.known_from is None or one.known_from <= as_of]
            fresh = [one for one in known if one.send_at - timedelta(hours=1) <= as_of and one.candidate_id not in made]
            made |= {one.candidate_id for one in fresh}
            policy = plan_policy(project, state, {Sending(one.channel, "hello", settings(one)) for one in fresh})
            staging = engine.stage(project.config.sources, policy.needs(Needs(as_of, project.config.timezone)))
            make_instance_users(engine, joined=False)
            _make(engine, fresh)
            _end(engine, candidates, as_of)
            decide_due(engine, policy, staging.catalog, as_of, Campaigns(["a", "b"], ["a", "b"]))
            addressed |= dict(engine.rows('SELECT message_id, "to" FROM p_message'))
            with engine.transaction():
                record_messages(engine, number)
            rows = engine.rows("SELECT message_id, reason FROM state.main.message ORDER BY message_id")
            state.close()
    return [(message_id, None if reason else addressed[message_id], reason) for message_id, reason in rows]


def settings(one: Candidate) -> str:
    """What a campaign says beside, as the product keeps it."""
    hours = int(one.expires_after / timedelta(hours=1))
    said = {"category": one.category, "priority": one.priority, "expires_after": f"{hours} hours", "group": one.group}
    return json.dumps({name: value for name, value in said.items() if value is not None})


def _make(engine: Engine, candidates: Sequence[Candidate]) -> None:
    make_no_candidates(engine)
    for number, one in enumerate(candidates):
        instance = int(one.candidate_id[-2:]) if one.kind == "journey" else None
        scheduled = stored(one.send_at - timedelta(hours=1))
        row = [one.candidate_id, one.kind, one.campaign, 1, instance, f"s{number}", "v", one.user_id, one.channel, "hello", scheduled]
        row += [stored(one.send_at), "UTC", settings(one), "{}", one.withheld]
        engine.execute("INSERT INTO p_made VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _end(engine: Engine, candidates: Iterable[Candidate], as_of: datetime) -> None:
    engine.execute("CREATE OR REPLACE TEMP TABLE instance_end (instance BIGINT, ended_at TIMESTAMP, reason VARCHAR)")
    for one in candidates:
        if one.exited_at is not None and one.exited_at <= as_of:
            engine.execute("INSERT INTO instance_end VALUES (?, ?, 'exited')", [int(one.candidate_id[-2:]), stored(one.exited_at)])


def write_project(folder: Path, world: World, users: Iterable[str]) -> None:
    """The people of a world, and one template."""
    for inner in ("data", "campaigns/templates"):
        (folder / inner).mkdir(parents=True)
    caps = [
        {"at_most": cap.at_most, "per": f"{int(cap.per / timedelta(hours=1))} hours", **({"channel": cap.channel} if cap.channel else {})}
        for cap in world.caps
    ]
    messaging: dict[str, Any] = {
        "channels": {"email": {"address": "email", "from": "hello@acme.example"}, "push": {"address": "devices"}},
        "groups": ["promotions"],
        **({"frequency_caps": caps} if caps else {}),
        "holdout": {"percent": world.holdout_percent, "salt": world.holdout_salt},
    }
    config = {
        "project": "p",
        "store": "none",
        "timezone": "UTC",
        "sources": {"profiles": {"path": "data/profiles.jsonl"}, "consents": {"path": "data/consents.jsonl"}},
        "messaging": messaging,
    }
    (folder / "engage.yaml").write_text(json.dumps(config))
    (folder / "campaigns/templates/hello.txt").write_text("---\nsubject: Hello\n---\nHello {{ profile.user_id }}. Reply STOP to opt out.\n")
    everybody = sorted({*users, *(user for user, _ in world.addresses)})
    profiles = [
        {"user_id": user, "email": world.addresses.get((user, "email")), "devices": world.addresses.get((user, "push"))}
        for user in everybody
    ]
    consents = [
        {"user_id": one.user_id, "channel": one.channel, "group": one.group, "status": one.status, "updated_at": _text(one.updated_at)}
        for one in world.consents
    ]
    for name, rows in (("profiles", profiles), ("consents", consents)):
        (folder / f"data/{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
