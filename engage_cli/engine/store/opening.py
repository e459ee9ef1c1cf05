"""The events of a run: a published store as far as it is right, and the files that are not in it read beside it, or into it.

One way for all: a run brings the store up to date and publishes it; a reader, who must not write, does the same in memory; a project
without a store reads every file in memory.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import assert_never

import duckdb
from msgspec import Struct

from engage_cli import files
from engage_cli.definitions.project import Source, Sources
from engage_cli.engine.base import InputFile, StillWrittenError, Upkeep
from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.damage import blaming
from engage_cli.engine.inputs.event_rows import EventRows
from engage_cli.engine.inputs.events import knowing_forgotten, read_events
from engage_cli.engine.inputs.files import find_paths
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.open import open_batches
from engage_cli.engine.inputs.segment_events import rows_of_events
from engage_cli.engine.store.compaction import absorbed
from engage_cli.engine.store.crossing import DisplacedError
from engage_cli.engine.store.difference import Difference, Found, difference, with_changes
from engage_cli.engine.store.folder import ATTEMPTS, BrokenError, StoreFolder, attach, detach
from engage_cli.engine.store.ingest import Ingested, Known, Reading, ingest, make_empty, merge
from engage_cli.engine.store.layout import Layout, stored_layout
from engage_cli.engine.store.manifest import FORMAT, Manifest, Segment, StoredFile
from engage_cli.engine.store.parts import FRESH, Part, part_of
from engage_cli.engine.template import identifier, literal, sql
from engage_cli.errors import EngageError
from engage_cli.records import replace

MEMORY = ":memory:"


class Opened(Struct, frozen=True):
    """The events of a run, attached. `manifest` describes all parts, also one that is only in memory.

    `ingested` are the files that were read for it; `why`, where everything was read anew, says why.
    """

    manifest: Manifest
    parts: tuple[Part, ...]
    layout: Layout
    ingested: tuple[str, ...]
    why: str | None

    @property
    def first(self) -> datetime | None:
        """The instant, UTC, of the first event; None without events."""
        return min((part.first.replace(tzinfo=UTC) for part in self.manifest.segments if part.first is not None), default=None)


class EventFiles(Struct, frozen=True):
    """What is asked: the files of events as they are now, how they are read, what is needed of them; and the hashes of all input files."""

    folder: Path
    sources: Sources
    zone: str
    found: Mapping[str, Found]
    needed: Layout
    hashes: Mapping[str, tuple[int, int, str]]

    def reading(self, connection: Connection) -> str:
        """The hash of what values in a store depend on beside the files. The last part tells a DuckDB that hashes otherwise."""
        probe = connection.rows("SELECT hash('engage'), version()")[0]
        joined = "" if self.sources.identity is None else f"\x1e{self.sources.identity.reading}"
        without = self.sources.forgotten.digest
        return hashlib.sha256(f"{FORMAT}\x1e{self.zone}\x1e{probe[0]}{joined}{without}".encode("utf-8", "surrogatepass")).hexdigest()

    def rows(self, connection: Connection, paths: Collection[str], *, every: bool) -> list[EventRows]:
        """The rows of some files, by their paths; `every`: these are all that there are."""
        opened = frozenset(self.found[path].opened for path in paths if path in self.found)
        batches = open_batches(connection, self.folder, self.sources.events, self.zone, only=opened, every=every)
        return [rows_of_events(batch, self.zone, every=every, identity=self.sources.identity) for batch in batches]


def find_events(
    connection: Connection,
    folder: Path,
    sources: Sequence[Source],
    inputs: Sequence[InputFile],
    hashes: Mapping[str, tuple[int, int, str]],
) -> dict[str, Found]:
    """The files of events with how each is to be read. `hashes` has size, time of change and hash by DuckDB's name of a local file."""
    known = {file.path: file for file in inputs if file.kind == "events"}
    found: dict[str, Found] = {}
    for source in sources:
        for path in find_paths(connection, folder, source):
            same = found.get(path.opened)
            shown, earlier = (path.shown, "") if same is None else (same.file.path, same.mapping)
            if shown in known:
                found[path.opened] = Found(known[shown], path.opened, earlier + _mapping(source), hashes.get(path.opened, (0, 0, ""))[1])
    return {one.file.path: one for one in found.values()}


