"""`broadcast send --dry-run`: everything that sending would do, with every message rendered to see that it can be. Nothing is kept."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field

from engage_cli import __version__
from engage_cli.engine.base import Engine
from engage_cli.messaging.sms import measure
from engage_cli.outputs.ticks import stage_told
from engage_cli.service.broadcast_plans import ByHand, a_draft, called_off, is_stopped, plan_broadcasts
from engage_cli.service.broadcast_results import BroadcastSample, BroadcastsResult, TrialRun
from engage_cli.service.broadcasts import Found, Request, as_looked_at, changes_of, find
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.message_look import lines_of_run
from engage_cli.service.policy import decide_due
from engage_cli.service.progress import Progress, Timed
from engage_cli.service.results.common import DataReport
from engage_cli.service.signing_key import missing_key
from engage_cli.service.workspace import engine_for, load, report_of
from engage_cli.state.broadcasts import broadcast_rows
from engage_cli.state.instants import read
from engage_cli.state.store import open_published, scratch_state

SAMPLES = 2
SMS = "sms"


class _Rendered(Struct):
    """What the messages came to: the first of them, by variants, and of text messages how many have how many segments."""

    samples: list[BroadcastSample] = field(default_factory=list)
    segments: Counter[int] = field(default_factory=Counter)

    def see(self, line: str, channel: str) -> None:
        """Look at a line of a file of messages."""
        wanted = len(self.samples) < SAMPLES
        if not wanted and channel != SMS and len({one.variant for one in self.samples}) > 1:
            return
        message = json.loads(line)
        if channel == SMS and message.get("text") is not None:
            self.segments[measure(message["text"]).segments] += 1
        sample = BroadcastSample(message["user_id"], message["variant"], message)
        if wanted:
            self.samples.append(sample)
        elif all(one.variant == self.samples[0].variant for one in self.samples) and sample.variant != self.samples[0].variant:
            self.samples[-1] = sample  # one of another variant says more


def try_broadcast(
    folder: Path, name: str, *, as_of: datetime | None, now: bool = False, strict: bool = False, progress: Progress
) -> BroadcastsResult:
    """What `broadcast send` would do, as of an instant (None: now), or of the broadcast's own instant of sending where that is later.

    The result's `trial` has what would keep it from being sent. Raises UsageError for an unknown name, InvalidError for definitions.
    """
    project = load(folder)
    timed = Timed(progress)
    with engine_for(project, folder) as engine:
        state = open_published(engine, folder / project.config.state) or scratch_state(engine, tool_version=__version__)
        instant = as_looked_at(project, state, name, resolve_as_of(as_of, project.config.timezone), now=now)
        request = Request(project, folder, (name,), instant, ByHand(now), True, strict, None, timed)
        plans = plan_broadcasts(project, state, (name,), instant, request.by_hand, dry_run=True)
        if not plans.due:
            row = broadcast_rows(state).get(name)
            off = () if row is None or row.cancelled_at is None else (called_off(row),)
            return BroadcastsResult(instant, True, None, (), plans.idle, (), DataReport(), trial=TrialRun(problems=off))
        found = find(request, engine, state, plans)
        with timed.stage("rendering messages"):
            rendered = _render(engine)
        changes = changes_of(request, engine, state, found, with_run=True)
        failure = _first_failure(engine)
        if len(rendered.samples) < SAMPLES:
            _add_later(request, engine, found, rendered)
    problems = [one.why for one in found.refused]
    if name not in project.broadcasts:
        problems.append(f"the project does not have the broadcast `{name}` any more: nothing more of it goes")
    elif is_stopped(project.broadcasts[name]):
        problems.append(a_draft(name))
    unrenderable = sum(count for one in changes for reason, count in one.waterfall.skipped if reason == "unrenderable")
    if unrenderable:
        problems.append(f"{unrenderable} of its messages cannot be rendered, such as: {failure}")
    missing = missing_key(project, found.policy.sendings)
    trial = TrialRun(tuple(rendered.samples), tuple(sorted(rendered.segments.items())), tuple(problems), missing)
    return BroadcastsResult(
        instant, True, None, changes, plans.idle, (), report_of(found.staging), found.refused, timings=timed.timings, trial=trial
    )


def _render(engine: Engine) -> _Rendered:
    """Render every message that would be sent; those that cannot be become `unrendered`."""
    rendered = _Rendered()
    stage_told(engine)
    for channel, line in lines_of_run(engine):
        rendered.see(line, channel)
    return rendered


def _add_later(request: Request, engine: Engine, found: Found, rendered: _Rendered) -> None:
    """Add messages of those who would be written to by a later run, as they would be rendered by now."""
    last = engine.rows("SELECT max(send_at) FROM p_made ANTI JOIN p_due USING (candidate_id)")[0][0]
    if last is None:
        return
    decide_due(engine, found.policy, found.staging.catalog, max(read(last), request.as_of), found.campaigns)
    shown = [sample.line["message_id"] for sample in rendered.samples]
    engine.execute(_FEW, [shown, SAMPLES])
    later = _render(engine)
    rendered.samples += later.samples[: SAMPLES - len(rendered.samples)]


def _first_failure(engine: Engine) -> str | None:
    """Why a message cannot be rendered, in words."""
    return next((str(rule) for (rule,) in engine.rows(_FAILURES)), None)


_FAILURES = """
    SELECT rule FROM unrendered UNION ALL SELECT rule FROM p_message WHERE reason = 'unrenderable' ORDER BY rule LIMIT 1
"""
_FEW = """
    CREATE OR REPLACE TEMP TABLE p_told AS
    SELECT * FROM p_told WHERE kind = 'message' AND NOT list_contains(CAST(? AS VARCHAR[]), payload->>'$.message_id')
    ORDER BY payload LIMIT CAST(? AS BIGINT)
"""
