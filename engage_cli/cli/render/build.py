"""What a build did: a row an audience, the sum, and what was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engage_cli.cli.render.blocks import Block, Column, Line, Piece, Style, counted, dim, line, name, strong, table
from engage_cli.cli.render.data import shown_path
from engage_cli.cli.render.documents import instant

if TYPE_CHECKING:
    from engage_cli.engine.base import Cost
    from engage_cli.service.broadcast_cancel import CancelResult
    from engage_cli.service.broadcast_results import BroadcastsResult
    from engage_cli.service.results.audiences import AudienceChange, BuildResult
    from engage_cli.service.results.common import Looked
    from engage_cli.service.results.journeys import TickResult
    from engage_cli.service.results.syncs import SyncChange
    from engage_cli.service.results.traits import TraitBuildResult
    from engage_cli.service.run_results import RunResult

_SHOWN_PATHS = 8
_COST_COLUMNS = (
    Column("relation"),
    Column("seconds", right=True),
    Column("of processor", right=True),
    Column("rows", right=True),
    Column("rows read", right=True),
)
_SYNC_COLUMNS = (Column("added", right=True), Column("removed", right=True), Column("guard"))
_COLUMNS = (Column("audience"), Column("size", right=True), Column("entered", right=True), Column("exited", right=True))


def build_blocks(result: BuildResult, folder: Path, *, every_path: bool = False) -> Iterator[Block]:
    """The result of a build. `every_path`: however many files were written."""
    yield from result_blocks(result)
    yield from written_blocks(result.written, folder, every_path)


def result_blocks(result: BuildResult) -> Iterator[Block]:
    """What a build did, without what it wrote."""
    yield table(_COLUMNS, (_row(change) for change in result.audiences))
    yield from sync_blocks(result.syncs, "audience")
    yield _summary(result)


def sync_blocks(syncs: Sequence[SyncChange], what: str) -> Iterator[Block]:
    """What destinations are told, but for the changes of audiences, which stand there already; `what` they are told of."""
    told = [sync for sync in syncs if (sync.added or sync.removed) and (sync.held or not sync.in_step)]
    if told:
        yield line()
        columns = (Column("destination"), Column(what), *_SYNC_COLUMNS)
        held = any(sync.held for sync in told)
        yield table(columns if held else columns[:-1], (_sync_row(sync)[: 5 if held else 4] for sync in told))


def held_blocks(result: BuildResult | TickResult | RunResult) -> Iterator[Block]:
    """What `guard` held back, and what to do about it."""
    for sync in result.held:
        share = f"{sync.changed * 100 / sync.knew:.1f}".removesuffix(".0")
        what = f"`{sync.audience}` would change {share}% of the {counted(sync.knew, 'member')} that `{sync.destination}` knows"
        yield line(Piece("error", Style.BAD), f": {what}, which is more than its guard lets pass")
    if result.held:
        again = "give --allow-change to let it pass" if result.dry_run else "look at it, then run again with --allow-change"
        yield line(Piece("  hint: ", Style.GOOD), f"what was held back is not lost: {again}")


def left_out_blocks(result: BuildResult | TickResult | BroadcastsResult) -> Iterator[Block]:
    """How many members are on no list because nothing tells who they are."""
    for sync in result.syncs:
        if sync.without:
            have, are = ("has", "is") if sync.without == 1 else ("have", "are")
            who = f"{counted(sync.without, 'member')} of `{sync.audience}` {have} nothing that `{sync.destination}` knows people by"
            yield line(dim(f"{who}, and {are} not on its list"))


def recovered_blocks(result: BuildResult | TickResult | TraitBuildResult | BroadcastsResult | CancelResult) -> Iterator[Block]:
    """What an interrupted run had left."""
    yield from (line(Piece("recovered", Style.WARNING), ": ", text) for text in result.recovered)


def sql_blocks(result: BuildResult) -> Iterator[Block]:
    """The statements that ran, for --verbose."""
    for relation, text in result.sql.items():
        yield line(dim(f"-- {relation}"))
        yield from (line(dim(one)) for one in text.splitlines())
        yield line()


def cost_blocks(result: BuildResult) -> Iterator[Block]:
    """What each stage and each relation cost, for --verbose."""
    if result.looked is not None:
        yield line(dim(_looked(result.looked)))
    if result.timings:
        stages = ((one.stage, f"{one.seconds:.3f}", f"{one.cpu_seconds:.3f}") for one in result.timings)
        yield table((Column("stage"), Column("seconds", right=True), Column("of processor", right=True)), stages)
    if result.costs:
        yield line()
        yield table(_COST_COLUMNS, (_cost_row(cost) for cost in result.costs))


def _looked(looked: Looked) -> str:
    if looked.audiences:
        return f"{counted(len(looked.audiences), 'audience')}: looked at {counted(looked.users, 'user')} who can have changed"
    return f"looked at everybody, {counted(looked.users, 'user')}" + (f": {looked.why}" if looked.why else "")


def _cost_row(cost: Cost) -> tuple[Piece | str | int, ...]:
    return cost.relation, f"{cost.seconds:.3f}", f"{cost.cpu_seconds:.3f}", cost.rows, cost.rows_read


def _sync_row(sync: SyncChange) -> tuple[Piece, ...]:
    held = Piece("held back", Style.BAD) if sync.held else dim("passed")
    return name(sync.destination), name(sync.audience), _count(sync.added, Style.GOOD), _count(sync.removed, Style.WARNING), held


def _count(number: int, style: Style) -> Piece:
    return Piece(number, style) if number else dim(0)


def _row(change: AudienceChange) -> tuple[Piece, ...]:
    return name(change.name), Piece(change.size), _count(change.entered, Style.GOOD), _count(change.exited, Style.WARNING)


def _summary(result: BuildResult) -> Line:
    audiences = counted(len(result.audiences), "audience")
    as_of = instant(result.as_of)
    entered = sum(change.entered for change in result.audiences)
    exited = sum(change.exited for change in result.audiences)
    changes = f"{entered} entered, {exited} exited" if result.would_change else "nothing changed"
    if result.dry_run:
        would = f"{entered} would enter, {exited} would exit" if result.would_change else "nothing would change"
        return line(strong("dry run"), f" of {audiences} as of {as_of}: ", strong(would), "; nothing was written")
    if result.audiences and all(change.unchanged for change in result.audiences):
        again = "was" if len(result.audiences) == 1 else "were"
        already = f"{audiences} {again} built as of {as_of} before, from the same definitions and files: "
        return line(already, strong(changes))
    return line(f"{audiences} built as of {as_of}: ", strong(changes))


def written_blocks(paths: Sequence[Path], folder: Path, every_path: bool) -> Iterator[Block]:
    """The files that were written, of many only the first without `every_path`."""
    shown = paths if every_path or len(paths) <= _SHOWN_PATHS else paths[: _SHOWN_PATHS // 2]
    for path in shown:
        yield line(dim("wrote "), shown_path(folder, path))
    if len(shown) < len(paths):
        yield line(dim(f"wrote {len(paths) - len(shown)} more files beside it (--verbose names them all)"))
