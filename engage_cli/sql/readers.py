"""Where a value is read from: a typed column of a staged relation, the JSON of a list's element, or the user's id."""

from typing import Protocol

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.paths import Path
from engage_cli.errors import DataError
from engage_cli.plan.needs import Reading
from engage_cli.sql.functions import e_bool, e_elements, e_json, e_num, e_number_text, e_present, e_text, e_time, e_to_json
from engage_cli.sql.literals import column


class Reader(Protocol):
    """One value, in each of its readings; NULL is "does not read so"."""

    def read(self, reading: Reading) -> exp.Expr:
        """The expression of a reading."""
        ...

    @property
    def may_be_list(self) -> bool:
        """Whether the value can be a list for any subject; if not, nobody need look at its elements."""
        ...


class ColumnReader(Struct, frozen=True):
    """The typed columns of a relation. `prefix` tells the columns of one step from those of another."""

    table: str
    path: Path
    lists: frozenset[Path]
    prefix: str = ""

    def read(self, reading: Reading) -> exp.Expr:
        return column(f"{self.prefix}{self.path.text}:{reading.value}", self.table)

    @property
    def may_be_list(self) -> bool:
        return self.path in self.lists


class UserIdReader(Struct, frozen=True):
    """The subject's own id, which is text."""

    table: str
    zone: str

    def read(self, reading: Reading) -> exp.Expr:
        user_id = column("user_id", self.table)
        match reading:
            case Reading.TEXT | Reading.VALUE:
                return user_id
            case Reading.NUMBER:
                return e_num(user_id)
            case Reading.BOOLEAN:
                return e_bool(user_id)
            case Reading.INSTANT:
                return e_time(user_id, "UTC", self.zone)
            case Reading.PRESENT:
                return exp.true()
            case Reading.ELEMENTS:
                return exp.null()

    @property
    def may_be_list(self) -> bool:
        return False


class NumberReader(Struct, frozen=True):
    """A number that was computed; NULL where it is missing."""

    number: exp.Expr

    def read(self, reading: Reading) -> exp.Expr:
        match reading:
            case Reading.NUMBER:
                return exp.cast(self.number.copy(), "DOUBLE")
            case Reading.TEXT:
                return e_number_text(exp.cast(self.number.copy(), "DOUBLE"))
            case Reading.VALUE:
                return exp.cast(e_number_text(exp.cast(self.number.copy(), "DOUBLE")), "JSON")
            case Reading.PRESENT:
                return exp.not_(exp.Is(this=self.number.copy(), expression=exp.null()))
            case _:
                return exp.null()

    @property
    def may_be_list(self) -> bool:
        return False


class TextReader(Struct, frozen=True):
    """A text that was computed; NULL where it is missing. Its naive instants are in the project's zone."""

    text: exp.Expr
    zone: str

    def read(self, reading: Reading) -> exp.Expr:
        match reading:
            case Reading.TEXT:
                return self.text.copy()
            case Reading.NUMBER:
                return e_num(self.text)
            case Reading.BOOLEAN:
                return e_bool(self.text)
            case Reading.INSTANT:
                return e_time(self.text, self.zone, self.zone)
            case Reading.VALUE:
                return e_to_json(self.text)
            case Reading.PRESENT:
                return exp.not_(exp.Is(this=self.text.copy(), expression=exp.null()))
            case Reading.ELEMENTS:
                return exp.null()

    @property
    def may_be_list(self) -> bool:
        return False


class MissingReader(Struct, frozen=True):
    """What is nowhere: a path into a number or a text."""

    def read(self, _reading: Reading) -> exp.Expr:
        return exp.null()

    @property
    def may_be_list(self) -> bool:
        return False


class JsonReader(Struct, frozen=True):
    """A value inside an element of a list: JSON, read where it stands.

    `source_zone` is the zone of its naive instants, None where the sources of the list differ in it.
    """

    json: exp.Expr
    path: Path | None
    source_zone: str | None
    project_zone: str

    def read(self, reading: Reading) -> exp.Expr:
        value = self.json.copy() if self.path is None else e_json(self.json, self.path.parts)
        match reading:
            case Reading.TEXT:
                return e_text(value)
            case Reading.NUMBER:
                return e_num(e_text(value))
            case Reading.BOOLEAN:
                return e_bool(e_text(value))
            case Reading.INSTANT:
                return e_time(e_text(value), self._zone(), self.project_zone)
            case Reading.PRESENT:
                return e_present(value)
            case Reading.ELEMENTS:
                return e_elements(value)
            case Reading.VALUE:
                return value

    @property
    def may_be_list(self) -> bool:
        return True

    def _zone(self) -> str:
        if self.source_zone is None:
            raise DataError(
                "an element of a list is compared as a date, but the sources that hold such lists have different time zones",
                hint="give these sources the same `timezone` in engage.yaml",
            )
        return self.source_zone


class InstantReader(Struct, frozen=True):
    """A value of which only its reading as an instant is asked."""

    instant: exp.Expr

    def read(self, reading: Reading) -> exp.Expr:
        return self.instant.copy() if reading is Reading.INSTANT else exp.null()

    @property
    def may_be_list(self) -> bool:
        return False


class ElementReader(Struct, frozen=True):
    """One of the texts of a list, as JSON: the list of it alone (`whole`), or what stands somewhere in it."""

    element: exp.Expr
    zone: str
    whole: bool

    def read(self, reading: Reading) -> exp.Expr:
        if self.whole:
            return exp.Array(expressions=[self.element.copy()]) if reading is Reading.ELEMENTS else exp.null()
        return JsonReader(self.element, None, self.zone, self.zone).read(reading)

    @property
    def may_be_list(self) -> bool:
        return self.whole
