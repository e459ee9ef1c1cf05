"""`consent import` and `consent list`: subscription states that come by hand, and what is known of whom."""

import csv
import hashlib
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from engage_cli import files
from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine
from engage_cli.service.clock import resolve_as_of, started_at
from engage_cli.service.consent_file import GivenConsent, read_consent_file
from engage_cli.service.imported import imported_folder, with_imported
from engage_cli.service.progress import Progress
from engage_cli.service.results.common import DataReport
from engage_cli.service.results.consents import ConsentCount, ConsentImport, ConsentState, ConsentStates, RefusedRow
from engage_cli.service.workspace import engine_for, load
from engage_cli.state.instants import iso
from engage_cli.state.lock import hold_lock
from engage_cli.state.store import lock_path

About = tuple[str, str, str | None]
Said = dict[About, set[tuple[datetime | None, str]]]
"""By user, channel and group: when (UTC, None: not said) each status was stated."""

_UNSUBSCRIBED = "unsubscribed"


def import_consents(
    folder: Path,
    file: Path,
    *,
    as_of: datetime | None,
    errors: Path | None = None,
    dry_run: bool = False,
    wait: float = 30.0,
    progress: Progress,
) -> ConsentImport:
    """Take the rows of a file in, those that can be read and say something new; the others are written to a file of errors.

    A row without an instant counts from `as_of` (None: now) on. What is added is one new file beside the state, whole or not at all.
    """
    project = load(folder)
    instant = resolve_as_of(as_of, project.config.timezone)
    with progress.stage(f"reading {file.name}"):
        found = read_consent_file(file, project.config, instant)
    errors_file = (errors or file.with_name(f"{file.name}.errors.csv")) if found.refused else None
    with _locked(project, folder, dry_run=dry_run, wait=wait):
        with progress.stage("comparing with what is known"):
            new = _news(found.given, _known(with_imported(project, folder), folder, found.given, instant), instant)
        written = None
        if not dry_run:
            written = _write(imported_folder(project, folder), new, instant) if new else None
            _write_errors(errors or file.with_name(f"{file.name}.errors.csv"), found.refused)
    counts = Counter((one.channel, one.group, one.status) for one in new)
    return ConsentImport(
        file=file,
        as_of=instant,
        dry_run=dry_run,
        rows=len(found.given) + len(found.refused),
        added=len(new),
        known=len(found.given) - len(new),
        refused=found.refused,
        counts=tuple(ConsentCount(*about, number) for about, number in sorted(counts.items(), key=lambda item: _order(*item[0]))),
        errors_file=None if dry_run else errors_file,
        written=None if written is None else written.relative_to(folder) if written.is_relative_to(folder) else written,
    )


@contextmanager
def _locked(project: Project, folder: Path, *, dry_run: bool, wait: float) -> Iterator[None]:
    if dry_run:
        yield
        return
    with hold_lock(lock_path(folder / project.config.state), command="consent import", started=started_at(), wait=wait):
        yield


def _order(channel: str, group: str | None, status: str) -> tuple[str, str, str]:
    return channel, group or "", status


# ---- what is new ---------------------------------------------------------------------------------------------------


def _known(project: Project, folder: Path, given: Sequence[GivenConsent], as_of: datetime) -> Said:
    """All that the project's files say of these users."""
    said: Said = defaultdict(set)
    users = sorted({one.user_id for one in given})
    with engine_for(project, folder) as engine:
        engine.stage_consents(project.config.sources, project.config.timezone, as_of)
        rows = engine.rows(
            "SELECT user_id, channel, group_name, ts, status FROM consent_row "
            "SEMI JOIN (SELECT unnest(from_json(?, '[\"VARCHAR\"]')) AS user_id) USING (user_id)",
            [json.dumps(users)],  # DuckDB takes a second for ten thousand values of a list
        )
    for user_id, channel, group, ts, status in rows:
        said[user_id, channel, group].add((None if ts is None else ts.replace(tzinfo=UTC), status))
    return said


