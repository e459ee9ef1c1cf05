"""Text to nodes: what scalars mean, where things stand, and what is refused."""

import time
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.definitions.values import Boolean, Day, Instant, Number, Text
from engage_cli.definitions.yaml_composer import MAX_DEPTH, MAX_NODES, compose
from engage_cli.definitions.yaml_nodes import Mapping, Node, Scalar, Sequence
from engage_cli.definitions.yaml_scalars import ScalarError, resolve_plain
from engage_cli.definitions.yaml_text import MAX_BYTES, decode

# ---- scalars -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", "no NO on off yes y 12:30 1:2:3 = 0b11 0o8 0xg 1.2.3 + - . e5 1e _1 nan inf".split())
def test_what_yaml_1_1_reads_otherwise_is_text(text):
    assert resolve_plain(text) == Text(text)


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_null(text):
    assert resolve_plain(text) is None


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False)]
)
def test_booleans(text, value):
    assert resolve_plain(text) == Boolean(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("0", 0), ("-0", 0), ("+12", 12), ("0x1F", 31), ("0o17", 15), ("1.0", 1), ("1e3", 1000), ("9007199254740992", 2**53)),
        *((".5", 0.5), ("-1.", -1), ("1.5e-3", 0.0015), ("1e300", 1e300)),
    ],
)
def test_numbers(text, value):
    found = resolve_plain(text)
    assert found == Number(value)
    assert isinstance(found, Number)
    assert type(found.value) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *"012 -007 00 1_000 1_0.5 0x_f .inf -.INF .NaN 9007199254740993 0xffffffffffffff 1e309 1e-999".split(),
        *("1" * 41, "1" * 5000, "0." + "1" * 50),
    ],
    ids=lambda text: text[:20],
)
def test_numbers_that_nobody_can_have_meant(text):
    with pytest.raises(ScalarError) as caught:
        resolve_plain(text)
    assert caught.value.code == "number"


def test_a_date():
    assert resolve_plain("2026-01-05") == Day(date(2026, 1, 5))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-05T09:00", datetime(2026, 1, 5, 9)),
        ("2026-01-05 09:00", datetime(2026, 1, 5, 9)),
        ("2026-01-05T09:00Z", datetime(2026, 1, 5, 9, tzinfo=UTC)),
        ("2026-01-05 09:00:30.250 Z", datetime(2026, 1, 5, 9, 0, 30, 250000, UTC)),
        ("2026-01-05T09:00:30.1234567+01", datetime(2026, 1, 5, 9, 0, 30, 123456, timezone(timedelta(hours=1)))),
        ("2026-01-05T09:00-0530", datetime(2026, 1, 5, 9, tzinfo=timezone(-timedelta(hours=5, minutes=30)))),
        ("2026-01-05T09:00+05:30", datetime(2026, 1, 5, 9, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
    ],
)
def test_instants(text, value):
    found = resolve_plain(text)
    assert found == Instant(value)
    assert isinstance(found, Instant)
    assert found.value.utcoffset() == value.utcoffset()


@pytest.mark.parametrize(
    "text",
    ["2026-02-30", "2026-13-01", "0000-01-01", "2026-01-05T24:00", "2026-01-05T09:60Z", "2026-01-05T09:00:60Z", "2026-01-05T09:00+19:00"],
)
def test_dates_that_do_not_exist(text):
    with pytest.raises(ScalarError) as caught:
        resolve_plain(text)
    assert caught.value.code == "date"


@pytest.mark.parametrize("text", ["2026-1-5", "05/01/2026", "2026-01", "2026-01-05T9:00", "2026-01-05T09", "２０２６-01-05"])
def test_what_is_nearly_a_date_is_text(text):
    assert resolve_plain(text) == Text(text)


@given(st.text(max_size=30))
def test_any_plain_text_has_one_meaning_or_a_reason(text):
    try:
        resolve_plain(text)
    except ScalarError as error:
        assert error.message
        assert error.hint


