"""The shape of conditions: every kind that this version has, and the names of those that come later."""

from decimal import Decimal

from engage_cli.definitions.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Everyone,
    InAudience,
    InShare,
    InSql,
    NoneOf,
    Not,
    Quantifier,
    TraitIs,
)
from engage_cli.definitions.reading import Mentioned, Reading
from engage_cli.definitions.shapes.base import ListOf, Named, Shape
from engage_cli.definitions.shapes.comparison import (
    IGNORE_CASE,
    IGNORE_CASE_RULE,
    OPERATOR_HINTS,
    OPERATORS,
    at_least_one_operator,
    check_no_steps,
    comparison_of,
)
from engage_cli.definitions.shapes.consent import CONSENT_CONDITION
from engage_cli.definitions.shapes.entity import ENTITY_CONDITION
from engage_cli.definitions.shapes.event import EVENT_CONDITION
from engage_cli.definitions.shapes.instance import CONTEXT_CONDITION, JOURNEY_CONDITION, MESSAGE_CONDITION
from engage_cli.definitions.shapes.kinds import Kinds
from engage_cli.definitions.shapes.quantifier import quantified
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import NumberShape, OnlyTrue, TextShape, id_shape, mentioning
from engage_cli.definitions.shapes.sequence import SEQUENCE_CONDITION
from engage_cli.definitions.shapes.value import PATH
from engage_cli.definitions.yaml_nodes import Node

CONDITION: Shape[Condition] = Named(
    "condition", "a condition (a mapping), such as `{event: Order Completed, within: 30 days}`", lambda: _CONDITION
)

# ---- groups --------------------------------------------------------------------------------------------------------

_PARTS = ListOf(CONDITION, "a list of at least one condition", if_empty="write at least one condition, or `everyone: true`")
_ALL = Key("all", _PARTS, "Every one of these holds.", required=True)
_ANY = Key("any", _PARTS, "At least one of these holds.", required=True)
_NONE = Key("none", _PARTS, "Not one of these holds.", required=True)
_NOT = Key("not", CONDITION, "This does not hold.", required=True)
_GROUP_HINTS = dict.fromkeys(("within", "since", "until", "period", "count"), "it belongs inside the conditions of the group")

_ALL_OF: Shape[Condition] = Record("`all`", [_ALL], lambda fields, _: AllOf(fields[_ALL], fields.key_span(_ALL)), hints=_GROUP_HINTS)
_ANY_OF: Shape[Condition] = Record("`any`", [_ANY], lambda fields, _: AnyOf(fields[_ANY], fields.key_span(_ANY)), hints=_GROUP_HINTS)
_NONE_OF: Shape[Condition] = Record("`none`", [_NONE], lambda fields, _: NoneOf(fields[_NONE], fields.key_span(_NONE)), hints=_GROUP_HINTS)
_NOT_THIS: Shape[Condition] = Record("`not`", [_NOT], lambda fields, _: Not(fields[_NOT], fields.key_span(_NOT)), hints=_GROUP_HINTS)

# ---- leaves --------------------------------------------------------------------------------------------------------

_EVERYONE = Key("everyone", OnlyTrue("for nobody, write `{not: {everyone: true}}`"), "Always holds.", required=True)
_EVERYBODY: Shape[Condition] = Record("`everyone`", [_EVERYONE], lambda fields, _: Everyone(fields.key_span(_EVERYONE)))

_TRAIT = Key("trait", PATH, "The trait, or a path into it; `user_id` is the user's id, `account_id` the account's.", required=True)
_trait_comparison = comparison_of(OPERATORS)


def _trait_is(fields: Fields, reading: Reading) -> Condition:
    comparison = _trait_comparison(fields)
    check_no_steps(comparison, reading)
    return TraitIs(fields[_TRAIT], comparison, fields.span(_TRAIT))


_TRAIT_IS: Shape[Condition] = Record(
    "a trait condition",
    [_TRAIT, *OPERATORS, IGNORE_CASE],
    _trait_is,
    description="The trait of the profile compares so.",
    rules=[
        at_least_one_operator(
            OPERATORS,
            "a trait condition needs something to compare with",
            "write an operator beside `trait`, such as `eq: pro`, or `exists: true`",
        ),
        IGNORE_CASE_RULE,
    ],
    hints={
        **OPERATOR_HINTS,
        "value": "write `eq`",
        "values": "write `in`",
        "op": "the operator is itself the key: `gte: 18`",
        "operator": "the operator is itself the key: `gte: 18`",
        "where": "operators stand beside `trait`: `{trait: plan, eq: pro}`",
    },
)


