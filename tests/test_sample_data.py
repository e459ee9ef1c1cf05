"""The sample data is what its generator writes, small, and as untidy as `sample_data/README.md` promises."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sample_data.generate import generate, main
from sample_data.shop.files import data_files, differences

ROOT = Path(__file__).parent.parent
SAMPLE_DATA = ROOT / "sample_data"
AS_OF = "TIMESTAMP '2026-11-23 10:00:00'"


@pytest.fixture(scope="module")
def data() -> Iterator[duckdb.DuckDBPyConnection]:
    """The files as tables of text: `events` (Parquet, as it is), `lines` (JSONL, one object each where it is one), `profiles`, …"""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE events AS FROM read_parquet('{SAMPLE_DATA}/events/*.parquet')")
        text = f"(SELECT unnest(string_split(content, chr(10))) AS line FROM read_text('{SAMPLE_DATA}/events/*.jsonl'))"
        connection.execute(f"CREATE TABLE lines AS FROM {text} WHERE json_valid(line)")
        for name in ("profiles", "accounts", "memberships", "consents", "subscriptions", "suppressions"):
            source = f"read_csv('{SAMPLE_DATA}/{name}.csv', all_varchar = true, header = true, nullstr = '')"
            connection.execute(f"CREATE TABLE {name} AS FROM {source}")
        connection.execute(f"CREATE TABLE app AS FROM read_json('{SAMPLE_DATA}/app/calls.jsonl')")
        connection.execute(f"CREATE TABLE invoices AS FROM read_json('{SAMPLE_DATA}/invoices.jsonl')")
        yield connection


def jsonl_lines() -> list[str]:
    return (SAMPLE_DATA / "events" / "2026-11.jsonl").read_text(encoding="utf-8").splitlines()


def is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def count(data: duckdb.DuckDBPyConnection, query: str) -> int:
    """The one number that the query gives."""
    row = data.execute(query).fetchone()
    assert row is not None
    return int(row[0])


# ---- the generator --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data as the generator writes it now."""
    folder = tmp_path_factory.mktemp("fresh")
    generate(folder)
    return folder


def test_the_files_are_what_the_generator_writes(fresh: Path) -> None:
    assert differences(fresh, SAMPLE_DATA) == []


