"""`engage check` knows whose traits a condition names: those of accounts, or of users."""

from pathlib import Path

from engage_cli.service.check import check
from engage_cli.service.progress import SILENT

FILES = {
    "engage.yaml": "project: t\nsources:\n  events: {path: e.csv}\n  profiles: {path: p.csv}\n  accounts: {path: a.csv}\n"
    "  memberships: {path: m.csv}\n",
    "e.csv": "user_id,event,timestamp\nana,Login,2026-11-01\n",
    "p.csv": "user_id,role\nana,admin\n",
    "a.csv": "account_id,plan\na1,pro\n",
    "m.csv": "user_id,account_id\nana,a1\n",
    "campaigns/audiences/a.yaml": """\
audience: teams
of: accounts
members:
  all:
    - {trait: plan, eq: pro}
    - {trait: role, eq: admin}
    - {trait: account_id, ne: a2}
    - {any_user: {all: [{trait: role, eq: admin}, {trait: plan, eq: pro}, {event: Logn}]}}
with: [plam]
---
audience: people
members: {no_account: {all: [{trait: plan, eq: pro}, {trait: role, eq: x}]}}
with: [role, plan]
""",
}


def test_names_are_looked_for_where_the_condition_looks(tmp_path: Path) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    issues = check(tmp_path, progress=SILENT).issues
    assert [(issue.span.line, issue.message) for issue in issues if issue.span] == [
        (1, "no account has a trait `plam`"),
        (6, "no account has a trait `role`"),
        (8, "no profile has a trait `plan`"),
        (8, "no event `Logn` occurs in the data"),
        (11, "no profile has a trait `plan`"),
        (12, "no account has a trait `role`"),
    ]
