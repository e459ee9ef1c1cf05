"""The shapes of destinations: of events, of lists, and (sending.py) of messages."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from engage_cli.definitions.destinations import (
    Call,
    Destination,
    EventsDestination,
    Form,
    ListColumn,
    ListDestination,
    Region,
    Rules,
    form_of,
)
from engage_cli.definitions.paths import Path
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.sending import MessagesDestination
from engage_cli.definitions.shapes.base import ByForm, Definitions, Json, Shape, any_of
from engage_cli.definitions.shapes.kinds import ByName
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import Choice, TextShape, id_shape
from engage_cli.definitions.shapes.sending import MESSAGES, Messages
from engage_cli.definitions.shapes.value import PATH
from engage_cli.definitions.values import Number
from engage_cli.definitions.yaml_nodes import Mapping as MappingNode
from engage_cli.definitions.yaml_nodes import Node, Scalar, shortened
from engage_cli.records import replace
from engage_cli.source import Span, did_you_mean

FORMATS = ("jsonl", "csv", "parquet")
MAX_COLUMN_NAME = 100

# ---- what both have ------------------------------------------------------------------------------------------------

_FORMAT = Key("format", Choice("a file format", {name: name for name in FORMATS}), "The format of its files: jsonl, csv or parquet.")


class _Share(Shape[int]):
    """A share such as `30%`, in millionths."""

    expected = "a share, such as `30%`"

    def __init__(self) -> None:
        self._text = TextShape(self.expected, check=self._problem, schema={"pattern": r"^[0-9]{1,4}(?:\.[0-9]{1,4})?%$"})

    def _problem(self, text: str) -> tuple[str, str | None] | None:
        digits = text.removesuffix("%")
        whole, _, part = digits.partition(".")
        sound = text.endswith("%") and digits.count(".") <= 1 and not digits.endswith(".") and len(whole) <= 4 and len(part) <= 4
        if sound and whole.isascii() and whole.isdecimal() and (not part or (part.isascii() and part.isdecimal())):
            return None
        return f"{shortened(text)} is no share", "write `30%`"

    def read(self, node: Node, reading: Reading) -> int:
        if isinstance(node, Scalar) and isinstance(node.value, Number):
            raise self.mismatch(node, reading, f"write `{node.text}%`")
        return int(Decimal(self._text.read(node, reading).removesuffix("%")) * 10_000)

    def schema(self, definitions: Definitions) -> Json:
        return self._text.schema(definitions)


_MAX_CHANGE = Key("max_change", _Share(), "The greatest share of what a destination has that may change in one run.", required=True)
_GUARD = Key(
    "guard",
    Record("`guard`", [_MAX_CHANGE], lambda fields, _reading: fields[_MAX_CHANGE]),
    "Changes of more than this are held back until `--allow-change`.",
)


def _type(word: str) -> Key[str]:
    return Key("type", Choice("a type of destination", {word: word}), f"What it takes: {word}.", required=True)


# ---- events --------------------------------------------------------------------------------------------------------

_CALL = Key("call", Choice("a Segment call", {call.value: call for call in Call}), "Which call says a change: track (default) or identify.")


_EACH = Key(
    "each",
    Choice("whom a call is about", {"account": False, "user": True}, hints={"accounts": "write `account`", "users": "write `user`"}),
    "Of audiences of accounts, whom a call is about: each account (default), or each user of it.",
)


class _Events(Struct, frozen=True):
    """A destination of events that has no name yet."""

    format: str
    call: Call
    max_change: int | None
    each_user: bool

    def named(self, name: str, span: Span) -> Destination:
        return EventsDestination(name, self.format, self.call, span, self.max_change, self.each_user)


_LISTS_ALONE = ("columns", "rules", "region")
_EVENTS: Shape["_Events"] = Record(
    "a destination of events",
    [_type("events"), _FORMAT, _CALL, _EACH, _GUARD],
    lambda fields, _reading: _Events(
        fields.get(_FORMAT) or "jsonl", fields.get(_CALL) or Call.TRACK, fields.get(_GUARD), fields.get(_EACH) or False
    ),
    hints=dict.fromkeys(_LISTS_ALONE, "lists have it: write `type: list`"),
)

# ---- lists ---------------------------------------------------------------------------------------------------------

_TRAIT = Key("trait", PATH, "The trait that the column holds; user_id (account_id) is one.", required=True)
_HASH = Key("hash", Choice("a hash", {"sha256": True}), "sha256: the value goes out as its SHA-256, in lower-case hex.")
_NORMALISE = Key(
    "normalise",
    Choice("what the value is", {form.value: form for form in Form}),
    "What the value is, which says how it is brought into one form; by default told from the column's or the trait's name.",
)


class _Column(Struct, frozen=True):
    """A column as written: without its name, and without what the rules of its destination make of it."""

    trait: Path
    form: Form | None
    hashed: bool
    span: Span


_COLUMN: Shape[_Column] = ByForm(
    "a trait, such as `email` or `{trait: email, hash: sha256}`",
    scalar=PATH.then(lambda path, node, _reading: _Column(path, None, False, node.span)),
    mapping=Record(
        "a column",
        [_TRAIT, _HASH, _NORMALISE],
        lambda fields, _reading: _Column(fields[_TRAIT], fields.get(_NORMALISE), fields.get(_HASH) or False, fields.span(_TRAIT)),
        hints={**dict.fromkeys(("normalize", "form", "as"), "write `normalise`"), "property": "write `trait`"},
    ),
).then(lambda column, node, reading: _with_one_value(column, node, reading))


def _with_one_value(column: _Column, _node: Node, reading: Reading) -> _Column:
    if column.trait.has_each:
        reading.fail("impossible", f"`{column.trait}` is many values; a column holds one", column.span)
    return column


def _column_name_problem(name: str) -> tuple[str, str | None] | None:
    if len(name) > MAX_COLUMN_NAME:
        return f"the name {shortened(name)} is longer than {MAX_COLUMN_NAME} characters", None
    return None if name.isprintable() else (f"the name {shortened(name)} has characters that cannot be seen", None)


def _apart(named: dict[str, tuple[_Column, Span]], _node: Node, reading: Reading) -> dict[str, tuple[_Column, Span]]:
    seen: set[str] = set()
    for name, (_, span) in named.items():
        if name.lower() in seen:
            reading.report(
                "duplicate", f"two columns are called `{name}`, whatever the case of their letters", span, "give one of them another name"
            )
        seen.add(name.lower())
    return named


_COLUMNS = Key(
    "columns",
    ByName(
        "a mapping from the columns of the files to traits, such as `{email: {trait: email, hash: sha256}}`",
        TextShape("the name of a column", check=_column_name_problem, code="name", schema={"maxLength": MAX_COLUMN_NAME}),
        _COLUMN,
        at_least=1,
    ).then(_apart),
    "The columns of its files, in order, each with the trait that it holds.",
    required=True,
)
_RULES = Key(
    "rules",
    Choice("whose rules", {rules.value: rules for rules in Rules}, hints={"facebook": "write `meta`", "adwords": "write `google`"}),
    "Whose rules bring values into one form: plain (default), meta (Custom Audiences) or google (Customer Match).",
)


class _RegionCode(Shape[str]):
    """A country by its two letters."""

    expected = "the two letters of a country, such as `GB`"

    def __init__(self) -> None:
        self._text = TextShape(self.expected, schema={"pattern": "^[A-Z]{2}$"})

    def read(self, node: Node, reading: Reading) -> str:
        code = self._text.read(node, reading)
        if not (len(code) == 2 and code.isascii() and code.isupper() and code.isalpha()):
            remedy = (
                f"write `{'GB' if code == 'uk' else code.upper()}`"
                if len(code) == 2 and code.isalpha()
                else "write `GB`, `US`, `DE` or the like"
            )
            reading.fail("value", f"{shortened(code)} is not the two letters of a country", node.span, remedy)
        from phonenumbers import SUPPORTED_REGIONS  # imported here: 40 ms that only a destination with a region needs

        if code not in SUPPORTED_REGIONS:
            hint = "the United Kingdom is `GB`" if code == "UK" else did_you_mean(code, SUPPORTED_REGIONS)
            reading.fail("region", f"`{code}` is no country with phone numbers", node.span, hint)
        return code

    def schema(self, definitions: Definitions) -> Json:
        return self._text.schema(definitions)


_CODE = _RegionCode()
_REGION_TRAIT = Key("trait", PATH, "The trait that names a person's country, by its two letters or in English.", required=True)
_ELSE = Key("else", _CODE, "The country of those who have none.")
_REGION = Key(
    "region",
    ByForm(
        "a country, such as `GB` or `{trait: country, else: GB}`",
        scalar=_CODE.then(lambda code, _node, _reading: Region(code)),
        mapping=Record(
            "`region`",
            [_REGION_TRAIT, _ELSE],
            lambda fields, _reading: Region(fields.get(_ELSE), fields[_REGION_TRAIT]),
            hints={"default": "write `else`"},
        ),
    ),
    "The country of phone numbers without a country code.",
)


class _List(Struct, frozen=True):
    """A destination of lists that has no name yet."""

    format: str
    columns: tuple[ListColumn, ...]
    rules: Rules
    region: Region | None
    max_change: int | None

    def named(self, name: str, span: Span) -> Destination:
        return ListDestination(name, self.format, self.columns, self.rules, self.region, span, self.max_change)


def _list(fields: Fields, reading: Reading) -> _List:
    rules = fields.get(_RULES) or Rules.PLAIN
    columns = [_column(name, column, span, rules) for name, (column, span) in fields[_COLUMNS].items()]
    for one, (column, _) in zip(columns, fields[_COLUMNS].values(), strict=True):
        if rules is Rules.GOOGLE and one.hashed and one.form in (Form.COUNTRY, Form.ZIP):
            reading.report("impossible", f"Google takes a {one.form.value} as it is, not hashed", column.span, "leave `hash` out here")
    if not any(column.tells_who for column in columns):
        if all(column.form.tells_nobody for column in columns):
            message = "no column of the list tells who somebody is"
            reading.report("impossible", message, fields.span(_COLUMNS), "add an email, a phone or an id")
        columns = [replace(column, tells_who=not column.form.tells_nobody) for column in columns]
    return _List(fields.get(_FORMAT) or "csv", tuple(columns), rules, fields.get(_REGION), fields.get(_GUARD))


def _column(name: str, column: _Column, span: Span, rules: Rules) -> ListColumn:
    """A column under the rules of its destination. Without a hash and without anybody's rules a list is for people to read, too: its
    values go out as they are, unless the author says what they are."""
    told = form_of(name, str(column.trait.parts[-1]))
    form = column.form or (told if column.hashed or rules is not Rules.PLAIN else Form.NONE)
    tells_who = (column.form or told).tells_who or (column.hashed and not form.tells_nobody)
    return ListColumn(name, column.trait, form, column.hashed, span, tells_who)


_LISTS: Shape[_List] = Record(
    "a destination of lists",
    [_type("list"), _FORMAT, _COLUMNS, _RULES, _REGION, _GUARD],
    _list,
    hints={**dict.fromkeys(("call", "each"), "calls go to `type: events`"), "traits": "write `columns`"},
)

# ---- all -----------------------------------------------------------------------------------------------------------

_Unnamed = _Events | _List | Messages
_TYPES: Mapping[str, Shape[_Events] | Shape[_List] | Shape[Messages]] = {"events": _EVENTS, "list": _LISTS, "messages": MESSAGES}
_WORDS = {"lists": "write `list`", "message": "write `messages`", **dict.fromkeys(("smtp", "webhook", "email"), "write `messages`")}


class _DestinationShape(Shape[_Unnamed]):
    """A destination of the type that it says."""

    expected = "a destination, such as `{type: events, format: jsonl, call: identify}`"

    def __init__(self) -> None:
        self._type: Shape[str] = Choice("a type of destination", {name: name for name in _TYPES}, hints=_WORDS)

    def read(self, node: Node, reading: Reading) -> _Unnamed:
        if not isinstance(node, MappingNode):
            raise self.mismatch(node, reading)
        kind = node.entry("type")
        if kind is None:
            hint = "add `type: events`, `type: list` or `type: messages`"
            reading.fail("missing-key", "a destination needs the key `type`", node.span, hint)
        shape = _TYPES[self._type.read(kind.value, reading)]
        return shape.read(node, reading)

    def schema(self, definitions: Definitions) -> Json:
        return any_of(shape.schema(definitions) for shape in _TYPES.values())


DESTINATIONS: Shape[Mapping[str, Destination | MessagesDestination]] = ByName(
    "a mapping of destinations by their names", id_shape("a destination"), _DestinationShape()
).then(lambda named, _node, _reading: {name: unnamed.named(name, span) for name, (unnamed, span) in named.items()})
