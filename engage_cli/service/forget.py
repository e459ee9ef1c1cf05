"""`engage forget`: a person taken out of the state, the event store and every universe, and what still names them."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from sqlglot import exp

from engage_cli import __version__, files
from engage_cli.definitions.forgotten import ADDRESS, NOBODY, STATE_ID, Forgotten, address_form, hash_of
from engage_cli.definitions.identity import USER_ID
from engage_cli.definitions.paths import Path as TraitPath
from engage_cli.definitions.paths import path_of
from engage_cli.definitions.project import Project
from engage_cli.delivery.log import open_readings
from engage_cli.delivery.log_copies import LOG_COPY
from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError, UsageError
from engage_cli.outputs.publish import recover
from engage_cli.plan.needs import Column, Needs, Reading
from engage_cli.records import replace
from engage_cli.service.clock import started_at
from engage_cli.service.forgotten import consents_of, finish_forgetting, is_forgotten, remember, with_forgotten
from engage_cli.service.imported import imported_folder
from engage_cli.service.loose_files import files_naming
from engage_cli.service.progress import SILENT, Progress
from engage_cli.service.workspace import engine_for, kept_folder, load, needs_of_all
from engage_cli.source import visible
from engage_cli.sql.literals import column
from engage_cli.state.forgetting import files_told, holds, rows_of
from engage_cli.state.lock import hold_lock
from engage_cli.state.runs import run_numbered
from engage_cli.state.store import State, is_database, lock_path, open_published, open_state, publish_copy, published_path

LAST = datetime(9999, 12, 31, tzinfo=UTC)
"""Whatever was ever seen of a person counts, also what is dated later than now."""
ADDRESSES = ("email", "phone")
"""The traits that hold addresses where `messaging` names none."""


class NamingFile(Struct, frozen=True):
    """A file that still names the person, from the project's folder; how many of its rows do, None where they were not counted."""

    path: str
    rows: int | None


class ForgetResult(Struct, frozen=True):
    """What was known of a person, and what was (dry run: would be) removed.

    `removed` has by table of the state, `consents` and `store` how many rows are gone. `suppressed` counts the hashes that are kept, by
    what they are of. `told` are the destinations that know the person. `before`: they had been forgotten already.
    """

    user_id: str
    dry_run: bool
    identifiers: Mapping[str, tuple[str, ...]]
    removed: Mapping[str, int]
    suppressed: Mapping[str, int]
    told: tuple[str, ...]
    files: tuple[NamingFile, ...]
    before: bool

    @property
    def would_change(self) -> bool:
        """Whether there was anything to do."""
        return not self.before or bool(self.removed)


class _Person(Struct, frozen=True):
    """Somebody: the profile's id, the values that they are known by, the ids that the state may have stays under, their addresses."""

    user_id: str
    identifiers: Mapping[str, tuple[str, ...]]
    state_ids: frozenset[str]
    addresses: frozenset[str] = frozenset()

    @property
    def names(self) -> set[str]:
        """The texts that a file may have them under: ids, identifiers, addresses."""
        return {*self.state_ids, *self.addresses, *(value for found in self.identifiers.values() for value in found)}

    @property
    def hashes(self) -> set[tuple[str, str]]:
        """What is kept of them."""
        values = {(kind, value) for kind, found in self.identifiers.items() for value in found}
        values |= {(STATE_ID, value) for value in self.state_ids} | {(ADDRESS, address_form(value)) for value in self.addresses}
        return {(kind, hash_of(value)) for kind, value in values}

    @property
    def forgotten(self) -> Forgotten:
        """As if they alone had been forgotten."""
        by_kind: dict[str, set[str]] = {}
        for kind, hashed in self.hashes:
            by_kind.setdefault(kind, set()).add(hashed)
        return Forgotten({kind: frozenset(found) for kind, found in by_kind.items()})


