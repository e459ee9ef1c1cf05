"""What a plain YAML scalar means: the core schema of YAML 1.2, dates and instants, and nothing else.

PyYAML's own resolver follows YAML 1.1 (`no` is false, `12:30` is 750), so that none of it is used.
"""

import math
import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from engage_cli.definitions.values import Boolean, Day, Instant, Literal, Number, Text

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,30}))?)?(?: ?(?:([Zz])|([-+])(\d{2})(?::?(\d{2}))?))?", re.ASCII
)

_MAX_DIGITS = 40
_LARGEST_WHOLE = 2**53
"""Numbers compare as doubles; beyond this, neighbours are equal."""


class ScalarError(ValueError):
    """A plain scalar that is not allowed to stand: a stable `code`, what is wrong, and what to write."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


@lru_cache(maxsize=10_000)
def resolve_plain(text: str) -> Literal | None:
    """The value of an unquoted scalar. None is null.

    Raises ScalarError for what would be read as something that its author can hardly have meant.
    """
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return Boolean(_BOOLEANS[text])
    if text[0] in "-+.0123456789":
        return _number(text) or _moment(text) or Text(text)
    return Text(text)


def _number(text: str) -> Number | None:
    if "_" in text and _is_number(without := text.replace("_", "")):
        hint = f'write `{_short(without)}`, or quote it if it is text: "{_short(text)}"'
        raise ScalarError("number", f"a number takes no `_`, and `{_short(text)}` reads as one", hint)
    if _NOT_FINITE.fullmatch(text):
        raise ScalarError("number", f"`{text}` is no number that anything can be compared with", f'quote it if it is text: "{text}"')
    if _INTEGER.fullmatch(text):
        return _whole(text)
    if _HEXADECIMAL.fullmatch(text):
        return Number(_exact(int(text[2:], 16), text)) if len(text) <= _MAX_DIGITS else _too_long(text)
    if _OCTAL.fullmatch(text):
        return Number(_exact(int(text[2:], 8), text)) if len(text) <= _MAX_DIGITS else _too_long(text)
    if _FLOAT.fullmatch(text):
        return _fraction(text)
    return None


def _is_number(text: str) -> bool:
    return any(form.fullmatch(text) for form in (_INTEGER, _HEXADECIMAL, _OCTAL, _FLOAT))


def _whole(text: str) -> Number:
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0":
        number = f"{'-' if text[0] == '-' else ''}{digits.lstrip('0') or '0'}"
        hint = f'write `{_short(number)}` for the number, or quote it if it is text: "{_short(text)}"'
        raise ScalarError("number", f"`{_short(text)}` begins with a zero: it could be a number or an identifier", hint)
    if len(digits) > _MAX_DIGITS:
        return _too_long(text)
    return Number(_exact(int(text), text))


def _fraction(text: str) -> Number:
    if len(text) > _MAX_DIGITS:
        return _too_long(text)
    value = float(text)
    if math.isinf(value):
        raise ScalarError("number", f"the number `{text}` is too large", "numbers go up to about 1.8e308")
    if value == 0 and re.search(r"[1-9]", re.split(r"[eE]", text)[0]):
        raise ScalarError("number", f"the number `{text}` is too small to be told from 0", "write 0")
    return Number(int(value) if value.is_integer() and abs(value) <= _LARGEST_WHOLE else value)


def _exact(value: int, text: str) -> int:
    if abs(value) > _LARGEST_WHOLE:
        raise ScalarError(
            "number",
            f"the number `{_short(text)}` is too large to be compared exactly",
            f'quote it if it is an identifier: "{_short(text)}"; exact numbers go up to {_LARGEST_WHOLE}',
        )
    return value


def _too_long(text: str) -> Number:
    raise ScalarError("number", f"the number `{_short(text)}` has too many digits", "quote it if it is text")


def _short(text: str) -> str:
    return text if len(text) <= _MAX_DIGITS else f"{text[:_MAX_DIGITS]}…"


def _moment(text: str) -> Day | Instant | None:
    try:
        if match := _DATE.fullmatch(text):
            year, month, day = map(int, match.groups())
            return Day(date(year, month, day))
        if match := _INSTANT.fullmatch(text):
            return Instant(_instant(match))
    except (ValueError, OverflowError) as error:
        reason = str(error) if isinstance(error, ValueError) else "out of range"
        raise ScalarError(
            "date", f"`{text}` reads as a date or an instant, and there is no such one ({reason})", f'quote it if it is text: "{text}"'
        ) from None
    return None


def _instant(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute = (int(match[group]) for group in range(1, 6))
    fraction = int((match[7] or "0").ljust(6, "0")[:6])
    return datetime(year, month, day, hour, minute, int(match[6] or 0), fraction, tzinfo=_offset(match)).replace(fold=0)


def _offset(match: re.Match[str]) -> timezone | None:
    if match[8]:
        return UTC
    if not match[9]:
        return None
    hours, minutes = int(match[10]), int(match[11] or 0)
    if hours > 18 or minutes > 59:
        raise ValueError("offset from UTC must be between -18:00 and +18:00")
    return timezone((1 if match[9] == "+" else -1) * timedelta(hours=hours, minutes=minutes))
