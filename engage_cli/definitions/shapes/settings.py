"""Shapes of single settings of `engage.yaml`: zones, files, memory, times of day."""

import re
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from engage_cli.definitions.journey_steps import ClockTime
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.base import Shape
from engage_cli.definitions.shapes.scalar import TextShape, WholeNumber
from engage_cli.definitions.yaml_nodes import Node, shortened
from engage_cli.source import did_you_mean, nearest

_ZONE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
_NO_ZONES = ("posix/", "right/", "localtime", "posixrules", "Factory")
_MEMORY_PATTERN = r"^[1-9][0-9]*(?:\.[0-9]+)? ?(?:[KMGT]i?B)$"
_CLOCK_PATTERN = r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


@cache
def is_zone(name: str) -> bool:
    """Whether a name is an IANA time zone that is installed here."""
    if not _ZONE_NAME.fullmatch(name) or name.startswith(_NO_ZONES):
        return False
    try:
        return ZoneInfo(name).key == name
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder such as `Europe` is an OSError
        return False


@cache
def _zones() -> list[str]:
    return sorted(zone for zone in available_timezones() if not zone.startswith(_NO_ZONES))


def _zone_problem(name: str) -> tuple[str, str | None] | None:
    if is_zone(name):
        return None
    zones = _zones()
    cities = {zone.rsplit("/", 1)[-1]: zone for zone in zones}
    city = nearest(name.replace(" ", "_").rsplit("/", 1)[-1], cities)
    hint = did_you_mean(name, zones) or (
        f"did you mean `{cities[city]}`?" if city else "names are such as `Europe/London`, `America/New_York`, `UTC`"
    )
    return f"{shortened(name)} is no IANA time zone", hint


def _memory_problem(text: str) -> tuple[str, str | None] | None:
    if re.fullmatch(_MEMORY_PATTERN, text):
        return None
    return f"{shortened(text)} is no amount of memory", "write `4GB`, `512MB` or the like"


def _clock_problem(text: str) -> tuple[str, str | None] | None:
    if re.fullmatch(_CLOCK_PATTERN, text):
        return None
    return f"{shortened(text)} is no time of day", 'write "09:00", from "00:00" to "24:00"'


def _clock_time(text: str, _node: Node, _reading: Reading) -> ClockTime:
    hours, minutes = text.split(":")
    return ClockTime(int(hours) * 60 + int(minutes))


ZONE: Shape[str] = TextShape("an IANA time zone, such as `Europe/London`", check=_zone_problem, code="zone")
MEMORY: Shape[str] = TextShape("an amount of memory, such as `4GB`", check=_memory_problem, schema={"pattern": _MEMORY_PATTERN})
CLOCK: Shape[str] = TextShape('a time of day, such as "09:00"', check=_clock_problem, schema={"pattern": _CLOCK_PATTERN})
CLOCK_TIME: Shape[ClockTime] = CLOCK.then(_clock_time)
FILE_PATH: Shape[str] = TextShape("a path")
THREADS: Shape[int] = WholeNumber("a whole number from 1 to 1,024", at_least=1, at_most=1024)
