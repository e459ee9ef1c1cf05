"""`broadcast preview`: what one person gets of a broadcast, and when, or why not: as a run now would have it, or as one has decided."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from engage_cli import __version__
from engage_cli.broadcasts.calling_off import CANCEL
from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine
from engage_cli.errors import UsageError
from engage_cli.outputs.calls import stage_committed_changes
from engage_cli.outputs.ticks import stage_told
from engage_cli.records import replace
from engage_cli.service.broadcast_plans import ByHand, Plans, a_draft, is_stopped, plan_broadcasts, plan_known
from engage_cli.service.broadcasts import Found, Request, as_looked_at, find
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.message_look import lines_of_run
from engage_cli.service.policy import decide_due
from engage_cli.service.progress import Progress
from engage_cli.service.results.common import DataReport
from engage_cli.service.workspace import engine_for, load, report_of
from engage_cli.source import visible
from engage_cli.state.broadcasts import BroadcastRow, broadcast_rows
from engage_cli.state.instants import read
from engage_cli.state.store import open_published, scratch_state


class BroadcastPreview(Struct, frozen=True):
    """What somebody gets. `became`: `sent`, a reason why not, `not_matched`, or `open`, where the test is not decided. `recorded`: so it
    was decided by an earlier run; else it would be.

    `lines` are the messages, one for each address, with the fields of a file of messages; `problem` says why one cannot be rendered.
    """

    broadcast: str
    user: str
    as_of: datetime
    became: str
    recorded: bool
    rule: str | None = None
    variant: str | None = None
    scheduled_at: datetime | None = None
    send_at: datetime | None = None
    lines: tuple[Mapping[str, Any], ...] = ()
    problem: str | None = None
    unsent: str | None = None
    """Why nobody would be sent it as it stands: it is a draft, or more or fewer people would get it than it expects."""
    data: DataReport | None = None
    """What was read; None of what was decided by an earlier run."""


def preview_broadcast(folder: Path, name: str, user: str, *, as_of: datetime | None, progress: Progress) -> BroadcastPreview:
    """What a user gets of a broadcast, by a look as of an instant (None: now), or of the broadcast's own where that is later.

    Writes nothing. Raises UsageError for an unknown broadcast or user.
    """
    project = load(folder)
    with engine_for(project, folder) as engine:
        state = open_published(engine, folder / project.config.state) or scratch_state(engine, tool_version=__version__)
        instant = as_looked_at(project, state, name, resolve_as_of(as_of, project.config.timezone), now=False)
        request = Request(project, folder, (name,), instant, ByHand(), True, False, None, progress)
        row = broadcast_rows(state).get(name)
        if row is not None:
            decided = _decided(engine, name, user, instant)
            if decided is not None:
                return decided
            plans, request = _plans_of_known(project, request, engine, row, user)
        else:
            plans = plan_broadcasts(project, state, (name,), instant, request.by_hand, dry_run=True)
        found = find(request, engine, state, plans)
        preview = _would_be(request, engine, name, user, found)
        draft = a_draft(name) if row is None and is_stopped(project.broadcasts[name]) else None
        unsent = next((one.why for one in found.refused), draft)
        return replace(preview, data=report_of(found.staging), unsent=unsent)


def _plans_of_known(project: Project, request: Request, engine: Engine, row: BroadcastRow, user: str) -> tuple[Plans, Request]:
    """The broadcast that goes on, looked at when the person's turn comes."""
    turns = engine.rows(_TURN, [row.broadcast, user])
    at = [read(one) for (one,) in turns if one is not None]
    return Plans((plan_known(project, row),), ()), replace(request, as_of=max([request.as_of, *at]))


def _decided(engine: Engine, name: str, user: str, as_of: datetime) -> BroadcastPreview | None:
    """What earlier runs decided about somebody, with the message as it was written."""
    rows = engine.rows(_DECIDED, [name, user])
    if not rows:
        return None
    reasons = [reason for reason, *_ in rows]
    _, rule, variant, scheduled_at, send_at = rows[0] if None not in reasons else rows[reasons.index(None)]
    became = "sent" if None in reasons else str(reasons[0])
    lines: tuple[Mapping[str, Any], ...] = ()
    for (run,) in engine.rows(_RUNS, [name, user]):
        stage_committed_changes(engine, run)
        engine.execute(_ONLY_RECORDED, [name, user])
        lines += _lines(engine)
    return BroadcastPreview(name, user, as_of, became, True, rule, variant, read(scheduled_at), read(send_at), lines)