def forget(folder: Path, user: str, *, dry_run: bool = False, wait: float = 30.0, progress: Progress = SILENT) -> ForgetResult:
    """Forget the person that an id (or, where identifiers join users, any identifier) belongs to. There is no way back.

    Raises UsageError where nobody is known so. Killed before the hashes are kept, nothing has happened; killed later, the next command
    that holds the lock finishes it.
    """
    project = load(folder)
    with _opened(project, folder, dry_run=dry_run, wait=wait) as (engine, state):
        with progress.stage(f"looking for {user}"):
            person, before = _person(project, engine, user)
        found = person.forgotten
        with progress.stage("looking which files name them"):
            naming = _files(project, folder, engine, person)
        stays = rows_of(state, found) if state is not None else {}
        if not (naming or stays or before or _is_known(engine, person.user_id)):
            raise UsageError(f"nobody is known as `{visible(user)}`", hint="ids are compared as text, exactly as they are written")
        loose = files_naming(folder / project.config.outputs, person.names)
        naming |= {_shown(folder, path): None for path in loose}
        told: tuple[str, ...] = ()
        if state is not None:
            ours, told = _told(project, folder, engine, state, found)
            naming = naming | ours
        removed = stays | _beside(project, folder, found)
        if not dry_run:
            if not before:
                remember(project, folder, person.hashes)
            with progress.stage("removing"):
                finish_forgetting(with_forgotten(project, folder), folder, state)
                if state is not None:
                    publish_copy(state)
    return ForgetResult(
        user_id=person.user_id,
        dry_run=dry_run,
        identifiers=person.identifiers,
        removed=removed,
        suppressed=_suppressed(found),
        told=told,
        files=tuple(NamingFile(path, rows) for path, rows in sorted(naming.items())),
        before=before,
    )


@contextmanager
def _opened(project: Project, folder: Path, *, dry_run: bool, wait: float) -> Iterator[tuple[Engine, State | None]]:
    """An engine and the state: for a dry run the readers' copy, else the state itself under the lock. None where there is none yet."""
    path = folder / project.config.state
    if dry_run:
        with engine_for(project, folder) as engine:
            yield engine, open_published(engine, path)
        return
    with (
        hold_lock(lock_path(path), command="forget", started=started_at(), wait=wait),
        engine_for(project, folder) as engine,
    ):
        state = None
        if path.exists() or published_path(path).exists():
            state = open_state(engine, path, tool_version=__version__)
            recover(state, folder / project.config.outputs)
            finish_forgetting(project, folder, state)
        yield engine, state


# ---- who it is ---------------------------------------------------------------------------------------------------------


def _person(project: Project, engine: Engine, user: str) -> tuple[_Person, bool]:
    """Who is known by an id; and whether they were forgotten before, of whom nothing but that id is known then."""
    config = project.config
    identity, forgotten = config.sources.identity, config.sources.forgotten
    names = (USER_ID,) if identity is None else identity.names
    known = [name for name in names if forgotten.has(name, user)]
    if known:
        return _Person(user, dict.fromkeys(known, (user,)), frozenset({user})), True
    addresses = {channel.address for channel in config.messaging.channels.values()} or {path_of(name) for name in ADDRESSES}
    columns = frozenset(Column(path, Reading.TEXT) for path in addresses)
    if identity is None:
        engine.stage(config.sources, Needs(LAST, config.timezone, traits=columns))
        return _Person(user, {USER_ID: (user,)}, frozenset({user}), _values(engine, addresses, user)), False
    needs = Needs(LAST, config.timezone, traits=columns, users=frozenset({user}), with_sightings=True)
    user_id = engine.stage(config.sources, needs).known_as[user]
    by_name: dict[str, list[str]] = {}
    for kind, value in engine.rows("SELECT kind, value FROM known_as WHERE user_id = ? AND user_key IS NOT NULL ORDER BY ALL", [user_id]):
        by_name.setdefault(names[kind], []).append(str(value))
    identifiers = {name: tuple(values) for name, values in by_name.items()} or {USER_ID: (user,)}
    found = set(_values(engine, addresses, user_id))
    found.update(value for path in addresses for value in identifiers.get(path.text, ()))
    return _Person(user_id, identifiers, _state_ids(engine, names, user_id, identifiers), frozenset(found)), False


