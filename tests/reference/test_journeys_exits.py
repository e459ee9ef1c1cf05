"""Exit rules and goals: at any moment, whatever the step."""

from tests.reference.journey_examples import did, run, said, sends, stays, trace
from tests.reference.journeys.rows import instance_id

EXITS = """
journey: j
entry: {on: {event: Cart}, key: cart, reentry: always, since: 2026-11-01}
exit:
  - {on: {event: [Order, Refund], match: true}}
  - {when: {event: Bye}}
  - {on: {event: Refund}}
  - {after: 1 day}
steps:
  - {send: hello, channel: email, id: hello}
  - {delay: 2 days, id: wait}
  - {send: later, channel: email, id: later}
"""
CART = did("Cart", "2T10:00", "m1", cart="a")


def test_an_exit_event_ends_the_instance_wherever_it_stands() -> None:
    assert trace(run(EXITS, CART, did("Order", "2T12:00", "m2", cart="a"))) == [
        "2T10:00 . > hello entry m1",
        "2T10:00 hello > wait done",
        "2T12:00 wait > . exit_rule 1 m2",
    ]
    assert stays(run(EXITS, CART, did("Order", "2T12:00", "m2", cart="a"))) == ["a 2T10:00 to 2T12:00 exited"]


def test_an_exit_after_a_duration_counts_from_the_entry() -> None:
    assert trace(run(EXITS, CART, did("Order", "2T12:00", "m2", cart="b")))[-1] == "3T10:00 wait > . exit_rule 4"


def test_an_exit_when_acts_when_it_becomes_true() -> None:
    assert trace(run(EXITS, CART, did("Bye", "2T11:00", "m2")))[-1] == "2T11:00 wait > . exit_rule 2"


def test_an_exit_that_is_met_at_the_entry_ends_it_before_the_first_step() -> None:
    ended = ["2T10:00 . > hello entry m1", "2T10:00 hello > . exit_rule 2"]
    assert trace(run(EXITS, CART, did("Bye", "2T09:00", "m0"))) == ended
    assert sends(run(EXITS, CART, did("Bye", "2T09:00", "m0"))) == []
    assert trace(run(EXITS, CART, did("Order", "2T10:00", "m2", cart="a")))[-1] == "2T10:00 hello > . exit_rule 1 m2"


def test_an_exit_at_the_entry_comes_before_a_fork() -> None:
    text = "journey: j\nentry: {on: {event: Cart}, since: 2026-11-01}\nexit: [{on: {event: Bye}}]\nsteps: [{fork: [{name: x}, {name: y}], id: f}]"
    assert trace(run(text, CART, did("Bye", "2T10:00", "m2"))) == ["2T10:00 . > f entry m1", "2T10:00 f > . exit_rule 1 m2"]


def test_at_one_instant_rules_without_an_event_come_first_then_by_message_id_then_as_written() -> None:
    order, refund = did("Order", "2T12:00", "m3", cart="a"), did("Refund", "2T12:00", "m2", cart="a")
    assert trace(run(EXITS, CART, order, refund))[-1] == "2T12:00 wait > . exit_rule 1 m2"
    assert trace(run(EXITS, CART, order, did("Refund", "2T12:00", "m2", cart="b")))[-1] == "2T12:00 wait > . exit_rule 3 m2"
    assert trace(run(EXITS, CART, order, did("Bye", "2T12:00", "m4")))[-1] == "2T12:00 wait > . exit_rule 2"


def test_an_exit_comes_before_everything_else_at_its_instant() -> None:
    text = EXITS.replace("delay: 2 days", "delay: 1 day")
    assert sends(run(text, CART)) == ["2T10:00 hello"]


def test_an_exit_reads_the_trait_that_a_row_sets() -> None:
    text = EXITS.replace("event: Bye", "trait: plan, eq: pro")
    assert trace(run(text, CART, said("2T10:30", plan="free"), said("2T11:30", plan="pro")))[-1] == "2T11:30 wait > . exit_rule 2"


