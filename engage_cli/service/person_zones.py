"""People whose own time zone (`person_timezone`) is no IANA zone: it counts as missing, and `check` and runs say so."""

from collections.abc import Collection

from sqlglot import exp

from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine, OddZones
from engage_cli.journeys.asking import is_zone
from engage_cli.plan.needs import Column, Reading
from engage_cli.sql.literals import column


def zone_columns(project: Project) -> frozenset[Column]:
    """The column of profiles that has the zones; none where the project has no such trait, or computes it."""
    path = project.config.person_timezone
    return frozenset() if path is None or path.name in project.traits else frozenset({Column(path, Reading.TEXT)})


def odd_zones(engine: Engine, project: Project, staged: Collection[Column]) -> OddZones | None:
    """How many people have a zone that is none, by the profiles; None where nobody has, or the column is not among those `staged`."""
    for one in zone_columns(project) & frozenset(staged):
        value = column(one.name, "t")
        query = exp.select(value, exp.Count(this=exp.Star())).from_(exp.alias_(exp.to_table("traits"), "t", table=True))
        query = query.where(exp.Not(this=exp.Is(this=value.copy(), expression=exp.null()))).group_by(value.copy())
        odd = sorted((str(name), int(people)) for name, people in engine.rows(query) if not is_zone(str(name)))
        if odd:
            return OddZones(one.path.text, sum(people for _, people in odd), odd[0][0])
    return None
