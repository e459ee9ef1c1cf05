"""The shape of `entity` conditions: how many linked rows of a table match, or a measure over them; conditions on their own linked rows."""

from engage_cli.definitions.comparisons import ALWAYS
from engage_cli.definitions.conditions import AllOf, AnyOf, Condition, Count, HasEntity, Measure, NoneOf, Not
from engage_cli.definitions.reading import Mentioned, Reading
from engage_cli.definitions.shapes.base import ListOf, Named, Shape
from engage_cli.definitions.shapes.comparison import COUNT_COMPARISON
from engage_cli.definitions.shapes.key_rules import one_of_each
from engage_cli.definitions.shapes.kinds import Kinds
from engage_cli.definitions.shapes.measure import measure_keys
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.scalar import id_shape, mentioning
from engage_cli.definitions.shapes.where import WHERE, check_no_step_references

ROW_CONDITION: Shape[Condition] = Named(
    "row_condition", "a condition on linked rows, such as `{entity: invoices, where: {paid: false}}`", lambda: _ROW_CONDITION
)

_ENTITY = Key(
    "entity", mentioning(id_shape("an entity"), Mentioned.ENTITY), "The entity, by its name under `sources.entities`.", required=True
)
_WHERE = Key("where", WHERE, "What the columns of a row must be like.")
_HAS = Key("has", ROW_CONDITION, "What must hold of the rows that are linked with a row: `entity` again, alone or in groups.")
_COUNT = Key("count", COUNT_COMPARISON, "How many linked rows match; without any count or measure, at least one.")
_MEASURES = measure_keys("rows", "column")


def _ask(fields: Fields) -> Count | Measure | None:
    if (count := fields.get(_COUNT)) is not None:
        return Count(count)
    return next(iter(fields.all_of(_MEASURES)), None)


def _has_entity(fields: Fields, reading: Reading) -> Condition:
    where = fields.get(_WHERE) or ALWAYS
    check_no_step_references(where, reading, "compare with a trait (`{trait: …}`) or a value")
    return HasEntity(fields[_ENTITY], fields.span(_ENTITY), where, fields.get(_HAS), _ask(fields))


ENTITY_CONDITION: Record[Condition] = Record(
    "an entity condition",
    [_ENTITY, _WHERE, _HAS, _COUNT, *_MEASURES],
    _has_entity,
    description="So many linked rows match.",
    rules=one_of_each(
        *((name,) for name in ("count", *(key.name for key in _MEASURES))),
        why="an entity condition takes one count or measure; put two conditions under `all`",
    ),
    hints={
        **dict.fromkeys(("with", "linked", "nested", "and", "entities", "having", "all", "any", "none", "not"), "write `has`"),
        **dict.fromkeys(("filter", "filters", "columns", "column", "property", "properties"), "conditions on columns stand under `where`"),
        **dict.fromkeys(("at_least", "min_count", "times"), "write `count: {gte: 3}`"),
        **dict.fromkeys(("at_most", "max_count"), "write `count: {lte: 3}`"),
        **dict.fromkeys(("never", "without"), "write `count: 0`"),
        **dict.fromkeys(("average", "mean"), "write `avg`"),
        **dict.fromkeys(("distinct", "count_distinct", "unique_count"), "write `unique: {property: plan, gte: 2}`"),
        **dict.fromkeys(
            ("within", "since", "until", "period", "between_ago"), "compare a column under `where`: `{started: {within_last: 30 days}}`"
        ),
    },
)

_PARTS = ListOf(ROW_CONDITION, "a list of at least one condition on linked rows")
_ALL = Key("all", _PARTS, "Every one of these holds of the row.", required=True)
_ANY = Key("any", _PARTS, "At least one of these holds of the row.", required=True)
_NONE = Key("none", _PARTS, "Not one of these holds of the row.", required=True)
_NOT = Key("not", ROW_CONDITION, "This does not hold of the row.", required=True)

_ROW_CONDITION: Shape[Condition] = Kinds(
    "a condition on linked rows",
    {
        "entity": ENTITY_CONDITION,
        "all": Record("`all`", [_ALL], lambda fields, _: AllOf(fields[_ALL], fields.key_span(_ALL))),
        "any": Record("`any`", [_ANY], lambda fields, _: AnyOf(fields[_ANY], fields.key_span(_ANY))),
        "none": Record("`none`", [_NONE], lambda fields, _: NoneOf(fields[_NONE], fields.key_span(_NONE))),
        "not": Record("`not`", [_NOT], lambda fields, _: Not(fields[_NOT], fields.key_span(_NOT))),
    },
    hints=dict.fromkeys(
        ("trait", "event", "sequence", "audience", "any_user", "any_account"),
        "that is asked of the user or account: put it beside the whole `entity` condition, under `all`",
    ),
    list_hint="a list of conditions goes under `all:` or `any:`",
    together="put the two conditions into a list under `all` or `any`",
)
