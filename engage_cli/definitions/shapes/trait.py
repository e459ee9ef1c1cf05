"""The shape of a trait definition."""

from engage_cli.definitions.comparisons import ALWAYS
from engage_cli.definitions.expression import Expression, ExpressionError, parse_expression
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import Named, Shape
from engage_cli.definitions.shapes.event import EVENT_NAMES, EVENT_WHERE
from engage_cli.definitions.shapes.key_rules import Apart, AtLeastOne, Beside, one_of_each
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import Choice, TextShape, WholeNumber, id_shape
from engage_cli.definitions.shapes.sync import refuse_twice, sync_key
from engage_cli.definitions.shapes.value import DURATION, LITERAL, PATH
from engage_cli.definitions.shapes.where import check_no_step_references
from engage_cli.definitions.shapes.window import EVENT_WINDOW_KEYS, EVENT_WINDOW_RULES, WINDOW_NAMES, window_of
from engage_cli.definitions.subjects import Subject
from engage_cli.definitions.trait import NUMBERS, WITHOUT_PROPERTY, Computation, Compute, Expressed, FromSql, OfEvents, Rfm, Trait
from engage_cli.definitions.values import Number, Unit
from engage_cli.definitions.yaml_nodes import Node

_SYNC = sync_key("The destinations of events that get the values that change.")
_TRAIT = Key("trait", id_shape("a trait"), "The trait's id, by which conditions ask for it.", required=True)
_DESCRIPTION = Key("description", TextShape(), "What the trait says, in a sentence.")
_OF = Key(
    "of",
    Choice("whom the trait is of", {one.value: one for one in Subject}, hints={one.one: f"write `{one.value}`" for one in Subject}),
    "Whom the trait is computed for: `users`, or `accounts`, over the events of all their users.",
)
_COMPUTE = Key(
    "compute",
    Choice(
        "what is computed",
        {one.value: one for one in Compute},
        hints={
            **dict.fromkeys(("average", "mean"), "write `avg`"),
            **dict.fromkeys(("mode", "most_common"), "write `most_frequent`"),
            **dict.fromkeys(("unique", "distinct", "count_unique"), "write `unique_count`, or `unique_list` for the values"),
            **dict.fromkeys(("days",), "write `distinct_days`"),
            **dict.fromkeys(("latest", "most_recent"), "write `last`"),
            **dict.fromkeys(("earliest",), "write `first`"),
            **dict.fromkeys(("days_since", "recency"), "write `days_since_last`"),
        },
    ),
    "What is computed over the matching events.",
)
_EVENT = Key("event", EVENT_NAMES, "The event's name, or a list: any of them. `*` stands for any text.")
_PROPERTY = Key("property", PATH, "The property that is summed, counted, listed or taken.")
_SESSION = Key("session", DURATION, "Only the latest session: all events with pauses of at most so long between them.")
_AT_LEAST = Key("at_least", WholeNumber("a whole number from 1 on", at_least=1), "How often the most frequent value occurred at least (2).")
_DEFAULT = Key("default", LITERAL, "What stands where the trait is missing.")
_EXPRESSION_TEXT = TextShape("arithmetic over traits, such as `revenue_90d / orders_90d`")


def _expression(text: str, node: Node, reading: Reading) -> tuple[str, Expression]:
    try:
        return text, parse_expression(text)
    except ExpressionError as error:
        reading.fail("expression", str(error), node.span, "write it as `revenue_90d / orders_90d`")


_EXPRESSION = Key("expression", _EXPRESSION_TEXT.then(_expression), "Arithmetic over other traits.")
_SQL = Key("sql", TextShape("one read-only SELECT"), "One SELECT of `user_id` (or `account_id`) and `value` over the declared sources.")
_MONETARY = Key("property", PATH, "The property that is summed: what an event is worth.", required=True)
_SCORED = Key("event", EVENT_NAMES, "The event's name, or a list: any of them. `*` stands for any text.", required=True)


def _rfm(fields: Fields, reading: Reading) -> Rfm:
    where = fields.get(EVENT_WHERE) or ALWAYS
    check_no_step_references(where, reading, "compare with a trait (`{trait: …}`) or a value")
    return Rfm(fields[_SCORED], fields[_MONETARY], where, window_of(fields, reading))


_RFM = Key(
    "rfm",
    Record(
        "what is scored",
        [_SCORED, _MONETARY, EVENT_WHERE, *EVENT_WINDOW_KEYS],
        _rfm,
        description="The events that are scored by recency, frequency and monetary value.",
        rules=list(EVENT_WINDOW_RULES),
        hints={
            **dict.fromkeys(("events",), "write `event`"),
            **dict.fromkeys(("value", "monetary", "sum"), "write `property`"),
            **dict.fromkeys(("filter", "filters"), "write `where`"),
            **dict.fromkeys(("last", "window", "in_last"), "write `within: 365 days`"),
            **dict.fromkeys(("quintiles", "scores"), "the scores are 1 to 5, by fifths of all who have such an event"),
        },
    ),
    "Scores of recency, frequency and monetary value, 1 to 5, and the segment that they name.",
)
_OF_EVENTS = ("compute", "event", "property", "where", *WINDOW_NAMES, "session", "at_least")


