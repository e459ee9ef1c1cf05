"""`state check` finds what is planted, and nothing in a sound state."""

from pathlib import Path

import pytest

from engage_cli.errors import EngageError
from engage_cli.state.check import INVARIANTS, check_state
from engage_cli.state.store import published_path
from tests.state.support import Project, at, audience

PLANTED = {
    "revision": "INSERT INTO state.main.revision (number) VALUES (7)",
    "run-gap": "UPDATE state.main.run SET number = 9 WHERE number = 2",
    "run-chain": "UPDATE state.main.run SET previous_run_id = 'deadbeef' WHERE number = 2",
    "run-status": "UPDATE state.main.run SET status = 'thinking' WHERE number = 1",
    "run-unfinished": "UPDATE state.main.run SET status = 'committed' WHERE number = 2",
    "run-id": "UPDATE state.main.run SET definitions = 'edited' WHERE number = 1",
    "alias-twice": "INSERT INTO state.main.alias VALUES ('phone', 'u1', 2), ('phone', 'u2', 2)",
    "member-twice": "INSERT INTO state.main.membership SELECT * FROM state.main.membership WHERE user_id = 'u2'",
    "member-times": "UPDATE state.main.membership SET exited_at = TIMESTAMP '2026-01-01' WHERE user_id = 'u1'",
    "member-overlap": "INSERT INTO state.main.membership VALUES ('vip', 'u1', TIMESTAMP '2026-11-23 10:00:00', NULL, 1, NULL)",
    "member-run": "UPDATE state.main.membership SET entered_at = TIMESTAMP '2026-11-23 09:00:00' WHERE user_id = 'u2'",
    "clock-missing": "DELETE FROM state.main.audience_clock WHERE audience = 'vip'",
    "clock-run": "UPDATE state.main.audience_clock SET as_of = TIMESTAMP '2026-11-23 13:00:00' WHERE audience = 'vip'",
    "clock-behind": "UPDATE state.main.audience_clock SET as_of = TIMESTAMP '2026-11-23 10:00:00', run = 1 WHERE audience = 'vip'",
    "clock-counts": "UPDATE state.main.audience_clock SET entered = 5 WHERE audience = 'vip'",
    "outbox-unknown": "INSERT INTO state.main.outbox VALUES (2, 'membership', 'vip', NULL, 'u9', 'entered', NULL)",
    "outbox-missing": "DELETE FROM state.main.outbox WHERE change = 'exited' AND kind = 'membership'",
    "outbox-payload": "UPDATE state.main.outbox SET payload = 'x' WHERE user_id = 'u1'",
    "run-files": "DELETE FROM state.main.run_file WHERE run = 2",
    "sync": "INSERT INTO state.main.sync VALUES ('ads', 'vip', 7, FALSE)",
    "list-twice": "INSERT INTO state.main.list_member SELECT * FROM state.main.list_member WHERE user_id = 'u2'",
    "list-told": "UPDATE state.main.list_member SET identifiers = '{}' WHERE user_id = 'u2'",
    "trait-twice": "INSERT INTO state.main.trait_value SELECT * FROM state.main.trait_value",
    "trait-run": "UPDATE state.main.trait_value SET since = TIMESTAMP '2026-11-23 09:00:00'",
    "trait-clock": "DELETE FROM state.main.trait_clock",
    "trait-json": "UPDATE state.main.trait_value SET value = 'gold'",
    "trait-told": "INSERT INTO state.main.outbox VALUES (1, 'trait', 'orders', NULL, 'u1', 'set', '{\"orders\":9}')",
    "input-files": "INSERT INTO state.main.input_file SELECT * FROM state.main.input_file",
    "member-file": "INSERT INTO state.main.member_file VALUES ('ghost', 'audiences/ghost/members.csv', 0, 0, '')",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("sound"), audience("vip", sync=["ads"]))
    emails = {user: {"email": f'"{user}@x"'} for user in ("u1", "u2", "u3")}
    project.run(at(10), {"vip": ["u1", "u2"]}, emails)
    with project.state() as state:
        hour = "TIMESTAMP '2026-11-23 10:00:00'"
        state.engine.execute(f"INSERT INTO state.main.trait_clock VALUES ('orders', 'users', {hour}, {hour}, 'd', 'i', 1, 1)")
        state.engine.execute(f"INSERT INTO state.main.trait_value VALUES ('orders', 'users', 'u1', '3', {hour}, NULL, 1, NULL)")
    project.run(at(11), {"vip": ["u2", "u3"]}, emails)
    return project


@pytest.fixture
def project(sound: Project, tmp_path: Path) -> Project:
    return sound.copied_to(tmp_path)


def test_a_sound_state_has_no_findings(project: Project) -> None:
    with project.state() as state:
        assert check_state(state) == []


def test_every_invariant_has_its_planted_breach() -> None:
    assert {invariant.code for invariant in INVARIANTS} | {"run-id"} == set(PLANTED)


@pytest.mark.parametrize("code", PLANTED)
def test_a_breach_is_found(project: Project, code: str) -> None:
    with project.state() as state:
        state.engine.execute(PLANTED[code])
        findings = {finding.code: finding for finding in check_state(state)}
    assert code in findings
    assert findings[code].rows >= 1
    assert findings[code].example


def test_a_stale_or_missing_copy_is_found_and_the_next_run_mends_it(project: Project) -> None:
    copy = published_path(project.state_path)
    old = copy.read_bytes()
    project.run(at(12), {"vip": ["u2"]})
    new = copy.read_bytes()
    for content in (old, b"not a database", new[:-4096], None):
        if content is None:
            copy.unlink()
        else:
            copy.write_bytes(content)
        with project.state() as state:
            assert {finding.code for finding in check_state(state)} == {"published"}
        project.run(at(12), {"vip": ["u2"]})
        with project.state() as state:
            assert check_state(state) == []


def test_hostile_ids_do_not_reach_the_terminal_raw(project: Project) -> None:
    project.run(at(12), {"vip": ["u2", "\x1b[31m\u202e"]})
    with project.state() as state:
        state.engine.execute("DELETE FROM state.main.outbox WHERE run = 3")
        assert all(finding.example.isprintable() for finding in check_state(state))


def test_a_state_whose_bytes_are_damaged_is_a_finding(project: Project) -> None:
    content, block = project.state_path.read_bytes(), 262_144
    found = set()
    for number in range(1, 9):
        begin = len(content) - number * block
        project.state_path.write_bytes(content[:begin] + bytes(block) + content[begin + block :])
        try:
            with project.state() as state:
                found |= {finding.code for finding in check_state(state)}
        except EngageError as error:  # the block says which tables there are
            assert "cannot be opened" in error.message and error.hint is not None
    assert "unreadable" in found


@pytest.mark.parametrize("keep", [12, 4096, 12_288])
def test_a_state_that_is_cut_off_is_refused_with_a_remedy(project: Project, keep: int) -> None:
    project.state_path.write_bytes(project.state_path.read_bytes()[:keep])
    with pytest.raises(EngageError, match="cannot be opened") as refused:
        project.run(at(12), {"vip": []})
    assert refused.value.hint == "put a backup in its place with `engage state restore`"
