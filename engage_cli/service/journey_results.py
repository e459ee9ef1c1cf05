"""What came of a journey's messages and experiments, for `journey status`: the published state, and the events that tell outcomes."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from engage_cli.definitions.journey import Journey
from engage_cli.definitions.journey_steps import Randomize, Send
from engage_cli.definitions.project import Project
from engage_cli.engine.base import Engine
from engage_cli.journeys.outcomes import make_outcomes
from engage_cli.journeys.standing import make_instance_users
from engage_cli.plan.outcomes import with_outcomes
from engage_cli.records import replace
from engage_cli.reports.experiments import VariantCounts, VariantReport, experiment_report
from engage_cli.service.progress import Progress
from engage_cli.service.trait_courses import attached_state
from engage_cli.service.traits import plan_traits
from engage_cli.service.workspace import stage
from engage_cli.state.message_counts import ArmCount, SkippedMessages, StepMessages, arm_counts, message_counts, skipped_counts


class Experiment(Struct, frozen=True):
    """A randomize step, and its arms in the order written, each beside the control if there is one."""

    step: str
    arms: tuple[VariantReport, ...]


class JourneyResults(Struct, frozen=True):
    """The messages by step, in the order of the steps, the experiments, and why messages were not sent, by the reason."""

    messages: tuple[StepMessages, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    unread: str | None = None
    """Why none of it is known, where the files that tell outcomes cannot be read."""
    skipped: tuple[SkippedMessages, ...] = ()


def results_of(project: Project, folder: Path, engine: Engine, journey: Journey, as_of: datetime, progress: Progress) -> JourneyResults:
    """The results of a journey by the events up to an instant, usually that of its last tick."""
    steps = [step.id for step in journey.all_steps() if isinstance(step, Send)]
    draws = [step for step in journey.all_steps() if isinstance(step, Randomize)]
    if not steps and not draws:
        return JourneyResults()
    plan = plan_traits(project, (), as_of)
    plan = replace(plan, needs=with_outcomes(plan.needs, project.config.messaging.outcomes))
    staged = stage(project, folder, engine, plan, strict=False, progress=progress)
    with attached_state(project, folder, engine) as state:
        if state is None:
            return JourneyResults()
        make_instance_users(engine, joined=project.config.sources.identity is not None)
        make_outcomes(engine, staged.staging.catalog, project.config.messaging.outcomes)
        found = {one.step: one for one in message_counts(engine, journey.name)}
        skipped = tuple(skipped_counts(engine, journey.name))
        arms = arm_counts(engine, journey.name, [draw.id for draw in draws])
    messages = tuple(found[step] for step in [*steps, *(step for step in found if step not in steps)] if step in found)
    return JourneyResults(messages, tuple(Experiment(draw.id, tuple(_arms(draw, arms))) for draw in draws), skipped=skipped)


def _arms(draw: Randomize, counted: list[ArmCount]) -> Iterator[VariantReport]:
    found = {one.arm: one for one in counted if one.step == draw.id}
    variants = []
    for arm in draw.branches:
        count = found.get(arm.name, ArmCount(draw.id, arm.name, 0, 0, 0, 0, 0, 0, 0))
        told = (count.sent, count.delivered, count.opened, count.clicked, count.bounced)
        variants.append(VariantCounts(arm.name, arm.control, count.people, count.converted, *told))
    yield from experiment_report(variants)
