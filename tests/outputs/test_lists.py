"""Lists at destinations: who is added and removed, by which identifiers, and what is held back."""

import csv
import hashlib
import io
import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from engage_cli.definitions.destinations import ListDestination
from engage_cli.outputs.syncs import Asked
from engage_cli.outputs.write import Written
from engage_cli.records import replace
from engage_cli.state.check import check_state
from engage_cli.state.tables import Told
from tests.state.support import DESTINATIONS, Project, Traits, at, audience

FULL = Asked(full=True)
ALLOWED = Asked(allow_change=True)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def emails(**of_user: str) -> Traits:
    return {user: {"email": json.dumps(email)} for user, email in of_user.items()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, audience("vip", sync=["ads"]), audience("plain"))


def list_rows(project: Project, written: Written, path: str) -> list[dict[str, str]]:
    """The rows of one file of a run's folder; none where there is no file."""
    content = project.tree().get(f"{written.folder}/{path}")
    return [] if content is None else list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def told(project: Project, written: Written, name: str = "vip") -> tuple[list[str], list[str]]:
    """The emails (hashed) that a run adds to a list and removes from it."""
    adds, removes = (list_rows(project, written, f"syncs/ads/{name}/{file}.csv") for file in ("adds", "removes"))
    return [row["email"] for row in adds], [row["email"] for row in removes]


def list_members(project: Project) -> list[tuple[Any, ...]]:
    with project.state() as state:
        return state.engine.rows("SELECT list, user_id, identifiers FROM state.main.list_member ORDER BY ALL")


def test_a_list_gets_the_columns_that_it_asks_for(project: Project) -> None:
    traits: Traits = {"u1": {"email": '" Ana@X.example "', "phone": '"07400 123456"'}, "u2": {"phone": '"+1 (650) 555-1212"'}, "u3": {}}
    _, written = project.run(at(10), {"vip": ["u1", "u2", "u3"]}, traits)
    content = project.tree()[f"{written.folder}/syncs/ads/vip/adds.csv"].decode()
    assert content == f"email,Phone\n{sha('ana@x.example')},447400123456\n,16505551212\n"
    assert [file.path for file in written.run_files] == ["audiences/vip.jsonl", "syncs/ads/vip/adds.csv"]
    [calls, listed] = json.loads(project.tree()[f"{written.folder}/manifest.json"])["files"]
    assert (calls["audience"], calls["call"], calls["destination"]) == ("vip", "track", None)
    assert (listed["list"], listed["change"], listed["destination"], listed["rows"]) == ("vip", "added", "ads", 2)
    assert project.dump(sound=True)


def test_only_what_changed_goes_out_and_removals_say_what_was_added(project: Project) -> None:
    """u1 leaves the audience, u2 has another email, u3 vanishes from all data, u4 stays."""
    project.run(at(10), {"vip": ["u1", "u2", "u3", "u4"]}, emails(u1="a@x", u2="b@x", u3="c@x", u4="d@x"))
    _, written = project.run(at(11), {"vip": ["u2", "u4", "u5"]}, emails(u1="changed@x", u2="new@x", u4="D@x", u5="e@x"))
    assert told(project, written) == ([sha("new@x"), sha("e@x")], [sha("a@x"), sha("b@x"), sha("c@x")])
    assert [user for _, user, _ in list_members(project)] == ["u2", "u4", "u5"]
    _, written = project.run(at(12), {"vip": ["u2", "u4", "u5"]}, emails(u2="new@x", u4="d@x", u5="e@x"))
    assert written.folder is None
    assert project.dump(sound=True)


def test_one_who_loses_what_tells_who_they_are_is_removed_and_comes_back(project: Project) -> None:
    project.run(at(10), {"vip": ["u1"]}, emails(u1="a@x"))
    _, written = project.run(at(11), {"vip": ["u1"]}, emails(u1="no address"))
    assert told(project, written) == ([], [sha("a@x")])
    assert list_members(project) == []
    _, written = project.run(at(12), {"vip": ["u1"]}, emails(u1="a@x"))
    assert told(project, written) == ([sha("a@x")], [])


