"""A file of subscription states that somebody hands over, read row by row: what each says, or why it says nothing. One row a line."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from engage_cli.definitions.project import Config
from engage_cli.definitions.shapes.scalar import ID_PATTERN, MAX_ID
from engage_cli.engine.inputs.csv_files import delimiter_of
from engage_cli.engine.inputs.people import STATUSES
from engage_cli.engine.macros import INSTANT
from engage_cli.errors import DataError, UsageError
from engage_cli.plan.instants import start_of_day
from engage_cli.service.results.consents import RefusedRow
from engage_cli.source import did_you_mean, visible

FIELDS = ("user_id", "channel", "group", "status", "updated_at")
REQUIRED = ("user_id", "channel", "status")
MILLISECONDS_FROM = 100_000_000_000
"""An epoch from this number on is in milliseconds (docs/values.md)."""
_NO_TEXT = re.compile("[\\0\\ud800-\\udfff]")
"""What a JSON file can write, and no UTF-8 text can hold."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Values = Mapping[str, str]
"""The fields of a row that are not missing, as text."""


class GivenConsent(Struct, frozen=True):
    """A row that can be read. `updated_at` is aware, UTC; None where the row does not say."""

    row: int
    user_id: str
    channel: str
    group: str | None
    status: str
    updated_at: datetime | None

    @property
    def about(self) -> tuple[str, str, str | None]:
        """What the row is about: user, channel, group."""
        return self.user_id, self.channel, self.group


class ConsentFile(Struct, frozen=True):
    """The rows of a file, in order."""

    given: tuple[GivenConsent, ...]
    refused: tuple[RefusedRow, ...]


