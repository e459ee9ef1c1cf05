"""What readers see of the state: its published copy, opened by an engine of their own. They never wait for a run."""

from datetime import datetime
from pathlib import Path

from engage_cli.definitions.project import Project
from engage_cli.service.workspace import engine_for
from engage_cli.state.readers import Standing, entered_at
from engage_cli.state.readers import standings as read_standings
from engage_cli.state.store import open_published


def standings(folder: Path, project: Project) -> dict[str, Standing]:
    """How every audience that was ever built stands, by name."""
    with engine_for(project, folder) as engine:
        return read_standings(open_published(engine, folder / project.config.state))


def member_since(folder: Path, project: Project, audience: str, user: str) -> datetime | None:
    """When the user entered the audience, by the last build; None for who is not inside, or where nothing was built."""
    with engine_for(project, folder) as engine:
        return entered_at(open_published(engine, folder / project.config.state), audience, user)
