"""A question as a lazy query of Polars."""

from datetime import datetime, timedelta

import polars as pl

from benchmarks.questions import Compare, Leaf, Measure, Question


def question_frame(question: Question, events: pl.LazyFrame, as_of: datetime) -> pl.LazyFrame:
    """One column `user_id`: who is in the answer as of that instant (UTC). `events` has the raw columns."""
    everyone = events.filter(pl.col("timestamp") <= as_of).select("user_id").unique()
    first, *others = [leaf_frame(leaf, events, as_of) for leaf in question.all_of] or [everyone]
    for leaf in others:
        first = first.join(leaf, on="user_id", how="semi")
    for without in question.none_of:
        first = first.join(leaf_frame(without, events, as_of), on="user_id", how="anti")
    return first


def leaf_frame(leaf: Leaf, events: pl.LazyFrame, as_of: datetime) -> pl.LazyFrame:
    """Each user of a leaf, once."""
    time = pl.col("timestamp")
    measure = leaf.measure
    begin = None if leaf.within is None else as_of - timedelta(days=leaf.within)
    tests = [] if leaf.event == "*" else [pl.col("event") == leaf.event]
    tests.append(time <= as_of - timedelta(days=leaf.until))
    if begin and not (measure and measure.kind == "first_time"):
        tests.append(time > begin)
    tests += [_compared(pl.col(compare.key), compare) for compare in leaf.where]
    matching = events.filter(*tests)
    if measure is None:
        return matching.select("user_id").unique()
    grouped = matching.group_by("user_id").agg(_measured(measure).alias("measured"))
    if measure.kind == "first_time":
        met = grouped.filter(pl.col("measured") > begin) if begin else grouped
    else:
        met = grouped.filter(_compared(pl.col("measured"), measure))
    return met.select("user_id")


def _compared(left: pl.Expr, compare: Compare | Measure) -> pl.Expr:
    value = compare.value
    if isinstance(value, tuple):
        return left.is_in(list(value))
    match compare.operator:
        case "starts_with":
            return left.str.starts_with(str(value))
        case "gte":
            return left >= value
        case "gt":
            return left > value
        case _:
            return left == value


def _measured(measure: Measure) -> pl.Expr:
    time = pl.col("timestamp")
    match measure.kind:
        case "count":
            return pl.len()
        case "days":
            return time.dt.date().n_unique()
        case "unique":
            return pl.col(measure.key).drop_nulls().n_unique()
        case "earliest":
            return pl.col(measure.key).sort_by("timestamp", "message_id").first()
        case "latest":
            return pl.col(measure.key).sort_by("timestamp", "message_id").last()
        case "first_time":
            return time.min()
        case "sum":
            return pl.col(measure.key).sum()
        case "avg":
            return pl.col(measure.key).mean()
        case "max":
            return pl.col(measure.key).max()
