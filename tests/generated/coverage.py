"""How often each kind, operator, window and measure was met and not met by a user, over generated conditions."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.reference.operators import OPERATORS, is_reference
from tests.reference.paths import EACH

Condition = Mapping[str, Any]

COMBINATIONS = ("all", "any", "none")
GROUPS = {*COMBINATIONS, "not"}
EVENT_KEYS = ["within", "between_ago", "since", "until", "period", "first_time", "regularly", "never", "where"]
MEASURES = ["count", "days", "sum", "avg", "min", "max", "unique", "earliest", "latest"]
KINDS = ("trait", "event", "sequence", "audience", "random", "everyone", "consent")
MAIN = ("event", "sequence", "operator", "reference", "consent")
SEQUENCE_KEYS = ["within", "since", "until", "period", "span", "order", "at_least", "without"]


@dataclass
class Coverage:
    """Users in and users out, by feature of the leaf that was asked."""

    met: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    not_met: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, leaf: Condition, members: int, others: int) -> None:
        """Count a leaf's outcomes for each of its features."""
        for feature in set(features(leaf)):
            self.met[feature] += members
            self.not_met[feature] += others

    @property
    def seen(self) -> set[str]:
        """Every feature that occurred."""
        return set(self.met) | set(self.not_met)

    def operators(self) -> set[str]:
        """Every operator that occurred, wherever."""
        return {feature.removeprefix("operator ") for feature in self.seen if feature.startswith("operator ") and "(" not in feature}

    def main_features(self) -> set[str]:
        """Kinds, their keys, and operators wherever they stand, but not each operator in each place."""
        return {feature for feature in self.seen if feature in KINDS or feature.split(" ")[0] in MAIN}

    def table(self) -> str:
        """One line a feature: how many users met the conditions that have it, how many did not."""
        lines = [f"{'feature':<42}{'met':>8}{'not met':>10}"]
        lines += [f"{feature:<42}{self.met[feature]:>8}{self.not_met[feature]:>10}" for feature in sorted(self.seen)]
        return "\n".join(lines)


def leaves_of(condition: Condition) -> Iterator[Condition]:
    """The conditions within that hold no other."""
    if "not" in condition:
        yield from leaves_of(condition["not"])
        return
    for combination in COMBINATIONS:
        if combination in condition:
            for part in condition[combination]:
                yield from leaves_of(part)
            return
    yield condition


def features(leaf: Condition) -> Iterator[str]:
    """The names of everything that a leaf makes use of: `trait eq`, `where contains`, `event within`, `sequence span`."""
    kind = next(kind for kind in KINDS if kind in leaf)
    yield kind
    match kind:
        case "trait":
            yield from _of_tests("trait", leaf)
        case "event":
            yield from _of_event(leaf)
        case "sequence":
            yield from _of_sequence(leaf)
        case "consent":
            yield from _of_consent(leaf["consent"])


def _of_event(leaf: Condition) -> Iterator[str]:
    yield from (f"event {key}" for key in EVENT_KEYS if key in leaf)
    yield from _of_where("where", leaf.get("where", {}))
    for measure in MEASURES:
        if measure in leaf:
            yield f"event {measure}"
            if measure in ("earliest", "latest"):
                yield from _of_where(measure, leaf[measure])
            elif isinstance(leaf[measure], Mapping):
                yield from _of_tests(measure, leaf[measure])


def _of_sequence(leaf: Condition) -> Iterator[str]:
    yield f"sequence order {leaf.get('order', 'then')}"
    yield from (f"sequence {key}" for key in SEQUENCE_KEYS if key in leaf)
    steps = leaf["sequence"]
    for position, step in enumerate(steps):
        if "not" in step:
            at_the_end = all("not" in later for later in steps[position:])
            yield f"sequence not {'at the end' if at_the_end else 'between'}"
        yield from (f"sequence step {key}" for key in ("within", "settled", "first_time", "as") if key in step)
        yield from _of_where("step where", step.get("not", step).get("where", {}))


def _of_consent(asked: Condition) -> Iterator[str]:
    about = "group" if "group" in asked else "channel"
    status = asked.get("status", "subscribed")
    yield f"consent {about} {status if isinstance(status, str) else 'several'}"


def _of_where(prefix: str, where: Condition) -> Iterator[str]:
    for key, wanted in where.items():
        if key in GROUPS:
            yield f"{prefix} {key}"
            for part in wanted if isinstance(wanted, list) else [wanted]:
                yield from _of_where(prefix, part)
        elif not isinstance(wanted, Mapping) or is_reference(wanted):
            yield from _of_tests(prefix, {"bare": wanted})
        elif set(wanted) <= OPERATORS:
            yield from _of_tests(prefix, wanted)
        else:
            yield f"{prefix} element"
            yield from _of_where(prefix, wanted)
        if EACH in key:
            yield f"{prefix} []"


def _of_tests(prefix: str, tests: Condition) -> Iterator[str]:
    for operator, operand in tests.items():
        if operator in OPERATORS or operator == "bare":
            yield f"{prefix} {operator}"
            yield f"operator {operator}"
            yield from _of_operand(operator, operand)


def _of_operand(operator: str, operand: Any) -> Iterator[str]:
    operands: Sequence[Any] = operand if isinstance(operand, list) else [operand]
    for one in operands:
        if is_reference(one):
            yield f"reference {next(iter(one))}"
            yield f"operator {operator} (reference)"
