"""Why somebody has never been in a journey: its entry rule, asked of them as the condition of an audience would be, part by part."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.conditions import AllOf, Condition, EventDone, Range
from engage_cli.definitions.journey import EntryOn, Journey, JourneyStatus
from engage_cli.definitions.project import Project
from engage_cli.definitions.values import Instant
from engage_cli.errors import EngageError
from engage_cli.plan.moments import plan_moments
from engage_cli.records import replace
from engage_cli.service.explain import explain_in
from engage_cli.service.progress import Progress
from engage_cli.service.results.audiences import Explanation
from engage_cli.service.tick_plans import stricter
from engage_cli.state.journey_readers import HandStatus
from engage_cli.state.journeys import JourneyClock


class Absence(Struct, frozen=True):
    """Why there is no instance. `status` is what holds of the journey, by its file and the last command.

    `explanation`: the entry rule as of the journey's clock, which counts events from `since` on; None where it could not be asked, for the
    reason `unexplained`. `without_if`: the entry's `if` asks for the entry event's own properties, and is left out. `key`: the property
    that an entry event has to have.
    """

    status: JourneyStatus
    since: datetime
    explanation: Explanation | None
    unexplained: str | None = None
    without_if: bool = False
    key: str | None = None


def absence_of(
    project: Project, folder: Path, journey: Journey, clock: JourneyClock, hands: Mapping[str, HandStatus], user: str, progress: Progress
) -> Absence:
    """Why somebody whom no tick let in was not let in, as of the journey's last one."""
    status = stricter(journey.status, hands.get(journey.name))
    condition, without_if = _rule(project, journey, clock.since)
    key = None if journey.key is None else journey.key.text
    name = f"the entry of {journey.name}"
    asked = Audience(name, "", condition, (), (), journey.entry.span, with_anonymous=True)
    lent = replace(project, audiences={**project.audiences, name: asked})
    try:
        explanation = explain_in(lent, folder, name, user, clock.as_of, progress=progress)
    except EngageError as error:
        return Absence(status, clock.since, None, error.message, without_if, key)
    return Absence(status, clock.since, explanation, None, without_if, key)


def _rule(project: Project, journey: Journey, since: datetime) -> tuple[Condition, bool]:
    """The entry rule as a condition, and whether its `if` had to be left out."""
    entry = journey.entry
    if not isinstance(entry, EntryOn):
        return entry.condition, False
    did = EventDone(entry.on.names, entry.on.span, entry.on.where, Range(Instant(since), None))
    if entry.condition is None:
        return did, False
    if plan_moments(project, {"if": entry.condition}, project.config.timezone, journey.name).with_context:
        return did, True
    return AllOf((did, entry.condition), entry.span), False
