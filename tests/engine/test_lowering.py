"""From the compiler's AST to DuckDB's SQL: what passes, what is refused, and what each function of our own means."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from math import fsum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from engage_cli.engine.base import Engine
from engage_cli.engine.lowering import TABLE, CompilerError, render, render_piece
from engage_cli.plan.instants import MOST_DAYS, Bound, Stretch, days_of
from engage_cli.sql import functions as f

AWKWARD = ["a.b", 'q"x', "it's", "$", "*", "[0]", "a[]", "~", "/", "a/b~c", "ü", "名", "", " ", "\\", "$.a", "\u202e", "0", "-", "a\nb"]


def value(engine: Engine, expression: exp.Expr) -> Any:
    """What an expression without columns is."""
    return engine.rows(exp.select(exp.alias_(expression, "x")))[0][0]


def json_literal(text: str) -> exp.Expr:
    return exp.cast(exp.Literal.string(text), "JSON")


def doubles(*values: float) -> exp.Expr:
    rows = [exp.Tuple(expressions=[exp.cast(exp.Literal.string(repr(value)), "DOUBLE")]) for value in values]
    alias = exp.TableAlias(this=exp.to_identifier("rows"), columns=[exp.to_identifier("v")])
    return exp.Values(expressions=rows, alias=alias)


def test_every_function_of_our_own_has_a_template() -> None:
    assert set(TABLE) == f.LOCAL_FUNCTIONS


@pytest.mark.parametrize("name", ["read_csv", "getenv", "E_SHELL", "current_setting"])
def test_a_function_that_is_not_known_is_a_bug_of_the_compiler(name: str) -> None:
    with pytest.raises(CompilerError, match=name):
        render(exp.select(exp.alias_(exp.Anonymous(this=name, expressions=[]), "x")))


def test_a_node_that_is_not_on_the_list_is_a_bug_of_the_compiler() -> None:
    with pytest.raises(CompilerError, match="Rand"):
        render(exp.select(exp.alias_(exp.Rand(), "x")))


def test_rendered_sql_is_laid_out_and_keeps_comments() -> None:
    query = exp.select(exp.alias_(exp.Literal.number(1), "one")).from_("events")
    query.add_comments(["who bought (campaigns/audiences/vip.yaml:3)"])
    assert render(query) == "/* who bought (campaigns/audiences/vip.yaml:3) */\nSELECT\n  1 AS one\nFROM events"


def test_a_comment_cannot_end_itself_or_its_line(engine: Engine) -> None:
    query = exp.select(exp.alias_(exp.Literal.number(1), "one"))
    query.add_comments(["*/ SELECT 2; --\n SELECT 3 \x00 \x1b[31m"])
    assert engine.rows(query) == [(1,)]
    assert "\x00" not in engine.render(query) and "\x1b" not in engine.render(query)


@given(st.text(max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_literal(engine: Engine, text: str) -> None:
    if text.encode("utf-8", "replace").decode() != text:
        return
    assert value(engine, exp.Literal.string(text)) == text


@given(st.text(max_size=12))
@settings(max_examples=200, deadline=None)
def test_names_and_literals_are_written_at_once_as_sqlglot_writes_them(text: str) -> None:
    for node in (exp.Literal.string(text.replace("\x00", "")), exp.to_identifier(text, quoted=True)):
        assert render_piece(node) == node.sql(dialect="duckdb")


@pytest.mark.parametrize("name", AWKWARD)
def test_names_of_json_are_taken_literally(engine: Engine, name: str) -> None:
    document = json.dumps({name: {name: "here"}, "other": 1})
    assert value(engine, f.e_text(f.e_json(json_literal(document), (name, name)))) == "here"


def test_digits_index_a_list_or_name_a_key(engine: Engine) -> None:
    document = json_literal('{"items": [{"sku": "a"}, {"sku": "b"}], "0": "key", "12": {"1": "inner"}}')
    for path, expected in {
        ("items", "1", "sku"): "b",
        ("0",): "key",
        ("12", "1"): "inner",
        ("items", "2", "sku"): None,
        ("items", "-1", "sku"): None,
        ("items", "sku"): None,
        ("nothing", "at", "all"): None,
    }.items():
        assert value(engine, f.e_text(f.e_json(document, path))) == expected, path


@pytest.mark.parametrize(
    ("elements", "expected"), [("[1, 2, 3]", True), ("[1]", False), ("[]", False), ("[null]", False), ('"no list"', False), ("null", False)]
)
def test_any_is_true_or_false_never_null(engine: Engine, elements: str, expected: bool) -> None:
    element = exp.column("x")
    predicate = exp.GT(this=f.e_num(f.e_text(element)), expression=exp.Literal.number(2))
    assert value(engine, f.e_any(f.e_elements(json_literal(elements)), "x", predicate)) is expected


def test_any_inside_any(engine: Engine) -> None:
    inner = f.e_any(f.e_elements(exp.column("x")), "y", exp.EQ(this=f.e_text(exp.column("y")), expression=exp.Literal.string("b")))
    assert value(engine, f.e_any(f.e_elements(json_literal('[["a"], ["b", "c"], 5]')), "x", inner)) is True


def test_each_gives_one_value_an_element(engine: Engine) -> None:
    assert value(engine, f.e_each(f.e_elements(json_literal('["a", 1.0, null, [2]]')), "x", f.e_text(exp.column("x")))) == [
        "a",
        "1",
        None,
        None,
    ]
    assert value(engine, f.e_each(f.e_elements(json_literal("5")), "x", f.e_text(exp.column("x")))) == []


def test_buckets_are_the_first_digits_of_md5(engine: Engine) -> None:
    for salt, key in [("x", "ann"), ("", "ünï"), ("2026", "it's")]:
        expected = int(md5(f"{salt}:{key}".encode()).hexdigest()[:8], 16)
        assert value(engine, f.e_bucket(salt, exp.Literal.string(key))) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=300, deadline=None)
def test_rounding_is_that_of_python(engine: Engine, number: float) -> None:
    assert value(engine, f.e_round(exp.cast(exp.Literal.string(repr(number)), "DOUBLE"))) == round(number, 9)


@pytest.mark.parametrize("number", [1 / 1024, 3 / 1024, 2.5e-10, 0.1 + 0.2, 12345678.9, 1e15 + 0.3, -0.0000000005])
def test_rounding_of_ties_and_large_numbers(engine: Engine, number: float) -> None:
    assert value(engine, f.e_round(exp.cast(exp.Literal.string(repr(number)), "DOUBLE"))) == round(number, 9)


def test_the_order_of_a_sum_does_not_show(engine: Engine) -> None:
    dice = random.Random(1)
    values = [dice.choice([0.1, 0.2, 0.7, 19.99, 1e-9, 1234567.89, -1234567.89, 1 / 3]) for _ in range(5000)]
    for order in (values, values[::-1], sorted(values)):
        query = exp.select(exp.alias_(f.e_round(f.e_sum(exp.column("v"))), "x")).from_(doubles(*order))
        assert engine.rows(query) == [(round(fsum(values), 9),)]


def test_a_sum_of_nothing_and_of_the_huge(engine: Engine) -> None:
    total = exp.alias_(f.e_sum(exp.column("v")), "x")
    assert engine.rows(exp.select(total).from_(doubles(1.5)).where("v > 2")) == [(None,)]
    assert engine.rows(exp.select(total).from_(doubles(1e300, 1.5, 1e18))) == [(1e300,)]


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [("abc", "b", True), ("abc", "^b", False), ("a\nb", "a.b", False), ("ab12", r"\d+$", True), ("é", "^.$", True), ("x", "(?i)X", True)],
)
def test_patterns_are_found_anywhere(engine: Engine, text: str, pattern: str, expected: bool) -> None:
    assert value(engine, f.e_match(exp.Literal.string(text), exp.Literal.string(pattern))) is expected


def test_parts_of_texts(engine: Engine) -> None:
    text, part = exp.Literal.string("50%_off'"), exp.Literal.string
    assert value(engine, f.e_contains(text, part("%_"))) is True
    assert value(engine, f.e_starts(text, part("50%"))) is True
    assert value(engine, f.e_ends(text, part("off'"))) is True
    assert value(engine, f.e_ends(text, part("%"))) is False


def test_seconds_are_exact(engine: Engine) -> None:
    start = exp.cast(exp.Literal.string("2026-03-29 00:30:00"), "TIMESTAMP")
    assert str(value(engine, f.e_plus(start, 86400))) == "2026-03-30 00:30:00"
    assert str(value(engine, f.e_plus(start, -1))) == "2026-03-29 00:29:59"


def test_full_days_since_what_is_missing_are_missing_too(engine: Engine) -> None:
    missing = exp.select(exp.alias_(exp.null(), "since")).subquery("nothing")
    days = f.e_full_days(exp.column("since", "nothing"), exp.cast(exp.Literal.string("2026-11-23"), "TIMESTAMP"))
    assert engine.rows(exp.select(exp.alias_(days, "x")).from_(missing)) == [(None,)]


FIRST = date(2024, 2, 1)


@given(count=st.integers(1, 400), data=st.data())
@settings(max_examples=25)
def test_the_distinct_days_of_each_group_are_counted_across_words(engine: Engine, count: int, data: st.DataObject) -> None:
    drawn = st.tuples(st.integers(0, 3), st.integers(0, count - 1) | st.just(count - 1))
    seen = data.draw(st.lists(drawn, min_size=1, max_size=40))
    rows = [exp.Tuple(expressions=[exp.Literal.number(key), exp.Literal.string(str(FIRST + timedelta(days=day)))]) for key, day in seen]
    names = exp.TableAlias(this=exp.to_identifier("rows"), columns=[exp.to_identifier("k"), exp.to_identifier("d")])
    days = f.e_days(exp.cast(exp.column("d"), "DATE"), FIRST, count)
    query = exp.select("k", exp.alias_(days, "days")).from_(exp.Values(expressions=rows, alias=names)).group_by("k")
    assert dict(engine.rows(query)) == {key: len({day for other, day in seen if other == key}) for key, _ in seen}


def test_a_stretch_has_every_day_that_it_has_in_some_zone() -> None:
    low, high = datetime(2026, 3, 1, 11, tzinfo=UTC), datetime(2026, 3, 3, 14, tzinfo=UTC)
    stretch = Stretch(Bound(low, inclusive=True), Bound(high, inclusive=True))
    assert days_of(stretch, datetime(2020, 1, 1, tzinfo=UTC)) == (date(2026, 2, 28), 5)
    assert days_of(stretch, datetime(2026, 3, 2, tzinfo=UTC)) == (date(2026, 3, 1), 4)
    assert days_of(Stretch(None, stretch.high), low) == (date(2026, 2, 28), 5)


def test_no_days_are_given_where_there_may_be_too_many_or_they_are_not_known() -> None:
    high = datetime(2026, 3, 3, tzinfo=UTC)
    stretch = Stretch(None, Bound(high, inclusive=True))
    assert days_of(stretch, None) is None
    assert days_of(Stretch(), high) is None
    assert days_of(stretch, high - timedelta(days=MOST_DAYS)) is None
    assert days_of(stretch, high + timedelta(days=9)) is None
