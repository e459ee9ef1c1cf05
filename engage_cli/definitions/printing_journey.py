"""Journeys back to YAML: canonical text that reads back to an equal model, but for the places."""

from typing import assert_never

from engage_cli.definitions.comparisons import ALWAYS
from engage_cli.definitions.journey import (
    After,
    Always,
    Entry,
    EntryOn,
    EntryWhen,
    ExitAfter,
    ExitOn,
    ExitRule,
    ExitWhen,
    Goal,
    Journey,
    JourneyStatus,
    Never,
    OnChange,
    Reentry,
)
from engage_cli.definitions.journey_steps import (
    Category,
    Delay,
    Exit,
    ForDuration,
    Fork,
    Goto,
    Hold,
    HoldBranch,
    InWindow,
    JourneyStep,
    Occurrence,
    Randomize,
    Render,
    Send,
    SetTrait,
    Split,
    Sync,
    UntilInstant,
    UntilLocalTime,
    UntilValue,
    Wait,
    WhenBranch,
)
from engage_cli.definitions.printing import condition_tree, named_tree, percent_tree
from engage_cli.definitions.printing_where import value_tree, where_tree
from engage_cli.definitions.yaml_printer import Token, Tree, print_line, print_tree

Mapping = dict[str, Tree]
_TRUE = Token("true")


def print_journey(journey: Journey) -> str:
    """The YAML text of a definition."""
    tree: Mapping = {"journey": journey.name}
    if journey.description:
        tree["description"] = journey.description
    if journey.status is not JourneyStatus.DRAFT:
        tree["status"] = journey.status.value
    tree["entry"] = _entry(journey.entry)
    if journey.exits:
        tree["exit"] = [_exit(rule) for rule in journey.exits]
    if journey.goal is not None:
        tree["goal"] = goal_tree(journey.goal)
    tree["steps"] = _steps(journey.steps)
    if journey.on_change is not OnChange.FINISH:
        tree["on_change"] = journey.on_change.value
    if journey.exclude_previous:
        tree["exclude_previous"] = _TRUE
    return print_tree(tree)


def print_step(step: JourneyStep) -> str:
    """A step in one line, without the steps inside it."""
    return print_line({key: _without_steps(value) for key, value in _step(step).items() if key != "timeout"})


def _without_steps(value: Tree) -> Tree:
    if not isinstance(value, list):
        return value
    return [{key: inner for key, inner in item.items() if key != "steps"} if isinstance(item, dict) else item for item in value]


# ---- entry, exits, goal --------------------------------------------------------------------------------------------


def _entry(entry: Entry) -> Mapping:
    tree: Mapping
    match entry:
        case EntryOn():
            tree = {"on": _occurrence(entry.on)}
            if entry.condition is not None:
                tree["if"] = condition_tree(entry.condition)
            if entry.key is not None:
                tree["key"] = entry.key.text
        case EntryWhen():
            tree = {"when": condition_tree(entry.condition)}
            if entry.backfill:
                tree["backfill"] = _TRUE
        case _:
            assert_never(entry)
    if not isinstance(entry.reentry, Never):
        tree["reentry"] = _reentry(entry.reentry)
    if entry.since is not None:
        tree["since"] = value_tree(entry.since)
    return tree


def _reentry(reentry: Reentry) -> Tree:
    match reentry:
        case Never():
            return "never"
        case Always():
            return "always"
        case After(duration):
            return {"after": str(duration)}
        case _:
            assert_never(reentry)


def _occurrence(on: Occurrence) -> Mapping:
    tree = named_tree(on.names)
    if on.where != ALWAYS:
        tree["where"] = where_tree(on.where)
    if on.match is not None:
        tree["match"] = on.match.text
    return tree


def _exit(rule: ExitRule) -> Mapping:
    match rule:
        case ExitOn(on):
            return {"on": _occurrence(on)}
        case ExitWhen(condition):
            return {"when": condition_tree(condition)}
        case ExitAfter(duration):
            return {"after": str(duration)}
        case _:
            assert_never(rule)


def goal_tree(goal: Goal) -> Mapping:
    """A goal as it is written."""
    tree: Mapping = {"on": _occurrence(goal.on)}
    if goal.within is not None:
        tree["for"] = str(goal.within)
    if goal.exit:
        tree["exit"] = _TRUE
    return tree


# ---- steps ---------------------------------------------------------------------------------------------------------


