"""Which files name a person: every row of every source, also those that do not count. For `engage forget`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engage_cli.definitions.identity import ANONYMOUS_ID, USER_ID
from engage_cli.definitions.project import Source, Sources
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.damage import blaming
from engage_cli.engine.inputs.entities import entity_rows
from engage_cli.engine.inputs.event_rows import event_rows, id_text
from engage_cli.engine.inputs.fields import column_name
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.kept import is_copy
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.open import open_batches
from engage_cli.engine.inputs.segment_calls import calls_of
from engage_cli.engine.inputs.values import Value
from engage_cli.engine.template import FALSE, Sql, joined, literal, sql

Identifiers = Mapping[str, Sequence[str]]
"""What somebody is known by: values by the name of the identifier."""
_KINDS = ("events", "profiles", "memberships", "consents", "suppressions")


def rows_naming(work: Work, folder: Path, sources: Sources, zone: str, identifiers: Identifiers) -> dict[str, int]:
    """How many rows of each file, by its path as the user knows it, name somebody."""
    found: Counter[str] = Counter()
    for batch, scan, condition in _named(work, folder, sources, zone, identifiers):
        query = sql("SELECT path, count(*) FROM {scan} WHERE {condition} GROUP BY path", scan=scan, condition=condition)
        with blaming(work.connection, [batch]):
            found.update({_shown(work, batch, str(path)): int(rows) for path, rows in work.connection.rows(query.text)})
    return dict(found)


def _shown(work: Work, batch: Batch, path: str) -> str:
    """The path of a file as the user knows it; of the copy of one that is gone, the copy's."""
    kept = work.connection.kept
    return path if kept is not None and is_copy(kept, path) else batch.shown.get(path, path)


def _named(work: Work, folder: Path, sources: Sources, zone: str, identifiers: Identifiers) -> Iterator[tuple[Batch, Sql, Sql]]:
    """Of each batch of files what is to be read, and which of its rows it is."""
    for kind in _KINDS:
        own: tuple[Source, ...] = getattr(sources, kind)
        for batch in open_batches(work.connection, folder, own, zone):
            if batch.source.segment:
                calls = calls_of(batch, zone, sources.identity)
                values = {USER_ID: Sql("call_user")} if calls.identifiers is None else dict(calls.identifiers.values)
                previous = [*identifiers.get(USER_ID, ()), *identifiers.get(ANONYMOUS_ID, ())]
                yield batch, calls.of(batch.again), _any({**values, "": Sql("call_previous")}, {**identifiers, "": previous})
            else:
                yield batch, batch.again, _any(_values(batch, zone, identifiers, sources, kind), identifiers)
    for entity in sources.entities:
        for batch in open_batches(work.connection, folder, [entity.source], zone) if "user" in entity.links else ():
            value = entity_rows(batch, zone, entity).links["user"]
            yield batch, batch.again, _any({USER_ID: id_text(value, batch, entity.links["user"])}, identifiers)


def _values(batch: Batch, zone: str, identifiers: Identifiers, sources: Sources, kind: str) -> dict[str, Sql]:
    """The identifiers that rows of files have, as text over their columns."""
    if kind == "events":
        rows = event_rows(batch, zone, every=False, identity=sources.identity)
        if rows.identifiers is not None:
            return dict(rows.identifiers.values)
    zones = Zones(batch.source.timezone, zone)
    found: dict[str, Value | None] = {name: batch.value(column_name(batch, name), zones) for name in identifiers}
    return {name: id_text(value, batch, name) for name, value in found.items() if value is not None}


def _any(values: Mapping[str, Sql], identifiers: Identifiers) -> Sql:
    parts = [
        sql("{value} IN ({theirs})", value=values[name], theirs=[literal(one) for one in theirs])
        for name, theirs in identifiers.items()
        if name in values and theirs
    ]
    return sql("({parts})", parts=joined(" OR ", parts)) if parts else FALSE
