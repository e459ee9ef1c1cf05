"""Shapes of the steps of a journey. docs/journeys.md says what each does. Ids that are not written are given later, by their places."""

from collections.abc import Sequence

from engage_cli.definitions.journey import ENTRY
from engage_cli.definitions.journey_steps import TIMEOUT, Arm, Fork, Hold, HoldBranch, JourneyStep, Randomize, Split, WhenBranch
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import ByForm, ListOf, Named, Shape
from engage_cli.definitions.shapes.condition import CONDITION, PERCENT
from engage_cli.definitions.shapes.journey_actions import ACTIONS, ID, placed
from engage_cli.definitions.shapes.key_rules import Apart, AtLeastOne, Beside
from engage_cli.definitions.shapes.kinds import Kinds
from engage_cli.definitions.shapes.occurrence import OCCURRENCE
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import BOOLEAN, Choice, OnlyTrue, id_shape
from engage_cli.definitions.shapes.value import DURATION
from engage_cli.definitions.values import Duration
from engage_cli.definitions.yaml_nodes import Node

STEP: Shape[JourneyStep] = Named("step", "a step (a mapping), such as `{delay: 1 day}`", lambda: _STEP)
STEPS = ListOf(STEP, "a list of steps, such as `[{delay: 1 day}, {send: welcome, channel: email}]`")
_INNER_STEPS = ListOf(STEP, STEPS.expected, at_least=0)

_STEPS_KEY = Key("steps", _INNER_STEPS, "What happens in the branch; afterwards the step after the block.")
_WHEN = Key("when", CONDITION, "For those of whom this is true.")


def _branch_name(what: str) -> Key[str]:
    return Key("name", id_shape(what), "The branch's name.", required=True)


_NAME = _branch_name("a branch")
_BRANCH_HINTS = {
    **dict.fromkeys(("id", "branch"), "write `name`"),
    **dict.fromkeys(("if", "condition"), "write `when`"),
    **dict.fromkeys(("step", "then", "do"), "write `steps`"),
    **dict.fromkeys(("send", "delay", "exit", "goto", "set", "sync"), "steps stand in a list under `steps:`"),
}


def _check_names(branches: Sequence[HoldBranch] | Sequence[WhenBranch] | Sequence[Arm], reading: Reading) -> None:
    """Report a name that two branches of a block have."""
    known: set[str] = set()
    for branch in branches:
        if branch.name in known:
            reading.report("duplicate-id", f"two branches are named `{branch.name}`", branch.span, "give one of them another name")
        known.add(branch.name)


# ---- hold ----------------------------------------------------------------------------------------------------------

_FOR = Key("for", DURATION, "At most so long; an event at the very end still counts. Without it, until one of the branches.")
_SINCE_ENTRY = Key(
    "since",
    Choice("from when on events count", {"entry": True}, hints={"arrival": "leave the key out"}),
    "entry: an event between the entry and the arrival passes the hold at arrival.",
)
_BOUNDS: Record[tuple[Duration | None, bool]] = Record(
    "`hold`",
    [_FOR, _SINCE_ENTRY],
    lambda fields, _: (fields.get(_FOR), fields.get(_SINCE_ENTRY) or False),
    hints={
        **dict.fromkeys(("branches", "timeout", "id"), "it stands beside `hold`, not inside"),
        **dict.fromkeys(("on", "when", "until"), "what ends the hold stands under `branches:` beside it"),
        **dict.fromkeys(("duration", "at_most", "within"), "write `for`"),
    },
)
_HOLD = Key(
    "hold",
    ByForm(
        "how long at most: `{for: 2 hours}`, or `{}` for until one of the branches",
        mapping=_BOUNDS,
        hints={"scalar": "write `hold: {for: 2 hours}`", "null": "write `hold: {}`, or `hold: {for: 2 hours}`"},
    ),
    "How long at most: `{for: 2 hours}`; `{}`: until one of the branches.",
    required=True,
)


def _hold_name(name: str, node: Node, reading: Reading) -> str:
    if name in (ENTRY, TIMEOUT):
        meaning = "the context has the entry event under it" if name == ENTRY else "the way on when the time is over has it"
        reading.fail("name", f"a branch cannot be named `{name}`: {meaning}", node.span, "choose another name")
    return name


_HOLD_NAME = Key(
    "name",
    id_shape("a branch").then(_hold_name, {"not": {"enum": [ENTRY, TIMEOUT]}}),
    "The branch's name, by which the context has its event.",
    required=True,
)
_ON = Key("on", OCCURRENCE, "Taken by the next such event.")
_HOLD_WHEN = Key("when", CONDITION, "Taken as soon as this is true.")
_RESTART = Key("restart", OnlyTrue("leave the key out"), "true: the wait begins again.")


