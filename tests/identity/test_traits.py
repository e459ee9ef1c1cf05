"""What was recorded or set of a profile under an id that it had before is its own under the one that it has now."""

from datetime import datetime, timedelta
from pathlib import Path

from engage_cli.service.explain import explain
from engage_cli.service.progress import SILENT
from engage_cli.service.tick import tick_journeys
from engage_cli.service.trait_build import build_traits
from engage_cli.service.traits import export
from tests.identity.shop import AS_OF
from tests.identity.test_aliases import shop, view

DAY = timedelta(days=1)
DEFINITIONS = """\
trait: views
sql: select user_id, count(*) as value from events group by user_id
---
audience: gold
anonymous: include
members: {trait: tier, eq: gold}
---
journey: raise
status: live
entry: {on: {event: Viewed}, since: 2026-11-01}
steps: [{set: tier, to: gold}]
"""


def values(folder: Path, trait: str, as_of: datetime) -> dict[str, str]:
    lines = export(folder, [trait], as_of=as_of, progress=SILENT).lines
    return {user: value for user, value in (line.split(",") for line in lines[1:]) if value}


def test_a_device_that_turns_out_to_be_a_user_keeps_what_journeys_set(tmp_path: Path) -> None:
    shop(tmp_path, "- phone 01")
    (tmp_path / "campaigns/all.yaml").write_text(DEFINITIONS)
    tick_journeys(tmp_path, ["raise"], as_of=AS_OF - 2 * DAY, progress=SILENT)
    assert values(tmp_path, "tier", AS_OF) == {"phone": "gold"}
    view(tmp_path, 1, "ana phone 02")
    assert values(tmp_path, "tier", AS_OF) == {"ana": "gold"}
    assert explain(tmp_path, "gold", "ana", as_of=AS_OF, progress=SILENT).member
    assert explain(tmp_path, "gold", "phone", as_of=AS_OF, progress=SILENT).member


def test_what_was_recorded_under_an_earlier_id_counts_until_the_first_value_under_the_present_one(tmp_path: Path) -> None:
    shop(tmp_path, "- phone 01", "- tablet 01")
    (tmp_path / "campaigns/all.yaml").write_text(DEFINITIONS)
    for days in (6, 5):
        build_traits(tmp_path, (), as_of=AS_OF - days * DAY, progress=SILENT)
    view(tmp_path, 1, "ana phone 02")
    build_traits(tmp_path, (), as_of=AS_OF - 3 * DAY, progress=SILENT)
    build_traits(tmp_path, (), as_of=AS_OF - DAY, progress=SILENT)
    assert values(tmp_path, "views", AS_OF - 4 * DAY) == {"ana": "1", "tablet": "1"}
    assert values(tmp_path, "views", AS_OF - 3 * DAY) == {"ana": "2", "tablet": "1"}
    view(tmp_path, 2, "ana tablet 03")
    assert values(tmp_path, "views", AS_OF - 4 * DAY) == {"ana": "1"}
    assert values(tmp_path, "views", AS_OF - 2 * DAY) == {"ana": "2"}
    assert values(tmp_path, "views", AS_OF) == {"ana": "4"}
