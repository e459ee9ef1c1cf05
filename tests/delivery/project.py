"""A small project with runs that have messages, and what its files look like."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engage_cli.service.deliver import deliver
from engage_cli.service.progress import SILENT
from engage_cli.service.results.delivery import DeliveryResult
from tests.state.support import at

AS_OF = at(11)
KEY = {"ENGAGE_UNSUBSCRIBE_KEY": "a key that is long enough for tests"}
FIRST_RUN, SECOND_RUN = "20261123T100000Z-0000000a", "20261123T103000Z-0000000b"

Row = dict[str, Any]


def rows_of(number: int, **beside: Any) -> list[Row]:
    """So many messages, of users u0, u1, …"""
    return [
        {
            "message_id": hashlib.md5(f"{at}".encode()).hexdigest(),
            "user_id": f"u{at}",
            "to": f"u{at}@example.com",
            "from": "Acme <hello@acme.example>",
            "subject": f"Hello {at}",
            "text": f"Hello u{at}.\n.\nFrom us",
            "html": f"<p>Hello u{at}</p>",
            "campaign": "welcome",
            "step": "hello",
            "send_at": "2026-11-23T10:00:00Z",
            **beside,
        }
        for at in range(number)
    ]


class Shop:
    """A project folder with people u0, u1, … who are all subscribed to email."""

    def __init__(self, folder: Path, destinations: str, *, people: int = 30, more: str = "") -> None:
        self.folder = folder
        self.outputs = folder / "out"
        folder.mkdir(exist_ok=True)
        (folder / "engage.yaml").write_text(
            "project: shop\ntimezone: UTC\nsources:\n  profiles: {path: profiles.csv}\n  consents: {path: consents.csv}\n"
            "messaging: {channels: {email: {address: email}, sms: {address: phone, from: ACME}}, groups: [news]" + more + "}\n"
            f"destinations:\n{destinations}\n"
        )
        self.people([f"u{at},u{at}@example.com,+4479110000{at:02}" for at in range(people)])
        self.consents([f"u{at},{channel},,subscribed" for at in range(people) for channel in ("email", "sms")])

    def people(self, lines: Sequence[str]) -> None:
        """Write the profiles."""
        (self.folder / "profiles.csv").write_text("\n".join(["user_id,email,phone", *lines, ""]))

    def consents(self, lines: Sequence[str]) -> None:
        """Write the subscription states."""
        (self.folder / "consents.csv").write_text("\n".join(["user_id,channel,group,status", *lines, ""]))

    def run(self, rows: Sequence[Row], *, name: str = FIRST_RUN, channel: str = "email", form: str = "jsonl") -> None:
        """Write the folder of a run with messages."""
        path = self.outputs / "runs" / name / "messages" / f"{channel}.{form}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        manifest = path.parents[1] / "manifest.json"
        listed = json.loads(manifest.read_text())["files"] if manifest.exists() else []
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        listed.append({"path": f"messages/{path.name}", "channel": channel, "rows": len(rows), "sha256": sha256})
        manifest.write_text(json.dumps({"run": name, "files": listed}))

    def deliver(self, run: str | None = None, **options: Any) -> DeliveryResult:
        """Deliver in this process."""
        return deliver(self.folder, run, **{"as_of": AS_OF, "progress": SILENT, "wait": 0, **options})

    def log(self) -> dict[str, tuple[str, str | None, int]]:
        """What the delivery log says: fate, code and attempts by message."""
        with sqlite3.connect(self.folder / ".engage" / "deliveries.sqlite") as connection:
            rows = connection.execute("SELECT message_id, fate, code, attempts FROM delivery").fetchall()
        connection.close()
        return {message_id: (fate, code, attempts) for message_id, fate, code, attempts in rows}

    def copy(self, to: Path) -> "Shop":
        """The same project elsewhere."""
        shutil.copytree(self.folder, to)
        return Shop.at(to)

    @classmethod
    def at(cls, folder: Path) -> "Shop":
        """The project that is in a folder already."""
        found = object.__new__(cls)
        found.folder, found.outputs = folder, folder / "out"
        return found

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`engage deliver` in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "engage_cli", "deliver", "--project", str(self.folder), "--as-of", "2026-11-23T11:00Z", *arguments],
            env={**os.environ, **KEY, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def killed(self, crash_at: str, **environment: str) -> bool:
        """`engage deliver`, killed at a crash point; whether it came to it."""
        return self.command(ENGAGE_CRASH_AT=crash_at, **environment).returncode == -signal.SIGKILL


def deliver_in(folder: Path) -> None:
    """A delivery in a process of its own."""
    Shop.at(folder).deliver(wait=30)


def one(result: DeliveryResult, channel: str = "email") -> Mapping[str, int]:
    """The counts of the only run on a channel that are not 0."""
    [found] = [each for each in result.channels if each.channel == channel]
    names = ("before", "sent", "refused", "waiting", "uncertain", "skipped", "expired", "left")
    return {name: getattr(found, name) for name in names if getattr(found, name)}