def _hold_branch(fields: Fields, _reading: Reading) -> HoldBranch:
    return HoldBranch(
        fields[_HOLD_NAME],
        fields.key_span(_HOLD_NAME),
        fields.get(_ON),
        fields.get(_HOLD_WHEN),
        fields.get(_RESTART) or False,
        fields.get(_STEPS_KEY) or (),
    )


_HOLD_BRANCH: Shape[HoldBranch] = Record(
    "a branch of a hold",
    [_HOLD_NAME, _ON, _HOLD_WHEN, _RESTART, _STEPS_KEY],
    _hold_branch,
    rules=[
        AtLeastOne(("on", "when"), "a branch of a hold says what takes it", "write `on: {event: …}` or `when: {…}`"),
        Apart(("on",), ("when",), "a branch is taken by an event or by a condition; write two branches"),
        Beside("restart", ("on",), "a hold is restarted by an event (`on`)"),
        Apart(("restart",), ("steps",), "a branch that restarts the wait goes nowhere"),
    ],
    hints={**_BRANCH_HINTS, "event": "put it under `on:`: `on: {event: …}`"},
)
_HOLD_BRANCHES = Key(
    "branches",
    ListOf(_HOLD_BRANCH, "a list of branches, such as `[{name: ordered, on: {event: Order Completed}}]`"),
    "What ends the hold.",
    required=True,
)
_TIMEOUT = Key("timeout", _INNER_STEPS, "What happens when the time is over; nothing by default.")


def _hold(fields: Fields, reading: Reading) -> Hold:
    duration, since_entry = fields[_HOLD]
    branches = fields[_HOLD_BRANCHES]
    _check_names(branches, reading)
    restarting = next((branch for branch in branches if branch.restart), None)
    if since_entry and restarting is not None:
        message = "`since: entry` does not go together with a branch that restarts the wait"
        reading.report("impossible", message, restarting.span, "leave out one of the two")
    if duration is None and _TIMEOUT in fields:
        hint = "write `hold: {for: 2 hours}`, or leave `timeout` out"
        reading.report("impossible", "without `for` a hold has no `timeout`", fields.key_span(_TIMEOUT), hint)
    return Hold(*placed(fields, _HOLD), duration, branches, fields.get(_TIMEOUT) or (), since_entry)


_HOLD_STEP: Shape[JourneyStep] = Record(
    "a `hold` step",
    [_HOLD, ID, _HOLD_BRANCHES, _TIMEOUT],
    _hold,
    description="Waits until one of its branches is taken, at most so long.",
    hints={
        **dict.fromkeys(("for", "since"), "it stands inside: `hold: {for: 2 hours}`"),
        **dict.fromkeys(("branch", "until", "on", "when"), "write `branches: [{name: …, on: {event: …}}]`"),
        **dict.fromkeys(("else", "otherwise", "on_timeout"), "write `timeout`"),
    },
)

# ---- split and fork ------------------------------------------------------------------------------------------------

_WHEN_BRANCH: Shape[WhenBranch] = Record(
    "a branch",
    [_NAME, _WHEN, _STEPS_KEY],
    lambda fields, _: WhenBranch(fields[_NAME], fields.key_span(_NAME), fields.get(_WHEN), fields.get(_STEPS_KEY) or ()),
    hints={
        **_BRANCH_HINTS,
        "on": "a branch is for those of whom a condition is true: `when`; waiting for an event is a `hold`",
        "percent": "shares by chance are a `randomize`",
    },
)
_WHEN_BRANCHES = ListOf(_WHEN_BRANCH, "a list of branches, such as `[{name: vip, when: {audience: vips}, steps: […]}, {name: others}]`")
_SPLIT = Key("split", _WHEN_BRANCHES, "The first branch whose condition is true; one without is for everyone else.", required=True)
_FORK = Key("fork", _WHEN_BRANCHES, "Every branch whose condition is true, side by side; one without is for everyone.", required=True)
_BLOCK_HINTS = {"branches": "the list of branches stands under the kind itself", "steps": "`steps` stand inside the branches"}


def _split(fields: Fields, reading: Reading) -> Split:
    _check_names(fields[_SPLIT], reading)
    return Split(*placed(fields, _SPLIT), fields[_SPLIT])


def _fork(fields: Fields, reading: Reading) -> Fork:
    _check_names(fields[_FORK], reading)
    return Fork(*placed(fields, _FORK), fields[_FORK])


_SPLIT_STEP: Shape[JourneyStep] = Record(
    "a `split` step", [_SPLIT, ID], _split, description="Takes one branch, by conditions.", hints=_BLOCK_HINTS
)
_FORK_STEP: Shape[JourneyStep] = Record(
    "a `fork` step", [_FORK, ID], _fork, description="Takes several branches side by side.", hints=_BLOCK_HINTS
)

