"""Lists, structs and maps of Parquet as JSON, with the leaves spelled as their readings want them."""

from duckdb.sqltypes import DuckDBPyType

from engage_cli.engine.inputs.instants import Zones, typed_instant
from engage_cli.engine.template import Sql, identifier, literal, sql

_AS_NUMBER = frozenset({"decimal", "hugeint", "uhugeint", "float"})
_AS_TEXT = frozenset({"time", "interval", "uuid", "blob", "bit", "time with time zone", "time_ns"})


def as_json(value: Sql, value_type: DuckDBPyType, zones: Zones) -> Sql:
    """The JSON of a nested value: numbers keep their digits, instants are their text, what is no finite number is null."""
    spelled = _spelled(value, value_type, zones, 0)
    return sql("to_json({value})", value=value if spelled is None else spelled)


def _spelled(value: Sql, value_type: DuckDBPyType, zones: Zones, depth: int) -> Sql | None:
    """The value with each leaf as to_json should have it; None where it can stay as it is."""
    kind = value_type.id
    if kind in ("list", "array"):
        return _list(value, children(value_type)["child"], zones, depth)
    if kind == "struct":
        return _struct(value, value_type, zones, depth)
    if kind == "map":
        return _map(value, value_type, zones, depth)
    if kind == "double":
        return sql("finite_number({value})", value=value)
    if kind in _AS_NUMBER:
        return sql("CAST(text_of_number(CAST({value} AS VARCHAR)) AS JSON)", value=value)
    if kind == "date":
        return sql("CAST({value} AS VARCHAR)", value=value)
    if kind in _AS_TEXT:
        return sql("CAST({value} AS VARCHAR)", value=value)
    instant = typed_instant(value, kind, zones)
    return None if instant is None else sql("text_of_instant({instant})", instant=instant)


def children(value_type: DuckDBPyType) -> dict[str, DuckDBPyType]:
    """The types inside a nested type, by name (`child` of a list, `key` and `value` of a map)."""
    return {name: child for name, child in value_type.children if isinstance(child, DuckDBPyType)}


def _list(value: Sql, child: DuckDBPyType, zones: Zones, depth: int) -> Sql | None:
    element = identifier(f"element {depth}")
    spelled = _spelled(sql("{element}", element=element), child, zones, depth + 1)
    return (
        None
        if spelled is None
        else sql("list_transform({value}, lambda {element}: {spelled})", value=value, element=element, spelled=spelled)
    )


def _struct(value: Sql, value_type: DuckDBPyType, zones: Zones, depth: int) -> Sql | None:
    fields = {name: sql("struct_extract({value}, {name})", value=value, name=literal(name)) for name in children(value_type)}
    spelled = {name: _spelled(fields[name], child, zones, depth) for name, child in children(value_type).items()}
    if not any(spelled.values()):
        return None
    parts = [sql("{name} := {field}", name=identifier(name), field=spelled[name] or fields[name]) for name in fields]
    return sql("CASE WHEN {value} IS NOT NULL THEN struct_pack({parts}) END", value=value, parts=parts)


def _map(value: Sql, value_type: DuckDBPyType, zones: Zones, depth: int) -> Sql | None:
    values = _list(sql("map_values({value})", value=value), children(value_type)["value"], zones, depth)
    return None if values is None else sql("map(map_keys({value}), {values})", value=value, values=values)
