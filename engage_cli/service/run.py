"""`engage run` and `engage plan`: every stage of a run at one instant, performed or described. One walk, one list of stages."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import assert_never

from msgspec import Struct

from engage_cli import __version__
from engage_cli.definitions.project import Project
from engage_cli.errors import EngageError, UsageError
from engage_cli.service.broadcasts import Request as Broadcasting
from engage_cli.service.broadcasts import run_broadcasts
from engage_cli.service.build import build_audiences
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.edits import find_edits
from engage_cli.service.progress import Progress
from engage_cli.service.run_results import RunResult, StageDone, StageResult, Stopped
from engage_cli.service.running import lock_of
from engage_cli.service.sendings import sendings_of_run
from engage_cli.service.signing_key import missing_key, require_key
from engage_cli.service.stages import Kind, Stage, asked_by_journeys, stages_of
from engage_cli.service.tick import tick_journeys
from engage_cli.service.trait_build import build_traits
from engage_cli.service.workspace import engine_for, load
from engage_cli.state.broadcasts import broadcast_rows, waiting_counts
from engage_cli.state.instants import EARLIER_HINT, iso
from engage_cli.state.journeys import journey_clocks
from engage_cli.state.runs import clocks_of
from engage_cli.state.store import State, open_published, scratch_state
from engage_cli.state.traits import trait_clocks

COMMAND = "run"


class _Request(Struct, frozen=True):
    """One run of everything, as it was asked for."""

    folder: Path
    as_of: datetime
    dry_run: bool
    strict: bool
    allow_change: bool
    file_format: str | None
    samples: int
    verbose: bool
    progress: Progress


def run_all(
    folder: Path,
    *,
    as_of: datetime | None,
    dry_run: bool = False,
    strict: bool = False,
    wait: float = 30.0,
    allow_change: bool = False,
    file_format: str | None = None,
    samples: int = 0,
    verbose: bool = False,
    progress: Progress,
) -> RunResult:
    """Do every stage as of one instant (None: now), under one lock. Each is committed by itself, and done again at the same instant a stage
    does nothing: a run that was killed is finished by running again.

    A dry run does the same and writes nothing; its result also says what edited definitions change, and with `samples` names so many of
    those concerned. Raises what the first stage raises; where a later one cannot be done, the result says which were, and why. Raises
    UsageError before any of them for an instant before the clock of anything, and EngageError for want of the key of links.
    """
    project = load(folder)
    instant = resolve_as_of(as_of, project.config.timezone)
    stages = stages_of(project)
    if not stages:
        raise UsageError("the project has no definitions to run", hint="write one in campaigns/audiences/, such as `audience: everybody`")
    request = _Request(folder, instant, dry_run, strict, allow_change, file_format, samples, verbose, progress)
    with nullcontext() if dry_run else lock_of(project, folder, COMMAND, wait), engine_for(project, folder) as engine:
        state = open_published(engine, folder / project.config.state)
        if not dry_run:
            _refuse_earlier(project, state, instant)
        edits = find_edits(project, state, instant) if dry_run else ()
        stages += _left_over(project, state, stages)
        missing = _missing_key(project, state or scratch_state(engine, tool_version=__version__), instant, dry_run=dry_run)
        if state is not None:
            state.close()
        done, stopped = _do_all(request, stages)
    return RunResult(instant, dry_run, done, edits, missing, stopped)


def _missing_key(project: Project, state: State, as_of: datetime, *, dry_run: bool) -> str | None:
    """Raise EngageError where a run would send signed links and has no key for them; a dry run says so in words."""
    sendings = sendings_of_run(project, state, as_of)
    if dry_run:
        return missing_key(project, sendings)
    require_key(project, sendings)
    return None


def _do_all(request: _Request, stages: Sequence[Stage]) -> tuple[tuple[StageDone, ...], Stopped | None]:
    """Do stage after stage, up to one that cannot be done: what those before it committed stays."""
    done: list[StageDone] = []
    for stage in stages:
        try:
            done.append(StageDone(stage, _do(request, stage)))
        except (EngageError, OSError) as error:
            if request.dry_run or not done:
                raise
            return tuple(done), Stopped(stage, error)
    return tuple(done), None


def _do(request: _Request, stage: Stage) -> StageResult:
    folder, names, as_of, dry_run, strict = request.folder, stage.names, request.as_of, request.dry_run, request.strict
    progress, allow_change, samples = request.progress, request.allow_change, request.samples
    match stage.kind:
        case Kind.TRAITS:
            return build_traits(folder, names, as_of=as_of, dry_run=dry_run, strict=strict, locked=True, progress=progress)
        case Kind.AUDIENCES:
            return build_audiences(
                folder,
                names,
                as_of=as_of,
                file_format=request.file_format,
                dry_run=dry_run,
                strict=strict,
                allow_change=allow_change,
                samples=samples,
                verbose=request.verbose,
                locked=True,
                progress=progress,
            )
        case Kind.JOURNEYS:
            return tick_journeys(
                folder,
                names,
                as_of=as_of,
                dry_run=dry_run,
                strict=strict,
                allow_change=allow_change,
                file_format=request.file_format,
                samples=samples,
                locked=True,
                progress=progress,
            )
        case Kind.BROADCASTS:
            return run_broadcasts(_broadcasts(request, names), locked=True)
        case _:
            assert_never(stage.kind)


def _left_over(project: Project, state: State | None, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """A stage for broadcasts of which messages wait and that the project no longer has, where no other stage goes on with them."""
    gone = tuple(name for name in waiting_counts(state) if name not in project.broadcasts)
    first = asked_by_journeys(project)
    is_taken = any(stage.kind is Kind.BROADCASTS and not first.issuperset(stage.names) for stage in stages)
    return (Stage(Kind.BROADCASTS, gone),) if gone and not is_taken else ()


def _broadcasts(request: _Request, names: tuple[str, ...]) -> Broadcasting:
    """The run of a stage's broadcasts; the last such stage also goes on with those that the project no longer has."""
    project = load(request.folder)
    first = asked_by_journeys(project)
    return Broadcasting(
        project,
        request.folder,
        names if first.issuperset(names) else None,
        request.as_of,
        None,
        request.dry_run,
        request.strict,
        request.file_format,
        request.progress,
        request.samples,
        but=first,
    )


def _refuse_earlier(project: Project, state: State | None, as_of: datetime) -> None:
    """Raise UsageError where anything of the project stands at a later instant, before any stage is done."""
    clocks = [("trait", name, clock.as_of) for name, clock in trait_clocks(state).items() if name in project.traits]
    clocks += [("audience", name, clock.as_of) for name, clock in clocks_of(state).items() if name in project.audiences]
    clocks += [("journey", name, clock.as_of) for name, clock in journey_clocks(state).items() if name in project.journeys]
    clocks += [("broadcast", name, row.as_of) for name, row in broadcast_rows(state).items() if name in project.broadcasts]
    later = [one for one in clocks if one[2] > as_of]
    if later:
        kind, name, at = later[0]
        raise UsageError(
            f"the {kind} `{name}` stands at {iso(at)}, which is after --as-of {iso(as_of)}; a run only moves forward in time",
            hint=EARLIER_HINT.format("`engage plan`"),
        )