_AUDIENCE = Key(
    "audience",
    mentioning(id_shape("an audience"), Mentioned.AUDIENCE),
    "The user is in this audience, as of the same instant.",
    required=True,
)
_IN_AUDIENCE: Shape[Condition] = Record(
    "an `audience` condition", [_AUDIENCE], lambda fields, _: InAudience(fields[_AUDIENCE], fields.span(_AUDIENCE))
)

_MILLION = 1_000_000


def exact_percent(percent: float, node: Node, reading: Reading) -> int:
    """Millionths of a percent."""
    millionths = Decimal(repr(percent)) * _MILLION
    if millionths != int(millionths):
        reading.fail("decimals", "a percentage has at most six decimal places", node.span)
    return int(millionths)


PERCENT: Shape[int] = NumberShape("a percentage from 0 to 100", at_least=0, at_most=100).then(exact_percent)
_PERCENT_KEY = Key("percent", PERCENT, "The share of people, from 0 to 100.", required=True)
_SALT = Key("salt", TextShape(), "Another salt draws other people; the id of the definition by default.")
_SHARE = Record(
    "`random`", [_PERCENT_KEY, _SALT], lambda fields, _: (fields[_PERCENT_KEY], fields.get(_SALT)), hints={"seed": "write `salt`"}
)
_RANDOM = Key("random", _SHARE, "A stable random share of all people.", required=True)
_IN_SHARE: Shape[Condition] = Record(
    "a `random` condition",
    [_RANDOM],
    lambda fields, _: InShare(*fields[_RANDOM], fields.key_span(_RANDOM)),
    hints={"percent": "write `random: {percent: 10}`"},
)

_SQL = Key(
    "sql",
    TextShape("one read-only SELECT"),
    "The user is among the `user_id`s (the account among the `account_id`s) of this SELECT over the declared sources.",
    required=True,
)
_IN_SQL: Shape[Condition] = Record("an `sql` condition", [_SQL], lambda fields, _: InSql(fields[_SQL], fields.span(_SQL)))

# ---- quantifiers ---------------------------------------------------------------------------------------------------

_QUANTIFIED = {one.value: quantified(one, CONDITION, _GROUP_HINTS) for one in Quantifier}

# ---- all kinds -----------------------------------------------------------------------------------------------------

_KINDS: dict[str, Shape[Condition]] = {
    "all": _ALL_OF,
    "any": _ANY_OF,
    "none": _NONE_OF,
    "not": _NOT_THIS,
    "everyone": _EVERYBODY,
    "trait": _TRAIT_IS,
    "event": EVENT_CONDITION,
    "sequence": SEQUENCE_CONDITION,
    "audience": _IN_AUDIENCE,
    "random": _IN_SHARE,
    "sql": _IN_SQL,
    "consent": CONSENT_CONDITION,
    "context": CONTEXT_CONDITION,
    "message": MESSAGE_CONDITION,
    "journey": JOURNEY_CONDITION,
    "entity": ENTITY_CONDITION,
    **_QUANTIFIED,
}


def _named(kind: str, shape: Shape[Condition]) -> Shape[Condition]:
    return Named(f"{kind}_condition", shape.expected, lambda: shape)


_CONDITION: Shape[Condition] = Kinds(
    "a condition",
    {kind: _named(kind, shape) for kind, shape in _KINDS.items()},
    hints={
        **dict.fromkeys(("and", "every", "and_"), "write `all`"),
        **dict.fromkeys(("or", "either", "some"), "write `any`"),
        **dict.fromkeys(("nor", "neither"), "write `none`"),
        **dict.fromkeys(("events", "did", "performed", "track"), "write `event`"),
        **dict.fromkeys(("entities", "rows", "table", "linked"), "write `entity`"),
        **dict.fromkeys(("traits", "property", "attribute", "profile", "user"), "write `trait`"),
        **dict.fromkeys(("segment", "member_of", "in_audience"), "write `audience`"),
        **dict.fromkeys(("funnel", "steps"), "write `sequence`"),
        **dict.fromkeys(("everybody",), "write `everyone: true`"),
        **dict.fromkeys(("percent", "sample"), "write `random: {percent: 10}`"),
        **dict.fromkeys(("query", "select"), "write `sql`"),
        **dict.fromkeys(("consents", "subscription", "subscribed", "opted_in"), "write `consent: {channel: email, status: subscribed}`"),
    },
    belongs={
        **{key.name: f"`{key.name}` stands beside `trait:`, which is missing" for key in OPERATORS},
        **{key.name: f"`{key.name}` stands beside `event:`, which is missing" for key in EVENT_CONDITION.keys},
    },
    list_hint="a list of conditions goes under `all:` or `any:`",
    scalar_hint="a condition says its kind: `{audience: …}`, `{event: …}`, `{trait: …, eq: …}`",
    together="put the two conditions into a list under `all` or `any`",
)
