"""Laws over generated histories: what the files say, told from the first to the last, is what the state and the member files hold."""

import json
import random
from pathlib import Path

import pytest

from engage_cli.state.readers import members
from tests.state.support import Project, at, audience

NAMES = ("one", "two", "three")
USERS = [f"u{number}" for number in range(12)]


@pytest.mark.parametrize("seed", range(6))
def test_replaying_every_call_gives_the_members(tmp_path: Path, seed: int) -> None:
    chosen = random.Random(seed)
    project = Project(tmp_path, *(audience(name, sync=["crm"]) for name in NAMES))
    entered: dict[tuple[str, str], int] = {}
    ids: list[str] = []
    for hour in range(1, 8):
        now = {name: chosen.sample(USERS, chosen.randint(0, len(USERS))) for name in NAMES if chosen.random() < 0.8}
        project.audiences = {name: audience(name, sync=["crm"]) for name in now}
        _, written = project.run(at(hour), now)
        before = set(entered)
        after = {(name, user) for name, users in now.items() for user in users} | {pair for pair in before if pair[0] not in now}
        calls = _calls(project, written.folder)
        assert {pair for pair, inside in calls if inside} == after - before
        assert {pair for pair, inside in calls if not inside} == before - after
        entered = {pair: entered.get(pair, hour) for pair in after}
        ids += [] if written.folder is None else _ids(project, written.folder)
        with project.published() as state:
            found = {(name, member.user_id): member.entered_at.hour for name in NAMES for member in members(state, name)}
        assert found == entered
        for name in now:
            lines = project.tree()[f"audiences/{name}/members.jsonl"].splitlines()
            assert [json.loads(line)["user_id"] for line in lines] == sorted(now[name])
    assert len(ids) == len(set(ids))
    assert project.dump(sound=True)


def _calls(project: Project, folder: str | None) -> list[tuple[tuple[str, str], bool]]:
    """Audience, user and whether they entered, of each track call in a run's folder."""
    calls = []
    for path in [] if folder is None else sorted((project.outputs / folder / "audiences").iterdir()):
        for line in path.read_text().splitlines():
            call = json.loads(line)
            calls.append(((path.stem, call["userId"]), call["event"] == "Audience Entered"))
    return calls


def _ids(project: Project, folder: str) -> list[str]:
    """The message ids of all calls in a run's folder, the destination's among them."""
    return [json.loads(line)["messageId"] for path in (project.outputs / folder).rglob("*.jsonl") for line in path.read_text().splitlines()]
