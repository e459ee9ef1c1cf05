"""All inputs of a run as the staged relations that plan/needs.py describes, and the account of what was read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

from engage_cli.definitions.paths import Path
from engage_cli.definitions.project import Entity, Source, Sources
from engage_cli.engine.base import InputFile, Staging
from engage_cli.engine.connection import Connection
from engage_cli.engine.identity.events import with_identifiers
from engage_cli.engine.identity.ids import JoinedIds
from engage_cli.engine.identity.profiles import PROFILE_RELATIONS, ProfileSources, confine, make_profiles, with_joined
from engage_cli.engine.identity.sightings import make_sightings
from engage_cli.engine.inputs.accounts import stage_accounts
from engage_cli.engine.inputs.authored import author_events, author_plain, author_profiles, relation
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.consents import stage_consent_history, stage_consents
from engage_cli.engine.inputs.damage import blaming
from engage_cli.engine.inputs.entities import EntityFiles, EntityRows, author_entity, entity_rows, read_entity, stage_entities
from engage_cli.engine.inputs.event_rows import EventRows
from engage_cli.engine.inputs.events import Events, read_events
from engage_cli.engine.inputs.files import find_paths
from engage_cli.engine.inputs.hashing import kept_sources
from engage_cli.engine.inputs.kept import is_copy
from engage_cli.engine.inputs.left_out import forgotten_rows, knowing_forgotten
from engage_cli.engine.inputs.lists import stage_list
from engage_cli.engine.inputs.loading import Work, loaded
from engage_cli.engine.inputs.open import open_batches
from engage_cli.engine.inputs.people import (
    PeopleRows,
    account_rows,
    consent_rows,
    membership_rows,
    profile_rows,
    stage_known_since,
    stage_users,
)
from engage_cli.engine.inputs.rejects import as_shown, event_rejects, people_rejects, stage_rejects
from engage_cli.engine.inputs.segment_events import rows_of_events
from engage_cli.engine.inputs.segment_people import CallsAboutPeople, calls_about_people
from engage_cli.engine.inputs.suppressions import SuppressionRows, stage_suppressed, suppression_rows
from engage_cli.engine.inputs.traits import Profiles, read_profiles, stage_trait_history, stage_traits
from engage_cli.engine.inputs.values import nothing
from engage_cli.engine.inputs.wanted import Wanted, timestamp, wanted_of
from engage_cli.engine.labels import labels_for
from engage_cli.engine.store.folder import StoreFolder
from engage_cli.engine.store.layout import layout_of
from engage_cli.engine.store.manifest import first_events
from engage_cli.engine.store.opening import EventFiles, Opened, find_events, open_events
from engage_cli.engine.store.people import People, changed_users, record
from engage_cli.engine.store.relations import (
    STORED,
    STORED_EVENTS,
    detach_parts,
    drop_relations,
    event_keys,
    event_lists,
    future_events,
    hidden_events,
    make_events,
    make_users,
    stored_rejects,
)
from engage_cli.engine.store.touched import make_touched
from engage_cli.engine.template import Sql, identifier, sql
from engage_cli.plan.needs import Catalog, Column, ListNeed, Needs, Reading, StagedEntity
from engage_cli.plan.touched import Touch
from engage_cli.sql.entities import entity_table


@dataclass(frozen=True)
class Inputs:
    """The files of a project beside those of events, opened."""

    profiles: tuple[PeopleRows, ...]
    memberships: tuple[PeopleRows, ...]
    consents: tuple[PeopleRows, ...]
    accounts: tuple[PeopleRows, ...]
    aliases: tuple[PeopleRows, ...] = ()
    """Raw Segment calls that name an earlier id of a person, where identifiers join users."""
    entities: Mapping[str, tuple[EntityRows, ...]] = field(default_factory=dict)
    suppressions: tuple[SuppressionRows, ...] = ()

    @property
    def people(self) -> tuple[PeopleRows, ...]:
        """Everything that names users."""
        return (*self.profiles, *self.memberships, *self.consents)

    @property
    def naming(self) -> "list[PeopleRows | EntityRows]":
        """Everything of which a row can name a user, and be left out because of whom it names."""
        return [*self.people, *(one for rows in self.entities.values() for one in rows)]

    @property
    def by_kind(self) -> dict[str, tuple[PeopleRows, ...]]:
        """Everything that names users, by the kind of its source."""
        return {"profiles": self.profiles, "memberships": self.memberships, "consents": self.consents}

    def with_joined(self, ids: JoinedIds) -> "Inputs":
        """The same files with the ids of their users read so."""
        profiles, memberships, consents = (with_joined(rows, ids) for rows in (self.profiles, self.memberships, self.consents))
        entities = {name: tuple(replace(one, joined=ids) for one in rows) for name, rows in self.entities.items()}
        suppressions = tuple(replace(rows, joined=ids) for rows in self.suppressions)
        return replace(self, profiles=profiles, memberships=memberships, consents=consents, entities=entities, suppressions=suppressions)

    def knowing_forgotten(self, work: Work, sources: Sources) -> "Inputs":
        """The same files, with who was forgotten among the users of each."""
        kinds = (self.profiles, self.memberships, self.consents, self.aliases)
        profiles, memberships, consents, aliases = (knowing_forgotten(work, rows, sources) for rows in kinds)
        entities = {name: knowing_forgotten(work, rows, sources) for name, rows in self.entities.items()}
        return replace(self, profiles=profiles, memberships=memberships, consents=consents, aliases=aliases, entities=entities)

    @property
    def batches(self) -> list[Batch]:
        """All batches."""
        return [rows.batch for rows in self.judged]

    @property
    def judged(self) -> "list[PeopleRows | EntityRows | SuppressionRows]":
        """Everything of which a row can be rejected."""
        return [*self.people, *self.accounts, *self.suppressions, *(one for rows in self.entities.values() for one in rows)]


def stage_inputs(
    connection: Connection,
    folder: FilePath,
    sources: Sources,
    needs: Needs,
    files: tuple[InputFile, ...],
    *,
    store: StoreFolder | None = None,
    keep: Needs | None = None,
    hashes: Mapping[str, tuple[int, int, str]] | None = None,
    touch: Touch | None = None,
) -> Staging:
    """Stage what a plan needs. `files` are the input files as find_inputs found them whole, `hashes` those of local ones.

    With `keep`, what the definitions of the whole project need, the store is brought up to date and published. With `touch` the
    relation `touched` is made, if it can be.
    """
    work = Work(connection)
    if connection.is_staged:
        drop_relations(connection, "events", "users", "everybody", "event_names", *PROFILE_RELATIONS)
    connection.is_staged = True
    detach_parts(connection)
    connection.use_zones({needs.zone})
    connection.labels = labels_for(
        [
            *needs.traits,
            *needs.account_traits,
            *(column for need in needs.events for column in need.columns),
            *(column for need in needs.entities for column in need.columns),
        ]
    )
    try:
        if needs.users is not None and sources.identity is None:
            return replace(_stage_directly(work, folder, sources, needs, files), kept=_kept(connection, folder, sources))
        known = hashes or {}
        found = find_events(connection, folder, sources.events, files, known)
        layout, kept = (None if one is None else with_identifiers(layout_of(one), sources.identity) for one in (needs, keep))
        assert layout is not None
        opened = open_events(work, EventFiles(folder, sources, needs.zone, found, layout, known), store, kept)
        inputs = _open(work, folder, sources, needs, files)
        with blaming(connection, inputs.batches):
            staging = _stage(work, folder, sources, needs, inputs, files, opened)
            people = People(sources, needs.zone, inputs.by_kind, files, known)
            touched = _touched(work, store, people, opened, touch, inputs, needs, writes=keep is not None)
            return replace(staging, touched=touched, kept=_kept(connection, folder, sources))
    finally:
        work.drop_tables()


def _kept(connection: Connection, folder: FilePath, sources: Sources) -> tuple[str, ...]:
    kept = connection.kept
    return () if kept is None else tuple(shown for shown, opened in kept_sources(connection, folder, sources) if is_copy(kept, opened))


def _open(work: Work, folder: FilePath, sources: Sources, needs: Needs, files: tuple[InputFile, ...]) -> Inputs:
    def batches(of: Sequence[Source], label: str) -> list[Batch]:
        return [loaded(work, batch, label) for batch in open_batches(work.connection, folder, of, needs.zone)]

    zone = needs.zone
    calls = _calls(work, folder, sources, zone, files)
    wanted = needs.accounts or "accounts" in needs.tables
    accounts = batches(sources.accounts, "accounts") if wanted else []
    inputs = Inputs(
        profiles=(*(profile_rows(batch, zone) for batch in batches(sources.profiles, "profiles")), *calls.profiles),
        memberships=(*(membership_rows(batch, zone) for batch in batches(sources.memberships, "memberships")), *calls.memberships),
        consents=tuple(consent_rows(batch, zone) for batch in batches(sources.consents, "consents")),
        accounts=(*(account_rows(batch, zone) for batch in accounts), *calls.accounts) if wanted else (),
        aliases=calls.aliases,
        entities={
            entity.name: tuple(entity_rows(batch, zone, entity) for batch in batches([entity.source], entity.name))
            for entity in _needed_entities(sources, needs)
        },
        suppressions=tuple(suppression_rows(batch, zone) for batch in batches(sources.suppressions, "suppressions"))
        if _asks_suppressions(needs)
        else (),
    )
    inputs = inputs if sources.identity is None else inputs.with_joined(JoinedIds(sources.identity))
    return inputs.knowing_forgotten(work, sources)


def _asks_suppressions(needs: Needs) -> bool:
    return needs.with_suppressions or bool(needs.channels)


def _needed_entities(sources: Sources, needs: Needs) -> list[Entity]:
    names = {*(need.name for need in needs.entities), *needs.tables}
    return [entity for entity in sources.entities if entity.name in names]


def _stage_entities(work: Work, sources: Sources, needs: Needs, inputs: Inputs) -> Mapping[str, EntityFiles]:
    """Read the entities that a plan needs, and make the relations of those that it asks about; after users and accounts."""
    found = {entity.name: read_entity(work, inputs.entities[entity.name], entity) for entity in _needed_entities(sources, needs)}
    stage_entities(work, found, needs.entities, accounts=needs.accounts)
    return found


def _entity_catalog(work: Work, found: Mapping[str, EntityFiles], needs: Needs) -> Mapping[str, StagedEntity]:
    names = {need.name for need in needs.entities}
    return {
        need.name: StagedEntity(
            lists=_lists(work, entity_table(need.name), need.columns),
            zone=found[need.name].entity.source.timezone,
            links=frozenset({*found[need.name].entity.links} & names),
        )
        for need in needs.entities
    }


def _repeated(found: Mapping[str, EntityFiles]) -> dict[str, int]:
    return {name: files.repeated for name, files in found.items() if files.repeated}


def _calls(work: Work, folder: FilePath, sources: Sources, zone: str, files: tuple[InputFile, ...]) -> CallsAboutPeople:
    """What raw Segment calls say of users and accounts, in the files that the run takes."""
    if not sources.segment:
        return CallsAboutPeople()
    taken = {file.path for file in files if file.kind == "events"}
    paths = [path for source in sources.segment for path in find_paths(work.connection, folder, source)]
    return calls_about_people(work, folder, sources, zone, frozenset(path.opened for path in paths if path.shown in taken))


def _stage(
    work: Work,
    folder: FilePath,
    sources: Sources,
    needs: Needs,
    inputs: Inputs,
    files: tuple[InputFile, ...],
    opened: Opened,
) -> Staging:
    as_of = timestamp(needs.as_of)
    found: ProfileSources | None = None
    if sources.identity is None:
        make_events(work, opened, needs)
        profiles = read_profiles(work, inputs.profiles, as_of)
        users = make_users(work, opened, [rows.select([Sql("user_id")], rows.known(as_of)) for rows in inputs.people], needs)
    else:
        make_events(work, opened, needs, STORED)
        found = ProfileSources(sources.identity, inputs.people, inputs.profiles, inputs.aliases, opened, needs, sources.forgotten)
        inputs = inputs.with_joined(make_profiles(work, found))
        profiles = read_profiles(work, inputs.profiles, as_of)
        users = work.count(Sql("users"))
    stage_traits(work, profiles, needs.traits, None)
    known_as = confine(work, needs.users) if sources.identity is not None and needs.users is not None else {}
    if found is not None and needs.with_sightings:
        make_sightings(work, found, sorted(known_as.values()))
    if needs.accounts:
        stage_accounts(work, inputs.accounts, inputs.memberships, needs.account_traits, as_of, dated=needs.dated)
    stage_consents(work, inputs.consents, needs, as_of)
    if _asks_suppressions(needs):
        stage_suppressed(work, inputs.suppressions, sources.forgotten)
    if needs.dated:
        stage_trait_history(work, profiles, needs, None)
        stage_consent_history(work, inputs.consents, needs, as_of)
    if needs.with_known_since:
        stage_known_since(work, inputs.people, as_of)
    entities = _stage_entities(work, sources, needs, inputs)
    lists = _stage_lists(work, folder, needs)
    if "events" in needs.tables:
        author_events(work, STORED_EVENTS)
    rejects = [*stored_rejects(opened), *people_rejects(work, inputs.judged)]
    counts = opened.manifest.visible
    future = future_events(work, opened, needs)
    return Staging(
        catalog=Catalog(
            event_keys=event_keys(work),
            event_lists=event_lists(opened, needs),
            trait_lists=_lists(work, "trait_history" if needs.dated else "traits", needs.traits),
            elements_zone=_zone(sources.events),
            trait_elements_zone=_zone(sources.of("profiles")),
            account_lists=_lists(work, "account_trait_history" if needs.dated else "account_traits", needs.account_traits),
            account_elements_zone=_zone(sources.of("accounts")),
            list_tables=lists,
            tables=_author(work, needs, inputs, profiles, entities, as_of),
            with_anonymous=sources.identity is not None,
            first=opened.first,
            entities=_entity_catalog(work, entities, needs),
        ),
        files=files,
        known_as=known_as,
        rejects=stage_rejects(work, rejects),
        users=users,
        events_read=sum(file.rows for file in counts),
        events_staged=sum(segment.rows for segment in opened.manifest.segments) - hidden_events(work, opened) - future,
        duplicates=sum(file.duplicates for file in counts),
        future_events=future,
        repeated_profiles=profiles.repeated if profiles else 0,
        repeated_keys=_repeated(entities),
        anonymous_calls=sum(file.anonymous for file in counts),
        forgotten_rows=sum(file.forgotten for file in counts) + forgotten_rows(work, inputs.naming),
        ingested=opened.ingested,
        store_note=opened.why,
        first_events=first_events(opened.manifest),
    )


def _touched(
    work: Work,
    store: StoreFolder | None,
    people: People,
    opened: Opened,
    touch: Touch | None,
    inputs: Inputs,
    needs: Needs,
    *,
    writes: bool,
) -> int | str | None:
    """Find the users to look at again, and keep what the next run needs for that."""
    before = touch.files if touch is not None else frozenset()
    if writes and store is not None:
        record(work, store.path, people, before)
    if touch is None:
        return None
    if people.sources.identity is not None:
        return "identifiers join users (`identity`), and a new one can change who anybody is"
    changed = changed_users(work, store.path if store is not None else None, people, before, writes=writes)
    return make_touched(work, opened, touch, people.files, inputs.people, changed, needs)


def _stage_lists(work: Work, folder: FilePath, needs: Needs) -> dict[ListNeed, str]:
    lists = {need: f"list_{at}" for at, need in enumerate(needs.lists)}
    for need, name in lists.items():
        stage_list(work.connection, folder, need, name)
    return lists


# ---- one user's events, from the files ---------------------------------------------------------------------------------


def _stage_directly(work: Work, folder: FilePath, sources: Sources, needs: Needs, files: tuple[InputFile, ...]) -> Staging:
    """Stage the events of a few users, with all that is in them, straight from the files."""
    inputs = _open(work, folder, sources, needs, files)
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
    stage_consents(work, inputs.consents, needs, as_of)
    if _asks_suppressions(needs):
        stage_suppressed(work, inputs.suppressions, sources.forgotten)
    if needs.dated:
        stage_trait_history(work, profiles, needs, needs.users)
        stage_consent_history(work, inputs.consents, needs, as_of)
    if needs.with_known_since:
        stage_known_since(work, inputs.people, as_of)
    entities = _stage_entities(work, sources, needs, inputs)
    lists = _stage_lists(work, folder, needs)
    if "events" in needs.tables and events is not None:
        author_events(work, events.select(replace(events.wanted, columns=())))
    summary = events.summary(work) if events else []
    files_read = {file.path for file in summary}
    found = event_rejects(work, events, {file.path for file in summary if file.rejected}, files_read) if events else []
    shown = {path: name for batch in rows for path, name in batch.batch.shown.items()}
    return Staging(
        catalog=Catalog(
            event_keys=event_keys(work),
            event_lists=_lists(work, "events", {column for need in needs.events for column in need.columns}),
            trait_lists=_lists(work, "trait_history" if needs.dated else "traits", needs.traits),
            elements_zone=_zone(sources.events),
            trait_elements_zone=_zone(sources.of("profiles")),
            list_tables=lists,
            tables=_author(work, needs, inputs, profiles, entities, as_of),
            entities=_entity_catalog(work, entities, needs),
        ),
        files=files,
        rejects=stage_rejects(work, [*(as_shown(one, shown) for one in found), *people_rejects(work, inputs.judged)]),
        users=users,
        events_read=sum(file.rows - file.anonymous - file.forgotten for file in summary),
        events_staged=staged,
        duplicates=events.duplicates.extra if events else 0,
        future_events=sum(file.future for file in summary),
        repeated_profiles=profiles.repeated if profiles else 0,
        repeated_keys=_repeated(entities),
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


def _author(
    work: Work, needs: Needs, inputs: Inputs, profiles: Profiles | None, entities: Mapping[str, EntityFiles], as_of: Sql
) -> dict[str, str]:
    """Make the relations that `sql:` conditions name, but for the events."""
    if "profiles" in needs.tables and profiles is not None:
        author_profiles(work, profiles)
    for kind in sorted(needs.tables & {"memberships", "consents"}):
        rows = inputs.by_kind[kind]
        author_plain(work, kind, [one.batch for one in rows], needs.zone, rows, as_of)
    if "accounts" in needs.tables:
        of_calls = any(rows.batch.source.segment for rows in inputs.accounts)
        if of_calls and (accounts := read_profiles(work, inputs.accounts, as_of)) is not None:
            author_profiles(work, accounts, "accounts", "account_id")
        else:
            author_plain(work, "accounts", [one.batch for one in inputs.accounts], needs.zone, inputs.accounts, as_of)
    for name in sorted(needs.tables & entities.keys()):
        author_entity(work, entities[name])
    return {kind: relation(kind) for kind in sorted(needs.tables)}


def _lists(work: Work, table: str, columns: Iterable[Column]) -> frozenset[Path]:
    """The paths at which a staged relation has a list at all."""
    found = [column for column in columns if column.reading is Reading.ELEMENTS]
    if not found:
        return frozenset()
    checks = [sql("bool_or({name} IS NOT NULL)", name=work.connection.labels.of(column)) for column in found]
    row = work.connection.rows(sql("SELECT {checks} FROM {table}", checks=checks, table=identifier(table)).text)[0]
    return frozenset(column.path for column, has in zip(found, row, strict=True) if has)


def _zone(sources: Sequence[Source]) -> str | None:
    """The one zone of the sources' naive instants, None where they differ."""
    zones = {source.timezone for source in sources} or {"UTC"}
    return zones.pop() if len(zones) == 1 else None