GOAL = """
journey: j
entry: {on: {event: Cart}, key: cart, reentry: always, since: 2026-11-01}
goal: {on: {event: [Order, Cart], match: true}, for: 2 days}
steps: [{delay: 1 day, id: wait}]
"""


def reached(*events: object, text: str = GOAL) -> list[str]:
    results = run(text, CART, *events)
    return [f"{goal.reached_at:%d %H:%M} {goal.event_id}" for goal in results.goals]


def test_a_goal_is_reached_by_the_first_event_also_after_the_end() -> None:
    orders = [did("Order", "3T12:00", "m3", cart="a"), did("Order", "3T11:00", "m2", cart="a"), did("Order", "2T11:00", "m4", cart="b")]
    assert reached(*orders) == ["03 11:00 m2"]
    assert stays(run(GOAL, CART, *orders)) == ["a 2T10:00 to 3T10:00 completed"]


def test_the_end_of_a_goals_time_is_included_and_the_entry_event_is_not_a_goal() -> None:
    assert reached(did("Order", "4T10:00", "m2", cart="a")) == ["04 10:00 m2"]
    assert reached(did("Order", "4T10:01", "m2", cart="a")) == []
    assert reached(did("Order", "20T10:00", "m2", cart="a"), text=GOAL.replace(", for: 2 days", "")) == ["20 10:00 m2"]


def test_a_goal_may_end_the_instance() -> None:
    text = GOAL.replace("for: 2 days", "for: 2 days, exit: true")
    results = run(text, CART, did("Order", "2T12:00", "m2", cart="a"))
    assert trace(results)[-1] == "2T12:00 wait > . goal m2"
    assert stays(results) == ["a 2T10:00 to 2T12:00 goal"]


def test_an_event_that_is_goal_and_exit_is_both() -> None:
    text = GOAL.replace("goal:", "exit: [{on: {event: Order, match: true}}]\ngoal:").replace("for: 2 days", "for: 2 days, exit: true")
    results = run(text, CART, did("Order", "2T12:00", "m2", cart="a"))
    assert stays(results) == ["a 2T10:00 to 2T12:00 exited"]
    assert [goal.event_id for goal in results.goals] == ["m2"]


def test_an_exit_that_another_entry_brings_about_comes_after_the_end_that_was_before_it() -> None:
    text = """
journey: j
entry: {on: {event: Cart}, key: cart, reentry: always, since: 2026-11-01}
exit: [{when: {trait: level, eq: 20}}]
steps:
  - {set: level, to: {context: entry.total}, id: set}
  - {hold: {}, id: wait, branches: [{name: next, on: {event: Cart}}]}
"""
    made: list[str] = []
    carts = []
    for number, total in enumerate((30, 20, 0)):  # of what is set at one instant the last is that of the greatest id
        ids = {instance_id("j", "ann", str(cart), f"m{number}"): str(cart) for cart in range(100)}
        made.append(min(one for one in ids if one > max(made, default="")))
        carts.append(did("Cart", "2T10:00", f"m{number}", cart=ids[made[-1]], total=total))
    reasons = {one.instance_id: one.end_reason for one in run(text, *carts).entries}
    assert [reasons[one] for one in made] == ["completed", "exited", "exited"], "the last one comes in when it is 20"


def test_at_one_instant_the_end_of_the_path_comes_before_the_exit_that_its_own_set_would_bring_about() -> None:
    text = """
journey: j
entry: {on: {event: Cart}, since: 2026-11-01}
exit: [{when: {trait: level, eq: 20}}]
steps: [FIRST {set: level, to: 20, id: set}]
"""
    for first in ("", "{delay: 1 hour},"):
        assert [one.end_reason for one in run(text.replace("FIRST", first), did("Cart", "2T10:00", "m1")).entries] == ["completed"]
