"""What the commands about consents show."""

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from engage_cli.service.results.common import DataReport


class RefusedRow(Struct, frozen=True):
    """A row of a file that was not imported: its number (the first line is 1), a stable short name of what is wrong, and that in words."""

    row: int
    code: str
    reason: str


class ConsentCount(Struct, frozen=True):
    """How many rows or users have a status of a channel, or of a group on it."""

    channel: str
    group: str | None
    status: str
    number: int


class ConsentImport(Struct, frozen=True):
    """What an import of consents did, or in a dry run would do. `known` rows said what was known before."""

    file: Path
    as_of: datetime
    dry_run: bool
    rows: int
    added: int
    known: int
    refused: tuple[RefusedRow, ...]
    counts: tuple[ConsentCount, ...]
    """What was added."""
    errors_file: Path | None
    """Where the refused rows were written, where there are any and it was no dry run."""
    written: Path | None
    """The file of what was added, from the project's folder."""


class ConsentState(Struct, frozen=True):
    """What a row says that counts, and the state that it comes to: a group of a channel that was left is left."""

    channel: str
    group: str | None
    status: str
    updated_at: datetime | None
    state: str


class ConsentStates(Struct, frozen=True):
    """The subscription states of one user, or (`user` None) how many users have which, as of an instant."""

    as_of: datetime
    user: str | None
    states: tuple[ConsentState, ...]
    counts: tuple[ConsentCount, ...]
    data: DataReport


class VerifiedToken(Struct, frozen=True):
    """What the token of an unsubscribe link stands for, and the row of consents that follows from it."""

    user: str
    channel: str
    group: str | None
    message: str | None
    row: str
