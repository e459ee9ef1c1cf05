"""What the stages of a run may send, found before the first of them: one that would end for want of a key ends before it begins."""

from datetime import datetime

from engage_cli.definitions.journey_steps import Send
from engage_cli.definitions.project import Project
from engage_cli.service.broadcast_plans import broadcasts_under_way, plan_broadcasts
from engage_cli.service.policy import Sending, sending_of, waiting_sendings
from engage_cli.service.tick_plans import plan_ticks
from engage_cli.state.store import State


def sendings_of_run(project: Project, state: State, as_of: datetime) -> list[Sending]:
    """Of the broadcasts that are due, the journeys that a tick as of the instant takes further, and those who wait."""
    due = plan_broadcasts(project, state, broadcasts_under_way(project, state, ()), as_of, None, dry_run=True).due
    ticks = [
        plan
        for plan in plan_ticks(project, state, tuple(project.journeys), as_of, dry_run=True)
        if plan.clock is None or plan.clock.as_of < as_of
    ]
    sends = [send for plan in due for send in plan.broadcast.messages]
    sends += [step for plan in ticks for one in plan.editions for step in one.journey.all_steps() if isinstance(step, Send)]
    return [*map(sending_of, sends), *(waiting_sendings(state) if due or ticks else ())]
