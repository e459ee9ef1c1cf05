"""`broadcast list` and `broadcast status`: how broadcasts stand by the last run, and what came of their messages.

They read the published copy of the state, and of the events those that tell outcomes and goals.
"""

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from engage_cli.broadcasts.counting import Waterfall, make_became, waterfalls
from engage_cli.broadcasts.goals import make_goal
from engage_cli.broadcasts.instants import instant_of_decision, instant_of_sending
from engage_cli.broadcasts.planning import needs_of_goal, plan_goal
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.project import Project
from engage_cli.definitions.project_files import read_kept_broadcast
from engage_cli.engine.base import Engine
from engage_cli.journeys.outcomes import make_outcomes
from engage_cli.journeys.standing import make_instance_users
from engage_cli.plan.outcomes import with_outcomes
from engage_cli.records import replace
from engage_cli.reports.experiments import VariantCounts, VariantReport, experiment_report
from engage_cli.service.broadcast_plans import broadcast_named, is_stopped, meaning_of
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.progress import SILENT, Progress
from engage_cli.service.results.common import DataReport
from engage_cli.service.trait_courses import attached_state
from engage_cli.service.traits import plan_traits
from engage_cli.service.workspace import engine_for, load, report_of, stage
from engage_cli.state.broadcasts import BroadcastRow, WaitingCount, broadcast_rows, waiting_counts
from engage_cli.state.store import State, open_published

EVERYBODY = "everybody"
"""The one variant of a broadcast that has none."""


class BroadcastLine(Struct, frozen=True):
    """A broadcast in a list. `stands`: `draft`, `scheduled`, `by hand`, `sending` (some wait), `stopped` and `removed` (some wait, and get
    nothing, as it is a draft again, or gone from the project), `sent`, `cancelled`.

    `sending_at` None: when it is sent by hand; `sent` and `recipients` count what runs found, None before.
    """

    name: str
    stands: str
    channel: str
    sending_at: datetime | None
    recipients: int | None
    sent: int | None
    description: str
    file: str
    line: int


class BroadcastStanding(Struct, frozen=True):
    """A broadcast as the last run left it. Before its recipients are found `waterfall` is None.

    `as_of` is its clock, `measured_at` the instant up to which outcomes count. `next_at` is when the next of those deferred is due,
    `decides_at` when the test is decided. `edited`: the file says something else than what is sent.
    """

    name: str
    stands: str
    channel: str
    sending_at: datetime | None
    as_of: datetime | None
    measured_at: datetime | None = None
    waterfall: Waterfall | None = None
    next_at: datetime | None = None
    decides_at: datetime | None = None
    winner: str | None = None
    cancelled_at: datetime | None = None
    edited: bool = False
    has_goal: bool = False
    variants: tuple[VariantReport, ...] = ()
    data: DataReport | None = None
    """What was read for what came of it; None before its recipients are found."""


def list_broadcasts(folder: Path) -> tuple[BroadcastLine, ...]:
    """Every broadcast of the project, and those of the state that it no longer has, in name order."""
    project = load(folder)
    with engine_for(project, folder) as engine:
        state = open_published(engine, folder / project.config.state)
        rows, waiting = broadcast_rows(state), waiting_counts(state)
        counts = waterfalls(engine, list(rows), with_run=False) if rows else {}
    found = []
    for name in sorted({*project.broadcasts, *rows}):
        row, one = rows.get(name), project.broadcasts.get(name)
        shown = one if one is not None else read_kept_broadcast(rows[name].definition)
        sending_at = instant_of_sending(shown, project.config.timezone) if row is None else row.frozen_at
        fall = counts.get(name)
        found.append(
            BroadcastLine(
                name,
                _stands(one, row, waiting.get(name)),
                shown.channel,
                sending_at,
                None if fall is None else fall.matched,
                None if fall is None else fall.sent,
                shown.description,
                shown.span.file,
                shown.span.line,
            )
        )
    return tuple(found)


def _stands(one: Broadcast | None, row: BroadcastRow | None, waiting: WaitingCount | None) -> str:
    if row is not None:
        if row.cancelled_at is not None or waiting is None:
            return "sent" if row.cancelled_at is None else "cancelled"
        return "removed" if one is None else "stopped" if is_stopped(one) else "sending"
    if one is None or is_stopped(one):
        return "draft"
    return "by hand" if one.send_at is None else "scheduled"


