"""The reader and the JSON Schema agree: one accepts what the other does, but for what JSON cannot know."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from engage_cli.definitions.printing import print_audience
from engage_cli.definitions.printing_broadcast import print_broadcast
from engage_cli.definitions.printing_journey import print_journey
from engage_cli.definitions.project_files import load_texts
from engage_cli.definitions.schema import schema
from engage_cli.definitions.yaml_composer import compose
from engage_cli.source import InvalidError
from tests.definitions.broadcast_strategies import broadcasts
from tests.definitions.journey_strategies import journeys
from tests.definitions.plain import json_documents
from tests.definitions.strategies import audiences, law
from tests.definitions.wrong import mutations

FOLDER = Path(__file__).parent
DEMO = FOLDER.parents[1]
CONFIG = "project: shop\nsources: {events: {path: events.csv}}\ndestinations: {crm: {type: events}}\n"
RIGHT = [*sorted((FOLDER / "valid").glob("*.yaml")), DEMO / "engage.yaml", *sorted(DEMO.glob("campaigns/**/*.yaml"))]
VALIDATOR = Draft202012Validator(schema())

READERS_ALONE = {
    *("unknown-audience", "unknown-destination", "cycle", "duplicate-id", "duplicate", "list-file", "too-large", "documents"),
    *("unknown-entity", "not-linked", "too-deep", "not-asked", "link", "reserved"),
    *("other-subject", "no-accounts", "unknown-identifier", "region"),
    *("outside-journey", "no-key", "percent", "written-ids", "goto", "unreachable", "never-ends", "never-taken", "not-built-here"),
    *("unknown-journey", "unknown-step", "unknown-template", "unknown-channel", "unknown-group", "unknown-broadcast", "unknown-reason"),
    *(
        "no-goal",
        "unknown-variant",
        "no-zones",
        "early-winner",
        "unknown-context",
        "computed-trait",
        "decided-message",
        "other-destination",
        "two-senders",
        "insecure",
    ),
    *("reference", "impossible", "sequence", "too-long", "decimals", "regex", "zone", "quoting"),
}
"""Codes of what the schema is free to accept: references, sums, places in a list, texts of other languages, style."""


def codes_of(texts: dict[str, str]) -> set[str]:
    """The codes of everything that the reader finds wrong."""
    try:
        load_texts({"engage.yaml": CONFIG, **texts}, FOLDER)
    except InvalidError as error:
        return {issue.code for issue in error.issues}
    return set()


def is_config(file: Path) -> bool:
    return file.name == "engage.yaml" or file.name.startswith("engage_")


def is_accepted_by_schema(text: str) -> bool:
    return all(VALIDATOR.is_valid(document) for document in json_documents(text))


def test_the_schema_is_one():
    Draft202012Validator.check_schema(schema())


def test_patterns_are_of_ecma_script():
    """Editors read patterns with the `u` flag, which allows a backslash only before what needs one."""
    allowed = set("^$\\.*+?()[]{}|/dDwWsSbB-ntrfv")

    def patterns(node):
        if isinstance(node, dict):
            yield from (value for key, value in node.items() if key == "pattern" and isinstance(value, str))
            yield from (key for key in node.get("patternProperties", {}))
            for value in node.values():
                yield from patterns(value)
        elif isinstance(node, list):
            for value in node:
                yield from patterns(value)

    found = set(patterns(schema()))
    assert found
    for pattern in found:
        escaped = {pattern[at + 1] for at in range(len(pattern) - 1) if pattern[at] == "\\"}
        assert escaped <= allowed, pattern


@pytest.mark.parametrize("file", RIGHT, ids=lambda file: file.stem)
def test_both_accept_what_is_right(file):
    text = file.read_text(encoding="utf-8")
    codes = codes_of({"engage.yaml": text} if is_config(file) else {f"campaigns/audiences/{file.name}": text})
    assert codes <= {
        "unknown-audience",
        "unknown-destination",
        "list-file",
        "no-accounts",
        "unknown-entity",
        "unknown-template",
        "unknown-channel",
        "unknown-group",
        "other-destination",
        "no-zones",
        "early-winner",
    }  # the file stands alone here
    for document in json_documents(text):
        VALIDATOR.validate(document)


@pytest.mark.parametrize("file", sorted((FOLDER / "mistakes").glob("*.yaml")), ids=lambda file: file.stem)
def test_both_refuse_the_mistakes(file):
    text = file.read_text(encoding="utf-8")
    composed = compose(file.name, text)
    if composed.issues:
        return  # not a JSON document, or not the one that the reader saw
    codes = codes_of({"engage.yaml": text} if is_config(file) else {"campaigns/a.yaml": text})
    assert codes
    if codes - READERS_ALONE and composed.documents:
        assert not is_accepted_by_schema(text)


@law
@given(audiences)
def test_both_accept_any_audience(audience):
    text = print_audience(audience)
    assert codes_of({"campaigns/a.yaml": text}) <= {"list-file", "other-subject", "no-accounts", "unknown-entity"}
    assert is_accepted_by_schema(text)


@law
@given(journeys())
def test_both_accept_any_journey(journey):
    text = print_journey(journey)
    assert codes_of({"campaigns/a.yaml": text}) <= READERS_ALONE
    assert is_accepted_by_schema(text)


@law
@given(st.data(), journeys())
def test_both_say_the_same_of_a_mutated_journey(data, journey):
    text = data.draw(mutations(print_journey(journey)))
    codes = codes_of({"campaigns/a.yaml": text})
    accepted = is_accepted_by_schema(text)
    assert accepted or codes, "the schema refuses what the reader accepts"
    assert not accepted or codes <= READERS_ALONE, f"the schema accepts what the reader refuses: {codes}"


@law
@given(broadcasts())
def test_both_accept_any_broadcast(broadcast):
    text = print_broadcast(broadcast)
    assert codes_of({"campaigns/a.yaml": text}) <= READERS_ALONE
    assert is_accepted_by_schema(text)


@law
@given(st.data(), broadcasts())
def test_both_say_the_same_of_a_mutated_broadcast(data, broadcast):
    text = data.draw(mutations(print_broadcast(broadcast)))
    codes = codes_of({"campaigns/a.yaml": text})
    accepted = is_accepted_by_schema(text)
    assert accepted or codes, "the schema refuses what the reader accepts"
    assert not accepted or codes <= READERS_ALONE, f"the schema accepts what the reader refuses: {codes}"


@law
@given(st.data(), audiences)
def test_both_say_the_same_of_a_mutated_audience(data, audience):
    text = data.draw(mutations(print_audience(audience)))
    codes = codes_of({"campaigns/a.yaml": text})
    accepted = is_accepted_by_schema(text)
    assert accepted or codes, "the schema refuses what the reader accepts"
    assert not accepted or codes <= READERS_ALONE, f"the schema accepts what the reader refuses: {codes}"


@pytest.mark.parametrize("file", sorted((FOLDER / "valid").glob("*.yaml")), ids=lambda file: file.stem)
@law
@given(data=st.data())
def test_both_say_the_same_of_a_mutated_file(file, data):
    text = data.draw(mutations(file.read_text(encoding="utf-8")))
    codes = codes_of({"engage.yaml" if is_config(file) else "campaigns/a.yaml": text})
    accepted = is_accepted_by_schema(text)
    assert accepted or codes, "the schema refuses what the reader accepts"
    assert not accepted or codes <= READERS_ALONE, f"the schema accepts what the reader refuses: {codes}"
