"""The shape of a broadcast definition."""

from engage_cli.definitions.broadcast import Broadcast, BroadcastStatus, Expect, SendAt
from engage_cli.definitions.journey import Goal
from engage_cli.definitions.journey_steps import Category, Render
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import ByForm, Named, Shape
from engage_cli.definitions.shapes.condition import CONDITION
from engage_cli.definitions.shapes.event import EVENT_CONDITION
from engage_cli.definitions.shapes.key_rules import AtLeastOne, Beside
from engage_cli.definitions.shapes.message_keys import (
    CATEGORY,
    CHANNEL,
    EXPIRES,
    GROUP,
    PREHEADER,
    PRIORITY,
    RENDER,
    REPLY_TO,
    SENDER,
    SUBJECT,
    TEMPLATE_NAME,
)
from engage_cli.definitions.shapes.occurrence import REACHED
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import BOOLEAN, Choice, TextShape, WholeNumber, id_shape
from engage_cli.definitions.shapes.sending import rate_shape
from engage_cli.definitions.shapes.value import DURATION, TEMPORAL
from engage_cli.definitions.shapes.variants import VARIANTS, WINNER, check_test, wording
from engage_cli.definitions.values import Instant

# ---- who and when --------------------------------------------------------------------------------------------------

_RECIPIENTS = Key("recipients", CONDITION, "Who gets it: everybody of whom this is true at the time of sending.", required=True)
_EXCLUDE = Key("exclude", CONDITION, "But nobody of whom this is true.")
_AT_MOST = Key("at_most", WholeNumber("a whole number from 0 on"), "More recipients than that are refused.")
_AT_LEAST = Key("at_least", WholeNumber("a whole number from 0 on"), "Fewer recipients than that are refused.")


def _expect(fields: Fields, reading: Reading) -> Expect:
    expect = Expect(fields.node.span, fields.get(_AT_MOST), fields.get(_AT_LEAST))
    if expect.at_most is not None and expect.at_least is not None and expect.at_most < expect.at_least:
        message = f"no number is at least {expect.at_least} and at most {expect.at_most}"
        reading.report("impossible", message, fields.span(_AT_MOST), "mend one of the two")
    return expect


_EXPECT = Key(
    "expect",
    Record(
        "`expect`",
        [_AT_MOST, _AT_LEAST],
        _expect,
        rules=[AtLeastOne(("at_most", "at_least"), "`expect` says `at_most`, `at_least`, or both", "write `expect: {at_most: 200000}`")],
        hints={**dict.fromkeys(("max", "lte", "lt"), "write `at_most`"), **dict.fromkeys(("min", "gte", "gt"), "write `at_least`")},
    ),
    "How many recipients are right; else nothing is sent.",
)
_SEND_AT = Key(
    "send_at",
    ByForm(
        "a date or an instant, such as `2026-11-27 09:00`",
        scalar=TEMPORAL,
        hints={"mapping": "write the moment itself, and `local: true` beside `send_at` for that time where each recipient is"},
    ),
    "When, in the project's zone; without it, when it is sent by hand.",
)
_LOCAL = Key("local", BOOLEAN, "true: at the time of `send_at` where each recipient is.")
_THROTTLE = Key("throttle", rate_shape("throttle"), "So many in so long at most; the others later.")

# ---- goal ----------------------------------------------------------------------------------------------------------

_GOAL_ON = Key("on", REACHED, "The event that reaches it.", required=True)
_GOAL_FOR = Key("for", DURATION, "No later than so long after the person's message; by default at any time.")
_GOAL: Key[Goal] = Key(
    "goal",
    Record(
        "`goal`",
        [_GOAL_ON, _GOAL_FOR],
        lambda fields, _: Goal(fields[_GOAL_ON], fields.key_span(_GOAL_ON), fields.get(_GOAL_FOR)),
        description="What the broadcast is for.",
        hints={
            "event": "put it under `on:`: `on: {event: …}`",
            **dict.fromkeys(("within", "after"), "write `for`"),
            "when": "a goal is an event (`on`)",
            "exit": "a broadcast is one message; there is nothing to end",
        },
    ),
    "What the broadcast is for, to measure it by.",
)

# ---- the broadcast -------------------------------------------------------------------------------------------------