# ---- nodes ---------------------------------------------------------------------------------------------------------


def only(text: str) -> Node:
    composed = compose("f", text)
    assert not composed.issues
    (document,) = composed.documents
    return document


def codes(text: str) -> list[str]:
    return [issue.code for issue in compose("f", text).issues]


def test_quoted_is_text():
    node = only("[\"5\", 'true', \"2026-01-05\", '']")
    assert isinstance(node, Sequence)
    assert [item.value for item in node.items if isinstance(item, Scalar)] == [Text("5"), Text("true"), Text("2026-01-05"), Text("")]


def test_places_count_from_one_in_characters_and_end_after_the_last():
    node = only("é: [ü, {k: 'v'}]\nb:\n  - x\n  - y: 1\n\nc: 2\n")
    assert isinstance(node, Mapping)
    first, second, third = node.entries
    assert (first.key_span.line, first.key_span.column, first.key_span.end_column) == (1, 1, 2)
    assert isinstance(first.value, Sequence)
    inner = first.value.items[1]
    assert isinstance(inner, Mapping)
    assert (inner.span.column, inner.span.end_column) == (8, 16)
    assert (inner.entries[0].value.span.column, inner.entries[0].value.span.end_column) == (12, 15)
    assert (second.value.span.line, second.value.span.column, second.value.span.end_line, second.value.span.end_column) == (3, 3, 4, 9)
    assert (third.value.span.line, third.value.span.column) == (6, 4)


def test_documents_that_are_empty_are_left_out():
    assert len(compose("f", "---\n# nothing\n---\na: 1\n---\n...\n---\nb: 2\n").documents) == 2


def test_an_anchor_stands_for_its_value():
    node = only("a: &x [1, 2]\nb: *x\nc: &y 5\nd: *y\n")
    assert isinstance(node, Mapping)
    assert node.entries[0].value == node.entries[1].value
    assert node.entries[2].value == node.entries[3].value


def test_an_anchor_holds_for_its_document_only():
    assert codes("a: &x 1\n---\nb: *x\n") == ["alias"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{a: 1, a: 2}", "duplicate-key"),
        ("{a: 1, 'a': 2}", "duplicate-key"),
        ("{1: a}", "key"),
        ("{true: a}", "key"),
        ("{null: a}", "key"),
        ("{2026-01-05: a}", "key"),
        ("? [a]\n: 1", "key"),
        ("? {a: 1}\n: 1", "key"),
        ("? \n: 1", "key"),
        ("{<<: {a: 1}}", "merge-key"),
        ("a: !!str 1", "tag"),
        ("a: !x 1", "tag"),
        ("a: ! 1", "tag"),
        ("!!map {a: 1}", "tag"),
        ("a: !!python/name:os.system x", "tag"),
        ("a: &x [*x]", "alias"),
        ("a: &x {b: {c: *x}}", "alias"),
        ("a: *y", "alias"),
        ('a: "\\0"', "character"),
        ("a: [1", "yaml"),
        ("a: [", "yaml"),
        ("{: 1}", "yaml"),
        ("a: 'x", "yaml"),
        ("%YAML 3.0\n---\na: 1", "yaml"),
    ],
)
def test_what_is_refused(text, code):
    assert codes(text) == [code]


def test_quoted_text_may_look_like_a_merge_key_or_an_alias():
    node = only("{'<<': '*x', \"!a\": '&b'}")
    assert isinstance(node, Mapping)
    assert node.keys == ("<<", "!a")


def test_what_stands_before_a_broken_line_is_read():
    composed = compose("f", "a: 1\n---\nb: [1\n")
    assert len(composed.documents) == 1
    assert not composed.complete


def test_a_mapping_with_a_wrong_key_is_not_whole():
    composed = compose("f", "{1: a, b: 2}")
    node = composed.documents[0]
    assert isinstance(node, Mapping)
    assert node.keys == ("b",)
    assert not node.whole


