"""The commands that look at journeys: what they print for people and for programs, what they refuse, and that no run stops them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from engage_cli.errors import ExitCode
from engage_cli.state.lock import hold_lock
from tests.cli.running import Engage
from tests.conftest import Golden
from tests.journeys.shop import first_tick, make_shop, second_tick

CHANGED = "  - {set: carts_left, to: {context: entry.cart_id}, id: mark}\n"
FORK = """
journey: both
status: live
entry: {on: {event: Cart Updated}, since: 2026-11-01}
steps:
  - fork:
      - {name: soon, steps: [{delay: 1 hour, id: short}]}
      - {name: late, steps: [{delay: 3 days, id: long}]}
    id: sides
  - {delay: 1 day, id: rest}
"""


@pytest.fixture
def carts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop with a journey of carts, where the test then is. No tick has been."""
    folder = make_shop(tmp_path / "shop")
    monkeypatch.chdir(folder)
    return folder


@contextmanager
def a_run(folder: Path) -> Iterator[None]:
    """As long as a run goes on: it holds the lock and the state file."""
    state = folder / ".engage/state.duckdb"
    with (
        hold_lock(folder / ".engage/lock", command="journey tick", started=datetime.now(UTC), wait=0),
        duckdb.connect(str(state)) as connection,
    ):
        connection.execute("BEGIN")
        connection.execute("DELETE FROM transition")
        yield


def edit(folder: Path, before: str, after: str) -> None:
    """Change the journey's file."""
    path = folder / "campaigns/journeys/cart.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


# ---- status --------------------------------------------------------------------------------------------------------


def test_status_before_any_tick(carts: Path, engage: Engage) -> None:
    ran = engage("journey", "status", "cart_recovery")
    assert ran.code == ExitCode.DONE
    assert ran.out == "cart_recovery is live, entered by: Cart Updated\nno tick has seen it yet; `engage journey tick` runs it\n"
    document = engage("journey", "status", "cart_recovery", "--json").document
    assert (document["as_of"], document["entered"], document["editions"]) == (None, 0, [])
    assert [(step["step"], step["here"], step["mean_wait_seconds"]) for step in document["steps"]][1:3] == [
        ("wait", 0, None),
        ("wait.emptied.exit_1", 0, None),
    ]


def test_status_says_who_stands_where_and_how_people_went(carts: Path, engage: Engage, golden: Golden) -> None:
    first_tick(carts)
    golden(Path("golden/journeys/status_first.txt"), engage("journey", "status", "cart_recovery").out)
    second_tick(carts)
    ran = engage("journey", "status", "cart_recovery")
    golden(Path("golden/journeys/status_second.txt"), ran.out)
    golden(Path("golden/journeys/status_second.json"), engage("journey", "status", "cart_recovery", "--json").out)
    assert ran.err == ""


def test_status_tells_who_stands_where_whatever_becomes_of_the_files(carts: Path, engage: Engage) -> None:
    first_tick(carts)
    before = engage("journey", "status", "cart_recovery").out
    for file in (carts / "data").iterdir():
        file.unlink()
    ran = engage("journey", "status", "cart_recovery")
    assert ran.code == ExitCode.DONE
    assert [line for line in before.splitlines()[:8] if line not in ran.out] == []
    assert "warning: what came of its messages is not known: " in ran.out
    assert "no file matches" in ran.out


def test_everyone_who_came_is_there_or_went_on_or_was_taken_out(carts: Path, engage: Engage) -> None:
    first_tick(carts)
    document = engage("journey", "status", "cart_recovery", "--json").document
    assert document["entered"] == document["inside"] + sum(one["instances"] for one in document["ended"])
    for step in document["steps"]:
        taken_out = sum(way["moves"] for way in step["ways"] if way["cause"] in ("exit_rule", "goal", "stopped", "changed"))
        assert step["arrived"] == step["here"] + step["passed"] + taken_out


def test_status_names_editions_and_the_steps_that_only_earlier_ones_had(carts: Path, engage: Engage) -> None:
    first_tick(carts)
    edit(carts, CHANGED, "  - {set: carts_left, to: {context: entry.cart_id}, id: note}\n")
    second_tick(carts)
    ran = engage("journey", "status", "cart_recovery")
    assert [line.split()[:1] for line in ran.out.splitlines()[-3:]] == [["edition"], ["1"], ["2"]]
    assert re.search("^mark +of an earlier edition +0 +3 +3 ", ran.out, re.MULTILINE)
    steps = {step["step"]: step for step in engage("journey", "status", "cart_recovery", "--json").document["steps"]}
    assert (steps["note"]["arrived"], steps["mark"]["arrived"], steps["mark"]["does"]) == (0, 3, "")


