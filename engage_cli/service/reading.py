"""Reading the data for conditions that are asked at instants of their own, by a run that has the state attached: ticks and broadcasts."""

from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path

from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine, Staging
from engage_cli.journeys.setting import lay_recorded
from engage_cli.plan.moments import MomentPlan
from engage_cli.plan.needs import Needs
from engage_cli.records import replace
from engage_cli.service.person_zones import odd_zones
from engage_cli.service.trait_courses import make_trait_courses
from engage_cli.service.trait_sets import make_traits
from engage_cli.service.workspace import needs_of_all, refuse_rejects, writable_folders
from engage_cli.state.store import State


def read_dated(
    engine: Engine,
    state: State,
    project: Project,
    folder: Path,
    needs: Needs,
    moments: Iterable[MomentPlan],
    as_of: datetime,
    *,
    dry_run: bool,
    strict: bool,
    planned: Collection[str] = (),
) -> Staging:
    """Stage what is needed, seal the engine, and make what runs recorded of the undated traits that `moments` look at.

    A run that is none to try things out brings the event store up to date first, by what all definitions need; what the journeys
    `planned` do is among `needs` already. `strict`: a row that cannot be read is an error.
    """
    config = project.config
    keep = None if dry_run else needs_of_all(project, as_of, but=planned).with_also(needs)
    staging = engine.stage(config.sources, needs, keep)
    if keep is None:
        staging = replace(staging, store_note=None)  # a look leaves the store as it is
    staging = replace(staging, odd_zones=odd_zones(engine, project, needs.traits))
    if strict and staging.rejects:
        refuse_rejects(staging)
    recorded = sorted(frozenset().union(*(one.recorded for one in moments)))
    engine.seal(writable_folders(project, folder))
    if recorded:
        lay_recorded(engine, needs.traits, config.timezone, joined=config.sources.identity is not None)
        make_traits(engine, as_of)
    make_trait_courses(engine, state, project, staging.catalog, recorded, as_of)
    return staging
