"""Every example of the pages on conditions and values matches whom it says, by the product and by the plain evaluator."""

import re

import pytest

from engage_cli.definitions.conditions import ConsentStatus, Quantifier
from engage_cli.definitions.shapes.comparison import OPERATORS
from engage_cli.definitions.shapes.event import EVENT_CONDITION
from engage_cli.definitions.shapes.match import MATCH
from engage_cli.definitions.shapes.sequence import SEQUENCE_CONDITION
from engage_cli.definitions.values import Period
from tests.docs.examples import AS_OF, Example, case_of, examples_of, write_project
from tests.reference.case import evaluate
from tests.support.product import members_of_all

EXAMPLES = examples_of("conditions.md") + examples_of("values.md")
KINDS = (
    "all",
    "any",
    "none",
    "not",
    "everyone",
    "trait",
    "event",
    "sequence",
    "audience",
    "random",
    "sql",
    "consent",
    "entity",
    *Quantifier,
)
WORDS = sorted(
    {
        *KINDS,
        *(key.name for key in OPERATORS),
        *(key.name for key in (*EVENT_CONDITION.keys, *SEQUENCE_CONDITION.keys) if key is not MATCH),
        *("ignore_case", "as", "ref", "settled", "salt", "percent", "every", "of_last", "property", "by_name"),
        *(period.value for period in Period),
        *("channel", "group", "status", *ConsentStatus),
        "has",
    }
)


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The members of every example, built by the product from one project."""
    folder = tmp_path_factory.mktemp("docs") / "project"
    write_project(folder, EXAMPLES)
    return members_of_all(folder, AS_OF)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_the_product_finds_whom_the_page_names(example: Example, members: dict[str, list[str]]) -> None:
    assert members[example.name] == list(example.matches)


@pytest.mark.parametrize("example", [example for example in EXAMPLES if not example.uses_sql], ids=str)
def test_the_plain_evaluator_finds_whom_the_page_names(example: Example) -> None:
    assert sorted(evaluate(case_of(example))) == list(example.matches)


@pytest.mark.parametrize("word", WORDS)
def test_every_word_of_the_language_is_in_an_example(word: str) -> None:
    texts = [example.text for example in EXAMPLES if example.page == "conditions.md"]
    assert any(re.search(rf"(?<![\w.]){word}(?![\w.])", text) for text in texts)
