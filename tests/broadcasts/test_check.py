"""`engage check` judges broadcasts by the data and by the templates that they send."""

from pathlib import Path

import pytest

from engage_cli.service.check import check
from engage_cli.service.progress import SILENT
from engage_cli.source import Severity

FILES = {
    "engage.yaml": """\
project: t
sources:
  events: {path: e.csv}
  profiles: {path: p.csv}
messaging:
  channels: {email: {address: email}, sms: {address: phone}}
  urls: {unsubscribe: "https://acme.example/u/{token}"}
""",
    "e.csv": "user_id,event,timestamp,revenue\nana,Bought,2026-11-01,5\n",
    "p.csv": "user_id,email,phone\nana,ana@example.com,\n",
    "campaigns/templates/sale.html": "---\nsubject: Sale\n---\n<a href='{{ unsubscribe_url }}'>No more</a> {{ context.entry.cart_id }}\n",
    "campaigns/templates/short.txt": "Sale at Acme\n",
    "campaigns/templates/plain.html": "<p>{{ profile.frist_name }}</p>\n",
    "campaigns/broadcasts/b.yaml": """\
broadcast: sale
channel: email
recipients: {event: Bougth, where: {revenue: {gt: 1}}}
exclude: {trait: emial, exists: false}
template: sale
goal: {on: {event: Bought, where: {revenu: {gt: 1}}}}
variants:
  - {name: a, percent: 50, subject: "Dear {{ profile.name }}"}
  - {name: b, percent: 50, template: plain}
---
broadcast: short
channel: sms
recipients: {everyone: true}
template: short
""",
}


def test_names_and_templates_of_broadcasts_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGAGE_UNSUBSCRIBE_KEY", "a key that is long enough")
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    result = check(tmp_path, progress=SILENT)
    found = [(str(issue.span), issue.severity is Severity.ERROR, issue.message) for issue in result.issues]
    assert found == [
        ("campaigns/broadcasts/b.yaml:3:21", False, "no event `Bougth` occurs in the data"),
        ("campaigns/broadcasts/b.yaml:4:18", False, "no profile has a trait `emial`"),
        (
            "campaigns/broadcasts/b.yaml:5:11",
            False,
            "the project has no consents, so nobody is subscribed and no marketing message is sent",
        ),
        ("campaigns/broadcasts/b.yaml:6:36", False, "no event `Bought` has a property `revenu`"),
        ("campaigns/broadcasts/b.yaml:8:46", False, "no profile has a trait `name`"),
        ("campaigns/broadcasts/b.yaml:8:46", True, "`profile.name` may be missing, and has no `default`"),
        ("campaigns/broadcasts/b.yaml:9:6", True, "an email needs a subject, and campaigns/templates/plain.html has none"),
        ("campaigns/templates/plain.html:1:1", True, "a marketing email needs a link to unsubscribe, and this one has none"),
        ("campaigns/templates/plain.html:1:7", False, "no profile has a trait `frist_name`"),
        ("campaigns/templates/plain.html:1:7", True, "`profile.frist_name` may be missing, and has no `default`"),
        (
            "campaigns/templates/sale.html:4:48",
            True,
            "a campaign that sends this carries nothing in its context, and `entry` is looked for there",
        ),
        ("campaigns/templates/sale.html:4:48", True, "`context.entry.cart_id` may be missing, and has no `default`"),
        ("campaigns/templates/short.txt:1:1", True, "a marketing SMS says how to opt out, and this one does not"),
    ]
    assert result.definitions == 5
