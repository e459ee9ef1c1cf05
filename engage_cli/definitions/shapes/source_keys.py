"""The keys that every source has: where its files are, and what to do about one that is gone."""

from engage_cli.definitions.project import MissingFile
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.record import Fields, Key
from engage_cli.definitions.shapes.scalar import Choice, TextShape
from engage_cli.definitions.shapes.settings import FILE_PATH, ZONE

PATH = Key(
    "path",
    FILE_PATH,
    "A file, or a pattern such as `events/*.parquet`; .parquet .csv .jsonl .ndjson .json, also .gz and .zst.",
    required=True,
)
TIMEZONE = Key("timezone", ZONE, "The zone of instants that carry none; UTC by default.")
MISSING = Key(
    "on_missing_file",
    Choice("what to do about a file that is gone", {one.value: one for one in MissingFile}),
    "A file seen before is gone: `error` (default), `keep` its rows, of which a copy is made, or `drop` them.",
)
COLUMN = TextShape("the name of a column")
SOURCE_HINTS = {
    **dict.fromkeys(("file", "files", "glob", "location", "url"), "write `path`"),
    **dict.fromkeys(("tz", "zone"), "write `timezone`"),
    **dict.fromkeys(("mapping", "fields"), "write `columns`"),
}


def missing_file(fields: Fields, reading: Reading) -> MissingFile:
    """What to do about a file that is gone; an issue where its rows are to be kept and it is not a local one."""
    if fields.get(MISSING) is MissingFile.KEEP and "://" in fields[PATH]:
        reading.report(
            "keep",
            "`on_missing_file: keep` copies files, and is for local ones",
            fields.span(MISSING),
            "write `error` or `drop`, or fetch the files into a folder and name that",
        )
    return fields.get(MISSING) or MissingFile.ERROR
