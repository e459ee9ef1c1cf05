"""Tables of results: for the terminal while it runs, and as Markdown by `python -m benchmarks.report results.json`."""

import argparse
import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "made" / "results.json"
"""Where results go unless something else is said."""

HEADER = ("system", "CPU s", "process s", "wall s", "peak MiB", "ratio", "process ratio", "note")


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A row as text, in the order of HEADER; a dash where there is no number."""
    said = f"FAILED: {row['problem']}" if row["problem"] else row["note"]
    numbers = (_number(row["cpu"]), _number(row["process"]), _number(row["wall"]), _number(row["peak_mib"], 0))
    return (row["system"], *numbers, _ratio(row["ratio"]), _ratio(row["process_ratio"]), said)


def text_table(measurement: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows of one measurement for a terminal."""
    lines = [HEADER, *map(cells, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADER) - 1)]
    return "\n".join([f"== {measurement}", *(_aligned(line, widths) for line in lines), ""])


def _aligned(line: tuple[str, ...], widths: list[int]) -> str:
    name, *numbers, note = line
    columns = [name.ljust(widths[0]), *(number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True)), note]
    return "  ".join(columns).rstrip()


def markdown(document: Mapping[str, Any]) -> str:
    """Everything in a file of results as Markdown: on what it was measured, how, and a table for each measurement."""
    machine = document["machine"]
    versions = ", ".join(f"{name} {machine[name]}" for name in ("engage-cli", "duckdb", "polars", "chdb", "python") if name in machine)
    parts = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, {machine['system']}; {versions}; {machine['day']}.",
        f"{document['events']:,} events of {document['users']:,} users in {document['files']} Parquet files.",
        f"```sh\n{document['command']}\n```",
    ]
    for measurement, rows in groupby(document["rows"], key=lambda row: row["measurement"]):
        parts.append(_markdown_table(measurement, list(rows)))
    return "\n\n".join(parts) + "\n"


def _markdown_table(measurement: str, rows: list[Mapping[str, Any]]) -> str:
    against = next((row["against"] for row in rows if row["against"]), "")
    lines = [f"| {' | '.join(HEADER)} |", f"| --- |{' ---: |' * 6} --- |"]
    lines += [f"| {' | '.join(cell.replace('|', ' ') for cell in cells(row))} |" for row in rows]
    told = f"Ratios are to “{against}”.\n\n" if against else ""
    return f"### {measurement}\n\n{told}" + "\n".join(lines)


def _number(value: float | None, places: int = 2) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description="Write results as Markdown.")
    parser.add_argument("results", type=Path, nargs="?", default=RESULTS, help="(default: %(default)s)")
    print(markdown(json.loads(parser.parse_args(arguments).results.read_text())), end="")


if __name__ == "__main__":
    main()