def test_another_process_writes_the_same_bytes(fresh: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sample_data.generate", "--output", str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "7"})
    assert [file.relative_to(tmp_path) for file in data_files(tmp_path)] == [file.relative_to(fresh) for file in data_files(fresh)]
    assert [file.read_bytes() for file in data_files(tmp_path)] == [file.read_bytes() for file in data_files(fresh)]


def test_check_names_the_files_that_differ(fresh: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(fresh, changed)
    (changed / "accounts.csv").unlink()
    shutil.copy(changed / "events" / "2026-06.parquet", changed / "events" / "2026-05.parquet")
    with (changed / "profiles.csv").open("a", encoding="utf-8") as file:
        file.write("u99999,,,,,,,,,,,,,,,,\n")
    assert main(["--check", "--output", str(changed)]) == 1
    named = [line.split()[0] for line in capsys.readouterr().err.splitlines()]
    assert named == ["accounts.csv", "events/2026-05.parquet", "profiles.csv"]


def test_all_of_it_is_under_five_megabytes() -> None:
    assert sum(file.stat().st_size for file in data_files(SAMPLE_DATA)) < 5_000_000


# ---- what it holds --------------------------------------------------------------------------------------------------


def test_events_come_by_month_and_end_in_a_jsonl_tail() -> None:
    names = [file.name for file in data_files(SAMPLE_DATA) if file.parent.name == "events"]
    assert names == [f"2026-{month:02d}.parquet" for month in range(5, 11)] + ["2026-11.jsonl"]


def test_parquet_columns_have_the_promised_types(data: duckdb.DuckDBPyConnection) -> None:
    columns = dict(data.execute("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'events'").fetchall())
    assert columns.pop("timestamp") == "TIMESTAMP"
    assert columns == dict.fromkeys(("message_id", "user_id", "event", "properties"), "VARCHAR")


def test_the_vocabulary_is_there(data: duckdb.DuckDBPyConnection) -> None:
    names = {name for (name,) in data.execute("SELECT DISTINCT event FROM events").fetchall()}
    shop = {"Products Searched", "Product Viewed", "Product Added", "Cart Viewed", "Cart Updated", "Checkout Started", "Order Completed"}
    later = {"Order Refunded", "Product Reviewed", "Email Opened", "Email Clicked", "Page Viewed", "Signed Up", "Trial Started"}
    assert shop | later | {"Subscription Renewed", "Appointment Booked"} <= names


def test_activity_is_uneven(data: duckdb.DuckDBPyConnection) -> None:
    median, highest = data.execute(
        "SELECT median(events), max(events) FROM (SELECT count(*) AS events FROM events GROUP BY user_id)"
    ).fetchall()[0]
    assert highest > 20 * median


def test_some_people_lapse(data: duckdb.DuckDBPyConnection) -> None:
    lapsed = """
        SELECT count(*) FROM (
            SELECT user_id FROM events WHERE event = 'Order Completed' GROUP BY user_id
            HAVING count(*) >= 2 AND max(timestamp) < TIMESTAMP '2026-08-15'
        )"""
    assert count(data, lapsed) > 50


ODDITIES = {
    "ids with leading zeros": "SELECT count(*) FROM profiles WHERE user_id LIKE '0%'",
    "ids that are one number and two people": "SELECT count(*) = 2 FROM profiles WHERE user_id IN ('815', '00815')",
    "events without a profile": "SELECT count(*) FROM (FROM events ANTI JOIN profiles USING (user_id) WHERE user_id <> '')",
    "profiles without an event": "SELECT count(*) FROM (FROM profiles ANTI JOIN events USING (user_id))",
    "robots": "SELECT count(*) FROM (FROM events SELECT user_id GROUP BY user_id, timestamp::DATE HAVING count(*) > 100)",
    "equal instants of a user": "SELECT count(*) FROM (FROM events SELECT user_id GROUP BY user_id, timestamp HAVING count(*) > 1)",
    "numbers as text": "SELECT count(*) FROM events WHERE json_type(properties, '$.price') = 'VARCHAR'",
    "booleans as text": "SELECT count(*) FROM events WHERE json_type(properties, '$.gift') = 'VARCHAR'",
    "null properties": "SELECT count(*) FROM events WHERE json_type(properties, '$.coupon') = 'NULL'",
    "empty properties": "SELECT count(*) FROM events WHERE (properties ->> '$.coupon') = ''",
    "events without properties": "SELECT count(*) FROM events WHERE properties IS NULL",
    "names with a dot": """SELECT count(*) FROM events WHERE json_exists(properties, '$."utm.source"')""",
    "nested values": "SELECT count(*) FROM events WHERE json_exists(properties, '$.utm.source')",
    "messages sent twice": "SELECT count(message_id) - count(DISTINCT message_id) FROM events WHERE message_id <> ''",
    "messages sent again in the next month": """
        SELECT count(*) FROM events WHERE message_id <> '' AND message_id IN (SELECT line ->> '$.message_id' FROM lines)""",
    "events without an id": "SELECT count(*) FROM events WHERE message_id IS NULL",
    "equal events without an id": """
        SELECT count(*) FROM (
            SELECT user_id FROM events WHERE coalesce(message_id, '') = ''
            GROUP BY user_id, event, timestamp, properties HAVING count(*) > 1
        )""",
    "events of the future": f"SELECT count(*) FROM events WHERE timestamp > {AS_OF}",
    "a clock that began again": "SELECT count(*) FROM events WHERE year(timestamp) = 1970",
    "Parquet rows without a user": "SELECT count(*) FROM events WHERE user_id IS NULL",
    "Parquet rows with an empty user": "SELECT count(*) FROM events WHERE user_id = ''",
    "Parquet rows without a time": "SELECT count(*) FROM events WHERE timestamp IS NULL",
    "times with an offset": "SELECT count(*) FROM lines WHERE (line ->> '$.timestamp') LIKE '%+01:00'",
    "times in UTC": "SELECT count(*) FROM lines WHERE (line ->> '$.timestamp') LIKE '%Z'",
    "lines without a user": "SELECT count(*) FROM lines WHERE coalesce(line ->> '$.user_id', '') = ''",
    "lines with a bad time": "SELECT count(*) FROM lines WHERE try_cast(line ->> '$.timestamp' AS TIMESTAMPTZ) IS NULL",
    "zones that are none": "SELECT count(*) FROM profiles WHERE timezone = 'Mars/Base'",
    "people without a zone": "SELECT count(*) FROM profiles WHERE timezone IS NULL",
    "birthdays on 29 February": "SELECT count(*) FROM profiles WHERE birthday LIKE '%-02-29'",
    "birthdays that are none": "SELECT count(*) FROM profiles WHERE birthday IS NOT NULL AND try_cast(birthday AS DATE) IS NULL",
    "points that are no number": "SELECT count(*) FROM profiles WHERE loyalty_points = 'n/a'",
    "points with decimals": "SELECT count(*) FROM profiles WHERE loyalty_points LIKE '%.0'",
    "lists in a cell": "SELECT count(*) FROM profiles WHERE json_array_length(tags) > 1",
    "shared addresses": "SELECT count(*) FROM (FROM profiles SELECT email WHERE email IS NOT NULL GROUP BY email HAVING count(*) > 1)",
    "mistyped addresses": "SELECT count(*) FROM profiles WHERE email NOT LIKE '%@%'",
    "members of nothing": "SELECT count(*) FROM memberships WHERE account_id NOT IN (SELECT account_id FROM accounts)",
    "members without a profile": "SELECT count(*) FROM memberships WHERE user_id NOT IN (SELECT user_id FROM profiles)",
    "consents without a profile": "SELECT count(*) FROM consents WHERE user_id NOT IN (SELECT user_id FROM profiles)",
    "devices that nobody signed in on": "SELECT count(*) FROM (FROM app SELECT anonymousId GROUP BY ALL HAVING max(userId) IS NULL)",
    "calls before somebody signed in": """
        SELECT count(*) FROM app WHERE userId IS NULL AND anonymousId IN (SELECT anonymousId FROM app WHERE userId IS NOT NULL)""",
    "calls of emulators": "SELECT count(*) FROM app WHERE CAST(anonymousId AS VARCHAR) LIKE '00000000-%'",
    "subscriptions without a key": "SELECT count(*) FROM subscriptions WHERE subscription_id IS NULL",
    "subscriptions that stand twice": "SELECT count(*) FROM (FROM subscriptions SELECT subscription_id GROUP BY ALL HAVING count(*) > 1)",
    "subscriptions of nobody": "SELECT count(*) FROM subscriptions WHERE user_id NOT IN (SELECT user_id FROM profiles)",
    "subscriptions of companies": "SELECT count(*) FROM subscriptions WHERE account_id IN (SELECT account_id FROM accounts)",
    "invoices of nothing": "SELECT count(*) FROM invoices WHERE subscription NOT IN (SELECT subscription_id FROM subscriptions WHERE subscription_id IS NOT NULL)",
    "suppressed users": "SELECT count(*) FROM suppressions WHERE user_id IN (SELECT user_id FROM profiles)",
    "suppressed addresses": "SELECT count(*) FROM suppressions WHERE lower(address) IN (SELECT lower(email) FROM profiles)",
    "people who changed their mind": """
        SELECT count(*) FROM (
            SELECT user_id FROM consents WHERE channel = 'email' AND "group" IS NULL GROUP BY user_id HAVING count(DISTINCT status) > 1
        )""",
}


@pytest.mark.parametrize("query", ODDITIES.values(), ids=ODDITIES.keys())
def test_the_promised_oddities_are_there(data: duckdb.DuckDBPyConnection, query: str) -> None:
    assert count(data, query) > 0


def test_some_lines_are_no_json() -> None:
    broken = [line for line in jsonl_lines() if not is_object(line)]
    assert any(line.startswith('{"') for line in broken), "a line that is cut short"
    assert any(not line.startswith("{") for line in broken), "a line that is something else altogether"


def test_consents_know_three_states(data: duckdb.DuckDBPyConnection) -> None:
    states = {state for (state,) in data.execute("SELECT DISTINCT status FROM consents").fetchall()}
    assert states == {"subscribed", "unsubscribed", "did_not_subscribe"}


# ---- nobody in it is real -------------------------------------------------------------------------------------------


def test_addresses_are_in_reserved_domains(data: duckdb.DuckDBPyConnection) -> None:
    assert count(data, "SELECT count(*) FROM profiles WHERE NOT regexp_matches(lower(email), '[@.]example\\.(com|org|net)$')") == 0


def test_phone_numbers_are_in_ranges_kept_free(data: duckdb.DuckDBPyConnection) -> None:
    ranges = r"\+447700900\d{3}|07700 900\d{3}|\+121255501\d\d|\+33639980\d{3}"
    assert count(data, f"SELECT count(*) FROM profiles WHERE NOT regexp_full_match(phone, '{ranges}')") == 0
