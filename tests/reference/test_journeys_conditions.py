"""Conditions in journeys: of the context, tied to the key, since a moment of the instance, of messages and of other journeys."""

from collections.abc import Iterable

import pytest

from tests.reference.journey_examples import at, did, history, run, said, same_for_any_schedule, sends, stays, trace, traces
from tests.reference.journeys import simulate
from tests.reference.journeys.rows import candidate_id, instance_id


def asked(conditions: Iterable[str], *rows: object) -> dict[str, bool]:
    """Of each condition, whether a split on the third of November, after a send on the second, takes the branch with it."""
    questions = {f"question_{number}": condition for number, condition in enumerate(conditions)}
    splits = [f"  - {{split: [{{name: yes, when: {condition}}}], id: {name}}}" for name, condition in questions.items()]
    text = """
journey: j
entry: {on: {event: Cart}, key: cart, reentry: always, since: 2026-11-01}
steps:
  - {delay: 1 hour}
  - {send: hi, channel: email, id: nudge}
  - {delay: 1 day}
  - {split: [{name: x, when: {event: Never}, steps: [{send: no, channel: email, id: other}]}]}
"""
    results = run(text + "\n".join(splits), did("Cart", "2T10:00", "m1", cart="a", total=5), *rows)
    causes = {row.from_step: row.cause for row in results.transitions}
    return {condition: causes[name] == "branch" for name, condition in questions.items()}


VIEWS = [
    did("View", "2T09:00", "v1", cart="a"),
    did("View", "2T10:30", "v2", cart="b"),
    did("View", "2T12:00", "v3", cart=["x", "a"], basket="b"),
]


OF_THE_INSTANCE = {
    "{context: entry.total, gt: 4}": True,
    "{context: entry.nothing, exists: false}": True,
    "{event: View, count: 3}": True,
    "{event: View, match: true, count: 2}": True,
    "{event: View, match: basket}": False,
    "{event: View, since: entry, count: 2}": True,
    "{event: View, since: entry, match: true, count: 1}": True,
    "{event: View, since: {step: nudge}, count: 1}": True,
    "{event: View, since: {step: other}, never: true}": True,
    "{event: View, since: {step: other}}": False,
    "{event: Cart, since: entry}": True,
    "{event: View, match: true, first_time: true, since: entry}": False,
    "{event: View, where: {cart: {context: entry.cart}}, count: 2}": True,
    "{sequence: [{event: Cart}, {event: View}], match: true}": True,
    "{sequence: [{event: View}, {event: View}], match: true, since: entry}": False,
    "{sequence: [{event: View}, {not: {event: View}}], match: true, since: entry}": True,
    "{message: {step: nudge}}": True,
    "{message: {step: nudge}, within: 25 hours}": True,
    "{message: {step: nudge}, within: 24 hours}": False,
    "{message: {step: other}}": False,
}


def test_of_the_instance() -> None:
    assert asked(OF_THE_INSTANCE, *VIEWS) == OF_THE_INSTANCE


NUDGE = candidate_id(instance_id("j", "ann", "a", "m1"), "nudge", "ann")
HAPPENED = [
    did("Email Delivered", "2T11:01", "o1", message_id=NUDGE),
    did("Email Opened", "2T12:00", "o2", message_id=NUDGE),
    did("Email Link Clicked", "3T11:30", "o3", message_id=NUDGE),
    did("Email Bounced", "2T12:00", "o4", message_id="another"),
    did("Email Opened", "2T12:00", "o5", user="ben", message_id=NUDGE),
]


OF_A_MESSAGE = {
    "{message: {step: nudge, status: delivered}}": True,
    "{message: {step: nudge, status: opened}, within: 24 hours}": True,
    "{message: {step: nudge, status: opened}, within: 23 hours}": False,
    "{message: {step: nudge, status: opened}, since: 2026-11-02T12:00Z, until: 2026-11-02T12:01Z}": True,
    "{message: {step: nudge, status: clicked}}": False,
    "{message: {step: nudge, status: bounced}}": False,
    "{message: {journey: j, step: nudge, status: delivered}}": True,
    "{message: {step: other, status: delivered}}": False,
}


