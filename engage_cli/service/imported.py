"""Consents that `consent import` took in: files beside the state, which every command reads as one more source of consents."""

import glob
import os
from pathlib import Path

from engage_cli.definitions.project import Config, MissingFile, Project, Source, Sources
from engage_cli.records import replace
from engage_cli.source import Span


def imported_folder(project: Project, folder: Path) -> Path:
    """Where imported consents are kept, beside the state: one immutable file an import."""
    return (folder / project.config.state).parent / "consents"


def imported_source(config: Config) -> Source:
    """The source that imported consents are."""
    path = os.path.join(glob.escape(os.path.dirname(config.state)), "consents", "*.jsonl")  # noqa: PTH118, PTH120 (a pattern, not a path)
    return Source(path, {}, "UTC", MissingFile.ERROR, Span("engage.yaml", 1, 1, 1, 1))


def with_imported(project: Project, folder: Path) -> Project:
    """The project with imported consents among its sources, where there are any."""
    if not any(imported_folder(project, folder).glob("*.jsonl")):
        return project
    return replace(project, config=replace(project.config, sources=sources_with_imported(project.config)))


def sources_with_imported(config: Config) -> Sources:
    """The sources of a project, imported consents among them whether there are any or not."""
    source = imported_source(config)
    declared = tuple(one for one in config.sources.consents if one != source)
    return replace(config.sources, consents=(*declared, source))


def declared_sources(config: Config) -> Sources:
    """The sources of a project without imported consents: those that engage.yaml declares."""
    source = imported_source(config)
    return replace(config.sources, consents=tuple(one for one in config.sources.consents if one != source))
