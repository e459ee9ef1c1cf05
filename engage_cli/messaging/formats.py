"""Numbers, money and dates as a person reads them: the filters that depend on language and zone. By Babel, whose data is Unicode's CLDR."""

import re
from collections.abc import Callable, Iterable
from copy import copy
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError, dates, lists, numbers
from babel.numbers import NumberPattern

from engage_cli.messaging.problems import RenderError
from engage_cli.messaging.remembering import remembered

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_SPACES = {ord("\u00a0"): " ", ord("\u202f"): " "}
"""Spaces that CLDR puts between numbers and their units. In a text message each would make it one of UCS-2, at twice the price."""
_LONGEST_FRACTION = 20


class Formats:
    """The filters, for the person that is written to. `plain_spaces` for channels where an unusual space costs.

    `zone` is the person's, `project_zone` that of data without an offset, `now` the instant that the message is of.
    """

    def __init__(self, project_zone: tzinfo = UTC, *, plain_spaces: bool = False) -> None:
        self.project_zone = project_zone
        self.locale = locale_of("en")
        self.zone = project_zone
        self.now: datetime | None = None
        self._spaces = _SPACES if plain_spaces else None
        self._filters: dict[str, Callable[..., str]] = {}

    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters by the names that templates have for them, the same ones whoever asks. From the first use the locale stays."""
        if not self._filters:
            kept = (self.number, self.percent, self.money, self.plural, self.country)
            own: dict[str, Callable[..., str]] = {one.__name__: remembered(one) for one in kept}
            in_zone = {"date": self.in_date, "time": self.in_time, "datetime": self.in_datetime}
            own |= {name: self._by_zone(function) for name, function in in_zone.items()}
            self._filters = own | {"relative": self.relative, "listed": self.listed}
        return self._filters

    def _by_zone(self, function: Callable[..., str]) -> Callable[..., str]:
        """A filter whose results are kept for each zone."""
        kept = remembered(lambda _zone, *args, **kwargs: function(*args, **kwargs))
        return lambda *args, **kwargs: kept(str(self.zone), *args, **kwargs)

    def number(self, value: Any, digits: int | None = None) -> str:
        """`3408` as `3,408`, `3 408` …: with as many decimals as it has, or `digits` of them."""
        pattern = self.locale.decimal_formats[None]
        return self._said(_with_fraction(pattern, _fraction(digits)).apply(_number(value), self.locale))

    def percent(self, value: Any, digits: int | None = 0) -> str:
        """`0.2` as `20%`."""
        pattern = self.locale.percent_formats[None]
        return self._said(_with_fraction(pattern, _fraction(digits)).apply(_number(value), self.locale))

    def money(self, value: Any, currency: str, digits: int | None = None) -> str:
        """`12.5` and `GBP` as `£12.50`: with the currency's own decimals, or `digits` of them."""
        code = _currency(currency)
        pattern = self.locale.currency_formats["standard"]
        fraction = _fraction(numbers.get_currency_precision(code) if digits is None else digits)
        return self._said(_with_fraction(pattern, fraction).apply(_number(value), self.locale, currency=code, currency_digits=False))

    def in_date(self, value: Any, format: str = "medium") -> str:  # noqa: A002
        """A day: `short`, `medium`, `long`, `full`, or a pattern of CLDR such as `EEEE d MMMM`."""
        return self._said(dates.format_date(self._day(value), format, locale=self.locale))

    def in_time(self, value: Any, format: str = "short") -> str:  # noqa: A002
        """A time of day in the person's zone."""
        return self._said(dates.format_time(self._moment(value), format, tzinfo=self.zone, locale=self.locale))

    def in_datetime(self, value: Any, format: str = "medium") -> str:  # noqa: A002
        """A day and a time in the person's zone; of a bare date the day."""
        if not isinstance(_date(value), datetime):
            return self.in_date(value, format)
        return self._said(dates.format_datetime(self._moment(value), format, tzinfo=self.zone, locale=self.locale))

    def relative(self, value: Any) -> str:
        """`in 3 days`, `2 hours ago`: from the instant of the message."""
        if self.now is None:
            raise RenderError("value", "`relative` needs the instant of the message")
        return self._said(dates.format_timedelta(self._moment(value) - self.now, add_direction=True, locale=self.locale))

    def plural(self, value: Any, *, other: str, **forms: str) -> str:
        """The word that goes with a number in the language: `plural(one="day", other="days")`."""
        return forms.get(self.locale.plural_form(_number(value)), other)

    def listed(self, values: Iterable[Any], style: Literal["standard", "or", "unit"] = "standard") -> str:
        """`a, b and c`; `style="or"`: `a, b or c`."""
        if style not in ("standard", "or", "unit"):
            raise RenderError("value", "`style` is `standard`, `or` or `unit`")
        return self._said(lists.format_list([str(value) for value in values], style=style, locale=self.locale))

    def country(self, value: Any) -> str:
        """`FR` as `France`; a code that is none stays as it is."""
        return str(self.locale.territories.get(str(value).upper(), value))

    # ---- what values are -------------------------------------------------------------------------------------------

    def _said(self, text: str) -> str:
        return text.translate(self._spaces) if self._spaces is not None else text

    def _moment(self, value: Any) -> datetime:
        """An instant; a bare date is its first, in the project's zone."""
        found = _date(value)
        if not isinstance(found, datetime):
            found = datetime(found.year, found.month, found.day, tzinfo=self.project_zone)
        return found if found.tzinfo is not None else found.replace(tzinfo=self.project_zone)

    def _day(self, value: Any) -> date:
        """A day; of an instant, the one in the person's zone."""
        found = _date(value)
        return self._moment(found).astimezone(self.zone).date() if isinstance(found, datetime) else found


def _number(value: Any) -> Decimal:
    """A number, or text that reads as one."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = value.strip()
    elif isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise RenderError("value", f"{_shown(value)} is no number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise RenderError("value", f"{_shown(value)} is no number") from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise RenderError("value", f"{_shown(value)} is no number that anybody could read")
    return number


@lru_cache(maxsize=256)
def _with_fraction(pattern: NumberPattern, fraction: tuple[int, int] | None) -> NumberPattern:
    """A pattern that writes so many decimals; as many as it says itself where none are given."""
    changed = copy(pattern)
    if fraction is not None:
        changed.frac_prec = fraction
    return changed


def _fraction(digits: int | None) -> tuple[int, int] | None:
    if digits is None:
        return None
    if not 0 <= digits <= _LONGEST_FRACTION:
        raise RenderError("value", f"`digits` is from 0 to {_LONGEST_FRACTION}")
    return digits, digits


def _date(value: Any) -> date:
    if isinstance(value, date):
        return value
    text = value.strip() if isinstance(value, str) else ""
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        raise RenderError("value", f"{_shown(value)} is no date") from None


def _shown(value: Any) -> str:
    """A value as a message says it: the value itself is somebody's, so of a long one the beginning."""
    text = repr(value)
    return f"`{text[:40]}…`" if len(text) > 41 else f"`{text}`"


@cache
def _currency(code: str) -> str:
    if not isinstance(code, str) or not numbers.is_currency(code):
        raise RenderError("value", f"{_shown(code)} is no currency; currencies are such as `GBP`, `EUR`")
    return code


@cache
def locale_of(language: str) -> Locale:
    """The locale of a language tag; of one that CLDR does not know that of the language alone, else English."""
    for tag in (language, language.partition("-")[0], "en"):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    raise AssertionError("there is always English")


@cache
def zone_of(name: str) -> tzinfo | None:
    """An IANA zone by its name, None for what is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