def _would_be(request: Request, engine: Engine, name: str, user: str, found: Found) -> BroadcastPreview:
    """What the run that was looked at, or a later one, would decide about somebody."""
    rows = engine.rows(_MEANT, [user, name, user])
    if not rows:
        if not engine.rows("SELECT 1 FROM instance_user WHERE user_id = ?", [user]):
            raise UsageError(f"`{visible(user)}` is in none of the sources", hint="give --user the id of somebody, as the sources write it")
        return _no_recipient(request, engine, name, user, found)
    candidate, user_id, variant, scheduled_at, send_at = rows[0]
    decided_before = _decided(engine, name, user_id, request.as_of)
    if decided_before is not None:
        return decided_before
    if send_at is None:
        return BroadcastPreview(name, user, request.as_of, "open", False, None, None, read(scheduled_at), None)
    if read(send_at) > request.as_of:
        decide_due(engine, found.policy, found.staging.catalog, read(send_at), found.campaigns)
    decided = engine.rows("SELECT reason, rule FROM p_message WHERE candidate_id = ? ORDER BY reason NULLS FIRST, message_id", [candidate])
    reason, rule = decided[0]
    engine.execute(_ONLY_TOLD, [candidate])
    stage_told(engine)
    lines = _lines(engine)
    problem = next((str(why) for (why,) in engine.rows("SELECT rule FROM unrendered ORDER BY message_id")), None)
    became = reason or ("sent" if problem is None else "unrenderable")
    return BroadcastPreview(name, user, request.as_of, str(became), False, rule, variant, read(scheduled_at), read(send_at), lines, problem)


def _no_recipient(request: Request, engine: Engine, name: str, user: str, found: Found) -> BroadcastPreview:
    """Of somebody who is not among those found; of a broadcast that was cancelled before its time nobody ever was."""
    never = any(plan.row is not None and plan.row.cancelled_at is not None for plan in found.plans)
    if never and not engine.rows("SELECT 1 FROM state.main.candidate WHERE campaign_kind = 'broadcast' AND campaign = ? LIMIT 1", [name]):
        return BroadcastPreview(name, user, request.as_of, "cancelled", True, CANCEL)
    return BroadcastPreview(name, user, request.as_of, "not_matched", False)


def _lines(engine: Engine) -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads(line) for _, line in lines_of_run(engine))


_TURN = """
    SELECT c.send_at FROM state.main.candidate AS c SEMI JOIN state.main.waiting USING (candidate_id)
    WHERE c.campaign_kind = 'broadcast' AND c.campaign = ? AND c.user_id = ?
"""
_DECIDED = """
    SELECT reason, rule, variant, scheduled_at, send_at FROM state.main.message
    WHERE campaign_kind = 'broadcast' AND campaign = ? AND user_id = ? ORDER BY message_id
"""
_RUNS = "SELECT DISTINCT run FROM state.main.message WHERE campaign_kind = 'broadcast' AND campaign = ? AND user_id = ? ORDER BY run"
_ONLY_RECORDED = """
    DELETE FROM run_change WHERE kind <> 'message' OR (payload->>'$.message_id') NOT IN (
        SELECT message_id FROM state.main.message WHERE campaign_kind = 'broadcast' AND campaign = ? AND user_id = ?
    )
"""
# By any id that they had: of those that are one person the one who is meant.
_MEANT = """
    SELECT candidate_id, c.user_id, variant, scheduled_at, send_at FROM (
        SELECT candidate_id, variant, scheduled_at, send_at, campaign, user_id, 0 AS place FROM p_made
        UNION ALL
        SELECT candidate_id, variant, scheduled_at, send_at, campaign, user_id, 1 FROM state.main.candidate
        WHERE campaign_kind = 'broadcast'
    ) AS c JOIN instance_user AS u USING (user_id)
    WHERE u.user_key = (SELECT user_key FROM instance_user WHERE user_id = ? LIMIT 1) AND c.campaign = ?
    ORDER BY c.user_id = ? DESC, c.place LIMIT 1
"""
_ONLY_TOLD = """
    CREATE OR REPLACE TEMP TABLE p_told AS
    SELECT t.* FROM p_told AS t JOIN p_message AS m ON m.message_id = (t.payload->>'$.message_id')
    WHERE t.kind = 'message' AND m.candidate_id = ?
"""
