"""Sequences of two and three steps, beside ASOF joins written by hand."""

from benchmarks.measurements.fifty import build_questions, different
from benchmarks.rendering.sequences import SEQUENCES, sequence_sql
from benchmarks.results import BY_HAND, Row, compared, of_cost
from benchmarks.setting import Setting
from benchmarks.systems.call import call, store_keys


def sequences(setting: Setting, measurement: str = "sequences") -> list[Row]:
    """All sequences in one run, then each alone."""
    keys = store_keys(setting.database)
    found = []
    for title, chosen in ((measurement, SEQUENCES), *((f"{measurement}: {one.name}", (one,)) for one in SEQUENCES)):
        queries = {one.name: sequence_sql(one, keys, setting.as_of) for one in chosen}
        rows, answers = build_questions(setting, title, tuple(queries))
        if len(chosen) == 1:
            del rows[1:]
        by_hand = [call("ask_texts", queries=queries, database=str(setting.database)) for _ in range(setting.repeat)]
        cost = min(by_hand, key=lambda cost: (not cost.problem, cost.cpu))
        rows.append(of_cost(title, BY_HAND, cost))
        if not cost.problem:
            answers[BY_HAND] = cost.answers
        found += compared(rows, BY_HAND) + different(title, answers)
    return found
