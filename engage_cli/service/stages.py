"""The stages of a run, in the order in which they are done: data, which `engage plan` describes and `engage run` performs.

Traits, audiences and journeys are evaluated, never looked up in what an earlier stage recorded, with one exception: what reads the traits
that journeys set, or asks what journeys did, comes after the journeys. Broadcasts that are due come after the journeys, whose messages they
see, and before what reads these; but those about which journeys ask come before them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.journey_reads import broadcasts_read
from engage_cli.definitions.project import Project
from engage_cli.plan.build import plan_audiences
from engage_cli.plan.leaves import MessageWas, StayWas
from engage_cli.plan.predicates import Plan
from engage_cli.plan.requirements import leaves_about


class Kind(StrEnum):
    """What a stage does."""

    TRAITS = "traits"
    AUDIENCES = "audiences"
    JOURNEYS = "journeys"
    BROADCASTS = "broadcasts"


class Stage(Struct, frozen=True):
    """One stage: what it does, and with which definitions. `after_journeys`: it reads what journeys do."""

    kind: Kind
    names: tuple[str, ...]
    after_journeys: bool = False


def stages_of(project: Project) -> tuple[Stage, ...]:
    """The stages of a run of everything; a kind of which the project has nothing is no stage."""
    as_of = datetime.fromisoformat("2000-01-01T00:00:00+00:00")  # what reads what hinges on no instant
    late_traits = [name for name in project.traits if _reads_journeys(project, plan_audiences(project, (), as_of, "UTC", traits=[name]))]
    asked = asked_by_journeys(project)
    late = [name for name in project.audiences if _reads_journeys(project, plan_audiences(project, [name], as_of, "UTC"))]
    stages = (
        Stage(Kind.TRAITS, _without(project.traits, late_traits)),
        Stage(Kind.AUDIENCES, _without(project.audiences, late)),
        Stage(Kind.BROADCASTS, tuple(name for name in project.broadcasts if name in asked)),
        Stage(Kind.JOURNEYS, tuple(project.journeys)),
        Stage(Kind.BROADCASTS, tuple(name for name in project.broadcasts if name not in asked)),
        Stage(Kind.TRAITS, tuple(late_traits), after_journeys=True),
        Stage(Kind.AUDIENCES, tuple(late), after_journeys=True),
    )
    return tuple(stage for stage in stages if stage.names)


def asked_by_journeys(project: Project) -> frozenset[str]:
    """The broadcasts about whose messages journeys ask. They ask about no journey themselves."""
    return frozenset(name for read in broadcasts_read(project.journeys, project.audiences).values() for name in read)


def _without(names: Iterable[str], others: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)


def _reads_journeys(project: Project, plan: Plan) -> bool:
    """Whether something of a plan is what journeys set or did."""
    if not project.set_traits.isdisjoint(column.path.name for column in plan.needs.traits):
        return True
    leaves = (leaf for audience in plan.audiences.values() for _, leaf in leaves_about(audience.of, audience.predicate))
    return any(isinstance(leaf, MessageWas | StayWas) for leaf in leaves)
