"""The report of an experiment: shares with Wilson's intervals, lift over the control, and silence where there is too little to say."""

from math import erfc, exp, log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.reports.experiments import VariantCounts, Verdict, experiment_report, lift, share

Z = 1.959963984540054
"""The normal distribution's quantile of 97.5 %."""


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Wilson's interval, written out (Wilson 1927)."""
    p, n = part / whole, whole
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def katz(a: int, n: int, b: int, m: int) -> tuple[float, float]:
    """The interval of the ratio of two shares, written out (Katz and others 1978)."""
    ratio, error = (a / n) / (b / m), sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    return exp(log(ratio) - Z * error) - 1, exp(log(ratio) + Z * error) - 1


def z_test(a: int, n: int, b: int, m: int) -> float:
    """The two-sided p-value of the z-test with the pooled share, written out."""
    pooled = (a + b) / (n + m)
    z = (a / n - b / m) / sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return erfc(abs(z) / sqrt(2))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_a_share_has_wilsons_interval(counts: tuple[int, int]) -> None:
    found = share(*counts)
    assert found is not None
    assert found.value == counts[0] / counts[1]
    assert (found.low, found.high) == pytest.approx(wilson(*counts), abs=1e-9)


counts = st.integers(40, 5000).flatmap(lambda people: st.tuples(st.integers(10, people - 10), st.just(people)))


@settings(max_examples=40, deadline=None)
@given(counts, counts)
def test_a_lift_is_the_ratio_of_shares_with_its_interval_and_test(variant: tuple[int, int], control: tuple[int, int]) -> None:
    found = lift(*variant, *control)
    expected = (
        min(variant[1], control[1])
        * min(variant[0] + control[0], variant[1] + control[1] - variant[0] - control[0])
        / (variant[1] + control[1])
    )
    if expected < 5:
        assert found.verdict is Verdict.TOO_SMALL
        return
    low, high = katz(*variant, *control)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6, abs=1e-9)
    assert found.p_value == pytest.approx(z_test(*variant, *control), rel=1e-6, abs=1e-12)
    assert found.value == pytest.approx((variant[0] / variant[1]) / (control[0] / control[1]) - 1)
    assert found.verdict is (Verdict.BETTER if low > 0 else Verdict.WORSE if high < 0 else Verdict.UNCLEAR)


@pytest.mark.parametrize(
    ("counted", "verdict"),
    [
        ((300, 1000, 200, 1000), Verdict.BETTER),
        ((200, 1000, 300, 1000), Verdict.WORSE),
        ((210, 1000, 200, 1000), Verdict.UNCLEAR),
        ((3, 10, 1, 10), Verdict.TOO_SMALL),
        ((0, 1000, 200, 1000), Verdict.WORSE),
        ((20, 1000, 0, 1000), Verdict.BETTER),
        ((0, 1000, 0, 1000), Verdict.TOO_SMALL),
        ((0, 0, 20, 1000), Verdict.TOO_SMALL),
        ((20, 1000, 0, 0), Verdict.TOO_SMALL),
    ],
)
def test_the_verdict(counted: tuple[int, int, int, int], verdict: Verdict) -> None:
    found = lift(*counted)
    assert found.verdict is verdict
    assert (found.p_value is None) is (verdict is Verdict.TOO_SMALL)
    of_nothing = 0 in (counted[0], counted[2])
    assert (found.low is None) is (of_nothing or verdict is Verdict.TOO_SMALL)
    if of_nothing and verdict is not Verdict.TOO_SMALL:
        assert found.value == (-1.0 if counted[0] == 0 else None) and found.p_value is not None and found.p_value < 0.001


def test_variants_are_compared_with_the_control() -> None:
    report = experiment_report(
        [
            VariantCounts("a", False, 1000, 300, sent=950, delivered=900, opened=500, clicked=100),
            VariantCounts("b", False, 1000, 210, sent=0),
            VariantCounts("nobody", True, 1000, 200),
        ]
    )
    a, b, control = report
    assert (a.lift and a.lift.verdict, b.lift and b.lift.verdict, control.lift) == (Verdict.BETTER, Verdict.UNCLEAR, None)
    assert a.delivered is not None
    assert a.delivered.value == 900 / 950
    assert (b.delivered, control.opened) == (None, None)
    assert control.converted is not None
    assert control.converted.value == 0.2


def test_without_a_control_there_is_no_lift() -> None:
    report = experiment_report([VariantCounts("a", False, 1000, 300), VariantCounts("b", False, 1000, 200)])
    assert [one.lift for one in report] == [None, None]
