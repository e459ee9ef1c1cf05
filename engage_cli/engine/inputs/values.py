"""A value where it stands in a file, and its readings: JSON, a typed column, a field of a struct or map, a cell of text.

All are read to the same staged columns (plan/needs.py), whatever the format; docs/values.md says how.
"""

from collections.abc import Sequence
from typing import assert_never

from duckdb.sqltypes import DuckDBPyType
from msgspec import Struct

from engage_cli.engine.inputs.instants import Zones, text_instant, typed_instant
from engage_cli.engine.inputs.nested import as_json, children
from engage_cli.engine.lowering import pointer
from engage_cli.engine.template import Sql, literal, sql
from engage_cli.plan.needs import Reading

INTEGERS = frozenset({"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint", "uhugeint"})
FLOATS = frozenset({"float", "double"})
NESTED = frozenset({"list", "array", "struct", "map"})
SQL_TYPES = {
    Reading.TEXT: "VARCHAR",
    Reading.NUMBER: "DOUBLE",
    Reading.BOOLEAN: "BOOLEAN",
    Reading.INSTANT: "TIMESTAMP",
    Reading.PRESENT: "BOOLEAN",
    Reading.ELEMENTS: "JSON[]",
    Reading.VALUE: "JSON",
}
"""The staged column of each reading."""


def nothing(reading: Reading) -> Sql:
    """The column of a value that is nowhere."""
    return Sql(f"CAST(NULL AS {SQL_TYPES[reading]})")


class JsonValue(Struct, frozen=True):
    """The value at `names` in the JSON (or valid JSON text) `document`."""

    document: Sql
    names: tuple[str, ...] = ()

    @property
    def sql(self) -> Sql:
        """The JSON at the place; NULL where it leads nowhere."""
        if not self.names:
            return self.document
        return sql("json_extract({document}, {pointer})", document=self.document, pointer=literal(pointer(self.names)))

    def at(self, names: Sequence[str], zones: Zones) -> "JsonValue":
        """What stands further in."""
        return JsonValue(self.document, (*self.names, *names))

    def read(self, reading: Reading, zones: Zones) -> Sql:
        """A reading of it."""
        text = sql("text_of_json({json})", json=self.sql)
        match reading:
            case Reading.TEXT:
                return text
            case Reading.NUMBER:
                return sql("number_of_text({text})", text=text)
            case Reading.BOOLEAN:
                return sql("boolean_of_text({text})", text=text)
            case Reading.INSTANT:
                # A number is no instant, even one that looks like a year: its text never has the dashes of a date.
                return text_instant(text, zones)
            case Reading.PRESENT:
                return sql("is_present({json})", json=self.sql)
            case Reading.ELEMENTS:
                return sql("elements_of_json({json})", json=self.sql)
            case Reading.VALUE:
                return sql("CASE WHEN is_present({json}) THEN CAST({json} AS JSON) END", json=self.sql)
        assert_never(reading)