_BROADCAST = Key("broadcast", id_shape("a broadcast"), "The broadcast's id.", required=True)
_DESCRIPTION = Key("description", TextShape(), "What the broadcast is for, in a sentence.")
_STATUS = Key(
    "status",
    Choice(
        "whether the broadcast may be sent",
        {status.value: status for status in BroadcastStatus},
        hints={
            **dict.fromkeys(("active", "on", "ready", "scheduled"), "write `live`"),
            **dict.fromkeys(("off", "paused", "archived", "stopped"), "write `draft`"),
        },
    ),
    "draft (default): never sent, by nobody; live.",
)
_TEMPLATE = Key("template", TEMPLATE_NAME, "The template: a file of campaigns/templates/.", required=True)


def _broadcast(fields: Fields, reading: Reading) -> Broadcast:
    check_test(fields, reading, has_goal=_GOAL in fields)
    return Broadcast(
        name=fields[_BROADCAST],
        description=fields.get(_DESCRIPTION) or "",
        status=fields.get(_STATUS) or BroadcastStatus.DRAFT,
        channel=fields[CHANNEL],
        recipients=fields[_RECIPIENTS],
        template=fields[_TEMPLATE],
        span=fields.span(_BROADCAST),
        exclude=fields.get(_EXCLUDE),
        expect=fields.get(_EXPECT),
        send_at=_send_at(fields, reading),
        throttle=fields.get(_THROTTLE),
        variants=fields.get(VARIANTS) or (),
        winner=fields.get(WINNER),
        goal=fields.get(_GOAL),
        group=fields.get(GROUP),
        category=fields.get(CATEGORY) or Category.MARKETING,
        priority=fields.get(PRIORITY) or 0,
        expires_after=fields.get(EXPIRES),
        render=fields.get(RENDER) or Render.MESSAGE,
        wording=wording(fields),
        template_span=fields.span(_TEMPLATE),
    )


def _send_at(fields: Fields, reading: Reading) -> SendAt | None:
    if (instant := fields.get(_SEND_AT)) is None:
        return None
    local, span = fields.get(_LOCAL) or False, fields.span(_SEND_AT)
    if local and isinstance(instant, Instant) and instant.value.tzinfo is not None:
        message = "a time where each recipient is has no offset of its own"
        reading.report("impossible", message, span, "write it as `2026-11-27 09:00`, or leave `local` out")
    return SendAt(instant, span, local)


BROADCAST: Shape[Broadcast] = Named(
    "broadcast",
    "a broadcast",
    lambda: Record(
        "a broadcast",
        [
            _BROADCAST,
            _DESCRIPTION,
            _STATUS,
            CHANNEL,
            _RECIPIENTS,
            _EXCLUDE,
            _EXPECT,
            GROUP,
            CATEGORY,
            _TEMPLATE,
            SUBJECT,
            PREHEADER,
            SENDER,
            REPLY_TO,
            _SEND_AT,
            _LOCAL,
            _THROTTLE,
            VARIANTS,
            WINNER,
            _GOAL,
            PRIORITY,
            EXPIRES,
            RENDER,
        ],
        _broadcast,
        description="One message to many people at one time.",
        rules=[
            Beside("local", ("send_at",), "`local` says whose clock shows the time of `send_at`"),
            Beside("winner", ("variants",), "a winner is one of several `variants`"),
        ],
        hints={
            **dict.fromkeys((key.name for key in EVENT_CONDITION.keys), "put the condition under `recipients:`"),
            **dict.fromkeys(("to", "audience", "members", "segment", "when", "if", "who"), "put the condition under `recipients:`"),
            **dict.fromkeys(("all", "any", "none", "not", "trait", "sequence", "sql", "random", "everyone"), "put it under `recipients:`"),
            **dict.fromkeys(("exclusions", "excluding", "suppress", "unless"), "write `exclude`"),
            **dict.fromkeys(("name", "id", "title"), "the id stands after `broadcast:`, words for people in `description`"),
            **dict.fromkeys(("at", "schedule", "date", "scheduled_at", "send"), "write `send_at`"),
            **dict.fromkeys(("timezone", "local_time"), "write `local: true` for the time of `send_at` where each recipient is"),
            **dict.fromkeys(("percent", "control"), "it stands inside `variants`"),
            **dict.fromkeys(("ab_test", "test", "randomize"), "write `variants`"),
            **dict.fromkeys(("goals", "conversion"), "write `goal`"),
            "sender": "write `from`",
            "rate": "write `throttle`",
            "expires": "write `expires_after`",
            "of": "a broadcast is to users",
            "enabled": "write `status: live`",
        },
    ),
)