def test_of_what_came_of_a_message() -> None:
    assert asked(OF_A_MESSAGE, *HAPPENED) == OF_A_MESSAGE


FOLLOWING = """
journey: j
entry: {on: {event: Cart}, key: cart, reentry: always, since: 2026-11-01}
steps:
  - {delay: 1 hour}
  - {send: hi, channel: email, id: nudge}
  - hold: {for: 2 days}
    id: wait
    branches:
      - {name: opened, when: {message: {step: nudge, status: opened}}, steps: [{send: more, channel: email, id: more}]}
      - {name: bounced, when: {message: {step: nudge, status: bounced}}, steps: [{exit: lost}]}
"""


@pytest.mark.parametrize(
    ("happened", "moves"),
    [
        ([did("Email Opened", "2T12:00", "o1", message_id=NUDGE)], "2T12:00 more"),
        ([did("Email Bounced", "2T11:00", "o1", message_id=NUDGE)], None),
        ([did("Email Opened", "4T12:00", "o1", message_id=NUDGE)], None),
    ],
)
def test_waiting_for_what_comes_of_a_message(happened: list[object], moves: str | None) -> None:
    done = history(FOLLOWING, did("Cart", "2T10:00", "m1", cart="a"), *happened)
    results = simulate(done)["j"]
    assert sends(results)[1:] == ([moves] if moves else [])
    assert same_for_any_schedule(done, ["2T10:30", "2T11:30", "3T00:00", "30T00:00"], ["2T12:00", "30T00:00"])


def test_leaving_by_what_came_of_a_message() -> None:
    text = FOLLOWING.replace("steps:", "exit: [{when: {message: {step: nudge, status: clicked}}}]\nsteps:", 1)
    done = history(text, did("Cart", "2T10:00", "m1", cart="a"), did("Email Link Clicked", "3T11:30", "o1", message_id=NUDGE))
    assert stays(simulate(done)["j"]) == ["a 2T10:00 to 3T11:30 exited"]
    assert same_for_any_schedule(done, ["2T10:30", "3T00:00", "30T00:00"])


OTHER = """
journey: z
entry: {on: {event: Start}, reentry: always, since: 2026-11-01}
exit: [{on: {event: Stop}}]
steps: [{delay: 1 hour}, {send: hi, channel: email, id: nudge}, {delay: 1 day}, {set: tier, to: gold}]
"""
ASKING = """
---
journey: a%s
entry: {when: %s, reentry: always, since: 2026-11-01}
steps: [{delay: 1 minute}]
"""
START, STOP = did("Start", "2T10:00", "m1"), did("Stop", "2T13:00", "m2")


OF_ANOTHER = {
    "{journey: z}": ["2T10:00", "4T10:00"],
    "{journey: z, status: inside, within: 1 hour}": ["2T10:00", "4T10:00"],
    "{not: {journey: z}}": ["2T13:00", "5T11:00"],
    "{journey: z, status: ended}": ["2T13:00"],
    "{journey: z, status: exited}": ["2T13:00"],
    "{journey: z, status: completed}": ["5T11:00"],
    "{journey: z, status: ended, within: 1 day}": ["2T13:00", "5T11:00"],
    "{message: {journey: z}}": ["2T11:00"],
    "{message: {journey: z, step: nudge}, within: 1 hour}": ["2T11:00", "4T11:00"],
    "{trait: tier, eq: gold}": ["5T11:00"],
}


def test_of_another_journey() -> None:
    asking = "".join(ASKING % question for question in enumerate(OF_ANOTHER))
    done = history(OTHER + asking, START, STOP, did("Start", "4T10:00", "m3"))
    told = simulate(done)
    for number, (condition, instants) in enumerate(OF_ANOTHER.items()):
        entered = [stay.split(" ")[0] for stay in stays(told[f"a{number}"])]
        assert [instant for instant in entered if instant != "2T09:00"] == instants, condition
    assert same_for_any_schedule(done, ["2T10:00", "2T11:00", "2T12:30", "4T10:30", "30T00:00"], ["2T13:00", "5T11:00", "30T00:00"])


