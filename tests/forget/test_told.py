"""What was told of a person goes, whatever it was about: values of traits, and them as a user of an account."""

from datetime import timedelta
from pathlib import Path

import pytest

from engage_cli.service.forget import forget
from engage_cli.service.keep import check_state
from engage_cli.service.progress import SILENT
from engage_cli.service.trait_build import build_traits
from tests.forget.people import ANA, AS_OF, build, write
from tests.journeys.shop import rows_of

HOUR = timedelta(hours=1)
ACCOUNTS = [("globex", "1"), (ANA, "2")]
"""Those that somebody who is known belongs to."""
TRAITS = """
trait: views
compute: count
event: Viewed
sync: [crm]
---
trait: views_of_account
of: accounts
compute: count
event: Viewed
sync: [crm]
"""
EACH = """
audience: staff
of: accounts
members: {everyone: true}
sync: [hub]
"""


@pytest.fixture
def told(tmp_path) -> Path:
    write(tmp_path)
    (tmp_path / "campaigns/traits").mkdir()
    (tmp_path / "campaigns/traits/t.yaml").write_text(TRAITS)
    (tmp_path / "campaigns/audiences/each.yaml").write_text(EACH)
    config = tmp_path / "engage.yaml"
    config.write_text(config.read_text().replace("destinations:", "destinations:\n  hub: {type: events, call: identify, each: user}"))
    (tmp_path / "staff.csv").write_text(f"user_id,account_id\n{ANA},acme\nben,{ANA}\ncy,globex\n")
    build(tmp_path)
    build_traits(tmp_path, (), as_of=AS_OF, progress=SILENT)
    return tmp_path


def test_values_of_traits_and_calls_about_users_of_accounts_go_and_an_account_of_the_same_name_stays(told):
    before = rows_of(told)
    assert {row[1] for row in before["outbox"] if row[4] == ANA} == {"membership", "each", "list", "trait"}
    result = forget(told, ANA)
    assert result.told == ("ads", "crm", "hub")
    after = rows_of(told)
    assert [row[:3] for row in after["trait_value"] if ANA in row] == [("views_of_account", "accounts", ANA)]
    assert {(row[1], row[2]) for row in after["outbox"] if row[4] == ANA} == {
        ("membership", "busy_accounts"),
        ("membership", "staff"),
        ("trait", "views_of_account"),
    }
    assert not any(ANA in row for row in after["list_member"])
    assert {row[0]: row[-1] for row in after["trait_clock"]} == {"views": 2, "views_of_account": 3}
    assert check_state(told) == ()
    build_traits(told, (), as_of=AS_OF + HOUR, progress=SILENT)
    now = [row[:4] for row in rows_of(told)["trait_value"] if row[5] is None]
    assert now == [
        ("views", "users", "ben", "2"),
        ("views", "users", "cy", "1"),
        *(("views_of_account", "accounts", *one) for one in ACCOUNTS),
    ]
    assert check_state(told) == ()
