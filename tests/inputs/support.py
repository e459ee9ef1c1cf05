"""A project of a few files, staged, and the rows that came of it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engage_cli.definitions.forgotten import NOBODY, Forgotten
from engage_cli.definitions.paths import parse_path
from engage_cli.definitions.project import Project
from engage_cli.definitions.project_files import load_texts
from engage_cli.engine.base import Engine, Staging
from engage_cli.engine.duckdb_engine import open_engine
from engage_cli.plan.needs import Column, EventNeed, Needs, Reading
from engage_cli.records import replace

AS_OF = datetime(2026, 11, 23, 10, tzinfo=UTC)
ZONE = "Europe/London"


def columns(*names: str) -> frozenset[Column]:
    """Columns by their staged names, such as `revenue:number`."""
    split = [name.rsplit(":", 1) for name in names]
    return frozenset(Column(parse_path(path), Reading(reading)) for path, reading in split)


def project(folder: Path, sources: str) -> Project:
    """A project with these sources (the YAML under `sources:`)."""
    return load_texts({"engage.yaml": f"project: inputs\ntimezone: {ZONE}\nsources:\n{sources}"}, folder)


@contextmanager
def staged(
    folder: Path,
    sources: str,
    *,
    events: frozenset[Column] = frozenset(),
    traits: frozenset[Column] = frozenset(),
    forgotten: Forgotten = NOBODY,
    **more: Any,
) -> Iterator[tuple[Engine, Staging]]:
    """What is staged of these sources, with every event."""
    read = project(folder, sources)
    found = replace(read.config.sources, forgotten=forgotten)
    needs = Needs(AS_OF, ZONE, events=(EventNeed(("*",), None, events),), traits=traits, **more)
    with open_engine(folder, read.config.engine, ZONE) as engine:
        yield engine, engine.stage(found, needs)


def event_rows(engine: Engine, *names: str) -> list[tuple[Any, ...]]:
    """(user_id, event, ts, message_id, columns…) of every staged event, by message id."""
    chosen = "".join(f', e."{name.replace(chr(34), chr(34) * 2)}"' for name in names)
    return engine.rows(
        f"SELECT u.user_id, n.event, e.ts, e.message_id{chosen} FROM events e JOIN users u USING (user_key)"
        " JOIN event_names n USING (event_key) ORDER BY e.message_id, e.ts"
    )


def write_lines(path: Path, rows: list[Mapping[str, Any]]) -> Path:
    """Rows as a JSONL file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def event(
    message_id: str | None, user_id: Any = "ana", name: str = "Viewed", at: Any = "2026-11-01T10:00:00Z", **properties: Any
) -> dict[str, Any]:
    """One event as a JSON object."""
    return {"message_id": message_id, "user_id": user_id, "event": name, "timestamp": at, "properties": properties}