def test_of_another_journey_beside_a_condition_that_asks_since_the_own_entry() -> None:
    """The instant of the own entry is not that of the other journey's stay."""
    text = f"""{OTHER}
---
journey: asking
entry: {{on: {{event: Go}}, reentry: always, since: 2026-11-01}}
steps:
  - {{delay: 5 minutes, id: first}}
  - hold: {{for: 3 days}}
    id: wait
    branches: [{{name: begun, when: {{journey: z, within: 20 minutes}}}}, {{name: never, when: {{event: Never, since: entry}}}}]
"""
    assert [lines[-1] for lines in traces(run(text, START, did("Go", "2T10:10", "g1"), did("Go", "2T10:25", "g2")))] == [
        "2T10:15 wait > . branch begun",
        "5T10:30 wait > . timeout",
    ]


def test_audiences_and_traits_are_asked_as_of_the_instant() -> None:
    text = """
audience: buyers
members: {trait: orders, gte: 2}
---
trait: orders
compute: count
event: Order
within: 3 days
---
journey: j
entry: {when: {audience: buyers}, reentry: always, since: 2026-11-01}
exit: [{when: {not: {audience: buyers}}}]
steps: [{hold: {}, id: wait, branches: [{name: more, when: {trait: orders, gte: 3}}]}]
"""
    orders = [did("Order", when, when) for when in ("2T10:00", "3T10:00", "7T10:00", "8T10:00", "9T10:00")]
    assert stays(run(text, *orders)) == ["3T10:00 to 5T10:00 exited", "8T10:00 to 9T10:00 completed"]
    assert trace(run(text, *orders[:2]))[1:] == ["5T10:00 wait > . exit_rule 1"]


STAGES = """
journey: j
entry: {on: {event: Cart}, reentry: always, since: 2026-11-01}
steps:
  - {set: stage, to: trial, id: trial}
  - {hold: {}, id: wait, branches: [{name: tried, when: {trait: stage, eq: trial}}]}
  - {set: stage, to: active, id: active}
  - {delay: 1 hour, id: hour}
  - {split: [{name: is_active, when: {trait: stage, eq: active}}], id: which}
"""


def test_a_condition_comes_before_the_set_that_takes_its_truth_away() -> None:
    later = ["2T11:00 hour > which delay", "2T11:00 which > . branch is_active"]
    at_once = ["2T10:00 trial > wait done", "2T10:00 wait > active branch tried", "2T10:00 active > hour done"]
    assert trace(run(STAGES, did("Cart", "2T10:00", "m1")))[1:] == [*at_once, *later]
    by_a_log = STAGES.replace("  - {set: stage, to: trial, id: trial}\n", "")
    assert trace(run(by_a_log, did("Cart", "2T09:00", "m1"), said("2T10:00", stage="trial")))[1:] == [*at_once[1:], *later]


def test_of_two_instances_that_wait_for_one_trait_both_go_on_before_either_sets_it_anew() -> None:
    text = STAGES.replace("{trait: stage, eq: active}", "{event: Never}").replace(
        "on: {event: Cart}", "on: {event: Cart, where: {cart: a}}"
    )
    results = run(
        text.replace("{set: stage, to: trial, id: trial}", "{delay: 1 minute, id: minute}"), did("Cart", "2T09:00", "m1", cart="a")
    )
    assert [line.split()[1] for line in trace(results)] == [".", "minute"]
    keyed = STAGES.replace("on: {event: Cart}", "on: {event: Cart}, key: cart")
    told = traces(run(keyed, did("Cart", "2T10:00", "m1", cart="a"), did("Cart", "2T10:00", "m2", cart="b")))
    assert ["2T10:00 wait > active branch tried" in lines for lines in told] == [True, True]


