"""Nobody writes to who is suppressed, whatever the category: by their id, or by an address that others may have, too."""

import json
from datetime import UTC, datetime
from pathlib import Path

from tests.policy.deciding import decide_in_runs, write_project
from tests.reference.messages.policy import Candidate, Consent, World

START = datetime(2026, 10, 23, tzinfo=UTC)


def test_ids_and_addresses_are_suppressed(tmp_path: Path) -> None:
    users = ["ana", "ben", "cleo"]
    addresses = {("ana", "email"): "ana@acme.example", ("ben", "email"): "Ben@acme.example", ("cleo", "email"): "cleo@acme.example"}
    world = World(
        addresses,
        {"cleo@acme.example": "cleo@acme.example"},
        [Consent(user, "email", None, "subscribed", START) for user in users],
        holdout_salt="x",
    )
    write_project(tmp_path, world, users)
    config = json.loads((tmp_path / "engage.yaml").read_text())
    config["sources"]["suppressions"] = {"path": "data/suppressions.csv"}
    (tmp_path / "engage.yaml").write_text(json.dumps(config))
    (tmp_path / "data/suppressions.csv").write_text("user_id,address\nana,\n,ben@ACME.example\n")
    made = [Candidate(f"{n:03}", "journey", "a", user, "email", START, category="transactional") for n, user in enumerate(users)]
    assert decide_in_runs(tmp_path, made, [START]) == [
        ("000", None, "suppressed"),
        ("001", None, "suppressed"),
        ("002", "cleo@acme.example", None),
    ]
