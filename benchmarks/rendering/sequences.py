"""Sequences of two and three steps, as audiences of engage and as SQL written by hand on the store's layout, with ASOF joins."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a sequence, at most `within` days after the step before it."""

    event: str
    within: int | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """Steps in order, within the last `days` days if that is set.

    `then_not` is an event that may not follow the last step for `hours` hours.
    """

    name: str
    steps: tuple[Step, ...]
    days: int | None = None
    then_not: str = ""
    hours: int = 0


SEQUENCES = (
    Sequence("two_steps", (Step("Product Viewed"), Step("Order Completed", 7))),
    Sequence("two_steps_90", (Step("Product Viewed"), Step("Order Completed", 7)), days=90),
    Sequence("three_steps", (Step("Product Viewed"), Step("Checkout Started", 7), Step("Order Completed", 7))),
    Sequence("three_steps_90", (Step("Page Viewed"), Step("Product Added", 7), Step("Order Completed", 7)), days=90),
    Sequence("abandoned", (Step("Checkout Started"),), then_not="Order Completed", hours=48),
    Sequence("abandoned_90", (Step("Product Viewed"), Step("Checkout Started", 7)), days=90, then_not="Order Completed", hours=48),
)


def sequence_yaml(sequence: Sequence) -> str:
    """The definition as one YAML document."""
    steps: list[dict[str, object]] = [
        {"event": step.event, **({"within": f"{step.within} days"} if step.within else {})} for step in sequence.steps
    ]
    if sequence.then_not:
        steps.append({"not": {"event": sequence.then_not}, "within": f"{sequence.hours} hours"})
    members = {"sequence": steps} | ({"within": f"{sequence.days} days"} if sequence.days else {})
    return f"audience: {sequence.name}\nmembers: {json.dumps(members)}\n"


def sequence_sql(sequence: Sequence, keys: dict[str, int], as_of: datetime) -> str:
    """One SELECT of the column `user_id`. `keys` gives each event name's key.

    A step keeps the users and times of its events that the steps before it lead to. The latest event before is enough to look at: an
    earlier one is further away.
    """

    def rows(event: str) -> str:
        window = f"ts > TIMESTAMP '{as_of - timedelta(days=sequence.days)}' AND " if sequence.days else ""
        return f"SELECT user_key, ts FROM events WHERE event_key = {keys[event]} AND {window}ts <= TIMESTAMP '{as_of}'"

    first, *others = sequence.steps
    reached = rows(first.event)
    for step in others:
        bound = f" WHERE later.ts <= earlier.ts + INTERVAL {step.within} DAY" if step.within else ""
        reached = f"""SELECT later.user_key, later.ts FROM ({rows(step.event)}) AS later
            ASOF JOIN ({reached}) AS earlier ON later.user_key = earlier.user_key AND later.ts >= earlier.ts{bound}"""
    if sequence.then_not:
        reached = f"""SELECT done.user_key FROM ({reached}) AS done
            ASOF LEFT JOIN ({rows(sequence.then_not)}) AS next ON done.user_key = next.user_key AND done.ts <= next.ts
            WHERE next.ts IS NULL OR next.ts > done.ts + INTERVAL {sequence.hours} HOUR"""
    return f"SELECT user_id FROM (SELECT DISTINCT user_key FROM ({reached})) JOIN users USING (user_key)"
