"""The files of a project beside those of events, opened for what a plan needs of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath

from msgspec import Struct, field

from engage_cli.definitions.project import Entity, Source, Sources
from engage_cli.engine.base import InputFile
from engage_cli.engine.identity.ids import JoinedIds
from engage_cli.engine.identity.profiles import with_joined
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.entities import EntityRows, entity_rows
from engage_cli.engine.inputs.files import find_paths
from engage_cli.engine.inputs.left_out import knowing_forgotten
from engage_cli.engine.inputs.loading import Work, loaded
from engage_cli.engine.inputs.open import open_batches
from engage_cli.engine.inputs.people import PeopleRows, account_rows, consent_rows, membership_rows, profile_rows
from engage_cli.engine.inputs.segment_people import CallsAboutPeople, calls_about_people
from engage_cli.engine.inputs.suppressions import SuppressionRows, suppression_rows
from engage_cli.plan.needs import Needs
from engage_cli.records import replace


class Inputs(Struct, frozen=True):
    """The rows of these files, by what they are about."""

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


def open_inputs(work: Work, folder: FilePath, sources: Sources, needs: Needs, files: tuple[InputFile, ...]) -> Inputs:
    """Open what a plan needs, with whom identifiers join and who was forgotten. `files`: those that the run takes."""

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
            for entity in needed_entities(sources, needs)
        },
        suppressions=tuple(suppression_rows(batch, zone) for batch in batches(sources.suppressions, "suppressions"))
        if asks_suppressions(needs)
        else (),
    )
    inputs = inputs if sources.identity is None else inputs.with_joined(JoinedIds(sources.identity))
    return inputs.knowing_forgotten(work, sources)


def asks_suppressions(needs: Needs) -> bool:
    """Whether it matters who may not be written to."""
    return needs.with_suppressions or bool(needs.channels)


def needed_entities(sources: Sources, needs: Needs) -> list[Entity]:
    """The entities that a plan asks about, or that its SQL names."""
    names = {*(need.name for need in needs.entities), *needs.tables}
    return [entity for entity in sources.entities if entity.name in names]


def _calls(work: Work, folder: FilePath, sources: Sources, zone: str, files: tuple[InputFile, ...]) -> CallsAboutPeople:
    """What raw Segment calls say of users and accounts, in the files that the run takes."""
    if not sources.segment:
        return CallsAboutPeople()
    taken = {file.path for file in files if file.kind == "events"}
    paths = [path for source in sources.segment for path in find_paths(work.connection, folder, source)]
    return calls_about_people(work, folder, sources, zone, frozenset(path.opened for path in paths if path.shown in taken))
