"""The properties of an events batch: a JSON column, a struct, a map, plain columns, or some of these together."""

import json
from collections.abc import Iterable, Sequence

from msgspec import Struct

from engage_cli.definitions.paths import Path
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.fields import column_name
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.values import Cell, JsonValue, TypedValue, Value, nothing
from engage_cli.engine.template import Sql, literal, sql
from engage_cli.errors import DataError
from engage_cli.plan.needs import Reading
from engage_cli.source import visible

DOCUMENT = JsonValue(Sql("document"))


class Properties(Struct, frozen=True):
    """Where properties are found.

    `document` makes the column `document`, the text of a JSON object or NULL, of the properties column where that is JSON;
    `unsound` says over it that there is something which is no object. `typed` is a struct or map. `plain` are the unmapped columns;
    a name in the properties column goes before them. `record` is the JSON object whose other names (not `mapped`) are properties too.
    """

    document: Sql
    unsound: Sql
    typed: TypedValue | None
    plain: dict[str, Value]
    record: JsonValue | None
    mapped: tuple[str, ...]

    @property
    def may_be_unsound(self) -> bool:
        """Whether there can be something in the properties column that is no object."""
        return self.document.text != "NULL"

    def parsed(self, *, cells: bool) -> list[Sql]:
        """The columns that it costs something to read properties from: JSON, and with `cells` plain ones too."""
        columns = [Sql("document")]
        if self.record is not None:
            columns.append(self.record.sql)
        return columns + [value.sql for value in self.plain.values() if cells]

    def read(self, path: Path, reading: Reading, zones: Zones) -> Sql:
        """A reading of a property."""
        names = [part for part in path.parts if isinstance(part, str)]
        found = [(own.read(Reading.PRESENT, zones), value.read(reading, zones)) for own, value in self._places(names, zones)]
        if not found:
            return nothing(reading)
        if len(found) == 1:
            return found[0][1]
        cases = [sql("WHEN {own} THEN {value}", own=own, value=value) for own, value in found[:-1]]
        return sql("CASE {cases} ELSE {last} END", cases=Sql(" ".join(case.text for case in cases)), last=found[-1][1])

    def may_be_list(self, path: Path) -> Sql | None:
        """A cheap condition that holds wherever the property is a list; None where there is none."""
        names = [part for part in path.parts if isinstance(part, str)]
        value = self.plain.get(names[0]) if len(names) == 1 else None
        alone = not self.may_be_unsound and self.typed is None and self.record is None
        return value.may_be_list if alone and isinstance(value, Cell) else None

    def _places(self, names: Sequence[str], zones: Zones) -> list[tuple[Value, Value]]:
        """The top-level value and the value itself at each place where a property may stand, the first one that is present winning."""
        roots: list[Value | None] = []
        if self.may_be_unsound:
            roots.append(DOCUMENT.at(names[:1], zones))
        if self.typed is not None:
            roots.append(self.typed.at(names[:1], zones))
        if names[0] in self.plain:
            roots.append(self.plain[names[0]])
        elif self.record is not None and names[0] not in self.mapped:
            roots.append(self.record.at(names[:1], zones))
        places = [(root, root.at(names[1:], zones)) for root in roots if root is not None]
        return [(root, value) for root, value in places if value is not None]

    def whole(self, zones: Zones) -> Sql:
        """All properties that are present, as the text of one JSON object."""
        objects = [self._plain_object(zones)] if self.plain else []
        if self.record is not None:
            without = "{" + ", ".join(f"{literal_json(name)}: null" for name in self.mapped) + "}"
            objects.append(sql("json_merge_patch({record}, {without})", record=self.record.sql, without=literal(without)))
        if self.typed is not None:
            objects.append(self.typed.read(Reading.VALUE, zones))
        if self.may_be_unsound:
            objects.append(Sql("document"))
        merged = Sql("'{}'")
        for one in objects:
            merged = sql("json_merge_patch({merged}, coalesce({one}, '{{}}'))", merged=merged, one=one)
        return sql("CAST({merged} AS VARCHAR)", merged=merged)

    def _plain_object(self, zones: Zones) -> Sql:
        pairs = [sql("{name}, {value}", name=literal(name), value=value.read(Reading.VALUE, zones)) for name, value in self.plain.items()]
        return sql("json_object({pairs})", pairs=pairs)


def literal_json(name: str) -> str:
    """A name as a JSON string."""
    return json.dumps(name)


def properties_of(batch: Batch, value: Value | None, unmapped: Iterable[str], fields: Iterable[str]) -> Properties:
    """Where the properties of a batch are. DataError for a properties column that can hold none."""
    plain = {} if batch.record is not None else {name: batch.columns[name] for name in unmapped}
    mapped = tuple(column_name(batch, field) for field in fields)
    nothing_here = Properties(Sql("NULL"), Sql("FALSE"), None, plain, batch.record, mapped)
    match value:
        case None:
            return nothing_here
        case TypedValue() if value.type.id in ("struct", "map"):
            return Properties(Sql("NULL"), Sql("FALSE"), value, plain, batch.record, mapped)
        case Cell() | JsonValue():
            raw = value.sql
            present = sql("{raw} <> ''", raw=raw) if isinstance(value, Cell) else sql("is_present({raw})", raw=raw)
            unsound = sql("coalesce({present}, FALSE) AND document IS NULL", present=present)
            macro = "object_of_text" if isinstance(value, Cell) else "object_of_json"
            return Properties(Sql(f"{macro}({raw})"), unsound, None, plain, batch.record, mapped)
        case _:
            name = visible(column_name(batch, "properties"))
            raise DataError(
                f"{batch.source.span}: the properties column `{name}` of `{visible(batch.files[0].shown)}` is of type {value.type}",
                hint="properties are a column of JSON objects, a struct or a map; else leave it unmapped: every other column is a property",
            )
