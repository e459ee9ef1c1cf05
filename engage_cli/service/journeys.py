"""`journey list` and `journey graph`: journeys as they are defined. Nothing is read but the definitions."""

from pathlib import Path

from engage_cli.definitions.step_words import entry_words
from engage_cli.errors import UsageError
from engage_cli.reports.journey_picture import picture_of
from engage_cli.reports.journey_svg import journey_svg
from engage_cli.reports.mermaid import mermaid
from engage_cli.service.results import JourneyRow
from engage_cli.service.workspace import load
from engage_cli.source import did_you_mean, visible

MERMAID = "mermaid"
SVG = "svg"


def list_journeys(folder: Path) -> tuple[JourneyRow, ...]:
    """Every journey of the project, in name order."""
    return tuple(
        JourneyRow(
            journey.name,
            journey.status.value,
            entry_words(journey.entry),
            sum(1 for _ in journey.all_steps()),
            journey.description,
            journey.span.file,
            journey.span.line,
        )
        for journey in load(folder).journeys.values()
    )


def graph(folder: Path, name: str, picture_format: str | None, output: Path | None) -> str:
    """A journey as a picture, in the format asked for, or that of the file's name, else Mermaid text. With a file it is written there."""
    chosen = picture_format or (SVG if output is not None and output.suffix.lower() == ".svg" else MERMAID)
    journeys = load(folder).journeys
    if name not in journeys:
        raise UsageError(
            f"there is no journey `{visible(name)}`", hint=did_you_mean(name, journeys) or "`engage journey list` shows them all"
        )
    picture = picture_of(journeys[name])
    text = journey_svg(picture) if chosen == SVG else mermaid(picture)
    if output is not None:
        _write(output, text)
    return text


def _write(output: Path, text: str) -> None:
    """Write a file whole, or not at all."""
    if not output.absolute().parent.is_dir():
        raise UsageError(f"the folder of {output} does not exist", hint="make it, or name another file")
    part = output.with_name(output.name + ".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(output)
