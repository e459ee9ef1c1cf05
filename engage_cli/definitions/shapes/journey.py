"""The shape of a journey definition."""

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
from engage_cli.definitions.journey_ids import with_ids
from engage_cli.definitions.paths import Path, PathError, parse_path
from engage_cli.definitions.reading import JourneyScope, Reading
from engage_cli.definitions.shapes.base import ByForm, Definitions, Json, ListOf, Named, Shape
from engage_cli.definitions.shapes.condition import CONDITION
from engage_cli.definitions.shapes.journey_steps import STEPS
from engage_cli.definitions.shapes.key_rules import Apart, AtLeastOne, Beside
from engage_cli.definitions.shapes.kinds import Kinds
from engage_cli.definitions.shapes.occurrence import ENTERING, ON
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import BOOLEAN, Choice, TextShape, id_shape
from engage_cli.definitions.shapes.value import DURATION, PATH, TEMPORAL
from engage_cli.definitions.values import Text
from engage_cli.definitions.yaml_nodes import Mapping, Node, Scalar

# ---- entry ---------------------------------------------------------------------------------------------------------

_ENTRY_ON = Key("on", ENTERING, "The event that enters.")
_IF = Key("if", CONDITION, "Enters only those of whom this is true, as of the event.")
_ENTRY_WHEN = Key("when", CONDITION, "Enters those of whom this becomes true.")


def _one_value(path: Path, node: Node, reading: Reading) -> Path:
    if path.has_each:
        reading.fail("reference", f"a key is one value, and `{path}` has `[]`", node.span, "name the property that holds the one value")
    return path


_KEY = Key("key", PATH.then(_one_value), "A property of the event: one open instance for each of its values.")
_REENTRY_AFTER = Key("after", DURATION, "So long after the last instance ended.", required=True)
_REENTRY: Shape[Reentry] = ByForm(
    "`never`, `always` or `{after: 30 days}`",
    scalar=Choice(
        "who may enter again", {"never": Never(), "always": Always()}, hints={"once": "write `never`", "after": "write `{after: 30 days}`"}
    ),
    mapping=Record("`reentry`", [_REENTRY_AFTER], lambda fields, _: After(fields[_REENTRY_AFTER])),
)
_REENTRY_KEY = Key("reentry", _REENTRY, "Whether a user (and key) enters again: never (default), always, or {after: 30 days}.")
_ENTRY_SINCE = Key("since", TEMPORAL, "Nothing before it enters; by default, nothing before the journey first went live.")
_BACKFILL = Key("backfill", BOOLEAN, "true: once, also those of whom it is true already.")


def _entry(fields: Fields, _reading: Reading) -> Entry:
    reentry, since = fields.get(_REENTRY_KEY) or Never(), fields.get(_ENTRY_SINCE)
    if _ENTRY_ON in fields:
        return EntryOn(fields[_ENTRY_ON], fields.key_span(_ENTRY_ON), fields.get(_IF), fields.get(_KEY), reentry, since)
    return EntryWhen(fields[_ENTRY_WHEN], fields.key_span(_ENTRY_WHEN), reentry, fields.get(_BACKFILL) or False, since)


_ONE_WAY = "people enter by an event (`on`) or by a condition that becomes true (`when`)"
_ENTRY: Record[Entry] = Record(
    "`entry`",
    [_ENTRY_ON, _IF, _ENTRY_WHEN, _KEY, _REENTRY_KEY, _ENTRY_SINCE, _BACKFILL],
    _entry,
    description="How people enter.",
    rules=[
        AtLeastOne(("on", "when"), _ONE_WAY, "write `on: {event: …}` or `when: {…}`"),
        Apart(("on",), ("when",), _ONE_WAY),
        Beside("if", ("on",), "`if` is asked as of the event of `on`; a condition alone is `when`"),
        Beside("key", ("on",), "`key` is a property of the event of `on`"),
        Beside("backfill", ("when",), "`backfill` concerns a `when`; events of the past enter from `since` on"),
    ],
    hints={
        "event": "put it under `on:`: `on: {event: …}`",
        "audience": "put it under `when:`: `when: {audience: …}`",
        **dict.fromkeys(("filter", "condition"), "write `if`"),
        **dict.fromkeys(("re_entry", "again"), "write `reentry`"),
        **dict.fromkeys(("from", "start"), "write `since`"),
    },
)

# ---- exits and goal ------------------------------------------------------------------------------------------------