def test_two_with_the_same_identifiers_are_one_row(project: Project) -> None:
    _, written = project.run(at(10), {"vip": ["u1", "u2"]}, emails(u1="a@x", u2="A@x"))
    assert told(project, written) == ([sha("a@x")], [])
    _, written = project.run(at(11), {"vip": ["u2"]}, emails(u2="a@x"))
    assert told(project, written) == ([], [])
    _, written = project.run(at(12), {"vip": []}, {})
    assert told(project, written) == ([], [sha("a@x")])


def test_a_new_destination_is_told_the_whole_membership(tmp_path: Path) -> None:
    """Lists and calls alike; what it is told later are changes."""
    project = Project(tmp_path, audience("vip", traits=["email"]))
    project.run(at(10), {"vip": ["u1", "u2"]}, emails(u1="a@x", u2="b@x"))
    project.audiences = {"vip": audience("vip", traits=["email"], sync=["ads", "crm"])}
    project.definitions["vip"] = "edited"
    _, written = project.run(at(10), {"vip": ["u1", "u2"]}, emails(u1="a@x", u2="b@x"))
    assert told(project, written) == ([sha("a@x"), sha("b@x")], [])
    calls = [json.loads(line) for line in project.tree()[f"{written.folder}/syncs/crm/vip.jsonl"].splitlines()]
    assert [(call["userId"], call["traits"]) for call in calls] == [
        ("u1", {"vip": True, "email": "a@x"}),
        ("u2", {"vip": True, "email": "b@x"}),
    ]
    assert f"{written.folder}/audiences/vip.jsonl" not in project.tree(), "nobody entered"
    assert [file.kind for file in written.run_files] == [Told.LIST, Told.SYNC]
    _, written = project.run(at(11), {"vip": ["u2", "u3"]}, emails(u2="b@x", u3="c@x"))
    calls = [json.loads(line) for line in project.tree()[f"{written.folder}/syncs/crm/vip.jsonl"].splitlines()]
    assert [(call["userId"], call["traits"]["vip"]) for call in calls] == [("u1", False), ("u3", True)]
    assert project.dump(sound=True)


def test_a_destination_that_comes_back_is_told_what_it_missed(tmp_path: Path) -> None:
    synced, alone = audience("vip", sync=["ads", "crm"]), audience("vip")
    project = Project(tmp_path, synced)
    project.run(at(10), {"vip": ["u1", "u2", "u3"]}, emails(u1="a@x", u2="b@x", u3="c@x"))
    project.audiences = {"vip": alone}
    project.run(at(11), {"vip": ["u2", "u3", "u4"]}, emails(u2="b@x", u3="c@x", u4="d@x"))
    project.audiences = {"vip": synced}
    _, written = project.run(at(12), {"vip": ["u1", "u3", "u4"]}, emails(u1="a@x", u3="c@x", u4="d@x"))
    assert told(project, written) == ([sha("d@x")], [sha("b@x")])
    calls = [json.loads(line) for line in project.tree()[f"{written.folder}/syncs/crm/vip.jsonl"].splitlines()]
    assert [(call["userId"], call["traits"]["vip"]) for call in calls] == [("u2", False), ("u4", True)]
    assert project.dump(sound=True)


def test_full_sends_all_again_at_the_same_instant(tmp_path: Path) -> None:
    project = Project(tmp_path, audience("vip", sync=["ads", "hub"]))
    traits = emails(u1="a@x", u2="b@x")
    project.run(at(10), {"vip": ["u1", "u2"]}, traits)
    _, again = project.run(at(10), {"vip": ["u1", "u2"]}, traits)
    assert again.folder is None
    _, full = project.run(at(10), {"vip": ["u1", "u2"]}, traits, asked=FULL)
    assert told(project, full) == ([sha("a@x"), sha("b@x")], [])
    assert len(project.tree()[f"{full.folder}/syncs/hub/vip.jsonl"].splitlines()) == 2
    _, full = project.run(at(11), {"vip": ["u2", "u3"]}, emails(u2="new@x", u3="c@x"), asked=FULL)
    assert told(project, full) == ([sha("new@x"), sha("c@x")], [sha("a@x"), sha("b@x")])
    calls = [json.loads(line) for line in project.tree()[f"{full.folder}/syncs/hub/vip.jsonl"].splitlines()]
    assert [(call["userId"], call["event"]) for call in calls] == [
        ("u1", "Audience Exited"),
        ("u2", "Audience Entered"),
        ("u3", "Audience Entered"),
    ]
    assert project.dump(sound=True)


