"""Destinations: where changes of membership go, as calls or as lists of identifiers."""

import re
from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.paths import Path
from engage_cli.source import Span


class Call(StrEnum):
    """The Segment call that an events destination takes."""

    TRACK = "track"
    IDENTIFY = "identify"


class EventsDestination(Struct, frozen=True):
    """A destination that takes changes of membership as `track` or `identify` calls, one a line of `format`.

    `each_user`: of audiences of accounts it is told of each user of an account, instead of the account.
    `max_change`, of `guard`: the greatest share of an audience that may change in one run without being allowed by hand, in millionths.
    """

    name: str
    format: str
    call: Call
    span: Span
    max_change: int | None = None
    each_user: bool = False

    @property
    def meaning(self) -> tuple[object, ...]:
        """What its files rest on, as a value with a stable text."""
        return (self.name, self.format, self.call.value, *(("each user",) if self.each_user else ()))


class Rules(StrEnum):
    """Whose rules bring the values of a list into one form."""

    PLAIN = "plain"
    META = "meta"
    GOOGLE = "google"


class Form(StrEnum):
    """What a value is, which says how it is brought into the one form that is compared (or hashed, and the hashes compared)."""

    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"
    CITY = "city"
    STATE = "state"
    ZIP = "zip"
    COUNTRY = "country"
    GENDER = "gender"
    BIRTH_DATE = "birth_date"
    BIRTH_YEAR = "birth_year"
    BIRTH_MONTH = "birth_month"
    BIRTH_DAY = "birth_day"
    ID = "id"
    TEXT = "text"
    NONE = "none"

    @property
    def tells_who(self) -> bool:
        """Whether such a value tells a person from others."""
        return self in (Form.EMAIL, Form.PHONE, Form.NAME, Form.ID)

    @property
    def tells_nobody(self) -> bool:
        """Whether many people have each such value; of a text that can be anything it is not known."""
        return not self.tells_who and self not in (Form.TEXT, Form.NONE)


class ListColumn(Struct, frozen=True):
    """A column of a list: its name in the files, the trait that it holds, in which form, and whether as a SHA-256 (lower-case hex).

    `tells_who`: a row of which no such column has a value is of nobody that the destination could know, and is not sent.
    """

    name: str
    trait: Path
    form: Form
    hashed: bool
    span: Span
    tells_who: bool = True


class Region(Struct, frozen=True):
    """The country whose phone numbers come without a country code: of the trait, where that names one, else the code (ISO 3166)."""

    code: str | None
    trait: Path | None = None


class ListDestination(Struct, frozen=True):
    """A destination that takes lists: one row a member with the identifiers that it knows people by. `max_change` as of events."""

    name: str
    format: str
    columns: tuple[ListColumn, ...]
    rules: Rules
    region: Region | None
    span: Span
    max_change: int | None = None

    @property
    def traits(self) -> tuple[Path, ...]:
        """The traits that a row is made of, each once."""
        region = self.region.trait if self.region is not None and self.needs_region else None
        return tuple(dict.fromkeys([*(column.trait for column in self.columns), *([region] if region is not None else [])]))

    @property
    def needs_region(self) -> bool:
        """Whether there are phones in it."""
        return any(column.form is Form.PHONE for column in self.columns)

    @property
    def meaning(self) -> tuple[object, ...]:
        """What its files rest on, as a value with a stable text."""
        columns = tuple((one.name, one.trait.text, one.form.value, one.hashed, one.tells_who) for one in self.columns)
        region = (self.region.code, self.region.trait.text if self.region.trait else None) if self.region else None
        return (self.name, self.format, "list", self.rules.value, columns, region)


Destination = EventsDestination | ListDestination


_FORMS = {
    Form.EMAIL: ("email", "em", "mail", "emailaddress"),
    Form.PHONE: ("phone", "ph", "phonenumber", "mobile", "mobilephone", "mobilenumber", "tel", "telephone"),
    Form.NAME: ("fn", "ln", "firstname", "lastname", "givenname", "familyname", "surname", "forename"),
    Form.CITY: ("ct", "city", "town"),
    Form.STATE: ("st", "state", "province"),
    Form.ZIP: ("zip", "zp", "zipcode", "postcode", "postalcode"),
    Form.COUNTRY: ("country", "countrycode", "regioncode"),
    Form.GENDER: ("gen", "ge", "gender", "sex"),
    Form.BIRTH_DATE: ("dob", "db", "birthday", "birthdate", "dateofbirth"),
    Form.BIRTH_YEAR: ("doby", "birthyear", "yearofbirth"),
    Form.BIRTH_MONTH: ("dobm", "birthmonth"),
    Form.BIRTH_DAY: ("dobd",),
    Form.ID: (
        *("userid", "accountid", "customerid", "externid", "externalid", "uid", "membernumber"),
        *("madid", "idfa", "aaid", "gaid", "adid", "mobileadid", "deviceid", "devicetoken"),
    ),
}
_BY_WORD = {word: form for form, words in _FORMS.items() for word in words}
_BESIDE = re.compile(r"sha_?256|hash(?:ed)?|[^a-z]")


def form_of(*names: str) -> Form:
    """What a column is by the first of some names that says it, such as `Email`, `phone_2`, `hashed_email`, `fn`; NONE where none does.

    The words are the headers that Meta and Google ask for (see docs/destinations.md), and what such traits are usually called.
    """
    found = (_BY_WORD.get(_BESIDE.sub("", name.lower())) for name in names)
    return next((form for form in found if form is not None), Form.NONE)
