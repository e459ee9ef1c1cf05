"""All inputs of a run as the staged relations that plan/needs.py describes, and the account of what was read."""

from collections.abc import Mapping
from pathlib import Path as FilePath

from engage_cli.definitions.project import Sources
from engage_cli.engine.base import InputFile, Staging
from engage_cli.engine.connection import Connection
from engage_cli.engine.direct import stage_directly
from engage_cli.engine.identity.events import with_identifiers
from engage_cli.engine.identity.profiles import PROFILE_RELATIONS, ProfileSources, confine, make_profiles
from engage_cli.engine.identity.sightings import make_sightings
from engage_cli.engine.inputs.accounts import stage_accounts
from engage_cli.engine.inputs.authored import author_events
from engage_cli.engine.inputs.damage import blaming
from engage_cli.engine.inputs.hashing import kept_sources
from engage_cli.engine.inputs.kept import is_copy
from engage_cli.engine.inputs.left_out import forgotten_rows
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.rejects import people_rejects, stage_rejects
from engage_cli.engine.inputs.traits import read_profiles, stage_traits
from engage_cli.engine.inputs.wanted import timestamp
from engage_cli.engine.labels import labels_for
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
from engage_cli.engine.template import Sql
from engage_cli.plan.needs import Catalog, Needs
from engage_cli.plan.touched import Touch
from engage_cli.records import replace


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
            return replace(stage_directly(work, folder, sources, needs, files), kept=_kept(connection, folder, sources))
        known = hashes or {}
        found = find_events(connection, folder, sources.events, files, known)
        layout, kept = (None if one is None else with_identifiers(layout_of(one), sources.identity) for one in (needs, keep))
        assert layout is not None
        opened = open_events(work, EventFiles(folder, sources, needs.zone, found, layout, known), store, kept)
        inputs = open_inputs(work, folder, sources, needs, files)
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


def _stage(
    work: Work, folder: FilePath, sources: Sources, needs: Needs, inputs: Inputs, files: tuple[InputFile, ...], opened: Opened
) -> Staging:
    as_of = timestamp(needs.as_of)
    joined = _joined(sources, needs, inputs, opened)
    if joined is None:
        make_events(work, opened, needs)
    else:
        make_events(work, opened, needs, STORED)
        inputs = inputs.with_joined(make_profiles(work, joined))
    profiles = read_profiles(work, inputs.profiles, as_of)
    users = _users(work, opened, needs, inputs) if joined is None else work.count(Sql("users"))
    stage_traits(work, profiles, needs.traits, None)
    known_as = confine(work, needs.users) if joined is not None and needs.users is not None else {}
    if joined is not None and needs.with_sightings:
        make_sightings(work, joined, sorted(known_as.values()))
    if needs.accounts:
        stage_accounts(work, inputs.accounts, inputs.memberships, needs.account_traits, as_of, dated=needs.dated)
    stage_people(work, sources, inputs, profiles, needs, as_of, None)
    entities = entity_files(work, sources, needs, inputs)
    lists = stage_lists(work, folder, needs)
    if "events" in needs.tables:
        author_events(work, STORED_EVENTS)
    rejects = [*stored_rejects(opened), *people_rejects(work, inputs.judged)]
    counts = opened.manifest.visible
    future = future_events(work, opened, needs)
    return Staging(
        catalog=Catalog(
            event_keys=event_keys(work),
            event_lists=event_lists(opened, needs),
            trait_lists=lists_of(work, "trait_history" if needs.dated else "traits", needs.traits),
            elements_zone=zone_of(sources.events),
            trait_elements_zone=zone_of(sources.of("profiles")),
            account_lists=lists_of(work, "account_trait_history" if needs.dated else "account_traits", needs.account_traits),
            account_elements_zone=zone_of(sources.of("accounts")),
            list_tables=lists,
            tables=author_relations(work, needs, inputs, profiles, entities, as_of),
            with_anonymous=joined is not None,
            first=opened.first,
            entities=entity_catalog(work, entities, needs),
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
        repeated_keys=repeated_keys(entities),
        anonymous_calls=sum(file.anonymous for file in counts),
        forgotten_rows=sum(file.forgotten for file in counts) + forgotten_rows(work, inputs.naming),
        ingested=opened.ingested,
        store_note=opened.why,
        first_events=first_events(opened.manifest),
    )


def _joined(sources: Sources, needs: Needs, inputs: Inputs, opened: Opened) -> ProfileSources | None:
    """What people's profiles are joined of; None where a user's id is all that anybody is known by."""
    if sources.identity is None:
        return None
    return ProfileSources(sources.identity, inputs.people, inputs.profiles, inputs.aliases, opened, needs, sources.forgotten)


def _users(work: Work, opened: Opened, needs: Needs, inputs: Inputs) -> int:
    """Make the users of the store and of the other sources; how many."""
    as_of = timestamp(needs.as_of)
    return make_users(work, opened, [rows.select([Sql("user_id")], rows.known(as_of)) for rows in inputs.people], needs)


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