def guarded(project: Project, millionths: int) -> None:
    project.destinations = {name: replace(one, max_change=millionths) for name, one in project.destinations.items()}


def test_a_guard_holds_back_until_it_is_allowed(tmp_path: Path) -> None:
    """A third may change: one of four does at noon, two at one o'clock. Nothing is lost meanwhile."""
    project = Project(tmp_path, audience("vip", sync=["ads", "hub"]))
    guarded(project, 300_000)
    users = ["u1", "u2", "u3", "u4"]
    traits = emails(u1="a@x", u2="b@x", u3="c@x", u4="d@x")
    _, first = project.run(at(10), {"vip": users}, traits)
    assert len(told(project, first)[0]) == 4, "what is new to a destination changes nothing that it has"
    _, small = project.run(at(12), {"vip": users[1:]}, traits)
    assert told(project, small) == ([], [sha("a@x")])
    _, large = project.run(at(13), {"vip": users[2:]}, traits)
    assert [file.path for file in large.run_files] == ["audiences/vip.jsonl"]
    assert [user for _, user, _ in list_members(project)] == ["u2", "u3", "u4"]
    plan, held = project.run(at(13), {"vip": users[2:]}, traits)
    assert plan.audiences == ("vip",)
    assert (held.run, held.folder) == (None, None), "it is looked at again, and no run is made of nothing"
    _, allowed = project.run(at(13), {"vip": users[2:]}, traits, asked=ALLOWED)
    assert told(project, allowed) == ([], [sha("b@x")])
    [call] = [json.loads(line) for line in project.tree()[f"{allowed.folder}/syncs/hub/vip.jsonl"].splitlines()]
    assert (call["userId"], call["event"]) == ("u2", "Audience Exited")
    assert project.run(at(13), {"vip": users[2:]}, traits)[0].unchanged == ("vip",)
    assert project.dump(sound=True)


def test_a_guard_counts_changed_identifiers_and_lets_its_share_pass(project: Project) -> None:
    guarded(project, 500_000)
    project.run(at(10), {"vip": ["u1", "u2"]}, emails(u1="a@x", u2="b@x"))
    _, half = project.run(at(11), {"vip": ["u1", "u2"]}, emails(u1="a@x", u2="new@x"))
    assert told(project, half) == ([sha("new@x")], [sha("b@x")])
    _, both = project.run(at(12), {"vip": ["u1", "u2"]}, emails(u1="other@x", u2="newer@x"))
    assert both.folder is None


def test_rows_are_removed_under_the_columns_that_they_were_added_with(project: Project) -> None:
    ads = project.destinations["ads"]
    assert isinstance(ads, ListDestination)
    project.run(at(10), {"vip": ["u1"]}, emails(u1="a@x"))
    project.destinations["ads"] = replace(ads, columns=(replace(ads.columns[0], name="Mail", hashed=False),))
    _, written = project.run(at(11), {"vip": ["u1"]}, emails(u1="a@x"))
    assert list_rows(project, written, "syncs/ads/vip/adds.csv") == [{"Mail": "a@x"}]
    assert list_rows(project, written, "syncs/ads/vip/removes.csv") == [{"Mail": "", "email": sha("a@x"), "phone": ""}]
    project.destinations["ads"] = replace(ads, columns=(replace(ads.columns[0], name="MAIL", hashed=False),))
    _, written = project.run(at(12), {"vip": []}, {})
    assert list_rows(project, written, "syncs/ads/vip/removes.csv") == [{"MAIL": "a@x"}], (
        "a header that is written otherwise is no other column"
    )