class TypedValue(Struct, frozen=True):
    """A column, or a field of a struct or map, of a DuckDB type."""

    sql: Sql
    type: DuckDBPyType

    def at(self, names: Sequence[str], zones: Zones) -> "Value | None":
        """What stands further in; None where the type says that nothing does."""
        if not names:
            return self
        if self.type.id == "struct":
            fields = children(self.type)
            field = sql("struct_extract({value}, {name})", value=self.sql, name=literal(names[0]))
            return typed(field, fields[names[0]]).at(names[1:], zones) if names[0] in fields else None
        if self.type.id == "map" and children(self.type)["key"].id == "varchar":
            entry = sql("map_extract_value({value}, {name})", value=self.sql, name=literal(names[0]))
            return typed(entry, children(self.type)["value"]).at(names[1:], zones)
        if self.type.id in NESTED:
            return JsonValue(as_json(self.sql, self.type, zones), tuple(names))
        return None

    def read(self, reading: Reading, zones: Zones) -> Sql:
        """A reading of it."""
        text = self._text(zones)
        match reading:
            case Reading.TEXT:
                return text or nothing(reading)
            case Reading.NUMBER:
                return self._number()
            case Reading.BOOLEAN:
                if self.type.id == "boolean":
                    return self.sql
                return sql("boolean_of_text({text})", text=text) if text and self._is_text else nothing(reading)
            case Reading.INSTANT:
                instant = typed_instant(self.sql, self.type.id, zones)
                return instant or (text_instant(text, zones) if text and self._is_text else nothing(reading))
            case Reading.PRESENT:
                if self.type.id in NESTED:
                    return sql("CASE WHEN {value} IS NOT NULL THEN TRUE END", value=self.sql)
                instant = typed_instant(self.sql, self.type.id, zones)
                return sql("CASE WHEN {value} IS NOT NULL THEN TRUE END", value=instant or text or Sql("NULL"))
            case Reading.ELEMENTS:
                return sql("elements_of_json({json})", json=self._json(zones)) if self.type.id in ("list", "array") else nothing(reading)
            case Reading.VALUE:
                return self._json(zones)
        assert_never(reading)

    @property
    def _is_text(self) -> bool:
        return not (self.type.id in INTEGERS | FLOATS | NESTED | {"decimal", "boolean", "date"} or self.type.id.startswith("timestamp"))

    def _text(self, zones: Zones) -> Sql | None:
        """The text reading, None for what has none."""
        if self.type.id in NESTED:
            return None
        instant = typed_instant(self.sql, self.type.id, zones)
        if self.type.id == "date":
            return sql("CASE WHEN {instant} IS NOT NULL THEN CAST({value} AS VARCHAR) END", instant=instant or Sql("NULL"), value=self.sql)
        if instant is not None:
            return sql("text_of_instant({instant})", instant=instant)
        if self.type.id in FLOATS:
            return sql("text_of_double({value})", value=self._double())
        if self.type.id == "decimal":
            return sql("text_of_number(CAST({value} AS VARCHAR))", value=self.sql)
        return sql("nullif(CAST({value} AS VARCHAR), '')", value=self.sql)

    def _double(self) -> Sql:
        # A FLOAT is what its own shortest digits say: 0.1, not 0.10000000149.
        return sql("CAST(CAST({value} AS VARCHAR) AS DOUBLE)", value=self.sql) if self.type.id == "float" else self.sql

    def _number(self) -> Sql:
        if self.type.id in FLOATS:
            return sql("finite_number({value})", value=self._double())
        if self.type.id in INTEGERS or self.type.id == "decimal":
            return sql("CAST({value} AS DOUBLE)", value=self.sql)
        if self._is_text:
            return sql("number_of_text(CAST({value} AS VARCHAR))", value=self.sql)
        return nothing(Reading.NUMBER)

    def _json(self, zones: Zones) -> Sql:
        """The value as JSON, NULL where it is missing; instants as their text."""
        if self.type.id in NESTED:
            return as_json(self.sql, self.type, zones)
        text = self._text(zones) or Sql("NULL")
        if self.type.id in INTEGERS | FLOATS | {"decimal"}:
            return sql("CAST({text} AS JSON)", text=text)
        return sql("to_json({value})", value=self.sql if self.type.id == "boolean" else text)


class Cell(Struct, frozen=True):
    """A text column of a file: text, or a list or an object where it holds the JSON of one."""

    sql: Sql

    @property
    def _nested(self) -> Sql:
        nested = "CASE WHEN (starts_with({cell}, '[') OR starts_with({cell}, '{{')) AND json_valid({cell}) THEN {cell} END"
        return sql(nested, cell=self.sql)

    @property
    def may_be_list(self) -> Sql:
        """A condition that holds wherever there is a list."""
        return sql("starts_with({cell}, '[')", cell=self.sql)

    def at(self, names: Sequence[str], zones: Zones) -> "Value":
        """What stands further in."""
        return JsonValue(self._nested, tuple(names)) if names else self

    def read(self, reading: Reading, zones: Zones) -> Sql:
        """A reading of it."""
        text = sql("CASE WHEN {nested} IS NULL THEN nullif({cell}, '') END", nested=self._nested, cell=self.sql)
        match reading:
            case Reading.TEXT:
                return text
            case Reading.NUMBER:
                return sql("number_of_text({cell})", cell=self.sql)
            case Reading.BOOLEAN:
                return sql("boolean_of_text({cell})", cell=self.sql)
            case Reading.INSTANT:
                return text_instant(self.sql, zones)
            case Reading.PRESENT:
                return sql("CASE WHEN {cell} <> '' THEN TRUE END", cell=self.sql)
            case Reading.ELEMENTS:
                return sql("elements_of_json({nested})", nested=self._nested)
            case Reading.VALUE:
                return sql("coalesce(CAST({nested} AS JSON), to_json({text}))", nested=self._nested, text=text)
        assert_never(reading)


Value = JsonValue | TypedValue | Cell


def typed(value: Sql, value_type: DuckDBPyType) -> Value:
    """A value of a DuckDB type, JSON among them."""
    return JsonValue(value) if str(value_type) == "JSON" else TypedValue(value, value_type)


def column(value: Sql, value_type: DuckDBPyType) -> Value:
    """A plain column of a file."""
    return Cell(value) if value_type.id == "varchar" and str(value_type) != "JSON" else typed(value, value_type)
