"""People who were forgotten: hashes of what they were known by, in files beside the state, which every command reads.

One immutable file for each time that somebody was forgotten. It appears whole, by a rename, and from then on nobody sees these people's
rows any more; what the state and other files of ours still have of them is removed after that, by `engage forget` itself or, where that
was cut off, by the next command that holds the lock.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.definitions.forgotten import STATE_ID, Forgotten
from engage_cli.definitions.identity import USER_ID
from engage_cli.definitions.project import Project
from engage_cli.engine.duckdb_engine import remove_store
from engage_cli.errors import EngageError
from engage_cli.records import replace
from engage_cli.service.imported import imported_folder
from engage_cli.state.forgetting import is_purged, purge
from engage_cli.state.store import State

Hashed = tuple[str, str]
"""A kind (see Forgotten) and a hash."""


def forgotten_folder(project: Project, folder: Path) -> Path:
    """Where it is kept who was forgotten, beside the state."""
    return (folder / project.config.state).parent / "forgotten"


def with_forgotten(project: Project, folder: Path) -> Project:
    """The project without the people who were forgotten."""
    found = defaultdict(set)
    for path in sorted(forgotten_folder(project, folder).glob("*.jsonl")):
        for kind, hashed in _read(path):
            found[kind].add(hashed)
    if not found:
        return project
    forgotten = Forgotten({kind: frozenset(hashes) for kind, hashes in found.items()})
    sources = replace(project.config.sources, forgotten=forgotten)
    return replace(project, config=replace(project.config, sources=sources))


def _read(path: Path) -> Iterator[Hashed]:
    try:
        with files.on_disk("read", path):
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        yield from ((str(line["kind"]), str(line["sha256"])) for line in lines)
    except (ValueError, KeyError, TypeError) as error:
        raise EngageError(
            f"{path} is damaged: it does not say who was forgotten", hint="put back what `engage state backup` copied beside its file"
        ) from error


def remember(project: Project, folder: Path, hashes: Iterable[Hashed]) -> None:
    """Write down whom nobody is to see any more. The caller holds the project's lock."""
    text = "".join(json.dumps({"kind": kind, "sha256": hashed}) + "\n" for kind, hashed in sorted(set(hashes)))
    target = forgotten_folder(project, folder) / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.jsonl"
    files.make_folder(target.parent)
    part = files.part_of(target)
    files.write_text(part, text)
    crash_point("forget")
    files.rename(part, target)


def finish_forgetting(project: Project, folder: Path, state: State | None) -> None:
    """Remove what is still there of people who were forgotten, where the state does not say that this was done. Under the lock."""
    forgotten = project.config.sources.forgotten
    if state is not None and is_purged(state, forgotten):
        return
    for path in sorted(imported_folder(project, folder).glob("*.jsonl")):
        _rewrite_consents(path, forgotten)
    crash_point("forget: consents")
    if project.config.store is not None:
        remove_store(folder / project.config.store)
    crash_point("forget: store")
    from engage_cli.delivery.log import log_path, open_log  # SQLite, which every run would load

    deliveries = log_path(folder / project.config.state)
    if deliveries.exists():
        with open_log(deliveries) as log:
            log.forget([user for user in log.users() if is_forgotten(forgotten, user)])
    if state is not None:
        purge(state, forgotten)


def is_forgotten(forgotten: Forgotten, user_id: str) -> bool:
    """Whether an id that messages or stays were of is that of somebody who was forgotten."""
    return forgotten.has(STATE_ID, user_id) or forgotten.has(USER_ID, user_id)


def consents_of(project: Project, folder: Path, forgotten: Forgotten) -> int:
    """How many imported consents are of these people."""
    paths = imported_folder(project, folder).glob("*.jsonl")
    return sum(forgotten.has(USER_ID, user) for path in paths for user, _ in _consents(path))


def _rewrite_consents(path: Path, forgotten: Forgotten) -> None:
    """Replace a file of imported consents by one without theirs. It stays where nothing is left: a run would miss it."""
    rows = list(_consents(path))
    kept = [line for user, line in rows if not forgotten.has(USER_ID, user)]
    if len(kept) < len(rows):
        files.replace_text(path, "".join(f"{line}\n" for line in kept))


def _consents(path: Path) -> Iterator[tuple[str, str]]:
    """The user and the line of each row of a file that `consent import` wrote."""
    with files.on_disk("read", path):
        lines = path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        yield str(json.loads(line)["user_id"]), line
