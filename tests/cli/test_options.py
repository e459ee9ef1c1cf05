"""How the values of options are read."""

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import typer

from engage_cli.cli.options import Flags, flags_of, read_count, read_format, read_instant, read_output, read_seconds

INSTANTS = {
    "2026-11-23T10:00Z": datetime(2026, 11, 23, 10, tzinfo=UTC),
    "2026-11-23t10:00z": datetime(2026, 11, 23, 10, tzinfo=UTC),
    "2026-11-23 10:00:30Z": datetime(2026, 11, 23, 10, 0, 30, tzinfo=UTC),
    "2026-11-23T10:00:30.25+01:00": datetime(2026, 11, 23, 10, 0, 30, 250000, tzinfo=timezone(timedelta(hours=1))),
    "2026-11-23T10:00-0530": datetime(2026, 11, 23, 10, tzinfo=timezone(-timedelta(hours=5, minutes=30))),
    "2026-11-23T10:00": datetime(2026, 11, 23, 10),  # naive: in the project's zone
    "2026-11-23": datetime(2026, 11, 23),  # likewise
}


@pytest.mark.parametrize("text", INSTANTS)
def test_instants_that_can_be_read(text: str) -> None:
    assert read_instant(text) == INSTANTS[text]
    assert read_instant(text).tzinfo == INSTANTS[text].tzinfo


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026",
        "2026-11",
        "20261123",
        "2026-W48-1",
        "2026-11-23T10",
        "2026-11-23Z",
        "2026-02-30",
        "2026-11-23T25:00",
        "٢٠٢٦-١١-٢٣",
        "0000-01-01",
    ],
)
def test_instants_that_cannot(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no instant"):
        read_instant(text)


@pytest.mark.parametrize("text", ["0", "30", "0.5", "1e3", "inf"])
def test_seconds_that_can_be_read(text: str) -> None:
    assert read_seconds(text) == float(text)


@pytest.mark.parametrize("text", ["-1", "nan", "", "soon", "30s"])
def test_seconds_that_cannot(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no number of seconds"):
        read_seconds(text)


@pytest.mark.parametrize("text", ["-1", "1.5", "", "x", "²", "٣", "9" * 20])
def test_counts_that_cannot_be_read(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no number"):
        read_count(text)


def test_an_output_is_a_regular_file_or_none(tmp_path: Path) -> None:
    assert read_output("-") is None
    assert read_output(str(tmp_path / "a.csv")) == tmp_path / "a.csv"
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    assert read_output(str(tmp_path / "link.csv")) == tmp_path / "a.csv"
    os.mkfifo(tmp_path / "pipe")
    for text in ("", ".", str(tmp_path), str(tmp_path / "pipe"), "/dev/stdout", "/dev/null", "/proc/self/fd/1"):
        with pytest.raises(typer.BadParameter, match=r"is a folder|is no regular file"):
            read_output(text)


def test_formats_in_any_case() -> None:
    assert read_format("CSV") == "csv"


def test_the_flags_among_wrong_arguments() -> None:
    assert flags_of(["chek", "--json", "--no-color"]) == Flags(as_json=True, no_color=True)
    assert flags_of(["init", "--", "--json"]) == Flags()