# ---- randomize -----------------------------------------------------------------------------------------------------

_PERCENT = Key("percent", PERCENT, "The share; those of all branches make 100.", required=True)
_CONTROL = Key("control", BOOLEAN, "true: the branch that the others are measured against.")
_ARM: Shape[Arm] = Record(
    "a branch",
    [_NAME, _PERCENT, _CONTROL, _STEPS_KEY],
    lambda fields, _: Arm(
        fields[_NAME], fields.key_span(_NAME), fields[_PERCENT], fields.get(_CONTROL) or False, fields.get(_STEPS_KEY) or ()
    ),
    hints={
        **_BRANCH_HINTS,
        **dict.fromkeys(("weight", "share", "percentage"), "write `percent`"),
        "when": "a branch by a condition belongs to a `split`",
    },
)
_RANDOMIZE = Key(
    "randomize",
    ListOf(
        _ARM,
        "a list of at least two branches, such as `[{name: offer, percent: 90, steps: […]}, {name: control, percent: 10}]`",
        at_least=2,
    ),
    "The branches and their shares.",
    required=True,
)
_REASSIGN = Key("reassign", BOOLEAN, "true: drawn anew at each entry; by default the same for the same user and key.")
_ALL_MILLIONTHS = 100_000_000


def _randomize(fields: Fields, reading: Reading) -> Randomize:
    arms = fields[_RANDOMIZE]
    _check_names(arms, reading)
    total = sum(arm.percent_millionths for arm in arms)
    if total != _ALL_MILLIONTHS:
        message = f"the percentages of `randomize` make {total / 1_000_000:.10g}, and not 100"
        reading.report("percent", message, fields.span(_RANDOMIZE), "add a branch for the rest, such as `{name: nothing, percent: …}`")
    controls = [arm for arm in arms if arm.control]
    if len(controls) > 1:
        message = "two branches are the control"
        reading.report("duplicate", message, controls[1].span, "measure against one of them")
    return Randomize(*placed(fields, _RANDOMIZE), arms, fields.get(_REASSIGN) or False)


_RANDOMIZE_STEP: Shape[JourneyStep] = Record(
    "a `randomize` step",
    [_RANDOMIZE, ID, _REASSIGN],
    _randomize,
    description="Takes one branch by chance.",
    hints={**_BLOCK_HINTS, "salt": "the step's id is the salt: give it another one to draw anew"},
)

# ---- all kinds -----------------------------------------------------------------------------------------------------

_KINDS: dict[str, Shape[JourneyStep]] = {
    "delay": ACTIONS["delay"],
    "hold": _HOLD_STEP,
    "split": _SPLIT_STEP,
    "fork": _FORK_STEP,
    "randomize": _RANDOMIZE_STEP,
    **ACTIONS,
}


def _named(kind: str, shape: Shape[JourneyStep]) -> Shape[JourneyStep]:
    return Named(f"{kind}_step", shape.expected, lambda: shape)


_STEP: Shape[JourneyStep] = Kinds(
    "a step",
    {kind: _named(kind, shape) for kind, shape in _KINDS.items()},
    hints={
        **dict.fromkeys(("wait", "sleep", "pause"), "write `delay: 1 day`"),
        **dict.fromkeys(("wait_for", "wait_until", "until"), "a wait for an event is a `hold`, one until a moment `delay: {until: …}`"),
        **dict.fromkeys(("email", "sms", "push", "message", "notify"), "write `send: <template>` with `channel`"),
        **dict.fromkeys(("if", "when", "branch", "condition", "switch"), "write `split`"),
        **dict.fromkeys(("parallel", "all"), "write `fork`"),
        **dict.fromkeys(("random", "experiment", "ab_test", "test"), "write `randomize`"),
        **dict.fromkeys(("trait", "set_trait", "update"), "write `set: <trait>` with `to`"),
        **dict.fromkeys(("jump", "go_to", "next"), "write `goto: <id>`"),
        **dict.fromkeys(("end", "stop"), "write `exit: <reason>`"),
        **dict.fromkeys(("audience", "webhook", "export"), "write `sync: <destination>`"),
    },
    belongs={
        **dict.fromkeys(("branches", "timeout"), "it stands beside `hold:`, which is missing"),
        **dict.fromkeys(("channel", "group", "subject"), "it stands beside `send:`, which is missing"),
        **dict.fromkeys(("list", "remove_after", "event", "properties"), "it stands beside `sync:`, which is missing"),
        "to": "it stands beside `set:`, which is missing",
    },
    list_hint="steps stand one below the other; side by side they are a `fork`",
    scalar_hint="a step says its kind: `{delay: 1 day}`, `{send: welcome, channel: email}`",
    together="put the two steps one below the other",
)
