"""What several commands show: of the data, and of time."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from engage_cli.engine.base import InputFile, OddZones, Reject


class Timing(Struct, frozen=True):
    """What a stage of a run took, in seconds of wall clock and of processor. Shown with --verbose, never written to a file."""

    stage: str
    seconds: float
    cpu_seconds: float


class Looked(Struct, frozen=True):
    """How many users a run looked at, and for which audiences only at those who can have changed; else in words why at everybody."""

    users: int
    audiences: tuple[str, ...] = ()
    why: str | None = None


class DataReport(Struct, frozen=True):
    """What was read: shown after every command that reads data, where there is something to say."""

    files: tuple[InputFile, ...] = ()
    events_read: int = 0
    events_staged: int = 0
    duplicates: int = 0
    future_events: int = 0
    repeated_profiles: int = 0
    repeated_keys: Mapping[str, int] = field(default_factory=dict)
    """By entity how many of its keys stand in more than one row."""
    anonymous_calls: int = 0
    """Raw Segment calls of people who are known only by an anonymous id, which are left out."""
    forgotten_rows: int = 0
    """Rows of people who were forgotten, which are left out."""
    users: int = 0
    ingested: tuple[str, ...] = ()
    """Files of events that were read; the others were in the event store."""
    store_note: str | None = None
    """Why the event store was made anew, where it was."""
    rejects: tuple[Reject, ...] = ()
    rejects_file: Path | None = None
    """Where the rejected rows were written; None in a dry run, or where there are none."""
    vanished: tuple[str, ...] = ()
    """Files that an earlier run read, that are gone, and whose rows are dropped by `on_missing_file: drop`."""
    kept: tuple[str, ...] = ()
    """Files that are gone, and whose rows count by `on_missing_file: keep`."""
    left: tuple[str, ...] = ()
    """Files of events that changed while they were read: their rows are those of the run before, and the next one reads them."""
    odd_zones: OddZones | None = None
    """People whose own time zone is none."""
