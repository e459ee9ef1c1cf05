"""What a tick will do with each journey: the editions that people are in or enter, its clock, and what holds of its status."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from engage_cli.definitions.journey import Journey, JourneyStatus
from engage_cli.definitions.printing import print_audience, print_trait
from engage_cli.definitions.printing_journey import print_journey
from engage_cli.definitions.project import Project
from engage_cli.definitions.project_files import read_kept_journey
from engage_cli.errors import UsageError
from engage_cli.journeys.edition import Edition
from engage_cli.journeys.entering import since_of
from engage_cli.plan.instants import seconds_of
from engage_cli.records import replace
from engage_cli.service.editions import edition_in
from engage_cli.state.hashes import digest
from engage_cli.state.instants import EARLIER_HINT, iso
from engage_cli.state.journey_hands import MICROSECOND
from engage_cli.state.journey_readers import HandStatus, hand_statuses
from engage_cli.state.journeys import JourneyClock, KeptVersion, journey_clocks, kept_versions, open_versions, pauses_of
from engage_cli.state.store import State

MOVING = (JourneyStatus.LIVE, JourneyStatus.PAUSED)
"""The statuses in which people go on. Of a pause the stretches in which nobody enters are kept."""


Pauses = tuple[tuple[datetime, datetime | None], ...]


class Plan(Struct, frozen=True):
    """What a tick will do with one journey: its clock before, the editions that somebody is in or enters, and what the next clock says.

    `status` is the stricter of what the file says and what a command said.
    """

    journey: Journey
    clock: JourneyClock | None
    since: datetime
    editions: tuple[Edition, ...]
    new_version: KeptVersion | None
    status: JourneyStatus
    definition: str
    before: Edition | None
    """The edition that was entered before this one, where this one is new."""
    pauses: Pauses = ()
    closed: datetime | None = None
    """From when on nobody enters up to this tick's instant, because the file says so; None where it does not."""


def plan_ticks(project: Project, state: State, names: Sequence[str], as_of: datetime, *, dry_run: bool) -> list[Plan]:
    """What a tick will do with each journey."""
    clocks, versions, pauses = journey_clocks(state), kept_versions(state), pauses_of(state)
    standing = _Standing(state)
    plans, beside, hands = [], _beside(project), hand_statuses(state, as_of)
    for name in names:
        journey, clock, kept = project.journeys[name], clocks.get(name), versions.get(name, [])
        status = stricter(journey.status, hands.get(name))
        if clock is None and status is not JourneyStatus.LIVE:
            continue
        if clock is not None and as_of < clock.as_of and not dry_run:
            raise UsageError(
                f"`{name}` was ticked as of {iso(clock.as_of)}, which is after --as-of {iso(as_of)}; a journey only moves forward in time",
                hint=EARLIER_HINT.format("--dry-run"),
            )
        plans.append(_plan(project, journey, clock, kept, standing, tuple(pauses.get(name, ())), as_of, beside, status))
    return plans


class _Standing(Struct):
    """In which editions somebody is: looked up when a journey has more than one, because that reads every position."""

    state: State
    _found: dict[str, set[int]] | None = None

    def is_in(self, journey: str, version: int) -> bool:
        """Whether somebody is in an edition."""
        if self._found is None:
            self._found = open_versions(self.state)
        return version in self._found.get(journey, set())


def stricter(status: JourneyStatus, hand: HandStatus | None) -> JourneyStatus:
    """What holds of a journey by its file's status and the last command."""
    said = JourneyStatus.LIVE if hand is None else JourneyStatus(hand.status)
    order = (JourneyStatus.LIVE, JourneyStatus.PAUSED, JourneyStatus.ARCHIVED, JourneyStatus.DRAFT)
    return max(status, said, key=order.index)


def _plan(
    project: Project,
    journey: Journey,
    clock: JourneyClock | None,
    kept: Sequence[KeptVersion],
    standing: "_Standing",
    pauses: Pauses,
    as_of: datetime,
    beside: tuple[str, ...],
    status: JourneyStatus,
) -> Plan:
    file_status = journey.status
    if status not in MOVING:  # who stands still takes no new edition
        journey = read_kept_journey(kept[-1].definition)
    text = print_journey(_essence(journey))
    meaning = digest(text)
    zone = project.config.timezone
    since = since_of(journey, as_of if clock is None else clock.since, zone) if clock is None else clock.since
    new_version = None
    number = kept[-1].version if kept else 0
    if not kept or kept[-1].hash != meaning:
        number += 1
        new_version = KeptVersion(journey.name, number, text, meaning, clock.as_of if clock is not None else since)
    older = [one for one in kept if one.version != number and standing.is_in(journey.name, one.version)]
    editions = [edition_in(project, read_kept_journey(one.definition), one.version) for one in older]
    before = next(
        (edition_in(project, read_kept_journey(one.definition), one.version) for one in kept[-1:] if new_version is not None), None
    )
    newest = edition_in(project, journey, number)
    closed = None
    if clock is not None and (file_status is not JourneyStatus.LIVE or status not in MOVING):
        closed = clock.as_of + MICROSECOND
        pauses = (*pauses, (closed, as_of + MICROSECOND))
    definition = _definition(project, status, text, beside)
    return Plan(journey, clock, since, (*editions, newest), new_version, status, definition, before, pauses, closed)


def meaning_of(journey: Journey) -> str:
    """A hash of what makes an edition of a journey: its text without description and status."""
    return digest(print_journey(_essence(journey)))


def _essence(journey: Journey) -> Journey:
    """A journey without what makes no new edition of it."""
    return replace(journey, description="", status=JourneyStatus.LIVE)


def _beside(project: Project) -> tuple[str, ...]:
    """The texts of all definitions that a journey may rest on."""
    audiences = [print_audience(replace(one, description="")) for one in project.audiences.values()]
    forgotten = project.config.sources.forgotten.digest
    traits = [print_trait(replace(one, description="")) for one in project.traits.values()]
    return (*audiences, *traits, *([forgotten] if forgotten else []))


def _definition(project: Project, status: JourneyStatus, text: str, beside: tuple[str, ...]) -> str:
    """A hash of all that a tick of a journey rests on but the data."""
    return digest(text, status.value, *beside, project.config.timezone, str(project.config.late_window))


def late_window(project: Project) -> timedelta:
    """How long before a journey's clock an event may lie that comes in late."""
    return timedelta(seconds=seconds_of(project.config.late_window))


def is_due(plan: Plan, as_of: datetime, inputs: str) -> bool:
    """Whether a tick has anything to look at: the journey does not stand there already, by the same definition and files."""
    clock = plan.clock
    return clock is None or (clock.as_of, clock.definition, clock.inputs) != (as_of, plan.definition, inputs)
