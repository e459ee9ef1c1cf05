"""Files of messages by either way, SQL or rendering, on one core or several: the same bytes, and nothing left of what fails."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engage_cli.engine.duckdb_engine import DuckDBEngine
from engage_cli.errors import EngageError
from engage_cli.messaging.policy.batches import Row
from engage_cli.messaging.policy.editions import Edition, stage_editions
from engage_cli.messaging.policy.linked import Shown
from engage_cli.messaging.policy.rendering import Messages
from engage_cli.messaging.policy.signing import make_signing, signing
from engage_cli.messaging.policy.telling import make_told
from engage_cli.messaging.policy.worker import read_frame, write_frame
from engage_cli.messaging.unsubscribe import KEY_VARIABLE, Subscription, sign, verify
from engage_cli.outputs import rendering
from engage_cli.outputs.calls import stage_committed_changes
from engage_cli.outputs.messages import write_messages
from engage_cli.outputs.ticks import stage_told
from engage_cli.state.messages import NONE_UNRENDERED
from engage_cli.state.outbox import RunFile
from engage_cli.state.tables import Told
from tests.state.engine import make_engine

URLS = {"unsubscribe": "https://acme.example/u/{token}", "preferences": None, "view": "https://acme.example/v/{message_id}"}
SETTING = {"channels": {"email": "a@acme.example"}, "language": "en", "urls": URLS, "timezone": "UTC"}
TEXT = 'Hi {{ profile.name }}, {{ context.entry.cart }}: {{ context.entry.total | money("GBP") }}. {{ unsubscribe_url }}\n'
EDITION = Edition("hi", json.dumps({"campaigns/templates/hi.txt": TEXT}), json.dumps(SETTING))
KEY = "a key of more than sixteen characters"
USERS = [
    "ana",
    "zoë 🎈",
    'q"uote',
    "back\\slash",
    "üé́",
    "tab\tand\nline",
    ',"language":"xx","zone":"',
    '","profile":{}',
    "~~~???",
    '","variables":{"',
]
"""With what JSON, base64 and addresses have to escape."""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DuckDBEngine]:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with make_engine(tmp_path) as made:
        stage_editions(made, [EDITION])
        made.execute(NONE_UNRENDERED)
        yield made


def tell(engine: DuckDBEngine, render: str, users: list[str], subject: str | None = None, at: str = "2026-11-01 10:00:00") -> None:
    """Make `run_change` of one message a user, as a run does."""
    settings = json.dumps({"group": "news", **({"subject": subject} if subject else {})})
    engine.execute(
        """
        CREATE TEMP TABLE p_message AS
        SELECT md5(user_id) AS message_id, user_id, row_number() OVER () AS user_key, user_id || '@acme.example' AS "to", 'hi' AS template,
            'email' AS channel, 'journey' AS kind, 'c' AS campaign, 's' AS step, NULL::VARCHAR AS variant, 'marketing' AS category,
            'news' AS "group", CAST(? AS TIMESTAMP) AS scheduled_at, TIMESTAMP '2026-11-01 10:00:00' AS send_at, 'UTC' AS zone,
            ? AS render, ? AS settings, NULL::VARCHAR AS reason, NULL::VARCHAR AS rule,
            to_json({'entry': {'cart': user_id || ',"variables":{"x":1}', 'total': 12.5, 'variables': {'profile': 1}}}) AS context
        FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS user_id)
        """,
        [at, render, settings, users],
    )
    engine.execute('CREATE TEMP TABLE p_person AS SELECT user_key, to_json(user_id) AS "profile:name" FROM p_message')
    make_told(engine, {"hi": EDITION.id}, {"hi": Shown(("name",))}, with_language=False)
    stage_told(engine)


def write(engine: DuckDBEngine, path: Path) -> int:
    file = RunFile(path.name, Told.MESSAGE, "email", "email", "message", False, None, path.suffix.removeprefix("."))
    return write_messages(engine, file, path)


def test_the_token_of_sql_is_the_signed_one(engine: DuckDBEngine) -> None:
    make_signing(engine)
    claims = "CAST(json_array(?::VARCHAR, 'email', ?::VARCHAR, 'm1') AS VARCHAR)"
    for key in (b"k" * 16, b"k" * 64, b"k" * 65, "schlüßel".encode() * 3):
        with signing(engine, key):
            for user in USERS:
                for group in (None, "news"):
                    [(token,)] = engine.rows(f"SELECT unsubscribe_token(unsubscribe_claims({claims}))", [user, group])
                    assert token == sign(Subscription(user, "email", group, "m1"), key)
    assert engine.rows("SELECT unsubscribe_token('[]'), getvariable('unsubscribe_inner'), getvariable('unsubscribe_outer')") == [
        (None,) * 3
    ]


def test_messages_with_variables_need_no_rendering(engine: DuckDBEngine, tmp_path: Path) -> None:
    tell(engine, "variables", USERS, subject='For "you" 🎈')
    assert write(engine, tmp_path / "email.jsonl") == len(USERS)
    lines = [json.loads(line) for line in (tmp_path / "email.jsonl").read_text().splitlines()]
    assert [line["message_id"] for line in lines] == sorted(line["message_id"] for line in lines)
    assert {line["user_id"] for line in lines} == set(USERS)
    messages = Messages({EDITION.id: EDITION})
    payloads = [json.loads(row[0]) for row in engine.rows("SELECT payload FROM run_change WHERE kind = 'message' ORDER BY id_json")]
    for line, payload in zip(lines, payloads, strict=True):
        user = line["user_id"]
        token = line["variables"]["unsubscribe_url"].removeprefix("https://acme.example/u/")
        assert verify(token, [KEY.encode()]) == Subscription(user, "email", "news", line["message_id"])
        own = payload["variables"]
        row = {**payload, "profile": own["profile"], "context": own["context"], "kind": "journey", "channel": "email"}
        row["settings"] = {"subject": 'For "you" 🎈'}
        assert list(messages.line(row, token).items()) == list(line.items()), "as the renderer would say it"
        assert own["context"]["entry"]["cart"] == user + ',"variables":{"x":1}'
        assert own["profile"] == {"user_id": user, "name": user}


@pytest.mark.parametrize("render", ["variables", "message"])
def test_instants_keep_their_fractions(engine: DuckDBEngine, render: str) -> None:
    tell(engine, render, ["ana"], at="2026-11-01 10:00:00.25")
    [(payload,)] = engine.rows("SELECT payload FROM run_change")
    assert (json.loads(payload)["scheduled_at"], json.loads(payload)["send_at"]) == ("2026-11-01T10:00:00.25Z", "2026-11-01T10:00:00Z")


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_columns_hold_what_lines_hold(engine: DuckDBEngine, tmp_path: Path, file_format: str) -> None:
    tell(engine, "variables", USERS)
    assert write(engine, tmp_path / "email.jsonl") == write(engine, tmp_path / f"email.{file_format}") == len(USERS)
    written = duckdb.sql(
        f"SELECT message_id, user_id, html, variables, CAST(send_at AS DATE) FROM '{tmp_path / f'email.{file_format}'}'"
    ).fetchall()
    lines = [json.loads(line) for line in (tmp_path / "email.jsonl").read_text().splitlines()]
    assert [(*row[:3], json.loads(row[3]), str(row[4])) for row in written] == [
        (line["message_id"], line["user_id"], None, line["variables"], line["send_at"][:10]) for line in lines
    ]


@pytest.mark.parametrize(
    "behind", ["''", """ ',"later":{"campaign":{"kind":"journey"}}' """, """ ',"later":"é"' """, """ ',"later":' || to_json(user_id) """]
)
def test_what_stands_behind_the_variables_may_be_another(engine: DuckDBEngine, tmp_path: Path, behind: str) -> None:
    """The last variable is taken for all messages from one of them: only where it is the one that they have in common."""
    tell(engine, "variables", USERS)
    engine.execute(f"UPDATE run_change SET payload = replace(payload, '}}}},\"render\":', '}}' || {behind} || '}},\"render\":')")
    write(engine, tmp_path / "email.jsonl")
    write(engine, tmp_path / "email.parquet")
    lines = [json.loads(line)["variables"] for line in (tmp_path / "email.jsonl").read_text().splitlines()]
    assert [json.loads(row[0]) for row in duckdb.sql(f"SELECT variables FROM '{tmp_path / 'email.parquet'}'").fetchall()] == lines
    later = [] if behind == "''" else ["later"]
    assert list(lines[0]) == ["profile", "context", "campaign", *later, "unsubscribe_url", "view_url"]


@pytest.mark.parametrize("subject", [None, "", "a, b", "#1", 'For "you"', "two\nlines", " wide ", "plain"])
def test_csv_is_what_duckdb_would_write(engine: DuckDBEngine, tmp_path: Path, subject: str | None) -> None:
    tell(engine, "variables", [*USERS, "a,b", "#1", "cr\r", "nul\0", " wide "], subject=subject)
    # Somebody's address that there is none of, and one in a language of their own.
    engine.execute(
        'UPDATE run_change SET payload = replace(replace(payload, \'"to":"ana@acme.example"\', \'"to":null\'),'
        " '\"language\":null,', CASE WHEN user_id = 'ana' THEN '\"language\":\"fr\",' ELSE '\"language\":null,' END)"
    )
    write(engine, tmp_path / "email.csv")
    write(engine, tmp_path / "email.parquet")
    duckdb.sql(f"COPY (FROM '{tmp_path / 'email.parquet'}') TO '{tmp_path / 'copied.csv'}' (FORMAT csv, HEADER true)")
    written = (tmp_path / "email.csv").read_bytes()
    assert b",ana,,hi,fr," in written
    assert written == (tmp_path / "copied.csv").read_bytes()


@pytest.mark.parametrize("render", ["variables", "message"])
def test_the_outbox_makes_the_same_file(engine: DuckDBEngine, tmp_path: Path, render: str) -> None:
    tell(engine, render, USERS)
    write(engine, tmp_path / "first.jsonl")
    engine.attach(tmp_path / "state.duckdb", "state")
    engine.execute(
        "CREATE TABLE state.main.outbox AS"
        " SELECT 1 AS run, kind, source, destination, user_id, change, payload FROM run_change ORDER BY hash(payload)"
    )
    engine.execute("CREATE TABLE state.main.template_edition AS SELECT *, 1 AS run FROM run_edition")
    stage_committed_changes(engine, 1)
    write(engine, tmp_path / "again.jsonl")
    assert (tmp_path / "first.jsonl").read_bytes() == (tmp_path / "again.jsonl").read_bytes()


def test_a_rendered_line_says_what_the_outbox_does_and_what_the_template_makes_of_it(engine: DuckDBEngine, tmp_path: Path) -> None:
    tell(engine, "message", USERS)
    assert write(engine, tmp_path / "email.jsonl") == len(USERS)
    payloads = [json.loads(row[0]) for row in engine.rows("SELECT payload FROM run_change WHERE kind = 'message' ORDER BY id_json")]
    messages = Messages({EDITION.id: EDITION})
    for written, payload in zip((tmp_path / "email.jsonl").read_text().splitlines(), payloads, strict=True):
        line, user = json.loads(written), payload["user_id"]
        for name in ("message_id", "user_id", "to", "template", "campaign", "step", "variant", "category", "group", "send_at"):
            assert line[name] == payload[name]
        link = line["unsubscribe_url"]
        assert line["text"] == f'Hi {user}, {user},"variables":{{"x":1}}: £12.50. {link}'
        assert verify(link.removeprefix("https://acme.example/u/"), [KEY.encode()]).message == line["message_id"]
        assert messages.line(payload, link.removeprefix("https://acme.example/u/")) == line, "of an object, the same"
        assert written == json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def test_several_processes_write_the_same(engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(
        engine,
        "message",
        [f"user {number}" for number in range(2500)] + ["\ud83c\udf88".encode("utf-16", "surrogatepass").decode("utf-16")],
    )
    engine.execute("UPDATE run_change SET payload = replace(payload, '\"total\":12.5', '\"total\":\"much\"') WHERE user_id = 'user 7'")
    write(engine, tmp_path / "alone.jsonl")
    assert engine.rows("SELECT count(*), min(rule) FROM unrendered")[0][0] == 1
    engine.execute("DELETE FROM unrendered")
    monkeypatch.setattr(rendering, "FROM", 1000)
    assert write(engine, tmp_path / "together.jsonl") == 2500
    assert (tmp_path / "alone.jsonl").read_bytes() == (tmp_path / "together.jsonl").read_bytes()


def test_a_link_too_long_for_a_header_is_unrenderable(engine: DuckDBEngine, tmp_path: Path) -> None:
    tell(engine, "message", ["ana", "u" * 700])
    assert write(engine, tmp_path / "email.jsonl") == 1
    [(rule,)] = engine.rows("SELECT rule FROM unrendered")
    assert "`List-Unsubscribe` would be longer than the 998 octets" in rule


def batches(number: int) -> Iterator[list[Row]]:
    row = {"message_id": "m", "user_id": "u", "to": "t", "template": "hi", "edition": EDITION.id, "language": None, "channel": "sms"}
    row |= {"kind": "journey", "campaign": "c", "step": "s", "variant": None, "category": "marketing", "group": None, "zone": None}
    row |= {"scheduled_at": "2026-11-01T10:00:00Z", "send_at": "2026-11-01T10:00:00Z", "settings": {}, "render": "message"}
    row |= {"profile": {"name": "Ana"}, "context": {"entry": {"cart": "c", "total": 1}}}
    for _ in range(number):
        yield [(json.dumps(row), "token", None)] * 10


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]


def test_a_killed_process_ends_the_run_and_nothing_stays() -> None:
    before = set(children())
    lines = rendering.rendered({EDITION.id: EDITION}, batches(1000), 10**6, 2)
    next(lines)
    [os.kill(pid, signal.SIGKILL) for pid in set(children()) - before]
    with pytest.raises(EngageError, match="was ended by signal 9"):
        list(lines)
    assert set(children()) <= before


def test_an_interrupted_run_leaves_no_process() -> None:
    before = set(children())
    lines = rendering.rendered({EDITION.id: EDITION}, batches(1000), 10**6, 2)
    next(lines)
    assert len(set(children()) - before) == 2
    with pytest.raises(KeyboardInterrupt):
        lines.throw(KeyboardInterrupt)  # type: ignore[attr-defined]  # it is a generator
    assert set(children()) <= before


def test_a_process_that_renders_is_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (KEY_VARIABLE, "SENDGRID_API_KEY"):
        monkeypatch.setenv(name, KEY)
    before = set(children())
    lines = rendering.rendered({EDITION.id: EDITION}, batches(1000), 10**6, 2)
    next(lines)
    told = [Path(f"/proc/{pid}/environ").read_bytes() for pid in set(children()) - before]
    lines.close()
    assert len(told) == 2 and all(b"PATH=" in one for one in told)
    assert not any(secret in one for one in told for secret in (b"ENGAGE_", b"SENDGRID", KEY.encode()))


def test_a_process_that_cannot_be_started_is_said_and_nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    before, popen = set(children()), subprocess.Popen
    started: list[int] = []

    def second_fails(*args: Any, **kwargs: Any) -> Any:
        started.append(1)
        if len(started) == 2:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return popen(*args, **kwargs)

    monkeypatch.setattr(subprocess, "Popen", second_fails)
    with pytest.raises(EngageError, match=r"cannot be started: .*temporarily unavailable") as failed:
        list(rendering.rendered({EDITION.id: EDITION}, batches(1), 10**6, 2))
    assert "engine.threads" in (failed.value.hint or "")
    assert set(children()) <= before


def test_what_fails_in_a_process_is_told_as_in_the_run() -> None:
    broken = Edition("hi", json.dumps({"campaigns/templates/other.txt": "Hi\n"}), json.dumps(SETTING))
    with pytest.raises(EngageError) as here:
        list(rendering.rendered({EDITION.id: broken}, batches(1), 1, 1))
    with pytest.raises(EngageError) as there:
        list(rendering.rendered({EDITION.id: broken}, batches(1), 10**6, 2))
    assert str(here.value) == str(there.value)


def test_many_messages_keep_their_order(engine: DuckDBEngine, tmp_path: Path) -> None:
    tell(engine, "variables", ["a"])  # and more rows than one of DuckDB's threads takes at a time
    many = "SELECT c.* REPLACE (to_json(md5(CAST(i AS VARCHAR))) AS id_json) FROM run_change AS c, range(130000) AS r(i)"
    engine.execute(f"INSERT INTO run_change {many}")
    assert write(engine, tmp_path / "email.jsonl") == 130_001
    ids = [line.partition("/v/")[2][:32] for line in (tmp_path / "email.jsonl").read_text().splitlines()]
    assert ids == sorted(ids)


def test_a_template_that_the_state_has_lost_is_said(engine: DuckDBEngine, tmp_path: Path) -> None:
    tell(engine, "variables", USERS)
    engine.execute("DELETE FROM run_edition")
    with pytest.raises(EngageError, match=f"a text of a template that it does not have: `{EDITION.id}`"):
        write(engine, tmp_path / "email.jsonl")
    assert not (tmp_path / "email.jsonl").exists()


def test_without_a_key_nothing_is_written(engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    tell(engine, "variables", USERS)
    with pytest.raises(EngageError, match=KEY_VARIABLE):
        write(engine, tmp_path / "email.jsonl")
    assert not (tmp_path / "email.jsonl").exists()


def test_a_process_that_renders_ends_with_its_run() -> None:
    process = subprocess.Popen([sys.executable, "-m", "engage_cli.messaging.policy.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    write_frame(process.stdin, {EDITION.id: EDITION})
    write_frame(process.stdin, next(batches(1)))
    assert read_frame(process.stdout).rows == 10
    process.stdin.close()  # as when the run is killed
    assert process.wait(timeout=60) == 0
    process.stdout.close()
