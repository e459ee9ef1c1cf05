"""The store by itself: brought up to date, made anew, compacted, and described."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from engage_cli.definitions.project import Sources
from engage_cli.engine.base import InputFile, StoreFile, StoreReport, Upkeep
from engage_cli.engine.connection import Connection
from engage_cli.engine.identity.events import with_identifiers
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.rejects import stage_rejects
from engage_cli.engine.store.difference import Found, changes
from engage_cli.engine.store.folder import ATTEMPTS, BrokenError, StoreFolder, attach
from engage_cli.engine.store.layout import layout_of, stored_layout
from engage_cli.engine.store.opening import EventFiles, Opened, find_events, open_events, unusable
from engage_cli.engine.store.parts import part_of
from engage_cli.engine.store.relations import detach_parts, hidden_events, stored_rejects
from engage_cli.errors import EngageError
from engage_cli.plan.needs import Needs
from engage_cli.records import replace


def tend(
    connection: Connection,
    folder: Path,
    sources: Sources,
    needs: Needs,
    files: tuple[InputFile, ...],
    store: StoreFolder,
    hashes: Mapping[str, tuple[int, int, str]],
    upkeep: Upkeep,
) -> StoreReport:
    """Do what is asked to a store, and describe it. The caller holds the project's lock."""
    work = Work(connection)
    connection.use_zones({needs.zone})
    found = find_events(connection, folder, sources.events, files, hashes)
    layout = with_identifiers(layout_of(needs), sources.identity)
    try:
        opened = open_events(work, EventFiles(folder, sources, needs.zone, found, layout, hashes), store, layout, upkeep)
        return replace(_described(work, opened), read=opened.ingested, note=opened.why)
    finally:
        work.drop_tables()
        detach_parts(connection)


def report(
    connection: Connection,
    folder: Path,
    sources: Sources,
    needs: Needs,
    files: tuple[InputFile, ...],
    store: StoreFolder,
    hashes: Mapping[str, tuple[int, int, str]],
) -> StoreReport:
    """What is published, the files that it does not know as they are now, and whether a run for `needs` would make it anew."""
    connection.use_zones({needs.zone})
    found = find_events(connection, folder, sources.events, files, hashes)
    described = _published(connection, store, found)
    manifest = store.read()
    if described.note is not None or manifest is None:
        return described
    layout = with_identifiers(layout_of(needs), sources.identity)
    reading = EventFiles(folder, sources, needs.zone, found, layout, hashes).reading(connection)
    return replace(described, ahead=unusable(manifest, reading, layout))


def _published(connection: Connection, store: StoreFolder, found: Mapping[str, Found]) -> StoreReport:
    for _ in range(ATTEMPTS):
        manifest = store.read()
        if manifest is None:
            note = "the store is broken or of another version: the next run makes it anew" if store.exists() else None
            return StoreReport(exists=store.exists(), new=tuple(sorted(found)), note=note)
        try:
            names = attach(connection, store, manifest.segments)
            break
        except BrokenError as problem:
            if store.read() == manifest:
                note = f"{problem.message}; the next run makes the store anew"
                return StoreReport(exists=True, new=tuple(sorted(found)), note=note)
    else:
        raise EngageError("the event store was replaced again and again while it was looked at", hint="ask again when the run is over")
    new, changed, gone = changes(manifest, found)
    parts = tuple(part_of(name, segment) for name, segment in zip(names, manifest.segments, strict=True))
    work = Work(connection)
    try:
        described = _described(work, Opened(manifest, parts, stored_layout(manifest), (), None))
    finally:
        work.drop_tables()
        detach_parts(connection)
    return replace(described, new=new, changed=changed, gone=gone)


def _described(work: Work, opened: Opened) -> StoreReport:
    manifest = opened.manifest
    return StoreReport(
        exists=True,
        files=tuple(
            StoreFile(file.path, file.bytes, file.rows, file.rejected, file.duplicates, file.ingest)
            for file in sorted(manifest.visible, key=lambda file: file.path)
        ),
        events=sum(segment.rows for segment in manifest.segments) - hidden_events(work, opened),
        segments=len(manifest.segments),
        bytes=sum(segment.bytes for segment in manifest.segments),
        first=_aware(min((one.first for one in manifest.segments if one.first is not None), default=None)),
        last=_aware(manifest.last),
        columns=manifest.columns,
        rejects=stage_rejects(work, stored_rejects(opened)),
    )


def _aware(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(tzinfo=UTC)