def broadcast_status(folder: Path, name: str, *, as_of: datetime | None = None, progress: Progress = SILENT) -> BroadcastStanding:
    """How a broadcast stands, and what came of its messages by the events up to an instant (None: now).

    Raises UsageError for a name that neither the project nor the state knows.
    """
    project = load(folder)
    measured_at = resolve_as_of(as_of, project.config.timezone)
    with engine_for(project, folder) as engine:
        state = open_published(engine, folder / project.config.state)
        rows = broadcast_rows(state)
        row, shown = rows.get(name), broadcast_named(project, name, rows)
        if row is None or state is None:
            sending_at = instant_of_sending(shown, project.config.timezone)
            return BroadcastStanding(name, _stands(shown, None, None), shown.channel, sending_at, None)
        standing = _standing(project, engine, state, project.broadcasts.get(name), row)
        kept = read_kept_broadcast(row.definition)
        variants, data = _results(project, folder, engine, kept, measured_at, progress)
        return replace(standing, measured_at=measured_at, variants=variants, data=data)


def _standing(project: Project, engine: Engine, state: State, one: Broadcast | None, row: BroadcastRow) -> BroadcastStanding:
    kept, waiting = read_kept_broadcast(row.definition), waiting_counts(state).get(row.broadcast)
    decides_at = instant_of_decision(kept, row.frozen_at, project.config.timezone)
    open_until = decides_at if waiting is not None and waiting.open else None
    known = [at for at in (None if waiting is None else waiting.first, open_until) if at is not None]
    return BroadcastStanding(
        name=row.broadcast,
        stands=_stands(one, row, waiting),
        channel=kept.channel,
        sending_at=row.frozen_at,
        as_of=row.as_of,
        waterfall=waterfalls(engine, [row.broadcast], with_run=False).get(row.broadcast, Waterfall()),
        next_at=min(known, default=None),
        decides_at=decides_at,
        winner=row.winner,
        cancelled_at=row.cancelled_at,
        edited=one is not None and meaning_of(one) != row.hash,
        has_goal=kept.goal is not None,
    )


def _results(
    project: Project, folder: Path, engine: Engine, kept: Broadcast, measured_at: datetime, progress: Progress
) -> tuple[tuple[VariantReport, ...], DataReport]:
    """The variants in the order written, each beside the control if there is one, and what was read. People count as they were drawn."""
    config = project.config
    plan = plan_traits(project, (), measured_at)
    needs = with_outcomes(plan.needs, config.messaging.outcomes)
    needs = needs_of_goal(needs, None if kept.goal is None else plan_goal(kept.goal, config.timezone))
    staged = stage(project, folder, engine, replace(plan, needs=needs), strict=False, progress=progress)
    with attached_state(project, folder, engine) as state:
        assert state is not None, "the broadcast is in it"
        make_instance_users(engine, joined=config.sources.identity is not None)
        make_outcomes(engine, staged.staging.catalog, config.messaging.outcomes)
        make_goal(engine, kept.goal, kept.name, staged.staging.catalog, config.timezone, measured_at)
        make_became(engine, [kept.name], with_run=False)
        found = {row[0]: row[1:] for row in engine.rows(_BY_VARIANT, [kept.name])}
    names: list[tuple[str, str | None, bool]] = [(one.name, one.name, one.control) for one in kept.variants]
    names = names or [(EVERYBODY, None, False)]
    counts = [VariantCounts(title, control, *found.get(key, (0,) * 7)) for title, key, control in names]
    return experiment_report(counts), report_of(staged.staging)


_BY_VARIANT = """
    WITH people AS (
        SELECT b.variant, count(*) AS people, count(g.candidate_id) AS converted
        FROM b_became AS b LEFT JOIN b_goal AS g USING (candidate_id)
        WHERE b.withheld IS DISTINCT FROM 'excluded' AND b.became <> 'open' GROUP BY b.variant
    ), told AS (
        SELECT m.variant, count(DISTINCT m.message_id) AS sent, count(DISTINCT o.message) FILTER (o.status = 'delivered') AS delivered,
            count(DISTINCT o.message) FILTER (o.status = 'opened') AS opened,
            count(DISTINCT o.message) FILTER (o.status = 'clicked') AS clicked,
            count(DISTINCT o.message) FILTER (o.status = 'bounced') AS bounced
        FROM state.main.message AS m JOIN instance_user AS u USING (user_id)
        LEFT JOIN outcome_event AS o ON o.message = m.message_id AND o.user_key = u.user_key
        WHERE m.campaign_kind = 'broadcast' AND m.campaign = ? AND m.decision = 'sent' GROUP BY m.variant
    )
    SELECT p.variant, p.people, p.converted, coalesce(t.sent, 0), coalesce(t.delivered, 0), coalesce(t.opened, 0), coalesce(t.clicked, 0),
        coalesce(t.bounced, 0)
    FROM people AS p LEFT JOIN told AS t ON t.variant IS NOT DISTINCT FROM p.variant ORDER BY p.variant NULLS FIRST
"""