def _values(engine: Engine, addresses: set[TraitPath], user_id: str) -> frozenset[str]:
    """The addresses that a user's traits have."""
    columns = [column(Column(path, Reading.TEXT).name, "traits") for path in sorted(addresses, key=str)]
    query = exp.select(*columns).from_("traits").join("users", using="user_key")
    rows = engine.rows(query.where(exp.column("user_id", table="users").eq(user_id)))
    return frozenset(str(value) for row in rows for value in row if value is not None)


def _state_ids(engine: Engine, names: Sequence[str], user_id: str, identifiers: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """The ids that stays of a profile may have begun with: its identifiers, as far as they are nobody else's id."""
    texts = {value for values in identifiers.values() for value in values}
    texts |= {f"{name}:{value}" for name in names[1:] for value in identifiers.get(name, ())}
    others = engine.rows(
        "SELECT user_id FROM everybody WHERE user_id <> ? UNION SELECT value FROM known_as WHERE kind = 0 AND user_id <> ?",
        [user_id, user_id],
    )
    return frozenset((texts - {str(one) for (one,) in others}) | {user_id})


def _is_known(engine: Engine, user_id: str) -> bool:
    return bool(engine.rows("SELECT 1 FROM users WHERE user_id = ?", [user_id]))


# ---- what names them ---------------------------------------------------------------------------------------------------


def _files(project: Project, folder: Path, engine: Engine, person: _Person) -> dict[str, int | None]:
    """The files of sources that name somebody, copies of them that runs keep, and lists; with the number of rows."""
    sources = replace(project.config.sources, forgotten=NOBODY)
    imported = imported_folder(project, folder)
    found: dict[str, int | None] = {}
    for path, rows in engine.files_naming(sources, project.config.timezone, person.identifiers).items():
        if not (folder / path).is_relative_to(imported):
            found[path] = rows
            copy = kept_folder(project, folder) / path
            if copy.is_file() and not (folder / path).samefile(copy):
                found[_shown(folder, copy)] = rows
    for need in needs_of_all(project, LAST).lists:
        texts = set(person.identifiers.get(USER_ID, ()))
        with files.on_disk("read", folder / need.path), (folder / need.path).open(newline="", encoding="utf-8", errors="replace") as lines:
            rows = sum(bool(row) and row[0] in texts for row in csv.reader(lines))
        if rows:
            found[need.path] = rows
    return found


def _told(project: Project, folder: Path, engine: Engine, state: State, found: Forgotten) -> tuple[dict[str, int | None], tuple[str, ...]]:
    """Files that runs wrote and that name somebody, copies of the state among them; and the destinations that were told of them."""
    outputs = folder / project.config.outputs
    written, members, destinations = files_told(state, found)
    paths = [outputs / "runs" / run_numbered(engine, run).name / path for run, path in written]
    paths += [outputs / path for path in members]
    own = {state.path, published_path(state.path)}
    for path in sorted(state.path.parent.glob(f"{state.path.name}.*")):
        if path.is_file() and path not in own and path.suffix not in (files.PART, ".wal", ".restoring") and _holds(engine, path, found):
            paths.append(path)
    return {_shown(folder, path): None for path in paths if path.is_file()}, tuple(destinations)


def _holds(engine: Engine, path: Path, found: Forgotten) -> bool:
    """Whether a copy of the state, or of the delivery log, has somebody; one that cannot be read may."""
    try:
        if path.name.endswith(f".{LOG_COPY}"):
            with open_readings(path) as log:
                return any(is_forgotten(found, user) for user in log.users())
        return is_database(path) and holds(engine, path, found)
    except EngageError:
        return True


def _shown(folder: Path, path: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _beside(project: Project, folder: Path, found: Forgotten) -> dict[str, int]:
    """What goes beside the rows of the state."""
    consents = consents_of(project, folder, found)
    return {"imported consents": consents} if consents else {}


def _suppressed(found: Forgotten) -> dict[str, int]:
    """How many hashes are kept of what."""
    names = {ADDRESS: "address"}
    return {names.get(kind, kind): len(hashes) for kind, hashes in sorted(found.hashes.items()) if kind != STATE_ID}