HOSTILE = ['a"b@x', "x,y@x", "line\nbreak@x", "'; --@x", "\u202e@x", "ünï\U0001f600@x", "\x01@x", "=1+1@x", "\\@x"]


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_hostile_values_are_told_as_they_are_and_removed_again(tmp_path: Path, file_format: str) -> None:
    project = Project(tmp_path, audience("vip", sync=["ads"]))
    ads = project.destinations["ads"]
    assert isinstance(ads, ListDestination)
    columns = (replace(ads.columns[0], name='it\'s "e"', hashed=False, form=ads.columns[0].form.NONE),)
    project.destinations["ads"] = replace(ads, format=file_format, columns=columns)
    users = {f"u{number}": email for number, email in enumerate(HOSTILE)}
    _, first = project.run(at(10), {"vip": users}, emails(**users))
    _, last = project.run(at(11), {"vip": []}, {})
    for written, file in ((first, "adds"), (last, "removes")):
        path = project.outputs / str(written.folder) / f"syncs/ads/vip/{file}.{file_format}"
        with project.state() as state:
            reader = {"csv": "read_csv(?, all_varchar=true, header=true, delim=',', quote='\"')", "jsonl": "read_json(?)"}
            rows = state.engine.rows(f"SELECT * FROM {reader.get(file_format, 'read_parquet(?)')}", [str(path)])
        assert [row[0] for row in rows] == HOSTILE


@pytest.mark.parametrize("seed", range(4))
def test_replaying_adds_and_removes_gives_the_list(tmp_path: Path, seed: int) -> None:
    """Removes first, then adds, over any history: members, identifiers, guards, destinations that come and go."""
    chosen = random.Random(seed)
    project = Project(tmp_path, audience("vip", sync=["ads"]))
    users = [f"u{number}" for number in range(8)]
    there: set[str] = set()
    for hour in range(1, 9):
        synced = chosen.random() < 0.8
        project.audiences = {"vip": audience("vip", sync=["ads"] if synced else [])}
        guarded(project, chosen.choice([200_000, 10_000_000]))
        now = chosen.sample(users, chosen.randint(0, len(users)))
        traits = emails(**{user: f"{chosen.choice('abcd')}@x" for user in users if chosen.random() < 0.8})
        asked = Asked(full=chosen.random() < 0.2, allow_change=chosen.random() < 0.3)
        _, written = project.run(at(hour), {"vip": now}, traits, asked=asked)
        adds, removes = told(project, written)
        assert set(removes) <= there and len(set(adds)) == len(adds) and len(set(removes)) == len(removes)
        assert asked.full or not set(adds) & there
        there = (there - set(removes)) | set(adds)
        with project.state() as state:
            held = state.engine.rows("SELECT held FROM state.main.sync") == [(True,)]
            assert check_state(state) == []
        if synced and not held:
            assert there == {sha(json.loads(of_user["email"])) for user, of_user in traits.items() if user in now}


def test_an_audience_of_nobody_writes_no_list(project: Project) -> None:
    _, written = project.run(at(10), {"vip": []}, {})
    assert written.folder is None


def test_two_destinations_of_lists_are_told_apart(tmp_path: Path) -> None:
    ads = DESTINATIONS["ads"]
    project = Project(tmp_path, audience("vip", sync=["ads", "other"]), audience("new", sync=["other"]))
    project.destinations["other"] = replace(ads, name="other")
    _, written = project.run(at(10), {"vip": ["u1"], "new": ["u1", "u2"]}, emails(u1="a@x", u2="b@x"))
    found: Iterable[str] = (file.path for file in written.run_files if file.kind is Told.LIST)
    assert list(found) == ["syncs/ads/vip/adds.csv", "syncs/other/new/adds.csv", "syncs/other/vip/adds.csv"]
    assert [row["email"] for row in list_rows(project, written, "syncs/other/new/adds.csv")] == [sha("a@x"), sha("b@x")]
