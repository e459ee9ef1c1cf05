"""A destination of lists as it takes what runs tell: removes first, then adds, each of which must change something."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from tests.support.reading import reading

Members = dict[tuple[str, str], set[str]]
"""By destination and list the first column of the rows that are on it."""


class Taken:
    """What destinations have after the runs of a project so far."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: set[str] = set()
        self.members: Members = {}

    def take(self) -> Members:
        """Apply the runs that are new; what is on the lists then."""
        for run in sorted(path for path in (self._folder / "out/runs").glob("*") if path.name not in self._seen):
            self._seen.add(run.name)
            for name in ("removes", "adds"):
                for path in sorted(run.glob(f"syncs/*/*/{name}.csv")):
                    self._apply(path, name == "adds")
        return self.members

    def _apply(self, path: Path, adds: bool) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row[0] for row in csv.reader(file)][1:]
        there = self.members.setdefault((path.parent.parent.name, path.parent.name), set())
        assert len(rows) == len(set(rows)), f"{path} names nobody twice"
        assert there.isdisjoint(rows) if adds else there.issuperset(rows), f"{path} changes what it says"
        there.symmetric_difference_update(rows)


def standing(state: Path, as_of: datetime) -> Members:
    """Who should be on the lists of journeys at an instant, by their stays in a state."""
    with reading(state) as connection:
        stays = connection.execute(
            "SELECT destination, list, user_id, added_at, remove_at FROM list_stay WHERE list IS NOT NULL"
        ).fetchall()
    at = as_of.astimezone(UTC).replace(tzinfo=None)
    found: Members = {}
    for destination, name, user_id, added_at, remove_at in stays:
        there = found.setdefault((destination, name), set())
        if added_at <= at and (remove_at is None or remove_at > at):
            there.add(user_id)
    return found


def some(members: Members) -> Members:
    """The lists that have somebody on them."""
    return {key: users for key, users in members.items() if users}
