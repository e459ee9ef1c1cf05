"""Files of messages in every format hold the same, and a template that cannot do with somebody's values skips them alone."""

import json
from pathlib import Path

import duckdb
import pytest

from engage_cli.messaging.policy.editions import Edition, stage_editions
from engage_cli.outputs.messages import write_messages
from engage_cli.state.messages import NONE_UNRENDERED
from engage_cli.state.outbox import RunFile
from engage_cli.state.tables import Told
from tests.state.engine import make_engine

SETTING = {"channels": {"email": "a@acme.example"}, "language": "en", "urls": {}, "timezone": "UTC"}
ROW = {
    "to": "ana@acme.example",
    "template": "hi",
    "language": None,
    "channel": "email",
    "kind": "journey",
    "campaign": "c",
    "step": "s",
    "variant": None,
    "category": "marketing",
    "group": None,
    "scheduled_at": "2026-11-01T10:00:00Z",
    "send_at": "2026-11-01T10:00:00Z",
    "zone": "UTC",
    "render": "message",
    "settings": {"subject": "For {{ profile.name }}"},
    "context": {},
}


@pytest.mark.parametrize("file_format", ["jsonl", "parquet", "csv"])
def test_every_format_holds_the_same(tmp_path: Path, file_format: str) -> None:
    edition = Edition("hi", json.dumps({"campaigns/templates/hi.txt": "Hi {{ profile.name }}\n"}), json.dumps(SETTING))
    rows = [
        {"message_id": name, "user_id": name, "edition": edition.id, **ROW, "profile": profile}
        for name, profile in (("b", {"name": "Ben"}), ("a", {"name": "Ana"}), ("c", {}))
    ]
    rows.append({**rows[0], "message_id": "d", "render": "variables"})
    with make_engine(tmp_path) as engine:
        stage_editions(engine, [edition])
        engine.execute(NONE_UNRENDERED)
        engine.execute(
            "CREATE TEMP TABLE run_change AS SELECT 'message' AS kind, 'email' AS source, 'email' AS destination, 'u' AS user_id,"
            " 'sent' AS change, unnest(CAST(? AS VARCHAR[])) AS payload, unnest(CAST(? AS VARCHAR[])) AS rest, unnest(CAST(? AS VARCHAR[])) AS id_json",
            [
                [json.dumps(row) for row in rows],
                [f"{edition.id}{'o' if row['render'] == 'variables' else 'm'}null" for row in rows],
                [json.dumps(row["message_id"]) for row in rows],
            ],
        )
        path = tmp_path / f"email.{file_format}"
        file = RunFile(path.name, Told.MESSAGE, "email", "email", "message", False, None, file_format)
        assert write_messages(engine, file, path) == 3
        assert engine.rows("SELECT kind, count(*) FROM run_change GROUP BY kind ORDER BY kind") == [("message", 3), ("skipped", 1)]
        assert engine.rows("SELECT message_id FROM unrendered") == [("c",)]
    written = duckdb.sql(f"SELECT message_id, subject, text, variables FROM '{path}'").fetchall()
    assert [row[:3] for row in written[:2]] == [("a", "For Ana", "Hi Ana"), ("b", "For Ben", "Hi Ben")]
    assert written[2][:2] == ("d", "For {{ profile.name }}")
    assert "Ben" in str(written[2][3])
