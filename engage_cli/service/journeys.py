"""`journey list` and `journey graph`: journeys as they are defined, a picture with what the last run published of them."""

from collections.abc import Iterable
from pathlib import Path

from engage_cli import files
from engage_cli.definitions.journey import Journey
from engage_cli.definitions.project import Project
from engage_cli.definitions.project_files import read_kept_journey
from engage_cli.definitions.step_words import entry_words
from engage_cli.errors import UsageError
from engage_cli.reports.journey_counts import counts_of_picture
from engage_cli.reports.journey_picture import ArrowCounts, Counts, picture_of
from engage_cli.reports.journey_svg import journey_svg
from engage_cli.reports.mermaid import mermaid
from engage_cli.service.results.journeys import JourneyRow
from engage_cli.service.tick_plans import stricter
from engage_cli.service.workspace import engine_for, load
from engage_cli.source import did_you_mean, visible
from engage_cli.state.journey_readers import HandStatus, hand_statuses, journey_count
from engage_cli.state.journeys import journey_clocks, kept_versions, open_versions
from engage_cli.state.store import State, open_published, published_path

MERMAID = "mermaid"
SVG = "svg"
REMOVED = "removed"
"""In place of the status of a journey that the project no longer has: who is inside stands still."""


def list_journeys(folder: Path) -> tuple[JourneyRow, ...]:
    """Every journey, in name order, each with the stricter of what its file and the last command say of its status.

    Those that the project no longer has are there while somebody is inside, as `removed`, by their last edition.
    """
    project = load(folder)
    hands, removed = _published(folder, project)
    rows = [_row(journey, stricter(journey.status, hands.get(journey.name)).value) for journey in project.journeys.values()]
    return tuple(sorted([*rows, *(_row(journey, REMOVED) for journey in removed)], key=lambda row: row.name))


def _row(journey: Journey, status: str) -> JourneyRow:
    steps = sum(1 for _ in journey.all_steps())
    return JourneyRow(journey.name, status, entry_words(journey.entry), steps, journey.description, journey.span.file, journey.span.line)


def _published(folder: Path, project: Project) -> tuple[dict[str, HandStatus], list[Journey]]:
    """What commands said of journeys, as last published, and the journeys that are gone from the project with somebody inside."""
    path = folder / project.config.state
    if not published_path(path).exists():
        return {}, []
    with engine_for(project, folder) as engine:
        state = open_published(engine, path)
        gone = [name for name in open_versions(state) if name not in project.journeys]
        return hand_statuses(state), [journey_known(project, state, name) for name in gone]


def graph(folder: Path, name: str, picture_format: str | None, output: Path | None, *, counts: bool = True) -> str:
    """A journey as a picture, in the format asked for, or that of the file's name, else Mermaid text. With a file it is written there.

    `counts`: with how many came by and are there, where a tick has seen it.
    """
    chosen = picture_format or (SVG if output is not None and output.suffix.lower() == ".svg" else MERMAID)
    project = load(folder)
    journey = journey_named(project, name)
    picture = picture_of(journey, *(_counts(folder, project, journey) if counts else ()))
    text = journey_svg(picture) if chosen == SVG else mermaid(picture)
    if output is not None:
        _write(output, text)
    return text


def journey_named(project: Project, name: str, others: Iterable[str] = ()) -> Journey:
    """The journey of that name. Raises UsageError where there is none; `others` are names that may be meant, too."""
    if name not in project.journeys:
        hint = did_you_mean(name, {*project.journeys, *others}) or "`engage journey list` shows them all"
        raise UsageError(f"there is no journey `{visible(name)}`", hint=hint)
    return project.journeys[name]


def journey_known(project: Project, state: State | None, name: str) -> Journey:
    """The journey of that name: as the project says it, or, where it no longer does, as the last edition that the state has.

    Raises UsageError where neither knows it.
    """
    kept = {} if name in project.journeys else kept_versions(state)
    return read_kept_journey(kept[name][-1].definition) if name in kept else journey_named(project, name, kept)


def _counts(folder: Path, project: Project, journey: Journey) -> tuple[Counts, ArrowCounts]:
    with engine_for(project, folder) as engine:
        state = open_published(engine, folder / project.config.state)
        if state is None or journey.name not in journey_clocks(state):
            return {}, {}
        return counts_of_picture(journey, journey_count(state, journey.name))


def _write(output: Path, text: str) -> None:
    """Write a file whole, or not at all."""
    if not output.absolute().parent.is_dir():
        raise UsageError(f"the folder of {output} does not exist", hint="make it, or name another file")
    files.replace_text(output, text)
