"""What changed between the files of a store and those that are there now."""

from collections.abc import Mapping

from msgspec import Struct

from engage_cli.engine.base import InputFile
from engage_cli.engine.store.manifest import Manifest, StoredFile
from engage_cli.records import replace


class Found(Struct, frozen=True):
    """A file of events as it is now. `mapping` is the hash of how its source says to read it, `modified` in nanoseconds (0: not known)."""

    file: InputFile
    opened: str
    mapping: str
    modified: int


class Difference(Struct, frozen=True):
    """`new` files are to be read (changed ones among them), `hidden` ones of the store no longer count, `renamed` have another path."""

    new: tuple[Found, ...]
    hidden: frozenset[int]
    renamed: Mapping[int, str]

    @property
    def is_nothing(self) -> bool:
        return not (self.new or self.hidden or self.renamed)


def difference(manifest: Manifest, found: Mapping[str, Found]) -> Difference | None:
    """How the files now differ from those of the store; None where rows that were left out may have to come back: make the store anew."""
    stored = {file.path: file for file in manifest.visible}
    gone, renamed = _gone(stored, found)
    same = stored.keys() - {file.path for file in gone}
    new = [path for path in sorted(found) if path not in same and path not in renamed.values()]
    hidden = [file for file in gone if file.key not in renamed]
    if any(file.wins for file in hidden) or (any(file.unnamed for file in hidden) and any(file.repeats for file in manifest.visible)):
        return None
    return Difference(tuple(found[path] for path in new), frozenset(file.key for file in hidden), renamed)


def changes(manifest: Manifest, found: Mapping[str, Found]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The paths of files that are new, changed, and gone; one that has another name now is none of them."""
    stored = {file.path: file for file in manifest.visible}
    gone, moved = _gone(stored, found)
    new = tuple(path for path in sorted(found) if path not in stored and path not in moved.values())
    changed = tuple(path for path in sorted(found) if path in stored and not _is_same(stored[path], found[path]))
    return new, changed, tuple(file.path for file in gone if file.path not in found and file.key not in moved)


def _gone(stored: Mapping[str, StoredFile], found: Mapping[str, Found]) -> tuple[list[StoredFile], dict[int, str]]:
    """The files of the store that are not as they were, by path; and which of them have another name now."""
    gone = [file for path, file in sorted(stored.items()) if not (path in found and _is_same(file, found[path]))]
    free = [path for path in sorted(found) if path not in stored]
    moved: dict[int, str] = {}
    for file in gone:
        name = next((path for path in free if _is_same(file, found[path])), None)
        if name is not None:
            moved[file.key] = name
            free.remove(name)
    return gone, moved


def with_changes(manifest: Manifest, change: Difference) -> Manifest:
    """The manifest with files hidden and renamed."""
    files = tuple(replace(file, path=change.renamed.get(file.key, file.path)) for file in manifest.files)
    segments = tuple(
        replace(segment, hidden=tuple(sorted({*segment.hidden, *(change.hidden & set(segment.files))}))) for segment in manifest.segments
    )
    return replace(manifest, files=files, segments=segments, loose=manifest.loose or bool(change.hidden))


def _is_same(file: StoredFile, found: Found) -> bool:
    return (file.bytes, file.sha256, file.mapping) == (found.file.bytes, found.file.sha256, found.mapping)