def test_inside_a_fork_is_at_the_fork(carts: Path, engage: Engage) -> None:
    (carts / "campaigns/journeys/both.yaml").write_text(FORK)
    first_tick(carts)
    steps = {step["step"]: step for step in engage("journey", "status", "both", "--json").document["steps"]}
    counts = {name: (step["here"], step["arrived"], step["passed"]) for name, step in steps.items()}
    assert counts == {"sides": (3, 3, 0), "short": (0, 3, 3), "long": (3, 3, 0), "rest": (0, 0, 0)}
    assert [(way["branch"], way["moves"]) for way in steps["sides"]["ways"]] == [("late", 3), ("soon", 3)]
    second_tick(carts)
    steps = {step["step"]: step for step in engage("journey", "status", "both", "--json").document["steps"]}
    assert steps["sides"]["mean_wait_seconds"] == 3 * 86400
    assert (steps["sides"]["passed"], steps["rest"]["here"]) == (3, 3)


LOOKS = (
    ["status", "cart_recovery"],
    ["show", "cart_recovery", "--user", "ana"],
    ["graph", "cart_recovery"],
    ["simulate", "cart_recovery", "--from", "2026-11-01", "--to", "2026-11-05"],
    ["sql", "cart_recovery", "--as-of", "2026-11-05"],
    ["exit", "cart_recovery", "--user", "ana", "--dry-run"],
)


@pytest.mark.parametrize("words", LOOKS, ids=lambda words: words[0])
def test_no_run_stops_who_looks(words: list[str], carts: Path, engage: Engage) -> None:
    first_tick(carts)
    before = engage("journey", *words)
    with a_run(carts):
        assert engage("journey", *words) == before
    assert before.code == ExitCode.DONE


@pytest.mark.parametrize("words", LOOKS, ids=lambda words: words[0])
def test_a_name_that_is_none_gets_the_nearest(words: list[str], carts: Path, engage: Engage) -> None:
    ran = engage("journey", words[0], "cart_recovry", *words[2:])
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert "there is no journey `cart_recovry`" in ran.err
    assert "did you mean `cart_recovery`?" in ran.err


# ---- graph ---------------------------------------------------------------------------------------------------------


def test_the_graph_has_the_counts_of_what_was_published(carts: Path, engage: Engage) -> None:
    bare = engage("journey", "graph", "cart_recovery").out
    assert " came" not in bare
    second_tick(carts)
    drawn = engage("journey", "graph", "cart_recovery").out
    assert '(["Cart Updated<br>5 entered"])' in drawn
    assert '[/"wait<br>hold for 2 hours<br>5 came"/]' in drawn
    assert {'|"emptied 1"|', '|"timeout 3"|', '|"changed 1"|'} <= {part.split(" n")[0] for part in drawn.split("-->")}
    assert engage("journey", "graph", "cart_recovery", "--bare").out == bare
    assert "5 entered" in engage("journey", "graph", "cart_recovery", "--format", "svg").out


# ---- show ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["ana", "ben", "cleo"])
def test_show_tells_all_of_a_persons_way(user: str, carts: Path, engage: Engage, golden: Golden) -> None:
    first_tick(carts)
    ran = engage("journey", "show", "cart_recovery", "--user", user)
    golden(Path(f"golden/journeys/show_{user}_first.txt"), ran.out)
    second_tick(carts)
    golden(Path(f"golden/journeys/show_{user}_second.txt"), engage("journey", "show", "cart_recovery", "--user", user).out)
    assert (ran.code, ran.err) == (ExitCode.DONE, "")


def test_show_as_a_document(carts: Path, engage: Engage, golden: Golden) -> None:
    first_tick(carts)
    golden(Path("golden/journeys/show_ana_first.json"), engage("journey", "show", "cart_recovery", "--user", "ana", "--json").out)


