"""Runs: what one is asked to build, what of that is new, its id, and the transaction that makes it history."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from engage_cli.engine.base import Engine, InputFile
from engage_cli.errors import UsageError
from engage_cli.state.hashes import digest, hash_of_files
from engage_cli.state.inserting import insert_rows
from engage_cli.state.instants import EARLIER_HINT, compact, iso, read, stored
from engage_cli.state.store import State
from engage_cli.state.tables import RunStatus


class Build(Struct, frozen=True):
    """An audience that a run is asked to build.

    `definition` is the hash of all that its meaning and its outputs rest on but the data: the definition itself, those that it names,
    the project's settings. `lists` are the paths of its `in_file` lists, as their InputFiles spell them.
    """

    audience: str
    definition: str
    lists: tuple[str, ...] = ()


class Reason(StrEnum):
    """Why an audience is evaluated."""

    NEW = "new"  # never built before
    LATER = "later"  # its clock moves forward
    EARLIER = "earlier"  # a look back, which only a dry run takes
    DEFINITION = "definition"  # the same instant, but the definition was edited
    INPUTS = "inputs"  # the same instant and definition, but files changed
    AGAIN = "again"  # nothing changed, but all is to be told again
    HELD = "held"  # nothing changed, but something was held back from a destination
    FILE = "file"  # nothing changed, but its member file is missing or not as it was written


class Clock(Struct, frozen=True):
    """Where an audience stands: the last instant it was built at, from what, and what changed then."""

    audience: str
    as_of: datetime
    definition: str
    inputs: str
    run: int
    entered: int
    exited: int


class Run(Struct, frozen=True):
    """A row of the table `run`."""

    number: int
    run_id: str
    previous_run_id: str | None
    command: str
    as_of: datetime
    tool_version: str
    definitions: str
    inputs: str
    status: RunStatus

    @property
    def name(self) -> str:
        """`20261123T100000Z-1a2b3c4d`, the name of the run's folder; unique in a state."""
        return f"{compact(self.as_of)}-{self.run_id}"


class RunPlan(Struct, frozen=True):
    """What a run will do. `builds` are to be evaluated, each for its reason; `unchanged` audiences already are what they would be."""

    run: Run
    builds: tuple[Build, ...]
    reasons: tuple[Reason, ...]
    unchanged: tuple[str, ...]
    files: tuple[InputFile, ...]

    @property
    def audiences(self) -> tuple[str, ...]:
        """The names of the audiences to evaluate."""
        return tuple(build.audience for build in self.builds)

    @property
    def moves_clocks(self) -> bool:
        """Whether a clock would move or rest on something else: if not, the run only writes files again."""
        return any(reason not in (Reason.FILE, Reason.HELD) for reason in self.reasons)

    def inputs_of(self, build: Build) -> str:
        """The hash of the files that an audience rests on."""
        return _inputs_of(build, self.files)


def plan_run(
    state: State | None,
    *,
    command: str,
    as_of: datetime,
    tool_version: str,
    builds: Sequence[Build],
    files: Sequence[InputFile],
    unwritten: Collection[str] = (),
    held: Collection[str] = (),
    again: bool = False,
    dry_run: bool = False,
    clocks: Mapping[str, Clock] | None = None,
    what: str = "an audience",
) -> RunPlan:
    """Decide which audiences have to be evaluated at `as_of` (aware), and the id of the run that would do it.

    `unwritten` are audiences whose member file is not there as it should be, `held` those of which something was held back from a
    destination; `again`: all are evaluated, to tell everything again. Raises UsageError, unless it is a dry run, when an
    audience was already built at a later instant. Without a state every audience is new. What is built are audiences, or `what` else has
    these `clocks` by name.
    """
    clocks = clocks_of(state) if clocks is None else clocks
    if not dry_run:
        _refuse_earlier(as_of, [clocks[build.audience] for build in builds if build.audience in clocks], what)
    ordered = sorted(builds, key=lambda build: build.audience)
    reasons = {}
    for build in ordered:
        name = build.audience
        otherwise = Reason.AGAIN if again else Reason.HELD if name in held else Reason.FILE if name in unwritten else None
        reasons[name] = _reason(clocks.get(name), build, as_of, _inputs_of(build, files)) or otherwise
    due = [(build, reason) for build in ordered if (reason := reasons[build.audience]) is not None]
    return RunPlan(
        run=_next_run(last_run(state), command, as_of, tool_version, ordered, files),
        builds=tuple(build for build, _ in due),
        reasons=tuple(reason for _, reason in due),
        unchanged=tuple(build.audience for build in ordered if reasons[build.audience] is None),
        files=tuple(files),
    )


def last_run(state: State | None) -> Run | None:
    """The newest run of a state."""
    if state is None:
        return None
    newest = state.engine.rows("SELECT max(number) FROM state.main.run")[0][0]
    return None if newest is None else run_numbered(state.engine, newest)


