"""The ids of steps that have none written: where they stand (branch path), their kind, and their ordinal among that kind there."""

from collections import Counter
from typing import assert_never

from engage_cli.definitions.journey_steps import TIMEOUT, Delay, Exit, Fork, Goto, Hold, JourneyStep, Randomize, Send, SetTrait, Split, Sync
from engage_cli.records import replace


def with_ids(steps: tuple[JourneyStep, ...], path: str = "") -> tuple[JourneyStep, ...]:
    """The steps with an id each: `delay_2`, `offer_test.nudge.send_1`. Written ones count among their kind, too."""
    counted: Counter[str] = Counter()
    named: list[JourneyStep] = []
    for step in steps:
        kind = kind_of(step)
        counted[kind] += 1
        own = step.id if step.written else f"{path}{kind}_{counted[kind]}"
        named.append(_inside(replace(step, id=own)))
    return tuple(named)


def _inside(step: JourneyStep) -> JourneyStep:
    """A step with ids in its branches."""
    match step:
        case Hold():
            branches = tuple(replace(branch, steps=with_ids(branch.steps, f"{step.id}.{branch.name}.")) for branch in step.branches)
            return replace(step, branches=branches, timeout=with_ids(step.timeout, f"{step.id}.{TIMEOUT}."))
        case Split() | Fork():
            return replace(
                step, branches=tuple(replace(branch, steps=with_ids(branch.steps, f"{step.id}.{branch.name}.")) for branch in step.branches)
            )
        case Randomize():
            return replace(step, branches=tuple(replace(arm, steps=with_ids(arm.steps, f"{step.id}.{arm.name}.")) for arm in step.branches))
        case _:
            return step


def kind_of(step: JourneyStep) -> str:
    """The word that says a step's kind in YAML."""
    match step:
        case Delay():
            return "delay"
        case Hold():
            return "hold"
        case Split():
            return "split"
        case Fork():
            return "fork"
        case Randomize():
            return "randomize"
        case Send():
            return "send"
        case Sync():
            return "sync"
        case SetTrait():
            return "set"
        case Goto():
            return "goto"
        case Exit():
            return "exit"
        case _:
            assert_never(step)
