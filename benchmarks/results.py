"""What a measurement gives: rows, of which one may be what the others are compared with."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

from benchmarks.process import Usage
from benchmarks.product import Build
from benchmarks.systems.call import Cost

ENGAGE = "engage"
BY_HAND = "hand-written SQL, store layout"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured. `cpu`: seconds of processor of the work alone, `process`: of the whole process, `wall`: seconds.

    `cpu` is None where the product does not say. `ratio` and `process_ratio` are this row's `cpu` and `process` over those of the row
    named `against`. `stages` is seconds of processor by stage. `problem` says why there are no numbers.
    """

    measurement: str
    system: str
    cpu: float | None = None
    process: float | None = None
    wall: float | None = None
    peak_mib: float | None = None
    ratio: float | None = None
    process_ratio: float | None = None
    against: str = ""
    note: str = ""
    problem: str = ""
    stages: dict[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """The row for JSON."""
        return asdict(self)


def of_process(measurement: str, system: str, usage: Usage, note: str = "") -> Row:
    """A row of a process of which the whole counts."""
    if usage.failed:
        return Row(measurement, system, note=note, problem=usage.problem)
    return Row(measurement, system, usage.cpu, usage.cpu, usage.wall, usage.peak_mib, note=note)


def of_build(measurement: str, system: str, build: Build, note: str = "") -> Row:
    """A row of a build, whose `cpu` is that of the stages that read and evaluate."""
    return replace(of_process(measurement, system, build.usage, note), cpu=build.evaluating, stages=build.stages)


def of_cost(measurement: str, system: str, cost: Cost, note: str = "") -> Row:
    """A row of a system that engage is compared with."""
    if cost.problem:
        return Row(measurement, system, note=note, problem=cost.problem)
    return Row(measurement, system, cost.cpu, cost.process, cost.wall, cost.peak_mib, note=note)


def compared(rows: Iterable[Row], against: str) -> list[Row]:
    """The rows with their ratios to the row of that system; as they are where that one has no numbers."""
    listed = list(rows)
    reference = next((row for row in listed if row.system == against and not row.problem), None)
    if reference is None:
        return listed
    return [
        replace(
            row,
            ratio=_ratio(row.cpu, reference.cpu),
            process_ratio=_ratio(row.process, reference.process),
            against=against,
        )
        for row in listed
    ]


def cheapest(builds: Iterable[Build]) -> Build:
    """The build of several equal ones that took the least processor time, or one that failed."""
    return min(builds, key=lambda build: (not build.usage.failed, build.usage.cpu))


def _ratio(value: float | None, reference: float | None) -> float | None:
    return None if value is None or not reference else value / reference
