"""Write the sample data, the same at every run: `python -m sample_data.generate`.

With `--check` nothing is written: the data is generated elsewhere and compared with what is here, and the exit code is 1
if they differ. With `--output DIR` the files go to another folder.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from datetime import date, datetime, time
from pathlib import Path

from sample_data.shop import app, records, warehouse
from sample_data.shop.events import Event
from sample_data.shop.files import differences, write_csv, write_jsonl, write_lines, write_parquet
from sample_data.shop.moments import moments
from sample_data.shop.oddities import BROKEN_LINES, with_oddities
from sample_data.shop.people import LAST_DAY, ROBOT, Person, people
from sample_data.shop.visits import crawl, visits

HERE = Path(__file__).parent

# Where a row without a time stands in its file: first.
_NO_TIME = datetime.combine(date.min, time())


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.generate", description="Write the sample data.")
    parser.add_argument("--output", type=Path, default=HERE, help="the folder to write to (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="write nothing, compare the folder with what it should hold")
    options = parser.parse_args(arguments)
    if options.check:
        return _check(options.output)
    generate(options.output)
    return 0


def generate(folder: Path) -> None:
    """Write all files of the sample data into the folder, over those that are there."""
    (folder / "events").mkdir(parents=True, exist_ok=True)
    everybody = list(people())
    _write_events(folder / "events", everybody)
    (folder / "app").mkdir(exist_ok=True)
    write_lines(folder / "app" / "calls.jsonl", app.calls(everybody))
    write_csv(folder / "profiles.csv", records.PROFILE_COLUMNS, records.profiles(everybody))
    write_csv(folder / "accounts.csv", records.ACCOUNT_COLUMNS, records.accounts())
    write_csv(folder / "memberships.csv", records.MEMBERSHIP_COLUMNS, records.memberships(everybody))
    write_csv(folder / "consents.csv", records.CONSENT_COLUMNS, records.consents(everybody))
    companies = list(records.accounts())
    write_csv(folder / "subscriptions.csv", warehouse.SUBSCRIPTION_COLUMNS, warehouse.subscriptions(everybody, companies))
    write_lines(folder / "invoices.jsonl", warehouse.invoices(everybody, companies))
    write_csv(folder / "suppressions.csv", warehouse.SUPPRESSION_COLUMNS, warehouse.suppressions(list(records.profiles(everybody))))


def _check(folder: Path) -> int:
    with tempfile.TemporaryDirectory() as fresh:
        generate(Path(fresh))
        found = differences(Path(fresh), folder)
    for difference in found:
        print(difference, file=sys.stderr)
    return 1 if found else 0


def _write_events(folder: Path, everybody: list[Person]) -> None:
    """The months before the last as Parquet, the last as JSONL."""
    for month, events in _by_month(everybody).items():
        ordered = sorted(events, key=_order)
        if (month.year, month.month) == (LAST_DAY.year, LAST_DAY.month):
            write_jsonl(folder / f"{month:%Y-%m}.jsonl", ordered, BROKEN_LINES)
        else:
            write_parquet(folder / f"{month:%Y-%m}.parquet", ordered)


def _by_month(everybody: list[Person]) -> dict[date, list[Event]]:
    """All events by the first day of the month in which they came in."""
    events = [event for person in everybody for event in _life(person)]
    months = defaultdict(list)
    for day, event in with_oddities(events):
        months[day.replace(day=1)].append(event)
    return dict(sorted(months.items()))


def _life(person: Person) -> list[Event]:
    return crawl(person) if person.persona is ROBOT else visits(person) + moments(person)


def _order(event: Event) -> tuple[datetime, str, str]:
    return event.at or _NO_TIME, event.user_id or "", event.message_id or ""


if __name__ == "__main__":
    sys.exit(main())
