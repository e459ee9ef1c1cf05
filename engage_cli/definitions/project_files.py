"""A project folder to a Project: finds the files, reads all of them, and reports every problem of all together."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.journey import Journey
from engage_cli.definitions.loaded import Loaded, LoadedAudience, LoadedBroadcast, LoadedJourney, LoadedTrait
from engage_cli.definitions.project import Config, Project
from engage_cli.definitions.reading import MAX_ISSUES, Reading, TooManyProblemsError, UnreadableError
from engage_cli.definitions.rules import RULES
from engage_cli.definitions.shapes.config import CONFIG
from engage_cli.definitions.shapes.definition import DEFINITION
from engage_cli.definitions.template_files import TemplateReader, is_template
from engage_cli.definitions.trait import Trait
from engage_cli.definitions.values import Text
from engage_cli.definitions.yaml_composer import Composed, compose
from engage_cli.definitions.yaml_nodes import Mapping as MappingNode
from engage_cli.definitions.yaml_nodes import Node, Scalar
from engage_cli.definitions.yaml_text import MAX_BYTES, decode
from engage_cli.source import InvalidError, Issue, Severity, Span

CONFIG_FILE = "engage.yaml"
CAMPAIGNS = "campaigns"

_LATER_FOLDERS = {
    "tests": "tests of campaigns (campaigns/tests/)",
}
_NAMED = re.compile(r"^(?:audience|journey|broadcast):[ \t]+[\"']?([a-z][a-z0-9_]*)", re.MULTILINE)


def find_project(start: Path) -> Path | None:
    """The nearest folder from `start` upward that has an engage.yaml."""
    start = start.absolute()
    return next((folder for folder in (start, *start.parents) if (folder / CONFIG_FILE).is_file()), None)


def load_project(folder: Path) -> Project:
    """Read a project folder.

    Raises InvalidError with every issue of every file.
    """
    return _load(list(_read_files(folder)), folder)


def load_texts(texts: Mapping[str, str], folder: Path | None = None) -> Project:
    """Read a project from texts by their paths, `engage.yaml` among them. Without a folder, list files are not looked for.

    Raises InvalidError with every issue of every text.
    """
    return _load([_decoded(path, text.encode("utf-8", "surrogatepass")) for path, text in texts.items()], folder)


def read_kept_journey(text: str) -> Journey:
    """A journey from the text that engage printed of it, as a state keeps it. Whatever else is wrong with the project does not matter
    here."""
    journey = _kept(text)
    assert isinstance(journey, Journey), "the state keeps journeys"
    return journey


def read_kept_broadcast(text: str) -> Broadcast:
    """A broadcast from the text that engage printed of it, likewise."""
    broadcast = _kept(text)
    assert isinstance(broadcast, Broadcast), "the state keeps broadcasts"
    return broadcast


def _kept(text: str) -> Audience | Trait | Journey | Broadcast:
    composed = compose("the state", text)
    assert composed.complete and len(composed.documents) == 1, composed.issues
    return DEFINITION.read(composed.documents[0], Reading())


# ---- files ---------------------------------------------------------------------------------------------------------


class _File(Struct, frozen=True):
    """A file of definitions. With an issue, its text is not to be parsed."""

    path: str
    text: str
    issue: Issue | None


def _read_files(folder: Path) -> Iterator[_File]:
    if (folder / CONFIG_FILE).is_file():
        yield _read_file(folder, CONFIG_FILE)
    for path in _definition_files(folder):
        parts = path.split("/")
        if len(parts) > 2 and parts[1] in _LATER_FOLDERS:
            continue
        if path.endswith((".yaml", ".yml")) or is_template(path):
            yield _read_file(folder, path)
    for name, feature in _LATER_FOLDERS.items():
        if (first := next(iter(_files_under(folder, f"{CAMPAIGNS}/{name}")), None)) is not None:
            reading = Reading()
            reading.not_built(feature, Span(first, 1, 1, 1, 1))
            yield _File(first, "", next(iter(reading.issues)))


def _definition_files(folder: Path) -> list[str]:
    return _files_under(folder, CAMPAIGNS)


def _files_under(folder: Path, below: str) -> list[str]:
    """The files below a folder by their paths from the project folder, hidden ones left out, in order."""
    found: list[str] = []
    for root, folders, names in os.walk(folder / below):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(root).relative_to(folder).as_posix()
        found += [f"{inside}/{name}" for name in names if not name.startswith(".") and (Path(root) / name).is_file()]
    return sorted(found)


def _read_file(folder: Path, path: str) -> _File:
    try:
        with (folder / path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or error}"
        return _File(path, "", Issue("unreadable", message, Span(path, 1, 1, 1, 1), "look at its permissions"))
    return _decoded(path, content)


def _decoded(path: str, content: bytes) -> _File:
    text, issue = decode(path, content)
    return _File(path, text, issue)


# ---- definitions ---------------------------------------------------------------------------------------------------


def _load(files: list[_File], folder: Path | None) -> Project:
    issues: dict[Issue, None] = {}
    loaded = Loaded(folder)
    texts = {file.path: file.text for file in files}
    if CONFIG_FILE not in texts:
        where = f" in {folder}" if folder is not None else ""
        issues[Issue("no-project", f"there is no {CONFIG_FILE}{where}", None, "`engage init` makes a project that runs")] = None
    reader = TemplateReader()
    for file in files:
        if file.issue is not None:
            issues[file.issue] = None
            loaded.perhaps.update(_NAMED.findall(file.text))
        elif is_template(file.path):
            reader.take(file.path, file.text)
        else:
            _read_documents(file, loaded, issues)
    loaded.templates = reader.templates()
    issues.update(reader.issues)
    for check in RULES:
        issues.update(dict.fromkeys(check(loaded)))
    if any(issue.severity is Severity.ERROR for issue in issues):
        told = [issue for issue in issues if issue.severity is not Severity.NOTE]  # notes are for what is right
        raise InvalidError(_limited(sorted(told, key=_place)))
    assert loaded.config is not None
    audiences = {audience.name: audience.definition for audience in loaded.audiences if audience.definition is not None}
    traits = {trait.name: trait.definition for trait in loaded.traits if trait.definition is not None}
    return Project(
        str(folder or ""),
        loaded.config,
        dict(sorted(audiences.items())),
        texts,
        dict(sorted(traits.items())),
        loaded.templates,
        dict(sorted(loaded.sound_journeys().items())),
        dict(sorted(loaded.sound_broadcasts().items())),
        tuple(sorted(issues, key=_place)),
    )


def _limited(issues: list[Issue]) -> list[Issue]:
    if len(issues) <= MAX_ISSUES:
        return issues
    rest = Issue("too-many", f"there are more than {MAX_ISSUES:,} problems; the others are not shown", None, "mend these first")
    return [*issues[:MAX_ISSUES], rest]


def _place(issue: Issue) -> tuple[bool, str, int, int]:
    if issue.span is None:
        return (False, "", 0, 0)
    return (True, "" if issue.span.file == CONFIG_FILE else issue.span.file, issue.span.line, issue.span.column)


def _read_documents(file: _File, loaded: Loaded, issues: dict[Issue, None]) -> None:
    composed = compose(file.path, file.text)
    issues.update(dict.fromkeys(composed.issues))
    if not composed.complete:
        loaded.perhaps.update(_NAMED.findall(file.text))
    if file.path == CONFIG_FILE:
        loaded.config = _read_config(composed, issues)
        return
    for document in composed.documents:
        match _read_definition(document, issues):
            case LoadedAudience() as audience:
                loaded.audiences.append(audience)
            case LoadedTrait() as trait:
                loaded.traits.append(trait)
            case LoadedJourney() as journey:
                loaded.journeys.append(journey)
            case LoadedBroadcast() as broadcast:
                loaded.broadcasts.append(broadcast)


def _read_config(composed: Composed, issues: dict[Issue, None]) -> Config | None:
    for extra in composed.documents[1:]:
        hint = f"definitions stand in files under {CAMPAIGNS}/"
        issues[Issue("documents", f"{CONFIG_FILE} is one document, and here a second one begins", extra.span, hint)] = None
    if not composed.documents:
        if composed.complete:
            issues[Issue("empty", f"{CONFIG_FILE} is empty", Span(CONFIG_FILE, 1, 1, 1, 1), "write `project:` and `sources:`")] = None
        return None
    reading = Reading()
    config: Config | None = None
    with suppress(UnreadableError, TooManyProblemsError):
        config = CONFIG.read(composed.documents[0], reading)
    issues.update(reading.issues)
    return config


def _read_definition(document: Node, issues: dict[Issue, None]) -> LoadedAudience | LoadedTrait | LoadedJourney | LoadedBroadcast | None:
    """The audience, trait, journey or broadcast of a document, by its name if nothing else of it can be read."""
    reading = Reading()
    definition: Audience | Trait | Journey | Broadcast | None = None
    with suppress(UnreadableError, TooManyProblemsError):
        definition = DEFINITION.read(document, reading)
    issues.update(reading.issues)
    mentions = tuple(reading.mentions)
    match definition:
        case Audience():
            return LoadedAudience(definition.name, definition.span, definition, mentions)
        case Trait():
            return LoadedTrait(definition.name, definition.span, definition, mentions)
        case Journey():
            return LoadedJourney(definition.name, definition.span, definition, mentions)
        case Broadcast():
            return LoadedBroadcast(definition.name, definition.span, definition, mentions)
    if (named := _named(document, "audience")) is not None:
        return LoadedAudience(named.text, named.span, None, mentions)
    if (named := _named(document, "trait")) is not None:
        return LoadedTrait(named.text, named.span, None, mentions)
    if (named := _named(document, "journey")) is not None:
        return LoadedJourney(named.text, named.span, None, mentions)
    if (named := _named(document, "broadcast")) is not None:
        return LoadedBroadcast(named.text, named.span, None, mentions)
    return None


def _named(document: Node, kind: str) -> Scalar | None:
    """The name in a document of a kind, as far as it is one."""
    entry = document.entry(kind) if isinstance(document, MappingNode) else None
    value = entry.value if entry is not None else None
    return value if isinstance(value, Scalar) and isinstance(value.value, Text) else None
