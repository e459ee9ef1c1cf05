"""What a run does with each broadcast: find its recipients, go on with those deferred, or nothing, and why not."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from engage_cli.broadcasts.instants import instant_of_sending
from engage_cli.broadcasts.planning import PlannedBroadcast, plan_broadcast
from engage_cli.definitions.broadcast import Broadcast, BroadcastStatus
from engage_cli.definitions.printing_broadcast import print_broadcast
from engage_cli.definitions.project import Project
from engage_cli.definitions.project_files import read_kept_broadcast
from engage_cli.errors import EngageError, UsageError
from engage_cli.records import replace
from engage_cli.source import did_you_mean, visible
from engage_cli.state.broadcasts import BroadcastRow, WaitingCount, broadcast_rows, waiting_counts
from engage_cli.state.hashes import digest
from engage_cli.state.instants import EARLIER_HINT, iso
from engage_cli.state.store import State


class ByHand(Struct, frozen=True):
    """What `broadcast send` asks for: one broadcast, with `now` also before its time."""

    now: bool = False


class Plans(Struct, frozen=True):
    """The broadcasts that something is due for, and those for which nothing is, with the reason in words."""

    due: tuple[PlannedBroadcast, ...]
    idle: tuple[tuple[str, str], ...]


def broadcast_named(project: Project, name: str, rows: Mapping[str, BroadcastRow]) -> Broadcast:
    """The broadcast of that name: as the project says it, or, where it no longer does, as the state has it (`rows`).

    Raises UsageError where neither knows it.
    """
    if name in project.broadcasts:
        return project.broadcasts[name]
    if name not in rows:
        hint = did_you_mean(name, {*project.broadcasts, *rows}) or "`engage broadcast list` shows them all"
        raise UsageError(f"there is no broadcast `{visible(name)}`", hint=hint)
    return read_kept_broadcast(rows[name].definition)


def broadcasts_under_way(project: Project, state: State, but: Collection[str]) -> list[str]:
    """All broadcasts, also those that the project no longer has and for which somebody waits, without a few."""
    return sorted({*project.broadcasts, *waiting_counts(state)}.difference(but))


def plan_broadcasts(
    project: Project, state: State | None, names: Sequence[str], as_of: datetime, by_hand: ByHand | None, *, dry_run: bool
) -> Plans:
    """What is due of these broadcasts. `by_hand`: of the one that is named.

    Raises UsageError for an unknown name, one that stands at a later instant, or that is sent by hand before its time; EngageError for a
    draft, or one that was cancelled, that is sent by hand. A dry run looks at drafts, too, and at the instant of sending of what is before
    it.
    """
    rows, waiting = broadcast_rows(state), waiting_counts(state)
    due, idle = [], []
    for name in names:
        row = rows.get(name)
        if row is None:
            planned = _plan_new(project, broadcast_named(project, name, rows), as_of, by_hand, dry_run=dry_run)
        else:
            planned = _plan_known(project, row, waiting.get(name), as_of, by_hand, dry_run=dry_run)
        if isinstance(planned, str):
            idle.append((name, planned))
        else:
            due.append(planned)
    return Plans(tuple(due), tuple(idle))


def _plan_new(project: Project, one: Broadcast, as_of: datetime, by_hand: ByHand | None, *, dry_run: bool) -> PlannedBroadcast | str:
    sending_at = instant_of_sending(one, project.config.timezone)
    if one.status is BroadcastStatus.DRAFT and not (by_hand and dry_run):
        if by_hand:
            raise EngageError(a_draft(one.name), hint=f"say `status: live` in {one.span.file}")
        return "a draft"
    if by_hand is None:
        if sending_at is None:
            return "sent by hand"
        if sending_at > as_of:
            return f"to be sent from {iso(sending_at)} on"
        return plan_broadcast(project, one, sending_at, None)
    early = sending_at is not None and sending_at > as_of
    if early and not by_hand.now and not dry_run:
        assert sending_at is not None
        raise UsageError(
            f"the broadcast `{one.name}` is to be sent from {iso(sending_at)} on, which is after {iso(as_of)}",
            hint="`engage run` sends it when its time has come; --now sends it at once",
        )
    at_once = early and by_hand.now
    instant = as_of if sending_at is None or at_once else sending_at
    return plan_broadcast(project, one, instant, None, at_once=at_once)


def _plan_known(
    project: Project,
    row: BroadcastRow,
    waiting: WaitingCount | None,
    as_of: datetime,
    by_hand: ByHand | None,
    *,
    dry_run: bool,
) -> PlannedBroadcast | str:
    if row.cancelled_at is not None:
        if by_hand and not dry_run:
            raise EngageError(called_off(row), hint="a broadcast under another name can be sent")
        return f"cancelled at {iso(row.cancelled_at)}"
    if as_of < row.as_of and not dry_run:
        raise UsageError(
            f"`{row.broadcast}` was sent as of {iso(row.as_of)}, which is after --as-of {iso(as_of)}; broadcasts only move forward",
            hint=EARLIER_HINT.format("--dry-run"),
        )
    if waiting is None:
        return f"sent at {iso(row.frozen_at)}, to everybody"
    planned = plan_known(project, row)
    if (waiting.first is not None and waiting.first <= as_of) or (waiting.open and planned.settles(as_of)):
        return planned
    return f"sent at {iso(row.frozen_at)}; {waiting.recipients} wait, the next until {iso(next_instant(waiting, planned))}"


def plan_known(project: Project, row: BroadcastRow) -> PlannedBroadcast:
    """A broadcast whose recipients are found, as the state has it; the project may have stopped it by now, or say something else."""
    one, kept = project.broadcasts.get(row.broadcast), read_kept_broadcast(row.definition)
    edited = one is not None and meaning_of(one) != row.hash
    return plan_broadcast(project, kept, row.frozen_at, row, at_once=row.at_once, stopped=is_stopped(one), edited=edited)


def is_stopped(one: Broadcast | None) -> bool:
    """Whether nothing of a broadcast goes any more for what the project says of it, or (None) as it says nothing."""
    return one is None or one.status is BroadcastStatus.DRAFT


def a_draft(name: str) -> str:
    """That a broadcast is a draft, in words."""
    return f"the broadcast `{name}` is a draft, which nobody sends"


def called_off(row: BroadcastRow) -> str:
    """That a broadcast was cancelled, in words."""
    assert row.cancelled_at is not None
    return f"the broadcast `{row.broadcast}` was cancelled at {iso(row.cancelled_at)}: nothing of it goes any more"


def next_instant(waiting: WaitingCount, planned: PlannedBroadcast) -> datetime:
    """When the next of those who wait is due, or the test is decided."""
    known = [one for one in (waiting.first, planned.decided_at if waiting.open else None) if one is not None]
    return min(known)


def meaning_of(broadcast: Broadcast) -> str:
    """A hash of what is sent to whom and when."""
    return digest(essence(broadcast))


def essence(broadcast: Broadcast) -> str:
    """The text of what is sent to whom and when: without description and status."""
    return print_broadcast(replace(broadcast, description="", status=BroadcastStatus.LIVE))


def row_of(plan: PlannedBroadcast, as_of: datetime, winner: str | None, run: int) -> BroadcastRow:
    """A broadcast as the state keeps it after a run."""
    if plan.row is not None:
        return replace(plan.row, as_of=as_of, winner=plan.row.winner or winner)
    return BroadcastRow(
        plan.name, plan.instant, essence(plan.broadcast), meaning_of(plan.broadcast), plan.at_once, as_of, winner, None, run
    )
