"""Splits, forks, randomized arms, goto and exit; what sends, syncs and sets leave behind."""

from hashlib import md5

import pytest

from tests.reference.journey_examples import at, did, run, said, sends, standing, stays, trace, traces
from tests.reference.journeys import ListChange
from tests.reference.journeys.rows import candidate_id

ENTRY = "journey: j\nentry: {on: {event: Cart}, reentry: always, since: 2026-11-01}\n"
CART = did("Cart", "2T10:00", "m1", total=30)

SPLIT = f"""{ENTRY}
steps:
  - split:
      - {{name: vip, when: {{trait: plan, eq: vip}}, steps: [{{send: call, channel: sms}}]}}
      - {{name: big, when: {{context: entry.total, gte: 30}}}}
    id: which
  - {{send: all, channel: email}}
"""


def test_a_split_takes_the_first_branch_that_holds_and_branches_merge_after_it() -> None:
    assert trace(run(SPLIT, CART, said("1T00:00", plan="vip"))) == [
        "2T10:00 . > which entry m1",
        "2T10:00 which > which.vip.send_1 branch vip",
        "2T10:00 which.vip.send_1 > send_1 done",
        "2T10:00 send_1 > . done",
    ]
    assert trace(run(SPLIT, CART))[1] == "2T10:00 which > send_1 branch big"
    assert trace(run(SPLIT, did("Cart", "2T10:00", "m1", total=29)))[1] == "2T10:00 which > send_1 none"


def test_a_candidate_is_named_after_its_cause() -> None:
    results = run(SPLIT, CART)
    (candidate,) = results.candidates
    made = md5(b"j\x1fann\x1f\x1fm1").hexdigest()
    assert (candidate.instance_id, candidate.candidate_id) == (made, md5(f"{made}\x1fsend_1\x1f1\x1fann".encode()).hexdigest())
    assert candidate.candidate_id == candidate_id(made, "send_1", "ann")
    assert (candidate.channel, candidate.template, candidate.scheduled_at) == ("email", "all", at("2T10:00"))


FORK = f"""{ENTRY}
exit: [{{on: {{event: Bye}}}}]
steps:
  - fork:
      - {{name: mail, steps: [{{send: one, channel: email, id: one}}, {{delay: 2 hours, id: d1}}, {{send: two, channel: email, id: two}}]}}
      - {{name: sms, when: {{context: entry.total, gte: 30}}, steps: [{{delay: 1 hour, id: d2}}, {{send: three, channel: sms, id: three}}]}}
      - {{name: none, when: {{event: Never}}, steps: [{{send: four, channel: sms, id: four}}]}}
      - {{name: empty}}
    id: f
  - {{send: five, channel: email, id: five}}
"""


def test_a_fork_goes_on_when_the_last_branch_has_ended() -> None:
    assert trace(run(FORK, CART)) == [
        "2T10:00 . > f entry m1",
        "2T10:00 [f:mail] f > one branch mail",
        "2T10:00 [f:mail] one > d1 done",
        "2T10:00 [f:sms] f > d2 branch sms",
        "2T10:00 [f:empty] f > . branch empty",
        "2T11:00 [f:sms] d2 > three delay",
        "2T11:00 [f:sms] three > . done",
        "2T12:00 [f:mail] d1 > two delay",
        "2T12:00 [f:mail] two > . done",
        "2T12:00 f > five joined",
        "2T12:00 five > . done",
    ]


def test_under_a_fork_only_its_branches_have_positions() -> None:
    assert standing(run(FORK, CART, ticks=["2T10:30"])) == ["[f:mail] d1 2T10:00", "[f:sms] d2 2T10:00"]
    assert standing(run(FORK, CART, ticks=["2T11:30"])) == ["[f:mail] d1 2T10:00"]


def test_an_exit_ends_every_branch() -> None:
    assert trace(run(FORK, CART, did("Bye", "2T10:30", "m2")))[-2:] == [
        "2T10:30 [f:mail] d1 > . exit_rule 1 m2",
        "2T10:30 [f:sms] d2 > . exit_rule 1 m2",
    ]