class _RefusedError(Exception):
    """A row that says nothing, with a code and a reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def read_consent_file(path: Path, config: Config, as_of: datetime) -> ConsentFile:
    """Read a CSV or JSONL file.

    UsageError for a file that is not there or of another format, DataError for a CSV file without the columns that it needs.
    """
    lines = _lines(path)
    values = _csv_values(path, lines) if path.suffix.lower() == ".csv" else _json_values(lines)
    given: list[GivenConsent] = []
    refused: list[RefusedRow] = []
    for row, found in values:
        try:
            if isinstance(found, _RefusedError):
                raise found
            given.append(_judged(row, found, config, as_of))
        except _RefusedError as problem:
            refused.append(RefusedRow(row, problem.code, problem.reason))
    at_odds = _at_odds(given)
    refused += [RefusedRow(one.row, "conflict", "other rows say otherwise of the same, and none says when") for one in at_odds]
    kept = set(at_odds)
    return ConsentFile(tuple(one for one in given if one not in kept), tuple(sorted(refused, key=lambda one: one.row)))


def _at_odds(given: Sequence[GivenConsent]) -> list[GivenConsent]:
    """Rows without an instant that contradict each other: none of them can be told to be the last."""
    said: dict[tuple[str, str, str | None], set[str]] = {}
    undated = [one for one in given if one.updated_at is None]
    for one in undated:
        said.setdefault(one.about, set()).add(one.status)
    return [one for one in undated if len(said[one.about]) > 1]


# ---- lines ---------------------------------------------------------------------------------------------------------


def _lines(path: Path) -> Iterator[tuple[int, str | _RefusedError]]:
    """The lines that are not empty, by number, counted from 1."""
    if path.suffix.lower() not in (".csv", ".jsonl", ".ndjson"):
        raise UsageError(f"the format of {path} is not known by its name", hint="files end in .csv, .jsonl or .ndjson")
    if not path.is_file():
        raise UsageError(f"there is no file {path}", hint="name a CSV or JSONL file of user_id, channel, group, status and updated_at")
    return _decoded(path)


def _decoded(path: Path) -> Iterator[tuple[int, str | _RefusedError]]:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                yield number, _RefusedError("encoding", "the line is not UTF-8")
                continue
            if text.strip():
                yield number, text


def _json_values(lines: Iterator[tuple[int, str | _RefusedError]]) -> Iterator[tuple[int, Values | _RefusedError]]:
    for number, line in lines:
        try:
            yield number, line if isinstance(line, _RefusedError) else _object(line)
        except _RefusedError as problem:
            yield number, problem


def _object(line: str) -> Values:
    try:
        pairs = json.loads(line, object_pairs_hook=lambda found: found)
    except (ValueError, RecursionError):
        raise _RefusedError("json", "the line is no JSON object") from None
    if not line.lstrip().startswith("{"):
        raise _RefusedError("json", "the line is no JSON object")
    values: dict[str, str] = {}
    for name, value in pairs:
        if name not in FIELDS:
            raise _RefusedError("unknown-field", f"`{visible(name)}` is none of {', '.join(FIELDS)}{_meant(name, FIELDS)}")
        if name in values:
            raise _RefusedError("unknown-field", f"`{name}` stands twice")
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool) and name in ("user_id", "updated_at")):
            values[name] = str(value)
        elif value is not None:
            raise _RefusedError("type", f"`{name}` is no text")
    return {name: value for name, value in values.items() if value}


def _csv_values(path: Path, lines: Iterator[tuple[int, str | _RefusedError]]) -> Iterator[tuple[int, Values | _RefusedError]]:
    _, first = next(lines, (1, ""))
    if isinstance(first, _RefusedError):
        raise DataError(f"{path}: the first line is not UTF-8", hint="write the file as UTF-8")
    delimiter = delimiter_of(first)
    header = _header(path, first, delimiter)
    for number, line in lines:
        if isinstance(line, _RefusedError):
            yield number, line
            continue
        try:
            cells = next(csv.reader([line], delimiter=delimiter, strict=True))
        except csv.Error:
            yield number, _RefusedError("csv", "a quote that is not closed, or not doubled")
            continue
        if len(cells) != len(header):
            yield number, _RefusedError("columns", f"{len(cells)} columns where the first line names {len(header)}")
            continue
        yield number, {name: cell for name, cell in zip(header, cells, strict=True) if cell}


def _header(path: Path, line: str, delimiter: str) -> list[str]:
    """The names of the columns. A column that is not known could be a group whose name is misspelt, and is an error."""
    try:
        names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error as error:
        raise DataError(f"{path} has a header that cannot be read: {error}", hint="its first line must name the columns") from error
    for name in names:
        if name not in FIELDS:
            hint = did_you_mean(name, FIELDS) or f"its columns are {', '.join(FIELDS)}; leave others out"
            raise DataError(f"{path} has a column `{visible(name)}`, which is no field of a consent", hint=hint)
        if names.count(name) > 1:
            raise DataError(f"{path} has two columns `{name}`", hint="leave one of them out")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise DataError(
            f"{path} has no column `{missing[0]}`", hint=f"its columns are {', '.join(FIELDS)}; the third and the last may be absent"
        )
    return names


# ---- values --------------------------------------------------------------------------------------------------------


def _judged(row: int, values: Values, config: Config, as_of: datetime) -> GivenConsent:
    if any(_NO_TEXT.search(value) for value in values.values()):
        raise _RefusedError("encoding", "the row has a character that no text has")
    for name in REQUIRED:
        if name not in values:
            raise _RefusedError(f"no-{name.replace('_', '-')}", f"there is no {name}")
    _check_name("channel", values["channel"], tuple(config.messaging.channels))
    if "group" in values:
        _check_name("group", values["group"], config.messaging.groups)
    status = values["status"]
    if status not in STATUSES:
        reason = f"`{visible(status)}` is none of {', '.join(STATUSES)}"
        raise _RefusedError("status", reason + _meant(status, STATUSES))
    updated_at = _instant(values["updated_at"], config.timezone) if "updated_at" in values else None
    if updated_at is not None and updated_at > as_of:
        raise _RefusedError("future", f"`{visible(values['updated_at'])}` is after the instant of the import")
    return GivenConsent(row, values["user_id"], values["channel"], values.get("group"), status, updated_at)


def _check_name(kind: str, name: str, declared: Sequence[str]) -> None:
    """Declared where engage.yaml declares any; else such as a condition could name."""
    if declared and name not in declared:
        raise _RefusedError(kind, f"`messaging` in engage.yaml declares no {kind} `{visible(name)}`{_meant(name, declared)}")
    if not declared and (len(name) > MAX_ID or not re.fullmatch(ID_PATTERN, name)):
        raise _RefusedError(
            kind, f"`{visible(name)}` is no name for a {kind}: names are lower-case letters, digits and `_`, a letter first"
        )


def _meant(name: str, known: Sequence[str]) -> str:
    meant = did_you_mean(name, known)
    return f"; {meant}" if meant is not None else ""


def _instant(text: str, zone: str) -> datetime:
    """An instant as data writes it: without an offset in UTC, a bare date from its first instant in the project's zone, or an epoch."""
    try:
        if re.fullmatch(r"[0-9]{1,15}", text):
            return _EPOCH + timedelta(milliseconds=int(text) if int(text) >= MILLISECONDS_FROM else int(text) * 1000)
        if re.fullmatch(INSTANT, text):
            if len(text) == len("2026-01-05"):
                return start_of_day(date.fromisoformat(text), ZoneInfo(zone))
            instant = datetime.fromisoformat(text)
            return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _RefusedError("instant", f"`{visible(text)}` cannot be read as an instant")
