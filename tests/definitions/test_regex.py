"""What is certainly no RE2 pattern is refused; everything that DuckDB takes is let through."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_cli.definitions.regex import regex_problem

GOOD = r"""
    a ^a$ []a] [^]a] [[:alpha:]_] \(\)\[\] \Q(a[\E (?i)a (?i:a) (?P<n>a) (?:a|b)* a{2,3} a{,3} { a{ } ] a*? \pN [\]] a|b (|a) ^*
""".split()
BAD = [
    *r"( ) [ [a [] *a + ? (*a) a|* (?=a) (?!a) (?<=a) (?<!a) (?>a) (a)\1 \ a\ (?#c) a{1001} a{2,5000} (?P=n)".split(),
    "a" * 20_000,
]


@pytest.mark.parametrize("pattern", GOOD)
def test_good_patterns(pattern):
    assert regex_problem(pattern) is None
    duckdb.execute("select regexp_matches('x', ?)", [pattern])


@pytest.mark.parametrize("pattern", BAD, ids=lambda pattern: pattern[:20])
def test_bad_patterns(pattern):
    assert regex_problem(pattern) is not None


@given(st.text(alphabet=r"ab1(){}[]*+?|^$.\,:=!<>PiQE-", max_size=12))
def test_what_is_refused_is_no_pattern_for_the_engine_either(pattern):
    if regex_problem(pattern) is not None:
        with pytest.raises(duckdb.Error):
            duckdb.execute("select regexp_matches('x', ?)", [pattern])