def test_a_fork_of_which_no_branch_holds_is_passed() -> None:
    text = f"{ENTRY}\nsteps: [{{fork: [{{name: a, when: {{event: Never}}, steps: [{{exit: x}}]}}], id: f}}, {{delay: 1 hour, id: d}}]"
    assert trace(run(text, CART))[1] == "2T10:00 f > d none"


def test_an_exit_in_a_branch_ends_the_instance() -> None:
    branches = "{name: a, steps: [{delay: 1 hour, id: d1}, {exit: gone, id: x}]}, {name: b, steps: [{delay: 1 hour, id: d2}, {send: s, channel: sms, id: s}]}"
    results = run(f"{ENTRY}\nsteps: [{{fork: [{branches}], id: f}}]", CART)
    assert trace(results)[3:] == [
        "2T11:00 [f:a] d1 > x delay",
        "2T11:00 [f:a] x > . exit",
        "2T11:00 [f:b] d2 > . exit",
    ]
    assert stays(results) == ["2T10:00 to 2T11:00 gone"]
    assert sends(results) == []


def test_a_branch_written_first_moves_first_at_one_instant() -> None:
    branches = "{name: a, steps: [{delay: 1 hour}, {send: s, channel: sms, id: s}, {delay: 1 day}]}, {name: b, steps: [{delay: 1 hour}, {exit: gone}]}"
    assert sends(run(f"{ENTRY}\nsteps: [{{fork: [{branches}], id: f}}]", CART)) == ["2T11:00 s"]


def test_an_immediate_exit_keeps_later_branches_from_beginning() -> None:
    text = f"{ENTRY}\nsteps: [{{fork: [{{name: a, steps: [{{exit: gone}}]}}, {{name: b, steps: [{{send: s, channel: sms}}]}}]}}]"
    assert sends(run(text, CART)) == []


def test_forks_within_forks() -> None:
    inner = "{fork: [{name: x, steps: [{delay: 1 hour, id: dx}]}, {name: y, steps: [{delay: 2 hours, id: dy}]}], id: g}"
    text = f"{ENTRY}\nsteps: [{{fork: [{{name: a, steps: [{inner}, {{delay: 1 hour, id: da}}]}}, {{name: b, steps: [{{delay: 4 hours, id: db}}]}}], id: f}}]"
    assert standing(run(text, CART, ticks=["2T10:30"])) == ["[f:a/g:x] dx 2T10:00", "[f:a/g:y] dy 2T10:00", "[f:b] db 2T10:00"]
    assert trace(run(text, CART))[-5:] == [
        "2T12:00 [f:a/g:y] dy > . delay",
        "2T12:00 [f:a] g > da joined",
        "2T13:00 [f:a] da > . delay",
        "2T14:00 [f:b] db > . delay",
        "2T14:00 f > . joined",
    ]


def test_what_the_burst_of_a_fork_makes_possible_comes_after_all_of_it() -> None:
    hold = "{hold: {for: 2 hours}, id: h, branches: [{name: again, on: {event: Cart}, restart: true}]}"
    text = f"{ENTRY}\nsteps: [{{fork: [{{name: v, steps: [{hold}]}}, {{name: w}}], id: f}}]"
    assert traces(run(text, CART, did("Cart", "2T10:00", "m2"), ticks=["2T11:00"]))[0][1:] == [
        "2T10:00 [f:v] f > h branch v",
        "2T10:00 [f:w] f > . branch w",
        "2T10:00 [f:v] h > h restart again m2",
    ]


def test_nothing_joins_over_a_branch_that_comes_to_an_exit_later() -> None:
    inner = "{fork: [{name: p, steps: [{send: a, channel: email, id: a}]}, {name: q, steps: [{delay: 1 day, id: d}, {exit: gone, id: x}]}], id: g}"
    text = f"{ENTRY}\nsteps: [{{fork: [{{name: v, steps: [{inner}]}}, {{name: w}}], id: f}}, {{send: b, channel: email}}]"
    for ticks in (["30T00:00"], ["2T12:00", "30T00:00"]):
        results = run(text, CART, ticks=ticks)
        assert trace(results)[1:] == [
            "2T10:00 [f:v] f > g branch v",
            "2T10:00 [f:v/g:p] g > a branch p",
            "2T10:00 [f:v/g:p] a > . done",
            "2T10:00 [f:v/g:q] g > d branch q",
            "2T10:00 [f:w] f > . branch w",
            "3T10:00 [f:v/g:q] d > x delay",
            "3T10:00 [f:v/g:q] x > . exit",
        ]
        assert stays(results) == ["2T10:00 to 3T10:00 gone"]