_EXIT_WHEN = Key("when", CONDITION, "As soon as this is true.", required=True)
_EXIT_AFTER = Key("after", DURATION, "So long after the entry.", required=True)
_EXIT: Shape[ExitRule] = Kinds(
    "an exit rule",
    {
        "on": Record("an exit rule", [ON], lambda fields, _: ExitOn(fields[ON], fields.key_span(ON))),
        "when": Record("an exit rule", [_EXIT_WHEN], lambda fields, _: ExitWhen(fields[_EXIT_WHEN], fields.key_span(_EXIT_WHEN))),
        "after": Record("an exit rule", [_EXIT_AFTER], lambda fields, _: ExitAfter(fields[_EXIT_AFTER], fields.key_span(_EXIT_AFTER))),
    },
    hints={"event": "put it under `on:`: `- {on: {event: …}}`", "audience": "put it under `when:`: `- {when: {audience: …}}`"},
    together="write two rules",
)
_GOAL_FOR = Key("for", DURATION, "No later than so long after the entry; by default at any time.")
_GOAL_EXIT = Key("exit", BOOLEAN, "true: reaching the goal ends the instance, too.")
_GOAL: Record[Goal] = Record(
    "`goal`",
    [ON, _GOAL_FOR, _GOAL_EXIT],
    lambda fields, _: Goal(fields[ON], fields.key_span(ON), fields.get(_GOAL_FOR), fields.get(_GOAL_EXIT) or False),
    description="What the journey is for.",
    hints={
        "event": "put it under `on:`: `on: {event: …}`",
        **dict.fromkeys(("within", "after"), "write `for`"),
        "when": "a goal is an event (`on`)",
    },
)

# ---- the journey ---------------------------------------------------------------------------------------------------

_JOURNEY = Key("journey", id_shape("a journey"), "The journey's id.", required=True)
_DESCRIPTION = Key("description", TextShape(), "What the journey is for, in a sentence.")
_STATUS = Key(
    "status",
    Choice(
        "whether the journey runs",
        {status.value: status for status in JourneyStatus},
        hints={
            **dict.fromkeys(("active", "on", "running"), "write `live`"),
            **dict.fromkeys(("off", "stopped"), "write `paused` or `archived`"),
        },
    ),
    "draft (default): never runs; live; paused: no entries, the rest go on; archived: nothing moves.",
)
_ENTRY_KEY = Key("entry", _ENTRY, "How people enter.", required=True)
_EXITS = Key("exit", ListOf(_EXIT, "a list of exit rules, such as `[{after: 30 days}]`"), "What ends an instance, whatever its step.")
_GOAL_KEY = Key("goal", _GOAL, "What the journey is for, to measure it by.")
_STEPS = Key("steps", STEPS, "What happens, in order.", required=True)
_ON_CHANGE = Key(
    "on_change",
    Choice("what becomes of people inside", {one.value: one for one in OnChange}),
    "When the journey is edited, people inside finish the version that they entered (default), move to the step of the same id, or exit.",
)
_EXCLUDE = Key("exclude_previous", BOOLEAN, "true: people of earlier versions do not enter again.")


def _journey(fields: Fields, _reading: Reading) -> Journey:
    return Journey(
        name=fields[_JOURNEY],
        description=fields.get(_DESCRIPTION) or "",
        status=fields.get(_STATUS) or JourneyStatus.DRAFT,
        entry=fields[_ENTRY_KEY],
        exits=fields.get(_EXITS) or (),
        goal=fields.get(_GOAL_KEY),
        steps=with_ids(fields[_STEPS]),
        on_change=fields.get(_ON_CHANGE) or OnChange.FINISH,
        exclude_previous=fields.get(_EXCLUDE) or False,
        span=fields.span(_JOURNEY),
    )


_RECORD: Record[Journey] = Record(
    "a journey",
    [_JOURNEY, _DESCRIPTION, _STATUS, _ENTRY_KEY, _EXITS, _GOAL_KEY, _STEPS, _ON_CHANGE, _EXCLUDE],
    _journey,
    description="What happens to people, step by step, from an event or a condition on.",
    hints={
        **dict.fromkeys(("on", "when", "if", "key", "reentry", "since", "backfill", "trigger"), "put it under `entry:`"),
        **dict.fromkeys(("name", "id", "title"), "the id stands after `journey:`, words for people in `description`"),
        **dict.fromkeys(("exits", "exit_rules"), "write `exit`"),
        **dict.fromkeys(("goals", "conversion"), "write `goal`"),
        **dict.fromkeys(("delay", "hold", "send", "split"), "steps stand in a list under `steps:`"),
        "enabled": "write `status: live`",
        "of": "a journey is of users",
    },
)


class _JourneyShape(Shape[Journey]):
    """A journey. What stands inside is read with its name and key at hand, whatever the order of the keys."""

    expected = _RECORD.expected

    def read(self, node: Node, reading: Reading) -> Journey:
        reading.journey = _scope(node)
        try:
            return _RECORD.read(node, reading)
        finally:
            reading.journey = None

    def schema(self, definitions: Definitions) -> Json:
        return _RECORD.schema(definitions)


def _scope(node: Node) -> JourneyScope:
    """The name and the key that a journey gives itself, as far as they can be read."""
    name, key = _text(node, "journey"), _inside(_inside(node, "entry"), "key")
    if key is None:
        return JourneyScope(name)
    try:
        path = parse_path(key.value.value) if isinstance(key, Scalar) and isinstance(key.value, Text) else None
    except PathError:
        path = None
    return JourneyScope(name, path, is_keyless=False)


def _text(node: Node, key: str) -> str | None:
    value = _inside(node, key)
    return value.value.value if isinstance(value, Scalar) and isinstance(value.value, Text) else None


def _inside(node: Node | None, key: str) -> Node | None:
    entry = node.entry(key) if isinstance(node, Mapping) else None
    return None if entry is None else entry.value


JOURNEY: Shape[Journey] = Named("journey", "a journey", _JourneyShape)