TIERS = """
journey: j
entry: {on: {event: Cart}, key: cart, since: 2026-11-01}
"""
GOLD = "when: {trait: tier, eq: gold}"


def test_a_condition_sees_what_was_set_before_its_turn_at_its_instant() -> None:
    fork = (
        TIERS
        + """
steps:
  - {set: tier, to: {context: entry.tier}}
  - fork:
      - {name: x, GOLD, steps: [{delay: 1 day, id: xs}]}
      - {name: y, steps: [SET {split: [{name: s, GOLD, steps: [{delay: 1 day, id: ys}]}], id: p}]}
    id: f
""".replace("GOLD", GOLD)
    )
    (moves,) = traces(run(fork.replace("SET", "{set: tier, to: gold},"), did("Cart", "2T10:00", "m1", cart="a")))
    assert [move for move in moves if "> xs" in move or "> ys" in move] == ["2T10:00 [f:y] p > ys branch s"], "x was asked before"
    tiers = {"a": None, "b": "gold", "c": None}
    carts = [did("Cart", "2T10:00", f"m{n}", cart=cart, tier=tier) for n, (cart, tier) in enumerate(tiers.items())]
    results = run(fork.replace("SET", ""), *carts, ticks=["2T12:00", "4T00:00"])
    by_cart = {one.key: {row.to_step for row in results.transitions if row.instance_id == one.instance_id} for one in results.entries}
    assert {cart: "xs" in steps for cart, steps in by_cart.items()} == {"a": False, "b": True, "c": True}, "one entry after the other"


def test_of_what_several_entries_set_at_one_instant_the_last_in_the_log_counts() -> None:
    text = (
        TIERS
        + """
steps:
  - {set: tier, to: {context: entry.tier}, id: set}
  - hold: {}
    id: wait
    branches: [{name: viewed, on: {event: View}}]
  - {split: [{name: is_gold, GOLD}], id: which}
""".replace("GOLD", GOLD)
    )
    tiers = {"a": "gold", "b": "silver", "c": None}
    users = [f"u{number}" for number in range(8)]
    carts = [did("Cart", "2T10:00", f"{user}{cart}", user, cart=cart, tier=tier) for user in users for cart, tier in tiers.items()]
    views = [did("View", "2T10:00", f"{user}v", user) for user in users]
    late = dict.fromkeys([f"{user}a" for user in users], 1)
    results = run(text, *carts, *views, ticks=["2T10:00", "4T00:00"], late=late)
    for user in users:
        gold, silver = (instance_id("j", user, cart, f"{user}{cart}") for cart in "ab")
        [moved] = [row for row in results.transitions if row.instance_id == gold and row.from_step == "which"]
        assert moved.branch == ("is_gold" if gold > silver else None), "of one instant the last is that of the greatest id"


def test_what_an_instance_sets_at_one_instant_counts_in_the_order_of_its_steps() -> None:
    text = (
        TIERS
        + """
steps:
  - {set: tier, to: silver, id: z_first}
  - {set: tier, to: gold, id: a_second}
  - {delay: 1 hour}
  - {split: [{name: is_gold, GOLD}], id: which}
""".replace("GOLD", GOLD)
    )
    moves = trace(run(text, did("Cart", "2T10:00", "m1", cart="a"), ticks=["2T10:00", "4T00:00"]))
    assert moves[-1] == "2T11:00 which > . branch is_gold"


def test_a_hold_in_a_fork_does_not_see_what_comes_after_the_fork() -> None:
    text = (
        TIERS
        + """
steps:
  - fork:
      - {name: x, steps: [{hold: {for: 2 hours}, id: wait, branches: [{name: b, GOLD}]}]}
      - {name: y}
    id: f
  - fork:
      - {name: z, steps: [{set: tier, to: gold, id: set}]}
    id: g
""".replace("GOLD", GOLD)
    )
    assert trace(run(text, did("Cart", "2T10:00", "m1", cart="a")))[3] == "2T12:00 [f:x] wait > . timeout"


