"""The YAML text of a definition, read by the 1.2 core rules with dates and instants, is the definition again."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from tests.generated.backend import FRESH
from tests.generated.strategies import cases
from tests.generated.yaml_text import definitions_to_yaml, to_yaml
from tests.reference import Case
from tests.reference.examples import local

_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")


def read(text: str) -> list[Any]:
    """Every document of a YAML text, by the core rules."""
    return [_value(node) for node in yaml.compose_all(text, Loader=yaml.BaseLoader)]


def _value(node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {_value(key): _value(child) for key, child in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(child) for child in node.value]
    return _plain(node.value) if node.style is None else node.value


def _plain(text: str) -> Any:
    words = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
    if text in words:
        return words[text]
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if _NUMBER.fullmatch(text):
        return int(text) if re.fullmatch(r"[-+]?[0-9]+", text) else float(text)
    if _DATE.fullmatch(text):
        return date.fromisoformat(text)
    return datetime.fromisoformat(text) if _INSTANT.fullmatch(text) else text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Order Completed", "Order Completed"),
        ("no", "no"),
        ("true", '"true"'),
        ("NULL", '"NULL"'),
        ("12", '"12"'),
        ("012", '"012"'),
        ("1e3", '"1e3"'),
        ("12:30", '"12:30"'),
        ("2026-01-05", '"2026-01-05"'),
        ("2 hours", '"2 hours"'),
        ("items[].sku", '"items[].sku"'),
        ("*", '"*"'),
        ("a: b # c", '"a: b # c"'),
        ('say "hi"\n', '"say \\"hi\\"\\n"'),
        ("\x85\u2028\ufeff", '"\\u0085\\u2028\\ufeff"'),
        ("é", '"é"'),
        (12, "12"),
        (-0.5, "-0.5"),
        (1e-07, "1e-07"),
        (True, "true"),
        (date(2026, 1, 5), "2026-01-05"),
        (local("2026-01-05 09:00"), "2026-01-05T09:00"),
        (local("2026-01-05 09:00:30"), "2026-01-05T09:00:30"),
        (datetime(2026, 1, 5, 9, 0, 0, 250000, tzinfo=UTC), "2026-01-05T09:00:00.25Z"),
        (datetime(2026, 1, 5, 9, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-01-05T09:00+05:30"),
        (datetime(2026, 1, 5, 9, tzinfo=timezone(timedelta(hours=-4))), "2026-01-05T09:00-04:00"),
        ([1, "a"], "[1, a]"),
        ({"a b": [{"c": 1}]}, "{a b: [{c: 1}]}"),
    ],
)
def test_text_of_a_value(value: Any, text: str) -> None:
    written = to_yaml({"key": value}, flow=True)
    assert written == f"key: {text}\n"
    assert read(written) == [{"key": value}]


def test_block_style() -> None:
    definition = {
        "audience": "vips",
        "members": {"all": [{"event": ["A", "B"], "where": {"tags[]": "x"}}, {"not": {"trait": "n", "eq": 1}}]},
    }
    lines = [
        *("audience: vips", "members:", "  all:"),
        *("    - event:", "        - A", "        - B", "      where:", '        "tags[]": x'),
        *("    - not:", "        trait: n", "        eq: 1", ""),
    ]
    assert to_yaml(definition) == "\n".join(lines)
    assert read(to_yaml(definition)) == [definition]


@settings(max_examples=100, backend=FRESH, derandomize=True, database=None, deadline=None)
@given(cases())
def test_generated_definitions_come_back(case: Case) -> None:
    for flow in (False, True):
        assert read(definitions_to_yaml(case.definitions, flow=flow)) == list(case.definitions)