def test_show_of_who_never_entered_and_before_any_tick(carts: Path, engage: Engage) -> None:
    look = ["journey", "show", "cart_recovery", "--user", "zoe"]
    assert engage(*look).out == "no tick has seen cart_recovery yet; `engage journey tick` runs it\n"
    first_tick(carts)
    assert engage(*look).out == "zoe has never been in cart_recovery as of 2026-11-01T13:20:00Z\nno source names them by then\n"
    assert engage(*look, "--json").document["instances"] == []


def test_show_says_what_keeps_somebody_out(carts: Path, engage: Engage) -> None:
    (carts / "data/events_small.csv").write_text(
        "message_id,user_id,event,timestamp,cart_id,cart_total\ns1,dan,Cart Updated,2026-11-01T09:00:00Z,c9,12\n"
    )
    first_tick(carts)
    look = ["journey", "show", "cart_recovery", "--user", "dan"]
    assert engage(*look).out.splitlines() == [
        "dan has never been in cart_recovery as of 2026-11-01T13:20:00Z",
        "they do not meet its entry rule, which counts events from 2026-09-30T23:00:00Z on:",
        "✗ event: Cart Updated, where: {cart_total: {gt: 20}}, since: 2026-09-30T23:00:00+00:00  campaigns/journeys/cart.yaml:5",
        "   missing: did Cart Updated once in the window, but no event meets `where`",
    ]
    assert engage(*look, "--json").document["absence"]["explanation"]["member"] is False
    path = carts / "campaigns/journeys/cart.yaml"
    path.write_text(path.read_text().replace("cart_total: {gt: 20}", "cart_total: {gt: 10}").replace("status: live", "status: paused"))
    lines = engage(*look).out.splitlines()
    assert lines[1:3] == [
        "the journey is paused: nobody enters",
        "they meet its entry rule, which counts events from 2026-09-30T23:00:00Z on:",
    ]
    assert lines[-1] == "nobody enters by an event without a `cart_id`, of a pause, or that came in later than the late window"
    (carts / "data/events_small.csv").unlink()
    assert engage(*look).out.splitlines()[-1] == "no source names them by then"


