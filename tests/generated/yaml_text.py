"""Definitions as YAML text, by the 1.2 core rules of language.md: what is text is quoted unless it can be nothing else."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

_PLAIN_TEXT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*( [A-Za-z0-9_]+)*")
_NOT_TEXT = {"true", "false", "null"}
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


def definitions_to_yaml(definitions: Sequence[Mapping[str, Any]], *, flow: bool = False) -> str:
    """Several definitions as one file, `---` between them."""
    return "---\n".join(to_yaml(definition, flow=flow) for definition in definitions)


def to_yaml(definition: Mapping[str, Any], *, flow: bool = False) -> str:
    """One definition in block style, or (`flow`) all its values in flow style on one line a key."""
    if flow:
        return "".join(f"{_scalar(key)}: {_flow(value)}\n" for key, value in definition.items())
    return "".join(f"{line}\n" for line in _block(definition))


def _block(value: Any) -> list[str]:
    if isinstance(value, Mapping) and value:
        return [line for key, child in value.items() for line in _entry(_scalar(key), child)]
    if isinstance(value, list) and value:
        return [f"{'- ' if first else '  '}{line}" for child in value for first, line in _marked(_block(child))]
    return [_flow(value)]


def _entry(key: str, child: Any) -> list[str]:
    lines = _block(child)
    if isinstance(child, Mapping | list) and child:
        return [f"{key}:", *(f"  {line}" for line in lines)]
    return [f"{key}: {lines[0]}"]


def _marked(lines: Sequence[str]) -> list[tuple[bool, str]]:
    return [(position == 0, line) for position, line in enumerate(lines)]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(child) for child in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value if _PLAIN_TEXT.fullmatch(value) and value.lower() not in _NOT_TEXT else _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no YAML text")


def _quoted(text: str) -> str:
    """A double-quoted scalar, which is JSON's but for characters that YAML does not print."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def _instant(instant: datetime) -> str:
    """`2026-01-05T09:00Z`, with seconds and their fraction only where there are any, without an offset if it has none."""
    text = instant.strftime("%Y-%m-%dT%H:%M")
    if instant.second or instant.microsecond:
        text += instant.strftime(":%S")
    if instant.microsecond:
        text += f".{instant.microsecond:06}".rstrip("0")
    return text + _offset(instant.utcoffset())


def _offset(offset: timedelta | None) -> str:
    if offset is None:
        return ""
    if not offset:
        return "Z"
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{'-' if offset < timedelta(0) else '+'}{minutes // 60:02}:{minutes % 60:02}"
