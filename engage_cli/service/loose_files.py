"""Files that are written beside runs and that no state lists (handed over, previewed, sent to seeds, rejected): which name somebody."""

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from engage_cli import files

LISTED = ("runs", "audiences")
"""Folders of which the state knows what they say of whom."""
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,60}")
_BINARY = (".parquet", ".duckdb")


def files_naming(outputs: Path, names: Collection[str]) -> Iterator[Path]:
    """The text files in the outputs, but for what the state lists, whose lines or own name hold one of the names as a word of its own."""
    pattern = _pattern(names)
    for path in sorted(outputs.rglob("*")):
        if path.relative_to(outputs).parts[0] not in LISTED and path.suffix not in _BINARY and path.is_file() and _names(path, pattern):
            yield path


def file_name_of(user: str) -> str:
    """A user's id as part of a file's name: as it is where that is plain."""
    return user if _PLAIN.fullmatch(user) else hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _names(path: Path, pattern: re.Pattern[bytes]) -> bool:
    if any(pattern.search(part) for part in (path.name.encode("utf-8", "surrogateescape"), *path.name.encode().split(b"."))):
        return True
    with files.on_disk("read", path), path.open("rb") as lines:
        return any(pattern.search(line) for line in lines)


def _pattern(names: Collection[str]) -> re.Pattern[bytes]:
    """Any of the names, as they are or as JSON has them, with nothing beside them that would make another name."""
    forms = {
        form for name in names for form in (name, file_name_of(name), json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1])
    }
    longest_first = sorted((form.encode("utf-8", "surrogateescape") for form in forms if form), key=len, reverse=True)
    return re.compile(rb"(?<![\w@.+-])(?:" + b"|".join(map(re.escape, longest_first)) + rb")(?![\w@+-])", re.IGNORECASE)
