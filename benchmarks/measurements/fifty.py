"""One audience and fifty, beside SQL written by hand, Polars and ClickHouse. All answers are compared."""

from benchmarks.answers import Answer, differences
from benchmarks.questions import MIXES
from benchmarks.results import BY_HAND, ENGAGE, Row, cheapest, compared, of_build, of_cost
from benchmarks.setting import Setting
from benchmarks.systems.call import Cost, ask

ONE = ("lifetime_27",)
"""The one audience: a sum of revenue over all history."""


def one_audience(setting: Setting) -> list[Row]:
    """One audience of the lifetime mix."""
    return measure_questions(setting, "one_audience", "lifetime", ONE)


def fifty_lifetime(setting: Setting) -> list[Row]:
    """The fifty that look at all history, or at a year."""
    return measure_questions(setting, "fifty_lifetime", "lifetime")


def fifty_ninety(setting: Setting) -> list[Row]:
    """The fifty that look at ninety days at most."""
    return measure_questions(setting, "fifty_ninety", "ninety")


def measure_questions(
    setting: Setting, measurement: str, mix: str, only: tuple[str, ...] = (), *, by_hand_alone: bool = False
) -> list[Row]:
    """The questions of a mix, or those of `only`, asked of engage and of the others.

    `by_hand_alone` leaves out all others but hand-written SQL on the store's layout.
    """
    names = only or tuple(question.name for question in MIXES[mix].questions())
    rows, answers = build_questions(setting, measurement, names)
    sources = {BY_HAND: ("duckdb_store", str(setting.database))}
    if not by_hand_alone:
        for title, data in (("Parquet", setting.parquet), ("Parquet sorted by event", str(setting.sorted_parquet))):
            sources |= {f"hand-written SQL, {title}": ("duckdb_parquet", data)}
            sources |= {f"Polars, {title}": ("polars", data), f"ClickHouse, {title}": ("chdb", data)}
    for title, (system, data) in sources.items():
        cost = _cheapest([ask(system, mix, data, setting.as_of, only) for _ in range(setting.repeat)])
        rows.append(of_cost(measurement, title, cost))
        if not cost.problem:
            answers[title] = cost.answers
    return compared(rows, BY_HAND) + different(measurement, answers)


def build_questions(setting: Setting, measurement: str, names: tuple[str, ...]) -> tuple[list[Row], dict[str, dict[str, Answer]]]:
    """engage on a project whose store is made: a dry run, which is what is compared, and a first build, whose files are the answers."""
    project = setting.project
    note = "no event store" if setting.store.failed else "store made before"
    dry = cheapest([project.build(setting.as_of, names, dry_run=True) for _ in range(setting.repeat)])
    project.drop_state()
    real = project.build(setting.as_of, names)
    rows = [
        of_build(measurement, ENGAGE, dry, f"--dry-run; {note}"),
        of_build(measurement, f"{ENGAGE}, with state and files", real, "first build: everybody enters"),
    ]
    answers = {} if real.usage.failed else {ENGAGE: project.answers(names)}
    project.drop_state()
    return rows, answers


def different(measurement: str, answers: dict[str, dict[str, Answer]]) -> list[Row]:
    """A row for each question that is answered differently; none if all agree."""
    return [Row(measurement, "ANSWERS DIFFER", problem=difference) for difference in differences(answers)]


def _cheapest(costs: list[Cost]) -> Cost:
    return min(costs, key=lambda cost: (not cost.problem, cost.cpu))