def test_branches_without_steps_keep_their_place() -> None:
    def rows(branches: str) -> list[str]:
        return trace(run(f"{ENTRY}\nsteps: [{{fork: [{branches}], id: f}}]", CART))[1:]

    assert rows("{name: v}, {name: w, steps: [{exit: gone, id: x}]}, {name: z}") == [
        "2T10:00 [f:v] f > . branch v",
        "2T10:00 [f:w] f > x branch w",
        "2T10:00 [f:w] x > . exit",
    ]
    assert rows(
        "{name: v, steps: [{send: a, channel: email, id: a}]}, {name: w}, {name: z, steps: [{send: b, channel: email, id: b}]}"
    ) == [
        "2T10:00 [f:v] f > a branch v",
        "2T10:00 [f:v] a > . done",
        "2T10:00 [f:w] f > . branch w",
        "2T10:00 [f:z] f > b branch z",
        "2T10:00 [f:z] b > . done",
        "2T10:00 f > . joined",
    ]


def test_one_event_may_pass_a_hold_in_each_branch() -> None:
    hold = "{hold: {}, id: %s, branches: [{name: %s, on: {event: X}}]}"
    text = f"{ENTRY}\nsteps: [{{fork: [{{name: a, steps: [{hold % ('ha', 'xa')}]}}, {{name: b, steps: [{hold % ('hb', 'xb')}]}}], id: f}}, {{hold: {{}}, id: h, branches: [{{name: x, on: {{event: X}}}}]}}]"
    results = run(text, CART, did("X", "2T11:00", "m2"))
    assert trace(results)[3:] == [
        "2T11:00 [f:a] ha > . branch xa m2",
        "2T11:00 [f:b] hb > . branch xb m2",
        "2T11:00 f > h joined",
    ]
    assert standing(results) == ["h 2T11:00"], "the event that brought it there does not count"


def test_the_context_of_the_branches_comes_together_at_the_join() -> None:
    hold = "{hold: {for: 3 hours}, branches: [{name: %s, on: {event: %s}}]}"
    fork = f"{{fork: [{{name: a, steps: [{hold % ('xa', 'X')}]}}, {{name: b, steps: [{hold % ('xb', 'Y')}]}}], id: f}}"
    split = "{split: [{name: both, when: {all: [{context: xa.n, eq: 1}, {context: xb.n, eq: 2}]}}], id: s}"
    assert trace(run(f"{ENTRY}\nsteps: [{fork}, {split}]", CART, did("X", "2T11:00", "m2", n=1), did("Y", "2T12:00", "m3", n=2)))[-1] == (
        "2T12:00 s > . branch both"
    )


@pytest.mark.parametrize("last", ["a", "b"])
def test_of_what_was_put_in_at_one_instant_that_of_the_branch_that_ended_last_counts(last: str) -> None:
    def branch(name: str, event: str) -> str:
        hold = f"{{hold: {{for: {4 if name == last else 3} hours}}, id: h{name}, branches: [{{name: x, on: {{event: {event}}}, restart: true}}]}}"
        return f"{{name: {name}, steps: [{hold}]}}"

    split = "{split: [{name: of_a, when: {context: x.n, eq: 1}}, {name: of_b, when: {context: x.n, eq: 2}}], id: s}"
    text = f"{ENTRY}\nsteps: [{{fork: [{branch('a', 'X')}, {branch('b', 'Y')}], id: f}}, {split}]"
    both = [did("X", "2T11:00", "m2", n=1), did("Y", "2T11:00", "m3", n=2)]
    for ticks in (["30T00:00"], ["2T12:00", "30T00:00"], ["2T14:30", "30T00:00"]):
        assert trace(run(text, CART, *both, ticks=ticks))[-1] == f"2T15:00 s > . branch of_{last}"


