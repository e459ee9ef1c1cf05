"""The manifest of a store: which files it holds, in which segments, and what their rows are like.

`manifest.json`, replaced by rename. Format 1, our own: an object with the fields of `Manifest`, and `checksum`, the SHA-256 (hex) of
the rest. A manifest of another format, or one that does not add up, is `None` to a reader: the store is then made anew.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, field, structs

from engage_cli.records import replace

FORMAT = 2
UNKNOWN = datetime.min.replace(tzinfo=UTC)


class StoredFile(Struct, frozen=True):
    """A file whose rows are in the store.

    `key` is in the column `file_key` of its rows, `ingest` the run of ingestion that brought it. `path` is as engage.yaml finds it,
    `mapping` the hash of how its source says to read it. `modified` is its time of change in nanoseconds (0: not known), `rows` counts
    its rows without the broken ones, `rejected` those left out because they cannot be read, `duplicates` those left out because of their
    message id, `unnamed` those without one. `wins`: another file has a row with the id of an event of this one. `repeats`: a row without
    an id occurs in this file and in another. `anonymous` counts the calls left out because nobody who is known made them; they are not
    among `rows`, nor are the rows of people who were `forgotten`. `first` is the instant (naive UTC) of its first event, None without one.
    """

    key: int
    ingest: int
    path: str
    bytes: int
    modified: int
    sha256: str
    mapping: str
    rows: int
    rejected: int
    duplicates: int
    unnamed: int
    wins: bool
    repeats: bool
    anonymous: int = 0
    forgotten: int = 0
    first: datetime | None = None


class Segment(Struct, frozen=True):
    """One DuckDB file. `identity` is in its table `about` too: no two that were ever made share it.

    `first` and `last` are the instants (naive UTC) of its first and last event, None without events.
    `hidden` are the keys of files whose rows no longer count. `absent`: columns that no event here has a value of; they are not stored.
    """

    name: str
    identity: str
    bytes: int
    rows: int
    first: datetime | None
    last: datetime | None
    files: tuple[int, ...]
    hidden: tuple[int, ...] = ()
    absent: tuple[str, ...] = ()


class Manifest(Struct, frozen=True):
    """The whole store.

    `reading` is the hash of what the values in it depend on beside the files: the format, the project's zone. `columns` are the names of
    the typed columns, filled for the events that `names` match (each may hold `*`); `whole`: the column `properties` is there, filled
    for the events that these match. `users` is the number of users ever seen: the next key. `next_key`, `next_segment`, `next_ingest`
    count on. `loose`: some user may have no event any more. `hashes` remembers every input file: path to bytes, time of change, SHA-256.
    """

    reading: str
    columns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    files: tuple[StoredFile, ...] = ()
    segments: tuple[Segment, ...] = ()
    users: int = 0
    events: int = 0
    next_key: int = 0
    next_segment: int = 1
    next_ingest: int = 1
    loose: bool = False
    hashes: Mapping[str, tuple[int, int, str]] = field(default_factory=dict)

    @property
    def visible(self) -> tuple[StoredFile, ...]:
        """The files that count."""
        hidden = {key for segment in self.segments for key in segment.hidden}
        return tuple(file for file in self.files if file.key not in hidden)

    @property
    def last(self) -> datetime | None:
        """The instant of the last event."""
        return max((segment.last for segment in self.segments if segment.last is not None), default=None)

    def to_json(self) -> str:
        """The manifest as it is written."""
        document = json.loads(json.dumps(self, default=_written))
        return json.dumps({"format": FORMAT, "checksum": _checksum(document), **document}, indent=1, ensure_ascii=True) + "\n"


def _written(value: object) -> Any:
    return structs.asdict(value) if isinstance(value, Struct) else str(value)


def first_events(manifest: Manifest) -> dict[tuple[str, str], datetime]:
    """Of each file that counts, by path and sha256, that has an event: the instant of the first (aware, UTC). One that an older version of
    the store took in has not said: then the least of all."""
    return {
        (file.path, file.sha256): UNKNOWN if file.first is None else file.first.replace(tzinfo=UTC)
        for file in manifest.visible
        if file.first is not None or file.rows > file.rejected + file.duplicates
    }


def manifest_of(text: str) -> Manifest | None:
    """The manifest that a text is; None for one that is broken or of another format."""
    try:
        document = json.loads(text)
        if document.pop("format") != FORMAT or document.pop("checksum") != _checksum(document):
            return None
        return _manifest(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _manifest(document: dict[str, Any]) -> Manifest:
    manifest = Manifest(**document)
    return replace(
        manifest,
        columns=tuple(manifest.columns),
        names=tuple(manifest.names),
        whole=tuple(manifest.whole),
        files=tuple(_stored_file(file) for file in document["files"]),
        segments=tuple(_segment(segment) for segment in document["segments"]),
        hashes={path: (int(size), int(modified), str(sha)) for path, (size, modified, sha) in document["hashes"].items()},
    )


def _stored_file(document: dict[str, Any]) -> StoredFile:
    return StoredFile(**{**document, "first": _instant(document.get("first"))})


def _segment(document: dict[str, Any]) -> Segment:
    return Segment(
        **{
            **document,
            "first": _instant(document["first"]),
            "last": _instant(document["last"]),
            **{name: tuple(document[name]) for name in ("files", "hidden", "absent")},
        }
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _checksum(document: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