def _mapping(source: Source) -> str:
    calls = ("segment",) if source.segment else ()
    return hashlib.sha256(repr((sorted(source.columns.items()), source.timezone, *calls)).encode()).hexdigest()[:16]


def open_events(work: Work, asked: EventFiles, store: StoreFolder | None, keep: Layout | None, upkeep: Upkeep = Upkeep.UPDATE) -> Opened:
    """Attach the events of all files. With `keep`, what the store is to hold beside what is needed now, the store is brought up to date.

    The caller of `keep` holds the project's lock.
    """
    layout = asked.needed if keep is None else asked.needed.with_also(keep)
    session = _Session(work, asked, store, layout, writes=keep is not None and store is not None)
    match upkeep:
        case Upkeep.UPDATE:
            return session.run()
        case Upkeep.REBUILD:
            return session.anew(None, None)
        case Upkeep.COMPACT:
            return session.compacted(session.run())
        case _:
            assert_never(upkeep)


class _Session(Struct):
    """One opening. `layout` is what has to be there."""

    work: Work
    asked: EventFiles
    store: StoreFolder | None
    layout: Layout
    writes: bool

    def run(self) -> Opened:
        """Take the published store if it will do; make it anew if not."""
        manifest, attached, why = self._published()
        if self.writes and self.store is not None:
            self.store.sweep(manifest or self.store.read() or Manifest(""))
        if manifest is not None:
            change = difference(manifest, self.asked.found)
            if change is not None:
                try:
                    return self._changed(manifest, attached, change)
                except DisplacedError:
                    why = "a new row goes before one with the same message id"
            else:
                why = "a file changed whose events have copies in other files"
            detach(self.work.connection, attached)
        return self.anew(manifest, why)

    def anew(self, manifest: Manifest | None, why: str | None) -> Opened:
        """The store made of all files; `manifest` is what is published."""
        base = self._nothing(manifest)
        every = Difference(tuple(self.asked.found[path] for path in sorted(self.asked.found)), frozenset(), {})
        return replace(self._changed(base, [], every, anew=True), why=why)

    def compacted(self, opened: Opened) -> Opened:
        """The store with one segment, without what no longer counts."""
        manifest = opened.manifest
        if not self.writes or not (len(manifest.segments) > 1 or manifest.loose or any(part.hidden for part in opened.parts)):
            return opened
        target = self._target(manifest)
        with self._making(target):
            made = merge(self.work, opened.layout, opened.parts)
        detach(self.work.connection, [part.database for part in opened.parts])
        segment = self._finished(manifest, made, (), Path(target))
        grown = replace(with_segment(manifest, segment, made, (), len(manifest.segments)), loose=False)
        self._publish(grown)
        assert self.store is not None
        [name] = attach(self.work.connection, self.store, grown.segments)
        return replace(opened, manifest=grown, parts=(part_of(name, segment),))

    # ---- what is published -----------------------------------------------------------------------------------------

    def _published(self) -> tuple[Manifest | None, list[str], str | None]:
        """The published store if it is usable for what is asked, attached; and why it is not."""
        if self.store is None:
            return None, [], None
        reading = self.asked.reading(self.work.connection)
        for _ in range(ATTEMPTS):
            manifest = self.store.read()
            if manifest is None:
                return None, [], "the store is broken or of another version" if self.store.exists() else None
            why = unusable(manifest, reading, self.layout)
            if why is not None:
                self.layout = self.layout.with_also(stored_layout(manifest)) if self.writes and manifest.reading == reading else self.layout
                return None, [], why
            try:
                return manifest, attach(self.work.connection, self.store, manifest.segments), None
            except BrokenError as problem:
                if self.store.read() == manifest:
                    return None, [], problem.message
        return None, [], "the store is broken"

    def _nothing(self, manifest: Manifest | None) -> Manifest:
        """A store without files, whose numbers go on where those of the published one end."""
        old = (manifest or self.store.read() if self.store is not None else None) or Manifest("")
        return Manifest(
            reading=self.asked.reading(self.work.connection),
            columns=tuple(column.name for column in self.layout.ordered),
            names=tuple(sorted(self.layout.names)),
            whole=tuple(sorted(self.layout.whole)),
            next_segment=old.next_segment,
            next_ingest=old.next_ingest,
        )

    # ---- what is new -----------------------------------------------------------------------------------------------

    def _changed(self, manifest: Manifest, attached: Sequence[str], change: Difference, *, anew: bool = False) -> Opened:
        """The store with a difference made good."""
        base = with_changes(manifest, change)
        parts = [part_of(name, segment) for name, segment in zip(attached, base.segments, strict=True)]
        if change.new:
            base, parts = self._grown(base, parts, change.new)
        if self.writes and (anew or not change.is_nothing):
            self._publish(base)
        if not parts:
            self._attach_fresh(MEMORY)
            make_empty(self.work, stored_layout(base))
            parts = [Part(FRESH)]
        return Opened(base, tuple(parts), stored_layout(base), tuple(found.file.path for found in change.new), None)

    def _grown(self, base: Manifest, parts: list[Part], new: Sequence[Found]) -> tuple[Manifest, list[Part]]:
        """Read new files into a part of their own, which takes over others where that pays."""
        connection = self.work.connection
        keys = {found.opened: base.next_key + number for number, found in enumerate(new)}
        rows = self.asked.rows(connection, [found.file.path for found in new], every=not base.files)
        if not rows:
            return base, parts
        with blaming(connection, [batch.batch for batch in rows]):
            events = read_events(self.work, rows, stored_layout(base).wanted(), self.asked.sources)
            totals = events.totals(self.work)
            taken = absorbed(base.segments, sum(totals.values())) if self.writes else 0
            target = self._target(base)
            reading = Reading(events, stored_layout(base), keys, totals)
            known = Known(tuple(parts), tuple(parts[len(parts) - taken :]), base.users, base.events)
            with self._making(target):
                made = ingest(self.work, reading, known, lambda wanted: self._reopened(base, wanted))
                if self.writes:
                    refuse_changed(new)
        if target == MEMORY:
            segment = Segment(MEMORY, "", 0, made.rows, made.first, made.last, tuple(keys.values()), (), tuple(sorted(made.absent)))
            return with_segment(base, segment, made, new, 0), [*parts, Part(FRESH, made.rows, made.last, made.absent)]
        detach(connection, [part.database for part in parts[len(parts) - taken :]])
        segment = self._finished(base, made, tuple(keys.values()), Path(target))
        grown = with_segment(base, segment, made, new, taken)
        assert self.store is not None
        [name] = attach(connection, self.store, [segment])
        return grown, [*parts[: len(parts) - taken], part_of(name, segment)]

    def _reopened(self, base: Manifest, keys: frozenset[int]) -> list[EventRows]:
        """The rows of files that are in the store already."""
        found = self.asked.rows(self.work.connection, [file.path for file in base.files if file.key in keys], every=False)
        return [knowing_forgotten(self.work, rows, self.asked.sources) for rows in found]

    # ---- the part in the making ------------------------------------------------------------------------------------

    def _target(self, base: Manifest) -> str:
        if not self.writes:
            return MEMORY
        assert self.store is not None
        files.make_folder(self.store.path)
        part = files.part_of(self.store.path / segment_name(base))
        for leftover in (part, Path(f"{part}.wal")):
            files.remove(leftover)
        return str(part)

    def _attach_fresh(self, target: str) -> None:
        self.work.connection.run(sql("ATTACH {target} AS {fresh}", target=literal(target), fresh=identifier(FRESH)).text)

    @contextmanager
    def _making(self, target: str) -> Iterator[None]:
        """FRESH while it is made; where that fails, nothing is left of it."""
        try:
            self._attach_fresh(target)
            yield
        except BaseException:
            with suppress(duckdb.Error, EngageError, OSError):
                self._drop_fresh()
                if target != MEMORY:
                    files.remove(Path(target))
                    files.remove(Path(target + ".wal"))
                    Path(target).parent.rmdir()
            raise

    def _finished(self, base: Manifest, made: Ingested, keys: tuple[int, ...], part: Path) -> Segment:
        """The part closed, on the disk, and under its final name."""
        connection = self.work.connection
        identity = token_hex(8)
        connection.run(sql("CREATE TABLE fresh.main.about AS SELECT {identity} AS identity", identity=literal(identity)).text)
        connection.run(f"CHECKPOINT {FRESH}")
        connection.run(f"DETACH {FRESH}")
        final = part.with_name(segment_name(base))
        files.sync_file(part)
        files.rename(part, final)
        return Segment(final.name, identity, final.stat().st_size, made.rows, made.first, made.last, keys, (), tuple(sorted(made.absent)))

    def _drop_fresh(self) -> None:
        """Let go of a part that came to nothing."""
        if (FRESH,) in self.work.connection.rows("SELECT database_name FROM duckdb_databases()"):
            self.work.connection.run(f"DETACH {FRESH}")

    def _publish(self, manifest: Manifest) -> None:
        assert self.store is not None
        files.make_folder(self.store.path)
        self.store.publish(replace(manifest, hashes=self.asked.hashes))


