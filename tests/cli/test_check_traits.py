"""`engage check` knows computed traits, and what of the data they name."""

from pathlib import Path

from engage_cli.service.check import check
from engage_cli.service.progress import SILENT

FILES = {
    "engage.yaml": "project: t\nsources:\n  events: {path: e.csv}\n  profiles: {path: p.csv}\n",
    "e.csv": "user_id,event,timestamp,revenue\nana,Bought,2026-11-01,5\n",
    "p.csv": "user_id,plan\nana,pro\n",
    "campaigns/traits/t.yaml": """\
trait: spent
compute: sum
event: Bougth
property: revenue
---
trait: spent_twice
expression: spent * 2 + plam
---
trait: last_revenue
compute: last
event: Bought
property: revenu
""",
    "campaigns/audiences/a.yaml": "audience: a\nmembers: {any: [{trait: spent, gt: 1}, {trait: spent_twise, gt: 1}]}\n",
}


def test_names_in_traits_are_looked_for_in_the_data(tmp_path: Path) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    issues = check(tmp_path, progress=SILENT).issues
    assert [(issue.message, issue.hint) for issue in issues] == [
        ("no profile has a trait `spent_twise`", "did you mean `spent_twice`?"),
        ("no event `Bougth` occurs in the data", "did you mean `Bought`?"),
        ("no profile has a trait `plam`", "did you mean `plan`?"),
        ("no event `Bought` has a property `revenu`", "did you mean `revenue`?"),
    ]


def test_an_operator_where_a_property_should_be_is_said(tmp_path: Path) -> None:
    audience = "audience: a\nmembers: {event: Bought, where: {prop: revenue, gt: 1}}\n"
    for path, text in {**FILES, "campaigns/audiences/a.yaml": audience}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    issues = check(tmp_path, progress=SILENT).issues
    assert [issue.hint for issue in issues if issue.message == "no event `Bought` has a property `gt`"] == [
        "a property stands before what it is compared by, such as `{total: {gt: 100}}`"
    ]
