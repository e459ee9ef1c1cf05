"""The options that commands share, each declared once, and the readers of their values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from pathlib import Path
from typing import Annotated

import typer

from engage_cli.errors import UsageError

FORMATS = ("parquet", "csv", "jsonl")
"""The file formats that `--format` names."""


# ---- how to show things: on every command ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flags:
    """How a command is to show what it has to say."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no notes: results, warnings and errors only.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Also timings, the SQL that runs, and the traceback of a bug.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; the variable NO_COLOR does the same.")]


def flags_of(arguments: Sequence[str]) -> Flags:
    """The flags among arguments that may be wrong otherwise, for telling what is wrong with them."""
    options = set(arguments[: list(arguments).index("--")] if "--" in arguments else arguments)
    return Flags("--json" in options, "--quiet" in options, "--verbose" in options, "--no-color" in options)


# ---- what to work on -------------------------------------------------------------------------------------------------

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII)


def read_instant(text: str) -> datetime:
    """The instant of `--as-of`: aware where an offset is given, else naive (in the project's zone); a bare date is its first instant."""
    match = _INSTANT.fullmatch(text.strip())
    try:
        if match is not None:
            day, time, offset = match.groups()
            return datetime.fromisoformat(f"{day}T{time or '00:00'}{(offset or '').upper()}")
    except ValueError as error:
        raise typer.BadParameter(f"`{text}` is no instant: {error}") from None
    raise typer.BadParameter(f"`{text}` is no instant; write it as 2026-11-23T10:00Z, 2026-11-23T10:00+01:00 or 2026-11-23")


def read_seconds(text: str | float) -> float:
    """The seconds of `--wait`. (Typer has a default read too.)"""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if seconds < 0 or isnan(seconds):
        raise typer.BadParameter(f"`{text}` is no number of seconds; write one from 0 on, such as 30")
    return seconds


_UNITS = {"s": "second", "min": "minute", "h": "hour", "d": "day", "w": "week"}


def read_every(text: str) -> str:
    """The duration of `--every` as definitions write it: `1 hour`, which may be given short, as `1h`."""
    match = re.fullmatch(r"0*([1-9][0-9]{0,5}) *([a-z]+)", text.strip())
    unit = match and (_UNITS.get(match[2]) or match[2].removesuffix("s"))
    if match is None or unit not in _UNITS.values():
        raise typer.BadParameter(f"`{text}` is no duration; write one such as 1h, 30min or 1 day")
    return f"{match[1]} {unit}"


_DIGITS = 9
"""More digits than anybody can look at."""


def read_count(text: str | int) -> int:
    """A number of things to show. (Typer has a default read too.)"""
    if not (str(text).isascii() and str(text).isdecimal() and len(str(text)) <= _DIGITS):
        raise typer.BadParameter(f"`{text}` is no number of members; write one from 0 on, such as 10")
    return int(text)


def read_output(text: str) -> Path | None:
    """The file of `--output`, links followed; `-` is standard output. Only a regular file can be replaced."""
    if text == "-":
        return None
    path = Path(text).resolve()
    if not text or path.is_dir():
        raise typer.BadParameter(f"`{text}` is a folder; name a file in it")
    is_device = any(one.is_relative_to(folder) for one in (path, Path(text).absolute()) for folder in ("/dev", "/proc"))
    if is_device or (path.exists() and not path.is_file()):
        raise typer.BadParameter(f"`{text}` is no regular file; for standard output leave --output out")
    return path


def read_user(text: str) -> str:
    """The id of `--user`."""
    if not text:
        raise typer.BadParameter("the id is empty")
    return text


def read_format(text: str) -> str:
    """The format of `--format`."""
    if text.lower() not in FORMATS:
        raise typer.BadParameter(f"`{text}` is no format; give {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    return text.lower()


PICTURES = ("mermaid", "svg")


def read_picture_format(text: str) -> str:
    """The format of a picture."""
    if text.lower() not in PICTURES:
        raise typer.BadParameter(f"`{text}` is no format of a picture; give {' or '.join(PICTURES)}")
    return text.lower()


ProjectDir = Annotated[
    Path | None,
    typer.Option("--project", metavar="DIR", show_default=False, help="The project's folder.  [default: the nearest with an engage.yaml]"),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        metavar="INSTANT",
        parser=read_instant,
        show_default=False,
        help="The instant to answer for: 2026-11-23T10:00Z, with an offset, or without one in the project's zone.  [default: now]",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="FORMAT", parser=read_format, show_default=False, help="The format of what is written: parquet, csv or jsonl."
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Rows of data that cannot be read are an error.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Compute and show; write neither state nor files.")]
DetailedExitCode = Annotated[bool, typer.Option("--detailed-exit-code", help="With --dry-run: exit with 5 if something would change.")]
Wait = Annotated[
    float,
    typer.Option("--wait", metavar="SECONDS", parser=read_seconds, help="How long to wait for another run that holds the state."),
]
Full = Annotated[bool, typer.Option("--full", help="Send each destination all members again, not only what changed.")]
AllowChange = Annotated[
    bool, typer.Option("--allow-change", help="Let changes of destinations pass, however large: this time `guard` holds nothing back.")
]
AudienceName = Annotated[str, typer.Argument(metavar="NAME", show_default=False, help="The audience.")]
ToFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="FILE",
        parser=read_output,
        show_default=False,
        help="The file; its suffix gives the format.  [default: standard output]",
    ),
]


def check_detailed(detailed_exit_code: bool, *, dry_run: bool) -> None:
    """UsageError for `--detailed-exit-code` without `--dry-run`."""
    if detailed_exit_code and not dry_run:
        raise UsageError("--detailed-exit-code says what would change, so it needs --dry-run", hint="add --dry-run, or leave it out")
