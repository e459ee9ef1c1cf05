"""The folder of a store on the disk: read by anybody at any time, changed only by the run that holds the project's lock.

A segment is written under a part name, closed, fsynced and renamed; then the manifest is replaced by rename. A published file is never
written again: readers keep what they have opened, also after it was removed.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
from msgspec import Struct

from engage_cli import files
from engage_cli.crash import crash_point
from engage_cli.engine.connection import Connection
from engage_cli.engine.failures import FileError
from engage_cli.engine.store.manifest import Manifest, Segment, manifest_of
from engage_cli.engine.template import identifier, literal, sql
from engage_cli.errors import EngageError
from engage_cli.records import replace

MANIFEST = "manifest.json"
SETTLING = 2_000_000_000
"""Nanoseconds. A file that was changed so shortly before its hash was written down may have been changed once more unseen."""
ATTEMPTS = 20
"""How often a reader looks again for a manifest whose segments are all there: each miss is a publication by a run."""


class StoreFolder(Struct, frozen=True):
    """The files of one store."""

    path: Path

    @property
    def manifest_path(self) -> Path:
        return self.path / MANIFEST

    def read(self) -> Manifest | None:
        """The published manifest; None where there is none, or none that can be used. Hashes that may be stale are left out."""
        try:
            text = self.manifest_path.read_text(encoding="utf-8")
            written = self.manifest_path.stat().st_mtime_ns
        except (OSError, UnicodeDecodeError):
            return None
        manifest = manifest_of(text)
        if manifest is None:
            return None
        trusted = {path: known for path, known in manifest.hashes.items() if known[1] < written - SETTLING}
        return replace(manifest, hashes=trusted)

    def exists(self) -> bool:
        """Whether anything was ever published here."""
        return self.manifest_path.exists()

    def segment_path(self, segment: Segment) -> Path:
        """Where a segment is."""
        return self.path / segment.name

    def publish(self, manifest: Manifest) -> None:
        """Replace the manifest, and remove what it no longer names."""
        crash_point("store: publish")
        files.replace_text(self.manifest_path, manifest.to_json())
        crash_point("store: published")
        self.sweep(manifest)

    def forget(self) -> bool:
        """Have the next run make the store anew; whether there was one."""
        there = self.exists()
        files.remove(self.manifest_path)
        return there

    def remove(self) -> None:
        """Remove every file of the store: nothing of what it holds is to stay."""
        files.remove(self.manifest_path)
        for path in sorted(self.path.glob("*")):
            if _is_ours(path) or path.name.startswith("people-"):
                files.remove(path)

    def sweep(self, manifest: Manifest) -> None:
        """Remove segments that the manifest does not name, and what a killed run left behind."""
        named = {segment.name for segment in manifest.segments}
        for path in sorted(self.path.glob("*")):
            if path.name != MANIFEST and path.name not in named and _is_ours(path):
                files.remove(path)


def _is_ours(path: Path) -> bool:
    return path.is_file() and (path.name.startswith("events-") or path.name.startswith(MANIFEST))


class BrokenError(EngageError):
    """A segment that is missing, of the wrong size, or no database of ours."""


def attach(connection: Connection, folder: StoreFolder, segments: Sequence[Segment]) -> list[str]:
    """Attach segments read-only; the names that they have in the connection. BrokenError where one is not as the manifest says."""
    attached: list[str] = []
    try:
        for segment in segments:
            attached.append(_attach(connection, folder.segment_path(segment), segment))
    except BaseException:
        detach(connection, attached)
        raise
    return attached


def _attach(connection: Connection, path: Path, segment: Segment) -> str:
    name = path.stem.replace("-", "_")
    try:
        if path.stat().st_size != segment.bytes:
            raise BrokenError(f"{path} is not as it was written")
        connection.run(sql("ATTACH {path} AS {name} (READ_ONLY)", path=literal(str(path)), name=identifier(name)).text)
        if connection.rows(sql("SELECT identity FROM {name}.main.about", name=identifier(name)).text) != [(segment.identity,)]:
            connection.run(sql("DETACH {name}", name=identifier(name)).text)
            raise BrokenError(f"{path} belongs to another store")
    except (OSError, duckdb.Error, FileError) as error:
        raise BrokenError(f"{path} cannot be opened") from error
    return name


def detach(connection: Connection, names: Sequence[str]) -> None:
    """Let go of attached segments."""
    for name in names:
        connection.run(sql("DETACH {name}", name=identifier(name)).text)
