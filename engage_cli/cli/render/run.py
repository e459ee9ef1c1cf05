"""`engage run` and `engage plan`: a section a stage; of a plan only what would change, with some of those concerned."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, assert_never

from engage_cli.cli.render import broadcasts, build, journeys, trait_build
from engage_cli.cli.render.blocks import Block, Column, Piece, Style, counted, dim, line, name, strong, table
from engage_cli.cli.render.documents import build_document, fields_of, instant
from engage_cli.journeys.samples import JourneySample
from engage_cli.service.broadcast_results import BroadcastChange, BroadcastsResult
from engage_cli.service.results.audiences import AudienceChange, BuildResult
from engage_cli.service.results.journeys import JourneyChange, TickResult
from engage_cli.service.results.traits import TraitBuildResult
from engage_cli.service.run_results import Defined, Edit, EditKind, RunResult, StageDone, StageResult
from engage_cli.state.membership import Comings

_SIGNS = {
    EditKind.NEW: Piece("new     ", Style.GOOD),
    EditKind.EDITED: Piece("edited  ", Style.WARNING),
    EditKind.REMOVED: Piece("removed ", Style.BAD),
}
_KINDS = tuple(Defined)
_MOST_EDITS = 6
_AUDIENCES = (
    Column("audience"),
    Column("size", right=True),
    Column("enter", right=True),
    Column("exit", right=True),
    Column("such as", wide=True, spare=True),
)
_JOURNEYS = (
    Column("journey"),
    Column("enter", right=True),
    Column("moves", right=True),
    Column("end", right=True),
    Column("messages", right=True),
    Column("such as", wide=True, spare=True),
)
_BROADCASTS = (
    Column("broadcast"),
    *(Column(title, right=True) for title in ("recipients", "send", "not sent", "later")),
    Column("such as", wide=True, spare=True),
)
_TRAITS = (Column("trait"), Column("values", right=True), Column("change", right=True))


def run_document(result: RunResult) -> dict[str, Any]:
    """`run` and `plan` for machines."""
    document: dict[str, Any] = {
        "as_of": instant(result.as_of),
        "dry_run": result.dry_run,
        "stages": [{"stage": done.stage.kind.value, **_stage_document(done.result)} for done in result.stages],
        "would_change" if result.dry_run else "changed": result.would_change,
    }
    if result.stopped is not None:
        document["stopped_at"] = result.stopped.stage.kind.value
    if result.dry_run:
        document |= {"definitions": [fields_of(edit) for edit in result.edits], "missing": result.missing}
    return document


def _stage_document(result: StageResult) -> dict[str, Any]:
    match result:
        case TraitBuildResult():
            return trait_build.build_document(result)
        case BuildResult():
            return build_document(result)
        case TickResult():
            samples = {"samples": {key: fields_of(sample) for key, sample in result.samples.items()}} if result.samples else {}
            return journeys.tick_document(result) | samples
        case BroadcastsResult():
            return broadcasts.broadcasts_document(result)
        case _:
            assert_never(result)


# ---- a run ---------------------------------------------------------------------------------------------------------


def run_blocks(result: RunResult, folder: Path, *, every_path: bool = False) -> Iterator[Block]:
    """What each stage did, and all that was written."""
    for done in result.stages:
        yield from _stage_blocks(done.result)
        yield line()
    written = [path for done in result.stages for path in done.result.written]
    folders = [path for path in written if not path.suffix]
    paths = (*folders, *(path for path in written if path not in folders))
    yield from build.written_blocks(paths, folder, every_path)
    yield line(f"run as of {instant(result.as_of)}: ", strong(_changed(result)))
    if result.stopped is not None:
        kind = result.stopped.stage.kind.value
        yield line(Piece("stopped", Style.BAD), f" at the {kind}: what is above is done, the {kind} and what comes after are not")


def _stage_blocks(result: StageResult) -> Iterator[Block]:
    match result:
        case TraitBuildResult():
            yield from trait_build.result_blocks(result)
        case BuildResult():
            yield from build.result_blocks(result)
        case TickResult():
            yield from journeys.result_blocks(result)
        case BroadcastsResult():
            yield from broadcasts.result_blocks(result)
        case _:
            assert_never(result)


def _changed(result: RunResult) -> str:
    found = [done.stage.kind.value for done in result.stages if done.result.would_change]
    return "nothing changed" if not found else f"{', '.join(dict.fromkeys(found))} changed"


def missing_blocks(result: RunResult) -> Iterator[Block]:
    """What a run takes that this environment does not have."""
    if result.missing is not None:
        yield line(Piece("warning", Style.WARNING), f": {result.missing}; a run would end without it")


def refused_blocks(result: RunResult) -> Iterator[Block]:
    """The broadcasts that were due and not sent, and what is good to know of the others."""
    for done in result.stages:
        if isinstance(done.result, BroadcastsResult):
            yield from broadcasts.problem_blocks(done.result)


# ---- a plan --------------------------------------------------------------------------------------------------------


def plan_blocks(result: RunResult) -> Iterator[Block]:
    """What would change, of the definitions and by each stage."""
    if result.edits:
        yield line(strong("definitions"))
        for (kind, change), edits in groupby(sorted(result.edits, key=_place), key=lambda edit: (edit.kind, edit.change)):
            yield from _edits_blocks(kind, change, tuple(edits))
        yield line()
    for done in result.stages:
        if done.result.would_change:
            yield from _plan_of_stage(done)
            yield line()
    if result.would_change:
        yield line(strong("plan"), f" as of {instant(result.as_of)}: nothing was written; `engage run` does it")
    else:
        yield line(strong("plan"), f" as of {instant(result.as_of)}: ", strong("nothing would change"))


def _place(edit: Edit) -> tuple[int, int]:
    return _KINDS.index(edit.kind), [*_SIGNS].index(edit.change)


def _edits_blocks(kind: Defined, change: EditKind, edits: Sequence[Edit]) -> Iterator[Block]:
    """Edits of one kind; many of which there is no more to say than their names in one line."""
    if len(edits) <= _MOST_EDITS or any(edit.inside or edit.waiting for edit in edits):
        for edit in edits:
            yield from _edit_blocks(edit)
    else:
        some = ", ".join(edit.name for edit in edits[:3])
        yield line("  ", _SIGNS[change], counted(len(edits), kind), dim(f", such as {some}"))


def _edit_blocks(edit: Edit) -> Iterator[Block]:
    version = "" if edit.version is None else f": version {edit.version}"
    yield line("  ", _SIGNS[edit.change], f"{edit.kind} ", name(edit.name), version)
    for step in edit.steps:
        there = f", {counted(step.people, 'person', 'people')} there" if step.people else ""
        yield line(dim(f"             step {step.step} {step.change}{there}"))
    for inside in edit.inside:
        who = counted(inside.people, "person", "people")
        yield line(dim(f"             {who} inside version {inside.version} {_verb(inside.becomes, inside.people)}"))
    if edit.waiting is not None:
        who, people = counted(edit.waiting.people, "person", "people"), edit.waiting.people
        yield line(dim(f"             {who} who {_verb('wait', people)} {_verb(edit.waiting.becomes, people)}"))


def _verb(becomes: str, people: int) -> str:
    """`finish it` of several, `finishes it` of one."""
    if people != 1:
        return becomes
    first, _, rest = becomes.partition(" ")
    return f"{first}{'es' if first.endswith(('sh', 'o')) else 's'}{' ' if rest else ''}{rest}"


def _plan_of_stage(done: StageDone) -> Iterator[Block]:
    match done.result:
        case TraitBuildResult() as result:
            yield table(_TRAITS, ((name(one.name), one.values, one.changed) for one in result.traits if one.changed))
            yield from _others(len(result.traits), sum(bool(one.changed) for one in result.traits), "trait")
        case BuildResult() as result:
            changes = [one for one in result.audiences if one.entered or one.exited]
            yield table(_AUDIENCES, (_audience_row(one, result.samples.get(one.name, Comings())) for one in changes))
            yield from build.sync_blocks(result.syncs, "audience")
            yield from _others(len(result.audiences), len(changes), "audience")
        case TickResult() as result:
            moving = [one for one in result.journeys if one.entered or one.moved or one.ended]
            yield table(_JOURNEYS, (_journey_row(one, result.samples.get(one.name, JourneySample())) for one in moving))
            yield from build.sync_blocks(result.syncs, "list")
            yield from _others(len(result.journeys) + len(result.unchanged), len(moving), "journey")
        case BroadcastsResult() as result:
            yield table(_BROADCASTS, (_broadcast_row(one, result.samples.get(one.name, ())) for one in result.broadcasts))
            yield from _others(len(result.broadcasts) + len(result.idle), len(result.broadcasts), "broadcast")
        case _:
            assert_never(done.result)
    if done.stage.after_journeys:
        yield line(dim("these read what journeys do: what they do in this very run is not looked at here"))


def _others(all_of_them: int, shown: int, noun: str) -> Iterator[Block]:
    if all_of_them > shown:
        yield line(dim(f"{counted(all_of_them - shown, 'more ' + noun)}: nothing would change"))


def _audience_row(change: AudienceChange, some: Comings) -> tuple[Piece, ...]:
    parts = [f"{word} {', '.join(users)}" for word, users in (("in", some.entered), ("out", some.exited)) if users]
    return (
        name(change.name),
        Piece(change.size),
        _count(change.entered, Style.GOOD),
        _count(change.exited, Style.WARNING),
        Piece("; ".join(parts)),
    )


def _journey_row(change: JourneyChange, some: JourneySample) -> tuple[Piece, ...]:
    counts = [_count(number, Style.GOOD) for number in (change.entered, change.moved, change.ended, change.sent)]
    return (name(change.name), *counts, Piece("; ".join(_parts(some))))


def _broadcast_row(change: BroadcastChange, some: Sequence[str]) -> tuple[Piece, ...]:
    numbers = (change.waterfall.matched, change.sent, change.skipped, change.waterfall.deferred)
    return (name(change.name), *(Piece(number) for number in numbers), Piece(f"to {', '.join(some)}" if some else ""))


def _parts(some: JourneySample) -> Sequence[str]:
    entered = ", ".join(one.user_id for one in some.entered)
    moved = ", ".join(f"{one.user_id} {one.from_step} -> {one.to_step or 'end'}" for one in some.moved)
    sent = ", ".join(f"{one.user_id} gets {one.template}" for one in some.sent)
    return [part for part in (entered and f"in {entered}", sent or moved) if part]


def _count(number: int, style: Style) -> Piece:
    return Piece(number, style) if number else dim(0)