# ---- hostile files -------------------------------------------------------------------------------------------------


def test_depth_is_bounded():
    assert codes("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []
    assert codes("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == ["too-deep"]


@pytest.mark.parametrize(
    "text",
    ["[" * 1_000_000, "{a: " * 200_000, "- " * 200_000, "? " * 200_000, "\n".join(" " * at + "a:" for at in range(2000))],
    ids=["lists", "mappings", "items", "keys", "indented"],
)
def test_deep_nesting_ends_early(text):
    assert codes(text) == ["too-deep"]


def test_depth_counts_through_aliases():
    nested = "".join(f"a{at + 1}: &a{at + 1} [*a{at}]\n" for at in range(MAX_DEPTH))
    assert codes(f"a0: &a0 [1]\n{nested}") == ["too-deep"]


def test_a_bomb_of_aliases_goes_off_in_no_time():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{at + 1}: &a{at + 1} [{', '.join([f'*a{at}'] * 9)}]\n" for at in range(9))
    started = time.perf_counter()
    assert codes(bomb) == ["too-large"]
    assert time.perf_counter() - started < 30


def test_the_number_of_values_is_bounded():
    assert codes("[" + "1," * (MAX_NODES + 1) + "]") == ["too-large"]


def test_problems_are_bounded():
    assert len(codes("[" + "!x 1," * 5000 + "]")) == 1000


@pytest.mark.parametrize(
    "text",
    [
        *("1_" * 500_000 + "x", "1" * 2_000_000, "2026-01-05T09:00:00." + "1" * 1_000_000),
        *("0x" + "f" * 1_000_000, "*" + "a" * 1_000_000, "'" + "''" * 500_000),
    ],
    ids=["underscores", "digits", "fraction", "hexadecimal", "alias", "quotes"],
)
def test_long_scalars_take_no_time(text):
    started = time.perf_counter()
    composed = compose("f", f"a: {text}")
    assert time.perf_counter() - started < 30
    assert all(len(issue.message) < 300 and len(issue.hint or "") < 300 for issue in composed.issues)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_breaks_the_composer(text):
    composed = compose("f", text)
    for issue in composed.issues:
        assert issue.span is not None
        assert issue.span.line >= 1
        assert issue.span.column >= 1


@given(st.text(alphabet="ab:-[]{},&*!|>'\"#%@ \n\t?<0.", max_size=60))
def test_no_punctuation_breaks_the_composer(text):
    compose("f", text)


# ---- bytes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        (b"a: 1\nb: \xff\xfe", "encoding", 2, 4),
        ("a: é\nb: ü\n".encode("latin-1"), "encoding", 1, 4),
        ("é: ".encode() + b"\xc3", "encoding", 1, 4),
        (b"a: 1\nb: x\x00y", "character", 2, 5),
        (b"a: \x1b[31m", "character", 1, 4),
        ("a: x\ufeff".encode(), "character", 1, 5),
        ("a: 1".encode("utf-16"), "encoding", 1, 1),
        ("a: 1".encode("utf-32-be"), "character", 1, 1),
        (b"a" * (MAX_BYTES + 1), "too-large", 1, 1),
    ],
)
def test_bytes_that_are_no_definition(content, code, line, column):
    _text, issue = decode("f", content)
    assert issue is not None
    assert issue.span is not None
    assert (issue.code, issue.span.line, issue.span.column) == (code, line, column)


def test_a_byte_order_mark_at_the_start_is_left_out():
    assert decode("f", b"\xef\xbb\xbfa: 1") == ("a: 1", None)


def test_line_ends_of_every_system_count():
    for end in ("\n", "\r\n", "\r"):
        node = only(f"a: 1{end}b: 2{end}")
        assert isinstance(node, Mapping)
        assert node.entries[1].key_span.line == 2
