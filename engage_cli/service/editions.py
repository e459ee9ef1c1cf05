"""A journey of a project as an edition: planned, with all that is asked on its way. For ticks, and for what the event store holds."""

from engage_cli.definitions.journey import Journey
from engage_cli.definitions.project import Project
from engage_cli.journeys.edition import Edition, edition_of
from engage_cli.plan.journeys.asked import conditions_of, values_of
from engage_cli.plan.moments import plan_moments


def edition_in(project: Project, journey: Journey, version: int) -> Edition:
    """A journey under its version's number; audiences and traits that it names are the project's present ones."""
    zone = project.config.timezone
    values = values_of(journey, project.config.person_timezone)
    plan = plan_moments(project, conditions_of(journey), zone, journey.name)
    return edition_of(journey, version, plan, dict(values), zone)
