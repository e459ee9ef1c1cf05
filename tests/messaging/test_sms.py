"""Segments of an SMS, with the numbers of 3GPP TS 23.038 and 23.040."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.messaging.sms import Encoding, measure


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", Encoding.GSM_7, 0, 0),
        ("a" * 160, Encoding.GSM_7, 160, 1),
        ("a" * 161, Encoding.GSM_7, 161, 2),
        ("a" * 306, Encoding.GSM_7, 306, 2),
        ("a" * 307, Encoding.GSM_7, 307, 3),
        ("€" * 80, Encoding.GSM_7, 160, 1),
        ("[" * 81, Encoding.GSM_7, 162, 2),
        ("a" * 152 + "€" + "a" * 152, Encoding.GSM_7, 306, 3),  # the escape and its character stay together
        ("ñÑéàΩ§", Encoding.GSM_7, 6, 1),
        ("á", Encoding.UCS_2, 1, 1),
        ("’" * 70, Encoding.UCS_2, 70, 1),
        ("’" * 71, Encoding.UCS_2, 71, 2),
        ("’" * 134, Encoding.UCS_2, 134, 2),
        ("’" * 135, Encoding.UCS_2, 135, 3),
        ("😀" * 35, Encoding.UCS_2, 70, 1),
        ("😀" * 67, Encoding.UCS_2, 134, 3),  # 33 fit into a part, and half of one does not
    ],
)
def test_segments(text: str, encoding: Encoding, units: int, segments: int) -> None:
    found = measure(text)
    assert (found.encoding, found.units, found.segments) == (encoding, units, segments)


def test_what_makes_it_dear_is_named() -> None:
    assert measure("Don’t – 5\u202f€").because == ("–", "’", "\u202f")
    assert measure("€").because == ()


@given(st.text(alphabet="a€[é’😀\n", max_size=400))
def test_parts_are_filled_one_after_the_other(text: str) -> None:
    """Counted again the slow way: characters put into parts while there is room."""
    found = measure(text)
    wide = {Encoding.GSM_7: set("€["), Encoding.UCS_2: set("😀")}[found.encoding]
    sizes = [2 if char in wide else 1 for char in text]
    alone, room = {Encoding.GSM_7: (160, 153), Encoding.UCS_2: (70, 67)}[found.encoding]
    parts = [0] if text else []
    for size in sizes if sum(sizes) > alone else []:
        if parts[-1] + size > room:
            parts.append(0)
        parts[-1] += size
    assert (found.units, found.segments) == (sum(sizes), len(parts))
