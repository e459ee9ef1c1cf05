"""The product as it is measured: a project in a folder, and `engage` run on it in its own process."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from benchmarks.answers import Answer, answer_sql
from benchmarks.process import THREADS, Usage, run_engage

_WRITING = ("writ", "commit", "publish", "record", "sav")
"""How the titles of the stages begin that write what was found. All others read and evaluate."""


@dataclass(frozen=True, slots=True)
class Build:
    """What `engage audience build` cost: the whole process, and seconds of processor by stage.

    `stages` is empty where the product does not say (a version without `cpu_seconds`, or a failure). `sizes` is members by audience.
    """

    usage: Usage
    stages: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def evaluating(self) -> float | None:
        """Seconds of processor of the stages that read and evaluate; None where the product does not say."""
        measured = [seconds for stage, seconds in self.stages.items() if not stage.lower().startswith(_WRITING)]
        return sum(measured) if measured else None


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder that was made for a benchmark."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, events: str, definitions: Sequence[str], *, memory: str = "4GB", store: bool = True) -> "Project":
        """Make the project anew. `events` is the path or glob of the events, `definitions` are YAML documents."""
        shutil.rmtree(folder, ignore_errors=True)
        campaigns = folder / "campaigns" / "audiences"
        campaigns.mkdir(parents=True)
        lines = [
            "project: benchmark",
            *([] if store else ["store: none"]),
            f"engine: {{memory_limit: {memory}, threads: {THREADS}}}",
            f"sources:\n  events:\n    - path: {json.dumps(events)}",
        ]
        (folder / "engage.yaml").write_text("\n".join(lines) + "\n")
        (campaigns / "benchmark.yaml").write_text("---\n".join(definitions))
        return cls(folder)

    def engage(self, *arguments: str) -> Usage:
        """Run one command of engage on this project."""
        return run_engage(self.folder, *arguments)

    def rebuild_store(self) -> Usage:
        """(Re)build the event store from the files."""
        return self.engage("store", "rebuild", "--json")

    def build(self, as_of: datetime, names: Sequence[str] = (), *, dry_run: bool = False) -> Build:
        """Build audiences as of an instant, UTC; all of them if none is named."""
        flags = ["--as-of", f"{as_of.isoformat()}Z", "--json", "--verbose", *(["--dry-run"] if dry_run else [])]
        usage = self.engage("audience", "build", *names, *flags)
        if usage.failed:
            return Build(usage)
        document = json.loads(usage.output)
        stages: dict[str, float] = {}
        for timing in document.get("timings", ()):
            if "cpu_seconds" in timing:
                stages[timing["stage"]] = stages.get(timing["stage"], 0) + timing["cpu_seconds"]
        return Build(usage, stages, {audience["name"]: audience["size"] for audience in document["audiences"]})

    def answers(self, names: Sequence[str]) -> dict[str, Answer]:
        """The members of each audience as the last build wrote them."""
        found = {}
        with duckdb.connect() as connection:
            for name in names:
                path = self.folder / "out" / "audiences" / name / "members.parquet"
                if path.exists():
                    row = connection.execute(answer_sql(f"read_parquet('{path}')")).fetchone()
                    assert row is not None
                    found[name] = Answer(*row)
        return found

    def drop_state(self) -> None:
        """Forget who was in which audience, and keep the event store."""
        for path in (self.folder / ".engage").glob("state*"):
            path.unlink() if path.is_file() else shutil.rmtree(path)
        shutil.rmtree(self.folder / "out", ignore_errors=True)
