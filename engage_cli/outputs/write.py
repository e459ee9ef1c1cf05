"""One call from changes to published files: what a run does after its audiences are evaluated."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from engage_cli.definitions.audience import Audience
from engage_cli.errors import EngageError
from engage_cli.outputs.calls import stage_new_changes
from engage_cli.outputs.folder import planned_files, run_path, write_folder
from engage_cli.outputs.members import members_path, pending_member_file, write_members
from engage_cli.outputs.publish import discard, publish
from engage_cli.outputs.syncs import NOTHING, Syncs
from engage_cli.state.commit import commit_run
from engage_cli.state.membership import Changes
from engage_cli.state.outbox import MemberFile, Pending, RunFile, member_files
from engage_cli.state.runs import Run, RunPlan
from engage_cli.state.store import State


class Written(Struct, frozen=True):
    """What a run left behind. `run` is None where only files were written again, `folder` where there is nothing to tell.

    Paths are from the outputs folder. `members` has each member file that was written, `rewritten` those whose bytes are new.
    """

    run: Run | None
    folder: str | None
    run_files: tuple[RunFile, ...]
    members: Mapping[str, MemberFile]
    rewritten: tuple[str, ...]


class _Parts(Struct):
    """What is written under part names so far."""

    run_files: list[RunFile] = field(default_factory=list)
    members: list[MemberFile] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)


def write_run(
    state: State,
    plan: RunPlan,
    changes: Sequence[Changes],
    *,
    audiences: Mapping[str, Audience],
    outputs: Path,
    file_format: str,
    syncs: Syncs = NOTHING,
    kept: Collection[str] = (),
) -> Written:
    """Write the files of a run, commit it, and publish both. `find_changes` and `find_syncs` come before; the caller holds the lock.

    Reads `member_row`, `membership_change` and, where an audience has `with`, `member_trait` (see columns.py), which must have the users
    of both. `kept` are audiences whose member file stays as it is. A failure before the commit, such as a full disk, leaves state and
    files as they were.
    """
    built = {name: audiences[name] for name in plan.audiences}
    if not built:
        return Written(None, None, (), {}, ())
    paths = [run_path(plan.run), *(members_path(name, file_format) for name in built)]
    parts = _Parts()
    try:
        _write_parts(state, plan, changes, built, syncs, outputs, file_format, kept, parts)
        is_run = commit_run(
            state, plan, changes, syncs=syncs.known, run_files=parts.run_files, member_files=parts.members, pending=parts.pending
        )
    except BaseException:
        discard(outputs, paths)
        raise
    publish_committed(state, outputs)
    return Written(
        run=plan.run if is_run else None,
        folder=run_path(plan.run) if parts.run_files else None,
        run_files=tuple(parts.run_files),
        members={file.audience: file for file in parts.members},
        rewritten=tuple(item.path for item in parts.pending if item.run is None),
    )


def _write_parts(
    state: State,
    plan: RunPlan,
    changes: Sequence[Changes],
    built: Mapping[str, Audience],
    syncs: Syncs,
    outputs: Path,
    file_format: str,
    kept: Collection[str],
    parts: _Parts,
) -> None:
    recorded = member_files(state.engine)
    for audience in (audience for name, audience in built.items() if name not in kept):
        file = write_members(state.engine, audience, outputs, file_format)
        parts.members.append(file)
        waits = pending_member_file(file, outputs, recorded.get(audience.name))
        if waits is not None:
            parts.pending.append(waits)
    stage_new_changes(state.engine, built, syncs.tellings)
    changed = [built[change.audience] for change in changes if change.entered or change.exited]
    planned = planned_files(state.engine, changed, syncs.tellings)
    if planned:
        parts.run_files, folder = write_folder(state.engine, plan.run, planned, outputs)
        parts.pending.append(folder)


def publish_committed(state: State, outputs: Path) -> None:
    """Give what a committed run wrote its final names; an EngageError says that the next run does what could not be done now."""
    try:
        publish(state, outputs)
    except EngageError as error:
        raise EngageError(
            f"the changes are committed, but not all of them are published: {error.message}",
            hint="; ".join([*([error.hint] if error.hint else []), "the next run publishes the rest, and nothing twice"]),
        ) from error
