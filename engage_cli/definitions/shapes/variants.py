"""Shapes of a broadcast's test: its variants, and the winner that the rest get."""

from engage_cli.definitions.broadcast import ALL_MILLIONTHS, WINNING, Variant, Winner, Wording
from engage_cli.definitions.outcomes import Outcome
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import ListOf, Shape
from engage_cli.definitions.shapes.condition import PERCENT
from engage_cli.definitions.shapes.message_keys import PREHEADER, REPLY_TO, SENDER, SUBJECT, TEMPLATE_NAME
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import BOOLEAN, Choice, id_shape
from engage_cli.definitions.shapes.sending import EXACT_DURATION
from engage_cli.source import did_you_mean

# ---- variants ------------------------------------------------------------------------------------------------------

_NAME = Key("name", id_shape("a variant"), "The variant's name.", required=True)
_PERCENT = Key("percent", PERCENT, "Its share of the recipients; those of all variants make 100, or less with a `winner`.", required=True)
_CONTROL = Key("control", BOOLEAN, "true: these are not written to, and the others are measured against them.")
_TEMPLATE = Key("template", TEMPLATE_NAME, "In place of the broadcast's own template.")
_WORDS = (SUBJECT, PREHEADER, SENDER, REPLY_TO)
_OF_THE_BROADCAST = "it is one for all variants: write it beside `variants`"


def wording(fields: Fields, template: str | None = None) -> Wording:
    """What a broadcast or a variant says in place of its template."""
    return Wording(template, *(fields.get(key) for key in _WORDS))


def _variant(fields: Fields, reading: Reading) -> Variant:
    own = wording(fields, fields.get(_TEMPLATE))
    if fields.get(_CONTROL) and own != Wording():
        said = next(key for key in (_TEMPLATE, *_WORDS) if key in fields)
        message = f"the people of a control are not written to, and `{said.name}` says how"
        reading.report("impossible", message, fields.key_span(said), "leave it out")
    return Variant(fields[_NAME], fields.key_span(_NAME), fields[_PERCENT], fields.get(_CONTROL) or False, own)


VARIANT: Shape[Variant] = Record(
    "a variant",
    [_NAME, _PERCENT, _CONTROL, _TEMPLATE, *_WORDS],
    _variant,
    hints={
        **dict.fromkeys(("id", "variant"), "write `name`"),
        **dict.fromkeys(("weight", "share", "percentage"), "write `percent`"),
        "send": "write `template`",
        "sender": "write `from`",
        **dict.fromkeys(("channel", "group", "category", "priority", "render", "expires_after", "send_at", "throttle"), _OF_THE_BROADCAST),
    },
)
VARIANTS: Key[tuple[Variant, ...]] = Key(
    "variants",
    ListOf(
        VARIANT,
        "a list of at least two variants, such as `[{name: a, percent: 90}, {name: nobody, percent: 10, control: true}]`",
        at_least=2,
    ),
    "A test: each recipient gets one of these, by chance.",
)

# ---- winner --------------------------------------------------------------------------------------------------------

_AFTER = Key("after", EXACT_DURATION, "So long after the broadcast's own time.", required=True)
_BY = Key(
    "by",
    Choice(
        "by what a variant wins",
        {outcome.value: outcome for outcome in WINNING},
        hints={
            **dict.fromkeys(("opens", "open", "open_rate"), "write `opened`"),
            **dict.fromkeys(("clicks", "click", "click_rate"), "write `clicked`"),
            **dict.fromkeys(("goal", "conversion", "conversions", "conversion_rate", "ordered"), "write `converted`"),
            "sent": "write `delivered`",
        },
    ),
    "The outcome of which the winner has the greatest share: delivered, opened, clicked, converted (the goal).",
    required=True,
)
_ELSE = Key("else", id_shape("a variant"), "The variant for the rest where several do equally well, or none has any.", required=True)
WINNER: Key[Winner] = Key(
    "winner",
    Record(
        "`winner`",
        [_AFTER, _BY, _ELSE],
        lambda fields, _: Winner(fields[_AFTER], fields[_BY], fields[_ELSE], fields.span(_ELSE)),
        description="The variant that does best goes to the rest of the recipients.",
        hints={
            **dict.fromkeys(("metric", "on"), "write `by`"),
            **dict.fromkeys(("default", "otherwise", "fallback"), "write `else`"),
            "within": "write `after`",
        },
    ),
    "Which variant the rest of the recipients get: the best, so long after.",
)


def check_test(fields: Fields, reading: Reading, *, has_goal: bool) -> None:
    """Report what variants and winner say against each other. `has_goal`: there is something to be converted by."""
    variants, winner = fields.get(VARIANTS) or (), fields.get(WINNER)
    _check_variants(variants, fields, reading, has_winner=winner is not None)
    if winner is None:
        return
    tested = [variant.name for variant in variants if not variant.control]
    if winner.by is Outcome.CONVERTED and not has_goal:
        hint = "add `goal: {on: {event: Order Completed}, for: 3 days}`"
        reading.report("no-goal", "`by: converted` asks which variant reached the goal, and there is none", fields.span(WINNER), hint)
    if len(tested) == 1:
        message = f"a winner is one of several, and only `{tested[0]}` is sent"
        reading.report("impossible", message, fields.key_span(WINNER), "add a second variant, or leave `winner` out")
    if variants and winner.otherwise not in tested:
        control = any(variant.name == winner.otherwise for variant in variants)
        found = "is the control, which is not sent" if control else "is no variant"
        hint = did_you_mean(winner.otherwise, tested) or "name one of the variants that are sent"
        reading.report("unknown-variant", f"`{winner.otherwise}` {found}", winner.span, hint)


def _check_variants(variants: tuple[Variant, ...], fields: Fields, reading: Reading, *, has_winner: bool) -> None:
    known: set[str] = set()
    for variant in variants:
        if variant.name in known:
            reading.report("duplicate-id", f"two variants are named `{variant.name}`", variant.span, "give one of them another name")
        known.add(variant.name)
    controls = [variant for variant in variants if variant.control]
    if len(controls) > 1:
        reading.report("duplicate", "two variants are the control", controls[1].span, "measure against one of them")
    elif variants and len(controls) == len(variants):
        reading.report("impossible", "every variant is the control, so that nobody is written to", variants[0].span, "add a variant")
    if variants:
        _check_total(sum(variant.percent_millionths for variant in variants), fields, reading, has_winner=has_winner)


def _check_total(total: int, fields: Fields, reading: Reading, *, has_winner: bool) -> None:
    makes = f"the percentages of `variants` make {total / 1_000_000:.10g}"
    if total > ALL_MILLIONTHS or (total < ALL_MILLIONTHS and not has_winner):
        hint = "make them smaller" if total > ALL_MILLIONTHS else "make them 100, or say with `winner` what the rest get"
        reading.report("percent", f"{makes}, and not 100", fields.span(VARIANTS), hint)
    elif total == ALL_MILLIONTHS and has_winner:
        hint = "make them smaller, or leave `winner` out"
        reading.report("percent", f"{makes}, which leaves nobody for the winner", fields.span(VARIANTS), hint)
