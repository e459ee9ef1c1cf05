"""Every file in mistakes/ is somebody's mistake; the text beside it is what they are told."""

from pathlib import Path

import pytest

from engage_cli.definitions.excerpts import render_issue
from engage_cli.definitions.project_files import load_texts
from engage_cli.source import InvalidError

FOLDER = Path(__file__).parent / "mistakes"
MISTAKES = sorted(FOLDER.glob("*.yaml"))
CONFIG = "project: shop\nsources: {events: {path: events.csv}, memberships: {path: memberships.csv}}\ndestinations: {crm: {type: events}}\n"


@pytest.mark.parametrize("file", MISTAKES, ids=lambda file: file.stem)
def test_a_mistake_is_explained(file, golden):
    text = file.read_text(encoding="utf-8")
    is_config = file.stem.startswith("engage_")
    texts = {"engage.yaml": text} if is_config else {"engage.yaml": CONFIG, f"campaigns/audiences/{file.name}": text}
    with pytest.raises(InvalidError) as caught:
        load_texts(texts, FOLDER)
    said = "\n".join(line for issue in caught.value.issues for line in [*render_issue(issue, texts), ""])
    golden(file.with_suffix(".txt"), said)


def test_there_are_many():
    assert len(MISTAKES) >= 60
