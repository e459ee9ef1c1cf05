"""Paths, from language.md and docs/values.md."""

import pytest

from tests.reference.paths import has_each, read_path, values_at
from tests.reference.values import Value

ORDER: Value = {
    "cart": {"total": 20, "items": [{"sku": "a", "tags": ["x", "y"]}, {"sku": "b", "tags": []}]},
    "items": [{"sku": "a"}, {"qty": 2}, "loose", None],
    "tags": ["x", "", None],
    "utm.source": "ads",
    "utm": {"source": "mail"},
    "lines": {"0": "zero"},
    "all": 1,
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("cart.total", [20]),
        ("cart.nothing", [None]),
        ("cart.total.deeper", [None]),
        ("nothing.at.all", [None]),
        ("items.0.sku", ["a"]),
        ("items.1.sku", [None]),
        ("items.2.sku", [None]),
        ("items.9", [None]),
        ("items.00.sku", [None]),
        ("cart.0", [None]),
        ("lines.0", ["zero"]),
        ("items[].sku", ["a", None, None, None]),
        ("items[]", [{"sku": "a"}, {"qty": 2}, "loose", None]),
        ("tags[]", ["x", "", None]),
        ("cart[]", []),
        ("cart.total[]", []),
        ("nothing[].sku", []),
        ("cart.items[].tags[]", ["x", "y"]),
        ("cart.items[].tags.0", ["x", None]),
        ("utm.source", ["mail"]),
        ('["utm.source"]', ["ads"]),
        ('["all"]', [1]),
        ('cart["total"]', [20]),
        ('["cart"].items[].sku', ["a", "b"]),
    ],
)
def test_values_at(path: str, values: list[Value]) -> None:
    assert values_at(ORDER, path) == values


def test_reading_paths() -> None:
    assert read_path('a["b.c"].0[].d') == ["a", "b.c", "0", None, "d"]
    assert read_path(r'["say \"hi\""]') == ['say "hi"']
    assert has_each("items[].sku")
    assert not has_each("items.0.sku")
