"""What is common to records: the same of Structs and of dataclasses."""

from dataclasses import dataclass
from typing import Any

import pytest
from msgspec import Struct

from engage_cli.plan.finding import found_in
from engage_cli.records import field_names, is_record, replace


class AStruct(Struct, frozen=True):
    name: str
    parts: tuple[object, ...] = ()


@dataclass(frozen=True)
class ADataclass:
    name: str
    parts: tuple[object, ...] = ()


BOTH = [AStruct("a"), ADataclass("a")]


@pytest.mark.parametrize("record", BOTH)
def test_a_record_has_fields_and_can_be_replaced(record: Any) -> None:
    assert is_record(record)
    assert field_names(record) == ("name", "parts")
    assert replace(record, name="b") == type(record)("b")
    assert record == type(record)("a")
    with pytest.raises(TypeError):
        replace(record, nam="b")


@pytest.mark.parametrize("thing", ["a", 1, None, (1,), {"name": 1}, AStruct, ADataclass])
def test_what_is_no_record(thing: object) -> None:
    assert not is_record(thing)


def test_parts_are_found_in_either() -> None:
    inner = AStruct("inner", (ADataclass("deep", (1,)),))
    assert list(found_in(ADataclass("outer", (inner, "x")), (int,))) == [1]
    assert list(found_in(inner, (ADataclass,))) == [ADataclass("deep", (1,))]
