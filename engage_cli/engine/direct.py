"""The events of a few users, with all that is in them, staged straight from the files: a look at one person needs no event store."""

from collections.abc import Sequence
from pathlib import Path as FilePath

from engage_cli.definitions.project import Sources
from engage_cli.engine.base import InputFile, Staging
from engage_cli.engine.inputs.authored import author_events
from engage_cli.engine.inputs.damage import blaming
from engage_cli.engine.inputs.event_rows import EventRows
from engage_cli.engine.inputs.events import Events, read_events
from engage_cli.engine.inputs.left_out import forgotten_rows
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.open import open_batches
from engage_cli.engine.inputs.people import stage_users
from engage_cli.engine.inputs.rejects import as_shown, event_rejects, people_rejects, stage_rejects
from engage_cli.engine.inputs.segment_events import rows_of_events
from engage_cli.engine.inputs.traits import read_profiles, stage_traits
from engage_cli.engine.inputs.values import nothing
from engage_cli.engine.inputs.wanted import Wanted, timestamp, wanted_of
from engage_cli.engine.opened_inputs import Inputs, open_inputs
from engage_cli.engine.staged import (
    author_relations,
    entity_catalog,
    entity_files,
    lists_of,
    repeated_keys,
    stage_lists,
    stage_people,
    zone_of,
)
from engage_cli.engine.store.relations import event_keys
from engage_cli.engine.template import Sql, sql
from engage_cli.plan.needs import Catalog, Needs
from engage_cli.records import replace


def stage_directly(work: Work, folder: FilePath, sources: Sources, needs: Needs, files: tuple[InputFile, ...]) -> Staging:
    """Stage the events of a few users, with all that is in them, straight from the files."""
    inputs = open_inputs(work, folder, sources, needs, files)
    rows = [rows_of_events(batch, needs.zone) for batch in open_batches(work.connection, folder, sources.events, needs.zone)]
    with blaming(work.connection, [*inputs.batches, *(batch.batch for batch in rows)]):
        return _stage_users_events(work, folder, sources, needs, inputs, rows, files)


def _stage_users_events(
    work: Work, folder: FilePath, sources: Sources, needs: Needs, inputs: Inputs, rows: Sequence[EventRows], files: tuple[InputFile, ...]
) -> Staging:
    as_of = timestamp(needs.as_of)
    wanted = wanted_of(needs, work.connection.labels, everything="events" in needs.tables)
    events = read_events(work, rows, wanted, sources) if rows else None
    profiles = read_profiles(work, inputs.profiles, as_of)
    users = stage_users(work, inputs.people, events.users() if events else None, as_of)
    staged = _stage_events(work, events, needs)
    stage_traits(work, profiles, needs.traits, needs.users)
    stage_people(work, sources, inputs, profiles, needs, as_of, needs.users)
    entities = entity_files(work, sources, needs, inputs)
    lists = stage_lists(work, folder, needs)
    if "events" in needs.tables and events is not None:
        author_events(work, events.select(replace(events.wanted, columns=())))
    summary = events.summary(work) if events else []
    files_read = {file.path for file in summary}
    found = event_rejects(work, events, {file.path for file in summary if file.rejected}, files_read) if events else []
    shown = {path: name for batch in rows for path, name in batch.batch.shown.items()}
    return Staging(
        catalog=Catalog(
            event_keys=event_keys(work),
            event_lists=lists_of(work, "events", {column for need in needs.events for column in need.columns}),
            trait_lists=lists_of(work, "trait_history" if needs.dated else "traits", needs.traits),
            elements_zone=zone_of(sources.events),
            trait_elements_zone=zone_of(sources.of("profiles")),
            list_tables=lists,
            tables=author_relations(work, needs, inputs, profiles, entities, as_of),
            entities=entity_catalog(work, entities, needs),
        ),
        files=files,
        rejects=stage_rejects(work, [*(as_shown(one, shown) for one in found), *people_rejects(work, inputs.judged)]),
        users=users,
        events_read=sum(file.rows - file.anonymous - file.forgotten for file in summary),
        events_staged=staged,
        duplicates=events.duplicates.extra if events else 0,
        future_events=sum(file.future for file in summary),
        repeated_profiles=profiles.repeated if profiles else 0,
        repeated_keys=repeated_keys(entities),
        anonymous_calls=sum(file.anonymous for file in summary),
        forgotten_rows=sum(file.forgotten for file in summary) + forgotten_rows(work, inputs.naming),
    )


def _stage_events(work: Work, events: Events | None, needs: Needs) -> int:
    """Make the relations `event_names` and `events`; how many events there are."""
    wanted = wanted_of(needs, work.connection.labels)
    work.connection.run(
        sql(
            "CREATE OR REPLACE TEMP TABLE event_names AS "
            "SELECT CAST(row_number() OVER (ORDER BY event) - 1 AS INTEGER) AS event_key, event "
            "FROM (SELECT DISTINCT event FROM ({names})) ORDER BY event",
            names=events.names(wanted) if events else Sql("SELECT '' AS event WHERE FALSE"),
        ).text
    )
    columns = [sql("e.{name}", name=wanted.labels.of(column)) for column in wanted.columns]
    columns += [Sql("e.properties")] if wanted.with_properties else []
    work.connection.run_large(
        sql(
            "CREATE OR REPLACE TEMP TABLE events AS SELECT {columns} FROM ({found}) AS e JOIN users AS u ON u.user_id = e.user_id "
            "JOIN event_names AS n ON n.event = e.event ORDER BY n.event_key, e.ts, e.message_id",
            columns=[Sql("u.user_key, n.event_key, e.ts, e.message_id"), *columns],
            found=events.select(wanted) if events else _no_events(wanted),
        ).text
    )
    return int(work.connection.rows("SELECT count(*) FROM events")[0][0])


def _no_events(wanted: Wanted) -> Sql:
    columns = [sql("{nothing} AS {name}", nothing=nothing(column.reading), name=wanted.labels.of(column)) for column in wanted.columns]
    columns += [Sql("'' AS properties")] if wanted.with_properties else []
    identity = Sql("'' AS user_id, '' AS event, TIMESTAMP '2000-01-01' AS ts, '' AS message_id")
    return sql("SELECT {columns} WHERE FALSE", columns=[identity, *columns])
