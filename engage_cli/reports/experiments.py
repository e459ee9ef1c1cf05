"""What came of each variant of an experiment, and how it compares with the control. Rows in, report out.

People are compared as they were drawn: a variant's conversions count over all who were drawn for it, whether or not each got a message.
The statistics are SciPy's: Wilson's interval of a share (`binomtest(…).proportion_ci`), the two-proportion z-test as its square, the
chi-squared test without correction (`chi2_contingency`), and Katz's interval of the ratio of two shares (`relative_risk`), from which the
lift is. They rest on the normal distribution, which small numbers do not follow: where a cell of the two-by-two table is expected to hold
less than five (Cochran's rule), the report says that the sample is too small, and nothing else.
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

CONFIDENCE = 0.95
_LEAST_EXPECTED = 5.0


class VariantCounts(Struct, frozen=True):
    """A variant: how many people were drawn for it, and how many messages (`people`, of whom the goal was reached: `converted`)."""

    variant: str
    is_control: bool
    people: int
    converted: int
    sent: int = 0
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    bounced: int = 0


class Verdict(StrEnum):
    """What a comparison with the control comes to."""

    BETTER = "better"  # the whole interval lies above the control
    WORSE = "worse"  # the whole interval lies below it
    UNCLEAR = "unclear"  # the interval takes in no difference at all
    TOO_SMALL = "too_small"  # there are too few people to tell


class Share(Struct, frozen=True):
    """A share of people or messages, and the interval in which it lies with 95 % confidence."""

    value: float
    low: float
    high: float


class Lift(Struct, frozen=True):
    """How much more often (0.2: a fifth) the people of a variant converted than those of the control, its interval, and the p-value.

    All None where there are too few people; no interval where nobody converted, and no value where nobody of the control did.
    """

    verdict: Verdict
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


class VariantReport(Struct, frozen=True):
    """A variant with its shares: of messages sent those delivered, opened and clicked, of people those who converted.

    A share of nothing is None. `lift` is None for the control, and where there is none.
    """

    counts: VariantCounts
    delivered: Share | None
    opened: Share | None
    clicked: Share | None
    converted: Share | None
    lift: Lift | None


def experiment_report(variants: Sequence[VariantCounts]) -> tuple[VariantReport, ...]:
    """The report of an experiment; all controls together are what the others are compared with."""
    controls = [one for one in variants if one.is_control]
    people, converted = sum(one.people for one in controls), sum(one.converted for one in controls)
    return tuple(
        VariantReport(
            counts=one,
            delivered=share(one.delivered, one.sent),
            opened=share(one.opened, one.sent),
            clicked=share(one.clicked, one.sent),
            converted=share(one.converted, one.people),
            lift=None if one.is_control or not controls else lift(one.converted, one.people, converted, people),
        )
        for one in variants
    )


def share(part: int, whole: int) -> Share | None:
    """A share with Wilson's interval; None of nothing."""
    if whole == 0:
        return None
    from scipy.stats import binomtest  # imported here: a second that nothing else needs

    interval = binomtest(min(part, whole), whole).proportion_ci(CONFIDENCE, method="wilson")
    return Share(min(part, whole) / whole, float(interval.low), float(interval.high))


def lift(converted: int, people: int, control_converted: int, control_people: int) -> Lift:
    """The lift of a variant over the control."""
    if _is_too_small(converted, people, control_converted, control_people):
        return Lift(Verdict.TOO_SMALL)
    from scipy.stats import chi2_contingency
    from scipy.stats.contingency import relative_risk

    table = [[converted, people - converted], [control_converted, control_people - control_converted]]
    p_value = float(chi2_contingency(table, correction=False).pvalue)
    if not converted or not control_converted:  # a ratio of nothing, or to nothing, has no interval
        return Lift(_by_p_value(p_value, better=converted > 0), -1.0 if control_converted else None, None, None, p_value)
    ratio = relative_risk(converted, people, control_converted, control_people)
    interval = ratio.confidence_interval(CONFIDENCE)
    low, high = float(interval.low) - 1, float(interval.high) - 1
    verdict = Verdict.BETTER if low > 0 else Verdict.WORSE if high < 0 else Verdict.UNCLEAR
    return Lift(verdict, float(ratio.relative_risk) - 1, low, high, p_value)


def _by_p_value(p_value: float, *, better: bool) -> Verdict:
    if p_value >= 1 - CONFIDENCE:
        return Verdict.UNCLEAR
    return Verdict.BETTER if better else Verdict.WORSE


def _is_too_small(converted: int, people: int, control_converted: int, control_people: int) -> bool:
    """Whether a cell of the table is expected to hold less than five."""
    everybody, all_converted = people + control_people, converted + control_converted
    if not people or not control_people:
        return True
    fewest = min(people, control_people) * min(all_converted, everybody - all_converted) / everybody
    return fewest < _LEAST_EXPECTED
