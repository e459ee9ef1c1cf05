"""What a journey asks on the way: its conditions by where they stand, and the values that it reads."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from engage_cli.definitions.conditions import Condition
from engage_cli.definitions.journey import EntryOn, EntryWhen, ExitWhen, Journey
from engage_cli.definitions.journey_steps import Delay, Fork, Hold, SetTrait, Split, Sync, UntilValue
from engage_cli.definitions.paths import Path
from engage_cli.definitions.values import ContextRef, StepRef, TraitRef, Value
from engage_cli.plan.checks import OfContext, OfTrait
from engage_cli.plan.needs import Reading

ENTRY = "entry"
ZONE = "person's zone"


def conditions_of(journey: Journey) -> dict[str, Condition]:
    """Every condition of a journey, by `entry`, `exit.<number>`, or `<step>.<branch>`."""
    return dict(_conditions(journey))


def _conditions(journey: Journey) -> Iterator[tuple[str, Condition]]:
    match journey.entry:
        case EntryOn(condition=condition) if condition is not None:
            yield ENTRY, condition
        case EntryWhen(condition=condition):
            yield ENTRY, condition
        case _:
            pass
    for number, rule in enumerate(journey.exits):
        if isinstance(rule, ExitWhen):
            yield f"exit.{number}", rule.condition
    for step in journey.all_steps():
        if isinstance(step, Hold | Split | Fork):
            for branch in step.branches:
                if branch.when is not None:
                    yield f"{step.id}.{branch.name}", branch.when


class Read(Struct, frozen=True):
    """A value that is read from a subject, in one reading."""

    reference: OfTrait | OfContext
    reading: Reading


class Literal(Struct, frozen=True):
    """A value that is the same for everybody."""

    value: Value


Asked = Read | Literal


def values_of(journey: Journey, person_zone: Path | None) -> Mapping[str, Asked]:
    """Every value that a journey reads: `<delay>.until` as an instant, `<set>.to` and `<sync>.<property>` as they stand, the person's
    zone."""
    return dict(_values(journey, person_zone))


def _values(journey: Journey, person_zone: Path | None) -> Iterator[tuple[str, Asked]]:
    if person_zone is not None:
        yield ZONE, Read(OfTrait(person_zone), Reading.TEXT)
    for step in journey.all_steps():
        match step:
            case Delay(wait=UntilValue(value=value)):
                yield f"{step.id}.until", _asked(value, Reading.INSTANT)
            case SetTrait(to=value):
                yield f"{step.id}.to", _asked(value, Reading.VALUE)
            case Sync(properties=properties):
                for name, value in properties:
                    yield f"{step.id}.{name}", _asked(value, Reading.VALUE)
            case _:
                pass


def _asked(value: Value, reading: Reading) -> Asked:
    match value:
        case TraitRef(path=path):
            return Read(OfTrait(path), reading)
        case ContextRef(path=path):
            return Read(OfContext(path), reading)
        case StepRef():
            raise AssertionError("a journey's step has no sequence around it")
        case _:
            return Literal(value)
