"""A run's folder, `runs/20261123T100000Z-<run id>/`: what changed, as calls in Segment's spec, and a manifest of it all.

`audiences/<name>.jsonl` holds the track calls of each audience that changed, `syncs/<destination>/<audience>.<format>` the calls for a
destination of events, `syncs/<destination>/traits/<trait>.<format>` those about a computed trait,
`syncs/<destination>/<audience>/adds.<format>` and `removes.<format>` the rows for one of lists. The folder is made under a part name,
every file fsynced, `manifest.json` last.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from sqlglot import exp

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.definitions.audience import Audience
from engage_cli.definitions.destinations import Call, EventsDestination, ListDestination
from engage_cli.engine.base import Engine
from engage_cli.outputs.calls import call_about, calls_query, written_call
from engage_cli.outputs.lists import list_query
from engage_cli.outputs.syncs import Telling
from engage_cli.outputs.told import told_query
from engage_cli.outputs.trait_calls import trait_calls_query
from engage_cli.records import replace
from engage_cli.state.instants import iso
from engage_cli.state.lists import removed_columns
from engage_cli.state.outbox import Pending, RunFile
from engage_cli.state.runs import Run
from engage_cli.state.tables import ListChange, Told

MANIFEST = "manifest.json"


def run_path(run: Run) -> str:
    """Where a run's folder is, from the outputs folder."""
    return f"runs/{run.name}"


def planned_files(engine: Engine, audiences: Sequence[Audience], tellings: Sequence[Telling]) -> list[RunFile]:
    """The files that a run's folder gets for audiences that changed and for what destinations are told, in path order, not written yet."""
    planned = [
        _calls_file(f"audiences/{audience.name}.jsonl", Told.MEMBERSHIP, audience, None, Call.TRACK, "jsonl") for audience in audiences
    ]
    for telling in tellings:
        if not telling.has_files:
            continue
        match telling.destination:
            case EventsDestination(name, file_format, call):
                path = f"syncs/{name}/{telling.audience.name}.{file_format}"
                kind = Told.SYNC if telling.of_its_own else Told.MEMBERSHIP
                file = _calls_file(path, kind, telling.audience, name, call, file_format)
                planned.append(replace(file, kind=Told.EACH, call=call.value, with_traits=False) if telling.is_list else file)
            case ListDestination():
                planned += _list_files(engine, telling, telling.destination)
    return sorted(planned, key=lambda file: file.path)


def _calls_file(path: str, kind: Told, audience: Audience, destination: str | None, call: Call, file_format: str) -> RunFile:
    with_traits = audience.has_with
    return RunFile(path, kind, audience.name, destination, call_about(audience.of, call), with_traits, None, file_format)


def _list_files(engine: Engine, telling: Telling, destination: ListDestination) -> list[RunFile]:
    """The adds and the removes of a list. What is removed goes out as it was added, under columns of that time, too."""
    name, columns = telling.audience.name, tuple(column.name for column in destination.columns)
    folder, planned = f"syncs/{destination.name}/{name}", []
    for change, file, count in ((ListChange.ADDED, "adds", telling.added), (ListChange.REMOVED, "removes", telling.removed)):
        if change is ListChange.REMOVED and count:
            now = {column.lower() for column in columns}
            columns += tuple(one for one in removed_columns(engine, destination.name, name) if one not in now)
        if count:
            path = f"{folder}/{file}.{destination.format}"
            planned.append(RunFile(path, Told.LIST, name, destination.name, change.value, False, columns, destination.format))
    return planned


def write_folder(engine: Engine, run: Run, planned: Sequence[RunFile], outputs: Path) -> tuple[list[RunFile], Pending]:
    """Write a run's folder from `run_change`, under its part name; what its files became, and what has to be renamed.

    A message that cannot be rendered moves to those skipped, whose file comes later; a file that is left without rows is not written.
    """
    folder = files.part_of(outputs / run_path(run))
    files.remove(folder)
    files.make_folder(folder)
    made = [_write_file(engine, run, file, folder) for file in planned]
    for empty in (file for file in made if not file.rows and file.kind in (Told.MESSAGE, Told.SKIPPED)):
        files.remove(folder / empty.path)
    written = [file for file in made if (folder / file.path).exists()]
    for inner in sorted(path for path in folder.rglob("*") if path.is_dir()):
        files.sync_folder(inner)
    files.write_text(folder / MANIFEST, manifest(run, written))
    files.sync_folder(folder)
    files.sync_folder(folder.parent)
    return written, Pending(run_path(run), files.sha256_of(folder / MANIFEST), run.number, None)


def manifest(run: Run, written: Sequence[RunFile]) -> str:
    """The text of `manifest.json`."""
    document = {
        "run": run.name,
        "run_id": run.run_id,
        "previous_run_id": run.previous_run_id,
        "command": run.command,
        "as_of": iso(run.as_of),
        "engage_version": run.tool_version,
        "definitions": run.definitions,
        "inputs": run.inputs,
        "files": [
            {
                "path": file.path,
                **_about(file),
                "destination": file.destination,
                "format": file.format,
                "rows": file.rows,
                "bytes": file.bytes,
                "sha256": file.sha256,
            }
            for file in written
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _about(file: RunFile) -> dict[str, str]:
    """Whose changes a file tells, and how."""
    match file.kind:
        case Told.LIST:
            return {"list": file.source, "change": file.call}
        case Told.MESSAGE:
            return {"channel": file.source}
        case Told.SKIPPED:
            return {"messages": "skipped"}
        case Told.EVENT:
            return {"journey": file.source, "call": file.call}
        case Told.TRAIT | Told.TRAIT_SYNC:
            return {"trait": file.source, "call": written_call(file.call)}
    return {"audience": file.source, "call": written_call(file.call)}


def is_whole(folder: Path, manifest_sha256: str) -> bool:
    """Whether a folder holds that very manifest and every file that it lists, byte for byte."""
    path = folder / MANIFEST
    if not path.is_file() or files.sha256_of(path) != manifest_sha256:
        return False
    listed = json.loads(path.read_text(encoding="utf-8"))["files"]
    return all((folder / file["path"]).is_file() and files.sha256_of(folder / file["path"]) == file["sha256"] for file in listed)


def _query(run: Run, file: RunFile) -> exp.Expr:
    match file.kind:
        case Told.LIST:
            return list_query(file)
        case Told.SKIPPED | Told.EVENT:
            return told_query(file)
        case Told.TRAIT | Told.TRAIT_SYNC:
            return trait_calls_query(run, file)
        case _:
            return calls_query(run, file)


def _write_file(engine: Engine, run: Run, file: RunFile, folder: Path) -> RunFile:
    path = folder / file.path
    files.make_folder(path.parent)
    crash_point("write calls")
    rows = _write_messages(engine, file, path) if file.kind is Told.MESSAGE else engine.copy(_query(run, file), path, file.format)
    return replace(file, rows=rows, bytes=path.stat().st_size, sha256=files.sha256_of(path))


def _write_messages(engine: Engine, file: RunFile, path: Path) -> int:
    # What renders takes as long to import as a tick in which nobody is written to takes to think.
    from engage_cli.outputs.messages import write_messages

    return write_messages(engine, file, path)