def _steps(steps: tuple[JourneyStep, ...]) -> Tree:
    return [_step(step) for step in steps]


def _step(step: JourneyStep) -> Mapping:
    tree = _kind(step)
    if not step.written:
        return tree
    (kind, value), *rest = tree.items()
    return {kind: value, "id": step.id, **dict(rest)}


def _kind(step: JourneyStep) -> Mapping:
    """A step without its id, its kind first."""
    match step:
        case Delay():
            return {"delay": _wait(step.wait)}
        case Hold():
            return _hold(step)
        case Split():
            return {"split": [_when_branch(branch) for branch in step.branches]}
        case Fork():
            return {"fork": [_when_branch(branch) for branch in step.branches]}
        case Randomize():
            return _randomize(step)
        case Send():
            return _send(step)
        case Sync():
            return _sync(step)
        case SetTrait():
            return {"set": step.trait, "to": value_tree(step.to)}
        case Goto():
            return {"goto": step.target}
        case Exit():
            return {"exit": step.reason}
        case _:
            assert_never(step)


def _wait(wait: Wait) -> Tree:
    match wait:
        case ForDuration(duration):
            return str(duration)
        case UntilInstant(instant):
            return {"until": value_tree(instant)}
        case UntilLocalTime(time, days):
            return {"until": {"time": str(time), **_days(days)}}
        case InWindow(start, end, days):
            return {"window": {"from": str(start), "to": str(end), **_days(days)}}
        case UntilValue(value, offset):
            return {"until": value_tree(value), **({} if offset is None else {"offset": str(offset)})}
        case _:
            assert_never(wait)


def _days(days: tuple[str, ...]) -> Mapping:
    return {"days": [str(day) for day in days]} if days else {}


def _hold(hold: Hold) -> Mapping:
    bounds: Mapping = {} if hold.duration is None else {"for": str(hold.duration)}
    if hold.since_entry:
        bounds["since"] = "entry"
    tree: Mapping = {"hold": bounds, "branches": [_hold_branch(branch) for branch in hold.branches]}
    if hold.timeout:
        tree["timeout"] = _steps(hold.timeout)
    return tree


def _hold_branch(branch: HoldBranch) -> Mapping:
    tree: Mapping = {"name": branch.name}
    if branch.on is not None:
        tree["on"] = _occurrence(branch.on)
    if branch.when is not None:
        tree["when"] = condition_tree(branch.when)
    if branch.restart:
        tree["restart"] = _TRUE
    return tree | _inner(branch.steps)


def _when_branch(branch: WhenBranch) -> Mapping:
    tree: Mapping = {"name": branch.name}
    if branch.when is not None:
        tree["when"] = condition_tree(branch.when)
    return tree | _inner(branch.steps)


def _inner(steps: tuple[JourneyStep, ...]) -> Mapping:
    return {"steps": _steps(steps)} if steps else {}


def _randomize(step: Randomize) -> Mapping:
    arms: list[Tree] = []
    for arm in step.branches:
        control: Mapping = {"control": _TRUE} if arm.control else {}
        arms.append({"name": arm.name, "percent": percent_tree(arm.percent_millionths), **control, **_inner(arm.steps)})
    return {"randomize": arms, **({"reassign": _TRUE} if step.reassign else {})}


def _send(step: Send) -> Mapping:
    tree: Mapping = {"send": step.template, "channel": step.channel}
    if step.group is not None:
        tree["group"] = step.group
    if step.category is not Category.MARKETING:
        tree["category"] = step.category.value
    if step.priority:
        tree["priority"] = Token(str(step.priority))
    if step.expires_after is not None:
        tree["expires_after"] = str(step.expires_after)
    if step.render is not Render.MESSAGE:
        tree["render"] = step.render.value
    texts = {"subject": step.subject, "preheader": step.preheader, "from": step.sender, "reply_to": step.reply_to}
    return tree | {key: text for key, text in texts.items() if text is not None}


def _sync(step: Sync) -> Mapping:
    tree: Mapping = {"sync": step.destination}
    if step.list is not None:
        tree["list"] = step.list
    if step.remove_after is not None:
        tree["remove_after"] = str(step.remove_after)
    if step.event is not None:
        tree["event"] = step.event
    if step.properties:
        tree["properties"] = {name: value_tree(value) for name, value in step.properties}
    return tree