def _news(given: Sequence[GivenConsent], said: Said, as_of: datetime) -> list[GivenConsent]:
    """The rows that say something new, in their order, each with its instant.

    A row with an instant is old where that was said before; one without where it is the state already, with what the file's others say.
    """
    new = [one for one in given if one.updated_at is not None and _add(said, one)]
    for one in given:
        if one.updated_at is None and _state(said[one.about], as_of) != {one.status}:
            dated = GivenConsent(one.row, one.user_id, one.channel, one.group, one.status, as_of)
            if _add(said, dated):
                new.append(dated)
    return sorted(new, key=lambda one: one.row)


def _add(said: Said, one: GivenConsent) -> bool:
    known = said[one.about]
    before = len(known)
    known.add((one.updated_at, one.status))
    return len(known) > before


def _state(said: Iterable[tuple[datetime | None, str]], as_of: datetime) -> set[str]:
    """What was stated last by the instant; more than one where several were at once."""
    by_instant: dict[datetime, set[str]] = defaultdict(set)
    for at, status in said:
        if at is None or at <= as_of:
            by_instant[at or datetime.min.replace(tzinfo=UTC)].add(status)
    return by_instant[max(by_instant)] if by_instant else set()


# ---- files ---------------------------------------------------------------------------------------------------------


def _write(folder: Path, rows: Sequence[GivenConsent], as_of: datetime) -> Path:
    """A new file of rows, named after the instant and what is in it. The caller holds the project's lock."""
    text = "".join(_line(one) for one in rows)
    name = f"{as_of:%Y%m%dT%H%M%SZ}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.jsonl"
    files.make_folder(folder)
    for leftover in folder.glob(f"*{files.PART}"):
        files.remove(leftover)
    files.replace_text(folder / name, text)
    return folder / name


def _line(one: GivenConsent) -> str:
    assert one.updated_at is not None
    group = {} if one.group is None else {"group": one.group}
    row = {"user_id": one.user_id, "channel": one.channel, **group, "status": one.status, "updated_at": iso(one.updated_at)}
    return json.dumps(row) + "\n"


def _write_errors(path: Path, refused: Sequence[RefusedRow]) -> None:
    """Write the refused rows; where there are none, those of an earlier import are taken out of the file."""
    if not refused and not path.is_file():
        return
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("row", "code", "reason"))
    writer.writerows((one.row, one.code, one.reason) for one in refused)
    files.make_folder(path.absolute().parent)
    files.replace_text(path, buffer.getvalue())


# ---- looking -------------------------------------------------------------------------------------------------------


def list_consents(folder: Path, *, user: str | None, as_of: datetime | None, progress: Progress) -> ConsentStates:
    """The subscription states of a user as of an instant; without one, how many users have which. Reads the sources of consents alone."""
    project = load(folder)
    instant = resolve_as_of(as_of, project.config.timezone)
    with engine_for(project, folder) as engine:
        with progress.stage("reading consents"):
            rejects = engine.stage_consents(project.config.sources, project.config.timezone, instant)
        states = () if user is None else _states_of(engine, user)
        counts = _counts(engine) if user is None else ()
    return ConsentStates(instant, user, states, counts, DataReport(rejects=rejects))


def _states_of(engine: Engine, user: str) -> tuple[ConsentState, ...]:
    rows = engine.rows(
        "SELECT channel, group_name, status, ts FROM consent_state WHERE user_id = ? ORDER BY channel, group_name NULLS FIRST", [user]
    )
    left = {channel for channel, group, status, _ in rows if group is None and status == _UNSUBSCRIBED}
    return tuple(
        ConsentState(channel, group, status, None if ts is None else ts.replace(tzinfo=UTC), _UNSUBSCRIBED if channel in left else status)
        for channel, group, status, ts in rows
    )


def _counts(engine: Engine) -> tuple[ConsentCount, ...]:
    rows = engine.rows(
        "SELECT channel, group_name, status, count(*) FROM consent_state GROUP BY ALL ORDER BY channel, group_name NULLS FIRST, status"
    )
    return tuple(ConsentCount(channel, group, status, int(number)) for channel, group, status, number in rows)
