"""Wheres: bare values, groups, elements, from language.md."""

from tests.reference.examples import event_meets
from tests.reference.values import Value

ITEMS: dict[str, Value] = {"items": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2}], "color": "red"}


def test_a_bare_value_is_eq_and_a_bare_list_is_in() -> None:
    assert event_meets({"color": "red"}, {"color": "red"})
    assert event_meets({"color": "red"}, {"color": ["blue", "red"]})
    assert not event_meets({}, {"color": "red"})


def test_all_keys_must_hold() -> None:
    assert event_meets({"color": "red", "size": 4}, {"color": "red", "size": {"gt": 3}})
    assert not event_meets({"color": "red", "size": 3}, {"color": "red", "size": {"gt": 3}})


def test_groups() -> None:
    assert event_meets({"color": "red"}, {"any": [{"color": "blue"}, {"color": "red"}]})
    assert not event_meets({"color": "red"}, {"none": [{"color": "blue"}, {"color": "red"}]})
    assert not event_meets({"color": "red"}, {"all": [{"color": "red"}, {"size": 1}]})
    assert event_meets({"color": "red"}, {"not": {"color": "red", "size": 1}})
    assert event_meets({"color": "red"}, {"color": "red", "not": {"any": [{"size": 1}]}})


def test_separate_keys_may_be_met_by_different_elements() -> None:
    assert event_meets(ITEMS, {"items[].sku": "a", "items[].qty": {"gte": 2}})


def test_a_mapping_concerns_one_element() -> None:
    assert not event_meets(ITEMS, {"items[]": {"sku": "a", "qty": {"gte": 2}}})
    assert event_meets(ITEMS, {"items[]": {"sku": "b", "qty": {"gte": 2}}})
    assert event_meets(ITEMS, {"items[]": {"any": [{"sku": "z"}, {"sku": "b"}]}})
    assert event_meets(ITEMS, {"items[]": {"sku": {"ne": "b"}, "qty": 1}})
    assert not event_meets({}, {"items[]": {"sku": {"ne": "b"}}})


def test_a_negative_operator_says_that_no_element_does() -> None:
    assert not event_meets(ITEMS, {"items[].sku": {"ne": "a"}})
    assert event_meets(ITEMS, {"items[].sku": {"ne": "c"}})
    assert event_meets({}, {"items[].sku": {"ne": "a"}})
    assert event_meets(ITEMS, {"items[].sku": {"not_in": ["c", "d"], "exists": True}})


def test_an_element_that_is_a_scalar_has_no_properties() -> None:
    assert not event_meets({"items": ["a"]}, {"items[]": {"sku": "a"}})
    assert event_meets({"items": ["a"]}, {"items[]": "a"})
    assert event_meets({"items": ["a"]}, {"items[]": {"starts_with": "a"}})


def test_elements_of_elements() -> None:
    boxes: dict[str, Value] = {"boxes": [{"items": [{"sku": "a"}]}, {"items": [{"sku": "b", "qty": 3}]}]}
    assert event_meets(boxes, {"boxes[].items[].sku": "b"})
    assert event_meets(boxes, {"boxes[].items[]": {"sku": "b", "qty": 3}})
    assert event_meets(boxes, {"boxes[]": {"items[].sku": "b", "items[].qty": 3}})
    assert not event_meets(boxes, {"boxes[]": {"items[].sku": "a", "items[].qty": 3}})


def test_a_reference_to_a_trait() -> None:
    assert event_meets({"city": "Rome"}, {"city": {"trait": "home"}}, home="Rome")
    assert event_meets({"price": "12"}, {"price": {"gt": {"trait": "limit"}}}, limit=9)
    assert event_meets({"city": "Rome"}, {"city": {"ne": {"trait": "home"}}})
    assert event_meets({"by": "ann"}, {"by": {"trait": "user_id"}})


def test_names_with_a_dot_or_of_a_group() -> None:
    assert event_meets({"utm.source": "ads"}, {'["utm.source"]': "ads"})
    assert not event_meets({"utm.source": "ads"}, {"utm.source": "ads"})
    assert event_meets({"all": 1}, {'["all"]': 1})
