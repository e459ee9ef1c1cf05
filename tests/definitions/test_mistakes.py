"""Every file in mistakes/ is somebody's mistake; the text beside it is what they are told."""

from pathlib import Path

import pytest

from engage_cli.definitions.excerpts import render_issue
from engage_cli.definitions.project_files import load_texts
from engage_cli.source import InvalidError, Severity

FOLDER = Path(__file__).parent / "mistakes"
MISTAKES = sorted(FOLDER.glob("*.yaml"))
REMARKS = sorted((FOLDER.parent / "remarks").glob("*.yaml"))
CONFIG = """\
project: shop
sources:
  events: {path: events.csv}
  memberships: {path: memberships.csv}
  entities:
    subscriptions: {path: subscriptions.csv, key: id, links: {user: user_id, plans: plan}}
    plans: {path: plans.csv, key: name}
    invoices: {path: invoices.csv, key: number, links: {subscriptions: subscription}}
    contracts: {path: contracts.csv, key: id, links: {account: account_id}}
destinations: {crm: {type: events}}
"""
MESSAGING = """sources: {events: {path: events.csv}, profiles: {path: profiles.csv}, memberships: {path: memberships.csv}}
messaging: {channels: {email: {address: email}, sms: {address: phone}}, groups: [newsletter, promotions]}
"""
JOURNEYS = {
    "engage.yaml": f"project: shop\n{MESSAGING}destinations: {{crm: {{type: events}}, push: {{type: list, columns: {{email: {{trait: email}}}}}}}}\n",
    "campaigns/templates/hello.html": "<p>Hello!</p>\n",
}
"""A project in which journeys can be right."""


def texts_of(file: Path) -> dict[str, str]:
    text = file.read_text(encoding="utf-8")
    match file.stem.split("_")[0]:
        case "engage":
            return {"engage.yaml": text}
        case "journey":
            return {**JOURNEYS, f"campaigns/journeys/{file.name}": text}
        case "broadcast":
            return {**JOURNEYS, f"campaigns/broadcasts/{file.name}": text}
        case _:
            return {"engage.yaml": CONFIG, f"campaigns/audiences/{file.name}": text}


@pytest.mark.parametrize("file", MISTAKES, ids=lambda file: file.stem)
def test_a_mistake_is_explained(file, golden):
    texts = texts_of(file)
    with pytest.raises(InvalidError) as caught:
        load_texts(texts, FOLDER)
    said = "\n".join(line for issue in caught.value.issues for line in [*render_issue(issue, texts), ""])
    golden(file.with_suffix(".txt"), said)


@pytest.mark.parametrize("file", REMARKS, ids=lambda file: file.stem)
def test_what_is_right_but_should_be_known_is_said(file, golden):
    texts = {**JOURNEYS, f"campaigns/journeys/{file.name}": file.read_text(encoding="utf-8")}
    remarks = load_texts(texts, FOLDER).remarks
    assert Severity.ERROR not in {issue.severity for issue in remarks}
    golden(file.with_suffix(".txt"), "\n".join(line for issue in remarks for line in [*render_issue(issue, texts), ""]))


def test_there_are_many():
    assert len(MISTAKES) >= 150
