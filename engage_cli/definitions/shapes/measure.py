"""The shapes of measures: a sum, average, minimum, maximum or number of distinct values of a property over events, or rows."""

from engage_cli.definitions.conditions import Aggregate, Measure
from engage_cli.definitions.paths import Path
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.comparison import (
    COUNT_OPERATORS,
    EXTREME_OPERATORS,
    NUMBER_OPERATORS,
    OPERATOR_HINTS,
    at_least_one_operator,
    check_one_reading,
    comparison_of,
)
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.value import PATH

_MEANING = {
    Aggregate.SUM: "The sum of a {property} over the matching {things}; 0 over none.",
    Aggregate.AVG: "The average of a {property} over the matching {things}; missing over none.",
    Aggregate.MIN: "The least value of a {property} over the matching {things}; missing over none.",
    Aggregate.MAX: "The greatest value of a {property} over the matching {things}; missing over none.",
    Aggregate.UNIQUE: "How many distinct values a {property} has over the matching {things}.",
}


def measure_keys(things: str, named: str) -> tuple[Key[Measure], ...]:
    """A key for each measure over `things` (`events`), of what is `named` of them (`property`)."""
    return tuple(_measure(aggregate, things, named) for aggregate in Aggregate)


def _measure(aggregate: Aggregate, things: str, named: str) -> Key[Measure]:
    operators = {
        Aggregate.UNIQUE: COUNT_OPERATORS,
        Aggregate.MIN: EXTREME_OPERATORS,
        Aggregate.MAX: EXTREME_OPERATORS,
    }.get(aggregate, NUMBER_OPERATORS)
    what = f"`{aggregate.value}`"
    build = comparison_of(operators)
    path: Key[Path] = Key("property", PATH, f"The {named}, or a path into it.", required=True)

    def measure(fields: Fields, reading: Reading) -> Measure:
        comparison = build(fields)
        if operators is EXTREME_OPERATORS:
            check_one_reading(comparison, fields.node.span, reading)
        return Measure(aggregate, fields[path], comparison)

    example = f"`{aggregate.value}: {{property: revenue, gt: 100}}`"
    rule = at_least_one_operator(operators, f"{what} needs something to compare with", f"write it so: {example}")
    hints = {**OPERATOR_HINTS, **dict.fromkeys(("column", "trait", "of"), "write `property`")}
    record = Record(what, [path, *operators], measure, rules=[rule], hints=hints)
    record.expected = f"a property and a comparison, such as {example}"
    return Key(aggregate.value, record, _MEANING[aggregate].format(property=named, things=things))