RANDOM = f"""{ENTRY}
steps:
  - randomize: [{{name: a, percent: 33.3}}, {{name: b, percent: 33.3}}, {{name: c, percent: 33.4, control: true}}]
    id: arms
"""


@pytest.mark.parametrize("user", ["ann", "bob", "cat", "dan", "eve"])
def test_randomize_by_hand(user: str) -> None:
    h = int(md5(f"j.arms:{user}".encode()).hexdigest()[:8], 16)
    arm = "a" if h * 1000 < 333 * 2**32 else "b" if h * 1000 < 666 * 2**32 else "c"
    moved = run(RANDOM, did("Cart", "2T10:00", "m1", user), did("Cart", "3T10:00", "m2", user)).transitions
    assert [row.branch for row in moved if row.from_step == "arms"] == [arm, arm]


def test_randomize_by_user_and_key_or_for_every_instance_anew() -> None:
    keyed = RANDOM.replace("reentry", "key: cart, reentry")
    moved = run(keyed, did("Cart", "2T10:00", "m1", cart="x")).transitions
    h = int(md5(b"j.arms:ann\x1fx").hexdigest()[:8], 16)
    assert moved[1].branch == ("a" if h * 1000 < 333 * 2**32 else "b" if h * 1000 < 666 * 2**32 else "c")
    anew = run(RANDOM + "    reassign: true\n", *(did("Cart", f"2T{hour}:00", f"m{hour}") for hour in range(10, 24)))
    for entry in anew.entries:
        h = int(md5(f"j.arms:{entry.instance_id}".encode()).hexdigest()[:8], 16)
        (arm,) = [row.branch for row in anew.transitions if row.instance_id == entry.instance_id and row.from_step == "arms"]
        assert arm == ("a" if h * 1000 < 333 * 2**32 else "b" if h * 1000 < 666 * 2**32 else "c")
    assert len({row.branch for row in anew.transitions if row.from_step == "arms"}) > 1


def test_goto_leads_forward() -> None:
    text = f"{ENTRY}\nsteps: [{{split: [{{name: big, when: {{context: entry.total, gt: 1}}, steps: [{{goto: end, id: g}}]}}], id: s}}, {{delay: 1 day}}, {{send: bye, channel: email, id: end}}]"
    assert trace(run(text, CART))[1:] == ["2T10:00 s > g branch big", "2T10:00 g > end goto", "2T10:00 end > . done"]


def test_a_list_is_left_when_the_last_time_on_it_is_over() -> None:
    text = f"{ENTRY}\nsteps: [{{sync: ads, list: carts, remove_after: 2 days, id: s}}, {{sync: crm, event: Cart Left, properties: {{total: {{context: entry.total}}, kind: x}}, id: e}}]"
    results = run(text, CART, did("Cart", "3T10:00", "m2", total=5), ticks=["5T10:00"])
    assert results.list_changes == [
        ListChange("ads", "carts", "ann", at("2T10:00"), True),
        ListChange("ads", "carts", "ann", at("5T10:00"), False),
    ]
    assert [row.properties for row in results.syncs if row.event] == [(("total", 30), ("kind", "x")), (("total", 5), ("kind", "x"))]
    nothing = run(
        f"{ENTRY}\nsteps: [{{sync: crm, event: Seen, properties: {{total: {{context: entry.total}}}}}}]", did("Cart", "2T10:00", "m1")
    )
    assert [row.properties for row in nothing.syncs] == [()]
    assert [row.remove_at for row in results.syncs if row.list_name] == [at("4T10:00"), at("5T10:00")]


def test_a_trait_that_is_set_counts_from_its_instant() -> None:
    text = f"{ENTRY}\nsteps: [{{set: tier, to: {{context: entry.total}}, id: s}}, {{delay: 1 hour}}, {{split: [{{name: high, when: {{trait: tier, gte: 30}}}}], id: w}}]"
    results = run(text, CART, did("Cart", "2T12:00", "m2", total=5))
    assert [(row.trait, row.value, row.at) for row in results.sets] == [("tier", 30, at("2T10:00")), ("tier", 5, at("2T12:00"))]
    assert [row.cause for row in results.transitions if row.from_step == "w"] == ["branch", "none"]
