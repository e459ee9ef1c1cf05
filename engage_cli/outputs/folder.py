"""A run's folder, `runs/20261123T100000Z-<run id>/`: what changed, as calls in Segment's spec, and a manifest of it all.

`audiences/<name>.jsonl` holds the track calls of each audience that changed, `syncs/<destination>/<audience>.<format>` the calls for each
destination that it names. The folder is made under a part name, every file fsynced, `manifest.json` last.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.definitions.audience import Audience
from engage_cli.definitions.project import Call, EventsDestination
from engage_cli.engine.base import Engine
from engage_cli.outputs.calls import call_about, calls_query, written_call
from engage_cli.state.instants import iso
from engage_cli.state.outbox import Pending, RunFile
from engage_cli.state.runs import Run
from engage_cli.state.tables import Told

MANIFEST = "manifest.json"


def run_path(run: Run) -> str:
    """Where a run's folder is, from the outputs folder."""
    return f"runs/{run.name}"


def planned_files(audiences: Sequence[Audience], destinations: Mapping[str, EventsDestination]) -> list[RunFile]:
    """The files that a run's folder gets for audiences that changed, in path order, not written yet."""
    planned = []
    for audience in audiences:
        track = call_about(audience.of, Call.TRACK)
        path, with_traits = f"audiences/{audience.name}.jsonl", bool(audience.with_traits)
        blank = RunFile(path, Told.MEMBERSHIP, audience.name, None, track, with_traits, None, "jsonl")
        planned.append(blank)
        for destination in (destinations[name] for name in dict.fromkeys(audience.sync)):
            path = f"syncs/{destination.name}/{audience.name}.{destination.format}"
            call = call_about(audience.of, destination.call)
            planned.append(replace(blank, path=path, destination=destination.name, call=call, format=destination.format))
    return sorted(planned, key=lambda file: file.path)


def write_folder(engine: Engine, run: Run, planned: Sequence[RunFile], outputs: Path) -> tuple[list[RunFile], Pending]:
    """Write a run's folder from `run_change`, under its part name; what its files became, and what has to be renamed."""
    folder = files.part_of(outputs / run_path(run))
    files.remove(folder)
    files.make_folder(folder)
    written = [_write_file(engine, run, file, folder) for file in planned]
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
                "audience": file.source,
                "destination": file.destination,
                "call": written_call(file.call),
                "format": file.format,
                "rows": file.rows,
                "bytes": file.bytes,
                "sha256": file.sha256,
            }
            for file in written
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def is_whole(folder: Path, manifest_sha256: str) -> bool:
    """Whether a folder holds that very manifest and every file that it lists, byte for byte."""
    path = folder / MANIFEST
    if not path.is_file() or files.sha256_of(path) != manifest_sha256:
        return False
    listed = json.loads(path.read_text(encoding="utf-8"))["files"]
    return all((folder / file["path"]).is_file() and files.sha256_of(folder / file["path"]) == file["sha256"] for file in listed)


def _write_file(engine: Engine, run: Run, file: RunFile, folder: Path) -> RunFile:
    path = folder / file.path
    files.make_folder(path.parent)
    crash_point("write calls")
    rows = engine.copy(calls_query(run, file), path, file.format)
    return replace(file, rows=rows, bytes=path.stat().st_size, sha256=files.sha256_of(path))