def unusable(manifest: Manifest, reading: str, layout: Layout) -> str | None:
    """Why a store cannot serve a run that reads so and asks for this; None where it can."""
    if manifest.reading != reading:
        return "the store was made by another version, in another time zone, or before somebody was forgotten"
    if not stored_layout(manifest).covers(layout):
        return "the definitions ask for more properties than the store holds"
    return None


def refuse_changed(read: Sequence[Found]) -> None:
    """StillWrittenError for local files that are no longer as they were when they were hashed."""
    changed = []
    for found in read:
        path = Path(found.opened)
        if found.modified:
            with suppress(OSError):
                status = path.stat()
                if (status.st_size, status.st_mtime_ns) == (found.file.bytes, found.modified):
                    continue
            changed.append(found.file.path)
    if changed:
        raise StillWrittenError(changed)


def segment_name(manifest: Manifest) -> str:
    """The file name of the next segment."""
    return f"events-{manifest.next_segment:06}.duckdb"


def with_segment(base: Manifest, segment: Segment, made: Ingested, new: Sequence[Found], taken: int) -> Manifest:
    """The manifest with a new segment, made of new files and of the last `taken` segments."""
    kept, gone = base.segments[: len(base.segments) - taken], base.segments[len(base.segments) - taken :]
    purged = {key for old in gone for key in old.hidden}
    moved = tuple(key for old in gone for key in old.files if key not in purged)
    stored = [replace(file, wins=file.wins or file.key in made.won) for file in base.files if file.key not in purged]
    for found, (key, counts) in zip(new, made.files.items(), strict=True):
        stored.append(
            StoredFile(
                key=key,
                ingest=base.next_ingest,
                path=found.file.path,
                bytes=found.file.bytes,
                modified=found.modified,
                sha256=found.file.sha256,
                mapping=found.mapping,
                rows=counts.rows,
                rejected=counts.rejected,
                duplicates=counts.duplicates,
                unnamed=counts.unnamed,
                wins=counts.wins,
                repeats=counts.repeats,
                anonymous=counts.anonymous,
                forgotten=counts.forgotten,
                first=counts.first,
            )
        )
    return replace(
        base,
        files=tuple(stored),
        segments=(*kept, replace(segment, files=(*moved, *segment.files))),
        users=base.users + made.users,
        events=base.events + made.events,
        next_key=base.next_key + len(new),
        next_segment=base.next_segment + 1,
        next_ingest=base.next_ingest + 1,
    )