def run_numbered(engine: Engine, number: int) -> Run:
    """The run of that number, which exists."""
    [run] = _runs(engine, number, number, list(RunStatus))
    return run


def unpublished_runs(engine: Engine) -> list[Run]:
    """Runs whose changes are in the state but whose files may still carry their part names, in order."""
    return _runs(engine, 1, None, [RunStatus.COMMITTED])


def all_runs(engine: Engine) -> list[Run]:
    """Every run, in order."""
    return _runs(engine, 1, None, list(RunStatus))


def _runs(engine: Engine, first: int, last: int | None, statuses: Sequence[RunStatus]) -> list[Run]:
    rows = engine.rows(_RUNS, [first, last, [status.value for status in statuses]])
    return [
        Run(number, run_id, previous, command, read(as_of), tool, definitions, inputs, RunStatus(status))
        for number, run_id, previous, command, as_of, tool, definitions, inputs, status in rows
    ]


_RUNS = """
    SELECT number, run_id, previous_run_id, command, as_of, tool_version, definitions, inputs, status
    FROM state.main.run
    WHERE number >= CAST(? AS INTEGER) AND number <= coalesce(CAST(? AS INTEGER), 2147483647)
        AND list_contains(CAST(? AS VARCHAR[]), status)
    ORDER BY number
"""


def clocks_of(state: State | None) -> dict[str, Clock]:
    """The clock of every audience ever built, by name, in name order."""
    if state is None:
        return {}
    rows = state.engine.rows(
        "SELECT audience, as_of, definition, inputs, run, entered, exited FROM state.main.audience_clock ORDER BY audience"
    )
    return {row[0]: Clock(row[0], read(row[1]), *row[2:]) for row in rows}


def record_run(engine: Engine, run: Run) -> None:
    """Add the run's row, inside its transaction."""
    engine.execute(
        "INSERT INTO state.main.run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            run.number,
            run.run_id,
            run.previous_run_id,
            run.command,
            stored(run.as_of),
            run.tool_version,
            run.definitions,
            run.inputs,
            run.status.value,
        ],
    )


def record_clocks(engine: Engine, clocks: Sequence[Clock]) -> None:
    """Set the clocks of audiences, inside the run's transaction."""
    insert_rows(
        engine,
        "INSERT OR REPLACE INTO state.main.audience_clock",
        [(one.audience, stored(one.as_of), one.definition, one.inputs, one.run, one.entered, one.exited) for one in clocks],
    )


def record_published(engine: Engine) -> None:
    """Say that all runs' files have their final names, inside a transaction."""
    engine.execute("UPDATE state.main.run SET status = 'published' WHERE status = 'committed'")


def _reason(clock: Clock | None, build: Build, as_of: datetime, inputs: str) -> Reason | None:
    if clock is None:
        return Reason.NEW
    if as_of != clock.as_of:
        return Reason.LATER if as_of > clock.as_of else Reason.EARLIER
    if build.definition != clock.definition:
        return Reason.DEFINITION
    if inputs != clock.inputs:
        return Reason.INPUTS
    return None


def _refuse_earlier(as_of: datetime, clocks: Sequence[Clock], what: str) -> None:
    later = [clock for clock in clocks if clock.as_of > as_of]
    if not later:
        return
    named = f"`{later[0].audience}` was built as of {iso(later[0].as_of)}"
    others = f" (and {len(later) - 1} more as of later instants)" if len(later) > 1 else ""
    raise UsageError(
        f"{named}{others}, which is after --as-of {iso(as_of)}; {what} only moves forward in time",
        hint=EARLIER_HINT.format("--dry-run"),
    )


def _inputs_of(build: Build, files: Sequence[InputFile]) -> str:
    return hash_of_files(file for file in files if file.kind != "list" or file.path in build.lists)


def next_run(
    state: State | None,
    command: str,
    as_of: datetime,
    tool_version: str,
    definitions: Sequence[tuple[str, str]],
    files: Sequence[InputFile],
) -> Run:
    """The run that would come next: `definitions` are (name, hash) of all that it is asked to do, in order."""
    builds = [Build(name, definition) for name, definition in definitions]
    return _next_run(last_run(state), command, as_of, tool_version, builds, files)


def _next_run(
    last: Run | None, command: str, as_of: datetime, tool_version: str, builds: Sequence[Build], files: Sequence[InputFile]
) -> Run:
    definitions = digest(*((build.audience, build.definition) for build in builds))
    inputs = hash_of_files(files)
    previous = last.run_id if last else None
    return Run(
        number=last.number + 1 if last else 1,
        run_id=digest(iso(as_of), command, definitions, inputs, previous)[:8],
        previous_run_id=previous,
        command=command,
        as_of=as_of,
        tool_version=tool_version,
        definitions=definitions,
        inputs=inputs,
        status=RunStatus.COMMITTED,
    )
