"""Wheres and comparisons back to the plain trees that their YAML is."""

from typing import assert_never

from engage_cli.definitions.comparisons import Comparison, Element, Field, ListFile, Op, Operand, Test, Where, WhereAll, WhereAny, WhereNot
from engage_cli.definitions.paths import Path
from engage_cli.definitions.shapes.where import GROUPS, RESERVED
from engage_cli.definitions.values import Boolean, ContextRef, Day, Duration, Instant, Number, Period, StepRef, Text, TraitRef, Value
from engage_cli.definitions.yaml_printer import Token, Tree

Mapping = dict[str, Tree]

# ---- values and comparisons ----------------------------------------------------------------------------------------


def value_tree(value: Value) -> Tree:
    """A literal or a reference."""
    match value:
        case Text(text):
            return text
        case Number(number):
            return Token(repr(number))
        case Boolean(boolean):
            return _boolean(boolean)
        case Day(day):
            return Token(day.isoformat())
        case Instant(moment):
            return Token(moment.isoformat())
        case TraitRef(path):
            return {"trait": path.text}
        case StepRef(step, path):
            return {"ref": Path((step, *path.parts)).text}
        case ContextRef(path):
            return {"context": path.text}
        case _:
            assert_never(value)


def _boolean(value: bool) -> Token:
    return Token("true" if value else "false")


def _operand(operand: Operand) -> Tree:
    match operand:
        case tuple():
            return [value_tree(value) for value in operand]
        case bool():
            return _boolean(operand)
        case Duration():
            return str(operand)
        case Period():
            return operand.value
        case ListFile(path):
            return path
        case _:
            return value_tree(operand)


def operators_tree(comparison: Comparison) -> Mapping:
    """A comparison as operators in a mapping."""
    tree: Mapping = {test.op.value: _operand(test.operand) for test in comparison.tests}
    if comparison.ignore_case:
        tree["ignore_case"] = Token("true")
    return tree


def comparison_tree(comparison: Comparison) -> Tree:
    """A comparison, `eq` and `in` in their bare forms."""
    if not comparison.ignore_case and len(comparison.tests) == 1:
        match comparison.tests[0]:
            case Test(Op.EQ, operand):
                return _operand(operand)
            case Test(Op.IN, tuple() as operand):
                return _operand(operand)
    return operators_tree(comparison)


# ---- wheres --------------------------------------------------------------------------------------------------------


def where_tree(where: Where, *, in_element: bool = False) -> Mapping:
    """A where as one mapping; inside an element, one that is not taken for operators where it is none."""
    if isinstance(where, WhereAll):
        entries = [_entry(part, in_element) for part in where.parts]
        merged: Mapping = {key: value for entry in entries for key, value in entry.items()}
        itself = any(isinstance(part, Field) and part.path is None for part in where.parts)
        if len(merged) == len(where.parts) and not itself:
            return merged
    return _entry(where, in_element)


def _entry(where: Where, in_element: bool) -> Mapping:
    match where:
        case Field(path, comparison):
            return operators_tree(comparison) if path is None else {_key(path, in_element): comparison_tree(comparison)}
        case Element(path, inner):
            return {_key(path, in_element): _element(inner)}
        case WhereAll(parts):
            return {"all": [where_tree(part, in_element=in_element) for part in parts]}
        case WhereAny(parts):
            return {"any": [where_tree(part, in_element=in_element) for part in parts]}
        case WhereNot(WhereAny(parts)):
            return {"none": [where_tree(part, in_element=in_element) for part in parts]}
        case WhereNot(part):
            return {"not": where_tree(part, in_element=in_element)}
        case _:
            assert_never(where)


def _element(inner: Where) -> Mapping:
    """What stands right of `"items[]":`; operators there would compare the elements, so that a group holds them apart."""
    if isinstance(inner, Field) and inner.path is None:
        return {"all": [operators_tree(inner.comparison)]}
    return where_tree(inner, in_element=True)


def _key(path: Path, in_element: bool) -> str:
    words = GROUPS if not in_element else (*GROUPS, *RESERVED)
    return f'["{path.parts[0]}"]' if len(path.parts) == 1 and path.parts[0] in words else path.text