def test_a_hold_sees_what_is_set_at_its_instant_but_by_itself() -> None:
    text = (
        TIERS
        + """
steps:
  - hold: {for: 1 hour}
    id: wait
    branches:
      - {name: one, GOLD}
      - {name: two, on: {event: View, match: true}, steps: [{set: tier, to: gold, id: set}]}
""".replace("GOLD", GOLD)
    )
    carts = [did("Cart", "2T10:00", "m1", cart="a"), did("Cart", "2T10:05", "m2", cart="b")]
    assert [moves[1] for moves in traces(run(text, *carts, did("View", "2T10:30", "m3", cart="a")))] == [
        "2T10:30 wait > set branch two m3",
        "2T10:30 wait > . branch one",
    ]


def test_a_branch_of_a_fork_waits_for_what_another_one_sets() -> None:
    text = (
        TIERS
        + """
steps:
  - fork:
      - {name: x, steps: [{hold: {}, id: wait, branches: [{name: b, GOLD, steps: [{send: a, channel: email, id: a}]}]}]}
      - {name: y, steps: [{delay: 1 hour, id: hour}, {set: tier, to: gold, id: set}, {delay: 1 day, id: day}]}
    id: f
""".replace("GOLD", GOLD)
    )
    assert trace(run(text, did("Cart", "2T10:00", "m1", cart="a")))[3:7] == [
        "2T11:00 [f:y] hour > set delay",
        "2T11:00 [f:y] set > day done",
        "2T11:00 [f:x] wait > a branch b",
        "2T11:00 [f:x] a > . done",
    ]


@pytest.mark.parametrize("first", ["", "{delay: 1 hour},"])
def test_an_exit_by_a_condition_comes_after_the_set_that_makes_it_true_and_before_what_others_do(first: str) -> None:
    text = TIERS + f"exit: [{{{GOLD}}}]\nsteps: [{first} {{set: tier, to: gold}}, {{send: a, channel: email, id: a}}, {{delay: 1 day}}]\n"
    carts = [did("Cart", "2T10:00", "m1", cart="a"), did("Cart", "2T10:00", "m2", cart="b")]
    results = run(text, *carts)
    assert [row.step for row in results.candidates] == ["a"] if first else ["a", "a"], "both enter, each at its turn"
    assert {one.end_reason for one in results.entries} == {"exited"}
    assert {one.ended_at for one in results.entries} == {at("2T11:00" if first else "2T10:00")}


@pytest.mark.parametrize("rule", ["branch", "exit"])
def test_what_is_counted_from_a_step_becomes_true_by_time_alone_in_a_later_tick(rule: str) -> None:
    quiet = "{sequence: [{event: View}, {not: {event: Order}, within: 30 minutes, settled: true}], since: {step: first}}"
    settled = f"{{all: [{quiet}, {{trait: plan, ne: pro}}]}}"
    text = """
    journey: j
    entry: {on: {event: Cart}, since: 2026-11-01}
    EXIT
    steps: [{delay: 1 hour, id: first}, {hold: {for: 5 days}, id: wait, branches: [BRANCH]}]
    """
    if rule == "exit":
        text = text.replace("EXIT", f"exit: [{{when: {settled}}}]").replace("BRANCH", "{name: never, on: {event: Never}}")
    else:
        text = text.replace("EXIT", "").replace("BRANCH", f"{{name: quiet, when: {settled}}}")
    rows = [did("Cart", "2T10:00", "m1"), did("View", "2T12:00", "m2"), said("2T09:00", user="bob", plan="pro")]
    expected = "2T12:30 wait > . " + ("exit_rule 1" if rule == "exit" else "branch quiet")
    for late in ({}, {"profile 0": 1}):
        assert trace(run(text, *rows, ticks=["2T12:00", "4T00:00"], late=late))[2:] == [expected]
