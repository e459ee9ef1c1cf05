"""`identity show`: the profile of one person, and what was not joined to it."""

from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from engage_cli.engine.base import Engine
from engage_cli.errors import UsageError
from engage_cli.plan.needs import Needs
from engage_cli.records import replace
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.progress import SILENT, Progress
from engage_cli.service.results.common import DataReport
from engage_cli.service.workspace import engine_for, load, report_of
from engage_cli.source import visible


class Seen(Struct, frozen=True):
    """An identifier: its name and value, when it was first seen (UTC), and in which file.

    `at` is None where that is a snapshot, which counts as the earliest.
    """

    name: str
    value: str
    at: datetime | None
    file: str | None


class NotJoined(Struct, frozen=True):
    """Two identifiers that were seen together from `at` on (None: in a snapshot) and are not joined, because of the limit of `limit`.

    `own` is the profile's, `other` the other profile's, whose id is `user_id`.
    """

    own: tuple[str, str]
    other: tuple[str, str]
    user_id: str
    at: datetime | None
    limit: str


class ProfileShown(Struct, frozen=True):
    """A profile as of an instant. `blocked` are values that stood beside its identifiers and join nobody."""

    given: str
    as_of: datetime
    user_id: str
    anonymous: bool
    identifiers: tuple[Seen, ...]
    not_joined: tuple[NotJoined, ...]
    blocked: tuple[Seen, ...]
    data: DataReport | None = None


def show_identity(folder: Path, user: str, *, as_of: datetime | None, progress: Progress = SILENT) -> ProfileShown:
    """The profile that an id or any other identifier belongs to. Writes nothing.

    Raises UsageError where nobody is known so, or nothing joins users.
    """
    project = load(folder)
    identity = project.config.sources.identity
    if identity is None:
        raise UsageError(
            "nothing joins users: engage.yaml has no `identity`", hint="docs/identity.md shows how to say which identifiers do"
        )
    instant = resolve_as_of(as_of, project.config.timezone)
    needs = Needs(instant, project.config.timezone, users=frozenset({user}), with_sightings=True)
    with engine_for(project, folder) as engine:
        with progress.stage("joining identifiers"):
            staging = engine.stage(project.config.sources, needs)
        engine.seal([])
        user_id = staging.known_as[user]
        found = engine.rows("SELECT anonymous FROM users WHERE user_id = ?", [user_id])
        if not found:
            raise UsageError(f"nobody is known as `{visible(user)}`", hint="ids are compared as text, exactly as they are written")
        seen = [_seen(identity.names, row) for row in engine.rows(_SIGHTINGS)]
        shown = ProfileShown(
            given=user,
            as_of=instant,
            user_id=user_id,
            anonymous=bool(found[0][0]),
            identifiers=tuple(one for one, blocked in seen if not blocked),
            not_joined=_not_joined(engine, identity.names, user_id),
            blocked=tuple(one for one, blocked in seen if blocked),
        )
        return replace(shown, data=report_of(staging))


_SIGHTINGS = "SELECT kind, value, ts, path, blocked FROM sighting ORDER BY kind, ts NULLS FIRST, value"
_NOT_JOINED = """
    SELECT own.kind, own.value, other.kind, other.value, other.user_id, nullif(link.ts, TIMESTAMP '0001-01-01'), link.kind FROM (
        SELECT ts, a AS own, b AS other, kind FROM not_joined UNION ALL SELECT ts, b, a, kind FROM not_joined
    ) AS link JOIN known_as AS own ON own.key = link.own JOIN known_as AS other ON other.key = link.other
    WHERE own.user_id = ? ORDER BY link.ts, own.kind, own.value, other.kind, other.value
"""


def _seen(names: tuple[str, ...], row: tuple[int, str, datetime | None, str | None, bool]) -> tuple[Seen, bool]:
    kind, value, at, path, blocked = row
    return Seen(names[kind], value, _aware(at), path), blocked


def _not_joined(engine: Engine, names: tuple[str, ...], user_id: str) -> tuple[NotJoined, ...]:
    return tuple(
        NotJoined((names[kind], value), (names[other], other_value), found, _aware(at), names[limit])
        for kind, value, other, other_value, found, at, limit in engine.rows(_NOT_JOINED, [user_id])
    )


def _aware(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(tzinfo=UTC)
