"""Relations that are made alike of all users and of a few: what is said about people, entities, lists, and what `sql:` conditions name."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path as FilePath

from engage_cli.definitions.paths import Path
from engage_cli.definitions.project import Source, Sources
from engage_cli.engine.inputs.authored import author_plain, author_profiles, relation
from engage_cli.engine.inputs.consents import stage_consent_history, stage_consents
from engage_cli.engine.inputs.entities import EntityFiles, author_entity, read_entity, stage_entities
from engage_cli.engine.inputs.lists import stage_list
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.people import stage_known_since
from engage_cli.engine.inputs.suppressions import stage_suppressed
from engage_cli.engine.inputs.traits import Profiles, read_profiles, stage_trait_history
from engage_cli.engine.opened_inputs import Inputs, asks_suppressions, needed_entities
from engage_cli.engine.template import Sql, identifier, sql
from engage_cli.plan.needs import Column, ListNeed, Needs, Reading, StagedEntity
from engage_cli.sql.entities import entity_table


def stage_people(
    work: Work, sources: Sources, inputs: Inputs, profiles: Profiles | None, needs: Needs, as_of: Sql, users: frozenset[str] | None
) -> None:
    """Make the relations of what is said about users (these ones, or all), but for their present traits; after `users`."""
    stage_consents(work, inputs.consents, needs, as_of)
    if asks_suppressions(needs):
        stage_suppressed(work, inputs.suppressions, sources.forgotten)
    if needs.dated:
        stage_trait_history(work, profiles, needs, users)
        stage_consent_history(work, inputs.consents, needs, as_of)
    if needs.with_known_since:
        stage_known_since(work, inputs.people, as_of)


def entity_files(work: Work, sources: Sources, needs: Needs, inputs: Inputs) -> Mapping[str, EntityFiles]:
    """Read the entities that a plan needs, and make the relations of those that it asks about; after users and accounts."""
    found = {entity.name: read_entity(work, inputs.entities[entity.name], entity) for entity in needed_entities(sources, needs)}
    stage_entities(work, found, needs.entities, accounts=needs.accounts)
    return found


def entity_catalog(work: Work, found: Mapping[str, EntityFiles], needs: Needs) -> Mapping[str, StagedEntity]:
    """What the compiler has to know of the entities that a plan asks about."""
    names = {need.name for need in needs.entities}
    return {
        need.name: StagedEntity(
            lists=lists_of(work, entity_table(need.name), need.columns),
            zone=found[need.name].entity.source.timezone,
            links=frozenset({*found[need.name].entity.links} & names),
        )
        for need in needs.entities
    }


def repeated_keys(found: Mapping[str, EntityFiles]) -> dict[str, int]:
    """By entity how many of its keys stand in more than one row."""
    return {name: files.repeated for name, files in found.items() if files.repeated}


def stage_lists(work: Work, folder: FilePath, needs: Needs) -> dict[ListNeed, str]:
    """Make a table of each list that a plan looks into; their names."""
    lists = {need: f"list_{at}" for at, need in enumerate(needs.lists)}
    for need, name in lists.items():
        stage_list(work.connection, folder, need, name)
    return lists


def author_relations(
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


def lists_of(work: Work, table: str, columns: Iterable[Column]) -> frozenset[Path]:
    """The paths at which a staged relation has a list at all."""
    found = [column for column in columns if column.reading is Reading.ELEMENTS]
    if not found:
        return frozenset()
    checks = [sql("bool_or({name} IS NOT NULL)", name=work.connection.labels.of(column)) for column in found]
    row = work.connection.rows(sql("SELECT {checks} FROM {table}", checks=checks, table=identifier(table)).text)[0]
    return frozenset(column.path for column, has in zip(found, row, strict=True) if has)


def zone_of(sources: Sequence[Source]) -> str | None:
    """The one zone of the sources' naive instants, None where they differ."""
    zones = {source.timezone for source in sources} or {"UTC"}
    return zones.pop() if len(zones) == 1 else None