def test_show_finds_a_person_by_the_id_that_they_entered_with(carts: Path, engage: Engage) -> None:
    first_tick(carts)
    with duckdb.connect(str(carts / ".engage/state.duckdb.published")) as connection:
        connection.execute("INSERT INTO alias SELECT 'ana', 'anna', max(number) FROM run")
    shown = engage("journey", "show", "cart_recovery", "--user", "anna")
    assert "c1 entered 2026-11-01T10:00:00Z as ana by Cart Updated m1" in shown.out
    ids = [
        [one["instance_id"] for one in engage("journey", "show", "cart_recovery", "--user", user, "--json").document["instances"]]
        for user in ("ana", "anna")
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 3


def test_the_context_is_cut_unless_all_is_asked_for(carts: Path, engage: Engage) -> None:
    note = "x" * 300
    (carts / "data/events_more.csv").write_text(
        f"message_id,user_id,event,timestamp,cart_id,cart_total,note\nn1,dora,Cart Updated,2026-11-01T13:00:00Z,c9,70,{note}\n"
    )
    first_tick(carts)
    look = ["journey", "show", "cart_recovery", "--user", "dora"]
    assert note not in engage(*look).out
    assert note in engage(*look, "--verbose").out


def test_show_of_a_fork_names_the_branches(carts: Path, engage: Engage, golden: Golden) -> None:
    (carts / "campaigns/journeys/both.yaml").write_text(FORK)
    first_tick(carts)
    golden(Path("golden/journeys/show_fork.txt"), engage("journey", "show", "both", "--user", "cleo").out)


# ---- by hand -------------------------------------------------------------------------------------------------------


def test_pause_resume_and_archive_say_what_holds(carts: Path, engage: Engage) -> None:
    first_tick(carts)

    def said(verb: str, time: str) -> str:
        return engage("journey", verb, "cart_recovery", "--as-of", f"2026-11-01T{time}Z").out

    assert said("pause", "14:00") == "cart_recovery is paused by hand from 2026-11-01T14:00:00Z on: nobody enters, those inside go on\n"
    assert said("pause", "15:00") == "cart_recovery is paused by hand from 2026-11-01T14:00:00Z on: nothing changed\n"
    assert said("archive", "15:00") == "cart_recovery is archived by hand from 2026-11-01T15:00:00Z on: nothing moves\n"
    assert engage("journey", "status", "cart_recovery").out.startswith(
        "cart_recovery is live, by hand archived, entered by: Cart Updated\n"
    )
    assert "nobody enters from 2026-11-01T14:00:00Z on" in engage("journey", "status", "cart_recovery").out
    assert said("resume", "16:00") == "cart_recovery runs as its definition says, which is live, from 2026-11-01T16:00:00Z on\n"
    assert said("resume", "17:00") == "cart_recovery runs as its definition says, which is live: nothing changed\n"
    assert "nobody enters from 2026-11-01T14:00:00Z to 2026-11-01T16:00:00Z" in engage("journey", "status", "cart_recovery").out


def test_resume_says_where_the_file_holds_it_back(carts: Path, engage: Engage) -> None:
    edit(carts, "status: live", "status: paused")
    ran = engage("journey", "resume", "cart_recovery", "--as-of", "2026-11-01", "--json")
    assert ran.document == {
        "journey": "cart_recovery",
        "as_of": "2026-11-01T00:00:00Z",
        "by_hand": None,
        "status": "paused",
        "changed": False,
    }
    assert (
        "  hint: nobody enters, those inside go on until its file says `status: live`\n" in engage("journey", "resume", "cart_recovery").out
    )


def test_exit_says_whom_it_took_out(carts: Path, engage: Engage) -> None:
    out = ["journey", "exit", "cart_recovery", "--user", "ana"]
    assert engage(*out).out == "no tick has seen cart_recovery yet, so that nobody is inside: nothing changed\n"
    first_tick(carts)
    assert (
        engage(*out, "--dry-run").out == "dry run: would take ana out of cart_recovery as of 2026-11-01T13:20:00Z: 2 instances (c1, c5)\n"
    )
    assert engage(*out, "--key", "c5").out == "took ana out of cart_recovery as of 2026-11-01T13:20:00Z: 1 instance (c5)\n"
    document = engage(*out, "--json").document
    assert [(one["user_id"], one["key"]) for one in document["stopped"]] == [("ana", "c1")]
    assert engage(*out).out == "ana is not inside cart_recovery: nothing changed\n"
    assert engage("state", "check").code == ExitCode.DONE


def test_a_key_of_a_journey_without_one_is_refused(carts: Path, engage: Engage) -> None:
    edit(carts, "  key: cart_id\n", "")
    edit(carts, ", match: true", "")
    ran = engage("journey", "exit", "cart_recovery", "--user", "ana", "--key", "c1")
    assert ran.code == ExitCode.USAGE
    assert "the journey `cart_recovery` has no key" in ran.err


@pytest.mark.parametrize("words", [["pause"], ["resume"], ["archive"], ["exit", "--user", "ana"]], ids=lambda words: words[0])
def test_commands_that_change_something_wait_for_the_run_and_then_give_up(words: list[str], carts: Path, engage: Engage) -> None:
    first_tick(carts)
    with a_run(carts):
        ran = engage("journey", words[0], "cart_recovery", *words[1:], "--wait", "0")
    assert ran.code == ExitCode.LOCKED
    assert "journey tick" in ran.err


# ---- simulate ------------------------------------------------------------------------------------------------------


def test_a_simulation_as_text_and_as_a_document(carts: Path, engage: Engage, golden: Golden) -> None:
    words = ["journey", "simulate", "cart_recovery", "--from", "2026-11-01", "--to", "2026-11-05", "--sample", "2"]
    ran = engage(*words, "--quiet")
    assert (ran.code, ran.err) == (ExitCode.DONE, "")
    golden(Path("golden/journeys/simulation.txt"), ran.out)
    document = engage(*words, "--json").document
    assert document["sends"] == [{"day": "2026-11-01", "channel": "email", "messages": 3}]
    assert (document["standing"]["entered"], len(document["people"])) == (5, 2)
    assert engage("journey", "simulate", "cart_recovery", "--from", "2026-11-01").code == ExitCode.USAGE
    assert [engage(*words, "--every", often).out for often in ("12h", "1 day")] == [engage(*words).out] * 2
    for wrong in ("1", "0h", "1 fortnight", "h"):
        assert "is no duration; write one such as 1h, 30min or 1 day" in engage(*words, "--every", wrong).err