def _of_events(fields: Fields, reading: Reading) -> OfEvents:
    compute = fields[_COMPUTE]
    path = fields.get(_PROPERTY)
    if path is None and compute not in WITHOUT_PROPERTY:
        reading.fail("missing-key", f"`{compute}` needs a `property`", fields.span(_COMPUTE), "name the property that it is computed of")
    if path is not None and compute in WITHOUT_PROPERTY:
        reading.fail("impossible", f"`{compute}` is of the events and takes no `property`", fields.span(_PROPERTY), "leave it out")
    if _AT_LEAST in fields and compute is not Compute.MOST_FREQUENT:
        reading.fail("impossible", "`at_least` belongs to `most_frequent`", fields.span(_AT_LEAST), "leave it out")
    if (session := fields.get(_SESSION)) is not None and session.unit in (Unit.MONTH, Unit.YEAR):
        reading.fail("impossible", "the pause of a session is an exact duration", fields.span(_SESSION), "write it in minutes")
    default = fields.get(_DEFAULT)
    if default is not None and compute in NUMBERS and not isinstance(default, Number):
        reading.fail("type", f"`{compute}` is a number, and so is its `default`", fields.span(_DEFAULT), "write a number")
    if path is not None and path.has_each and compute in (Compute.FIRST, Compute.LAST):
        reading.fail("impossible", f"`{path}` is many values; `{compute}` takes one", fields.span(_PROPERTY), f"write `{path.name}`")
    where = fields.get(EVENT_WHERE) or ALWAYS
    check_no_step_references(where, reading, "compare with a trait (`{trait: …}`) or a value")
    return OfEvents(
        compute=compute,
        names=fields[_EVENT],
        property=path,
        where=where,
        window=window_of(fields, reading),
        session=fields.get(_SESSION),
        at_least=fields.get(_AT_LEAST) or 2,
    )


def _trait(fields: Fields, reading: Reading) -> Trait:
    name = fields[_TRAIT]
    if name in ("user_id", "account_id"):
        reading.fail("impossible", f"`{name}` is the id itself and cannot be computed", fields.span(_TRAIT), "choose another name")
    computation: Computation
    if _EXPRESSION in fields:
        computation, source = Expressed(*fields[_EXPRESSION]), fields.span(_EXPRESSION)
        if _DEFAULT in fields and not isinstance(fields[_DEFAULT], Number):
            reading.fail("type", "an expression is a number, and so is its `default`", fields.span(_DEFAULT), "write a number")
    elif _SQL in fields:
        computation, source = FromSql(fields[_SQL]), fields.span(_SQL)
    elif _RFM in fields:
        computation, source = fields[_RFM], fields.span(_RFM)
    else:
        computation, source = _of_events(fields, reading), fields.span(_EVENT)
    of = fields.get(_OF) or Subject.USERS
    sync = fields.get(_SYNC) or ()
    refuse_twice(sync, reading)
    names = tuple(one for one, _span in sync)
    return Trait(name, fields.get(_DESCRIPTION) or "", computation, fields.get(_DEFAULT), fields.span(_TRAIT), source, of, names)


_WAYS = "a trait is computed in one way: over events, by an expression, by SQL, or as RFM scores"

TRAIT: Shape[Trait] = Named(
    "trait",
    "a trait",
    lambda: Record(
        "a trait",
        [
            _TRAIT,
            _DESCRIPTION,
            _OF,
            _COMPUTE,
            _EVENT,
            _PROPERTY,
            EVENT_WHERE,
            *EVENT_WINDOW_KEYS,
            _SESSION,
            _AT_LEAST,
            _EXPRESSION,
            _SQL,
            _RFM,
            _DEFAULT,
            _SYNC,
        ],
        _trait,
        description="A value that is computed for each user, or each account.",
        rules=[
            AtLeastOne(("compute", "expression", "sql", "rfm"), "a trait says how it is computed", "write `compute: count` and `event: …`"),
            Beside("compute", ("event",), "what is computed is computed over events"),
            Beside("event", ("compute",), "the events are what is computed over"),
            *EVENT_WINDOW_RULES,
            *one_of_each(("expression",), ("sql",), ("rfm",), why=_WAYS),
            Apart(("expression", "sql"), _OF_EVENTS, _WAYS),
            Apart(("rfm",), _OF_EVENTS, "the events that are scored, and what they are worth, stand inside `rfm`"),
            Apart(("rfm",), ("default",), "who has no such event has no scores, and nothing stands for them"),
            Apart(("session",), WINDOW_NAMES, "the latest session is the stretch of time that is looked at"),
        ],
        hints={
            **dict.fromkeys(("name", "id"), "the id stands after `trait:`"),
            **dict.fromkeys(("aggregate", "function", "measure"), "write `compute`"),
            **dict.fromkeys(("events",), "write `event`"),
            **dict.fromkeys(("field", "of_property"), "write `property`"),
            **dict.fromkeys(("formula", "value"), "write `expression`"),
            **dict.fromkeys(("filter", "filters"), "write `where`"),
            **dict.fromkeys(("last", "window", "in_last"), "write `within: 30 days`"),
        },
    ),
)
