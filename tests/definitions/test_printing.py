"""A definition printed and read again is the same definition."""

from pathlib import Path

from hypothesis import given

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.conditions import Condition
from engage_cli.definitions.journey import Journey
from engage_cli.definitions.printing import print_audience, print_condition
from engage_cli.definitions.printing_broadcast import print_broadcast
from engage_cli.definitions.printing_journey import print_journey
from engage_cli.definitions.project_files import load_project, read_kept_broadcast
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.condition import CONDITION
from engage_cli.definitions.shapes.definition import DEFINITION
from engage_cli.definitions.values import Text
from engage_cli.definitions.yaml_composer import compose
from engage_cli.definitions.yaml_nodes import Mapping, Scalar
from engage_cli.definitions.yaml_printer import print_tree
from tests.definitions.broadcast_strategies import broadcasts
from tests.definitions.journey_strategies import IN_JOURNEY, journey_conditions, journeys
from tests.definitions.plain import without_places
from tests.definitions.strategies import audiences, conditions, law, texts

DEMO = Path(__file__).parents[2]
VALID = Path(__file__).parent / "valid"


def read_audience(text: str) -> Audience:
    composed, reading = compose("printed", text), Reading()
    assert not composed.issues, composed.issues
    audience = DEFINITION.read(composed.documents[0], reading)
    assert not reading.issues, reading.issues
    return audience


def read_journey(text: str) -> Journey:
    composed, reading = compose("printed", text), Reading()
    assert not composed.issues, composed.issues
    journey = DEFINITION.read(composed.documents[0], reading)
    assert not reading.issues, reading.issues
    assert isinstance(journey, Journey)
    return journey


def read_broadcast(text: str) -> Broadcast:
    composed, reading = compose("printed", text), Reading()
    assert not composed.issues, composed.issues
    broadcast = DEFINITION.read(composed.documents[0], reading)
    assert not reading.issues, reading.issues
    assert isinstance(broadcast, Broadcast)
    return broadcast


def read_condition(text: str) -> Condition:
    return CONDITION.read(compose("printed", text).documents[0], Reading(journey=IN_JOURNEY))


@law
@given(texts)
def test_any_text_survives_printing(text):
    (document,) = compose("printed", print_tree({"key": text, "list": [text, {text: text}]})).documents
    assert isinstance(document, Mapping)
    first = document.entries[0].value
    assert isinstance(first, Scalar)
    assert first.value == Text(text)


@law
@given(audiences)
def test_a_printed_audience_reads_back_equal(audience):
    assert without_places(read_audience(print_audience(audience))) == without_places(audience)


@law
@given(conditions)
def test_a_printed_condition_reads_back_equal(condition):
    assert without_places(read_condition(print_condition(condition))) == without_places(condition)


@law
@given(journey_conditions)
def test_a_printed_condition_of_a_journey_reads_back_equal(condition):
    assert without_places(read_condition(print_condition(condition))) == without_places(condition)


@law
@given(journeys())
def test_a_printed_journey_reads_back_equal(journey):
    printed = print_journey(journey)
    assert without_places(read_journey(printed)) == without_places(journey)
    assert print_journey(read_journey(printed)) == printed


@law
@given(broadcasts())
def test_a_printed_broadcast_reads_back_equal(broadcast):
    printed = print_broadcast(broadcast)
    assert without_places(read_broadcast(printed)) == without_places(broadcast)
    assert print_broadcast(read_kept_broadcast(printed)) == printed


@law
@given(audiences)
def test_printing_is_canonical(audience):
    printed = print_audience(audience)
    assert print_audience(read_audience(printed)) == printed


def test_the_demo_project_survives_printing():
    for audience in load_project(DEMO).audiences.values():
        assert without_places(read_audience(print_audience(audience))) == without_places(audience)


def test_how_printed_definitions_look(golden):
    documents = compose("everything.yaml", (VALID / "everything.yaml").read_text(encoding="utf-8")).documents
    printed = [print_audience(DEFINITION.read(document, Reading())) for document in documents]
    golden(Path("printed.yaml"), "---\n".join(printed))
