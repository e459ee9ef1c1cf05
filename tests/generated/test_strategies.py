"""What is drawn is worth drawing: everything occurs, met and not met, and the reference keeps the laws of logic on it."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings

from tests.generated.backend import FRESH
from tests.generated.comparisons import LISTS
from tests.generated.coverage import Coverage, leaves_of
from tests.generated.datasets import datasets
from tests.generated.pools import Pool, pools
from tests.generated.strategies import Condition, cases, questions
from tests.reference import Case, Dataset, evaluate, members
from tests.reference.dataset import distinct_events, universe
from tests.reference.operators import OPERATORS

repeatable = settings(backend=FRESH, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))

Question = tuple[Dataset, Pool, list[Condition]]

ALWAYS_MET = ["everyone"]


def answer(condition: Condition, dataset: Dataset, pool: Pool) -> set[str]:
    return members(condition, dataset, pool.as_of, pool.zone, name="asked", lists=LISTS)


def test_every_operator_window_and_measure_is_met_by_some_and_not_by_others() -> None:
    coverage = Coverage()

    @settings(repeatable, max_examples=260)
    @given(questions())
    def ask(question: Question) -> None:
        dataset, pool, leaves = question
        users = len(universe(dataset, pool.as_of))
        for leaf in leaves:
            found = len(answer(leaf, dataset, pool))
            coverage.add(leaf, found, users - found)

    ask()
    print(coverage.table())
    assert coverage.operators() == OPERATORS | {"bare"}
    main = coverage.main_features()
    assert sorted(feature for feature in main if not coverage.met[feature]) == []
    assert sorted(feature for feature in main if not coverage.not_met[feature]) == ALWAYS_MET


def test_whole_cases_have_members_and_others() -> None:
    outcomes = {"some": 0, "none": 0, "all": 0}
    kinds: set[str] = set()

    @settings(repeatable, max_examples=60)
    @given(cases())
    def ask(case: Case) -> None:
        found, everybody = evaluate(case), universe(case.dataset, case.as_of)
        assert found <= everybody
        outcomes["all" if found == everybody else "some" if found else "none"] += 1
        kinds.update(*(leaf for definition in case.audiences.values() for leaf in leaves_of(definition["members"])))

    ask()
    print(outcomes)
    assert min(outcomes.values()) > 5
    assert {"trait", "event", "sequence", "audience", "random", "everyone", "consent"} <= kinds


def test_a_condition_and_its_negation_split_the_universe() -> None:
    @settings(repeatable, max_examples=40)
    @given(questions())
    def ask(question: Question) -> None:
        dataset, pool, leaves = question
        everybody = universe(dataset, pool.as_of)
        for leaf in leaves:
            found, others = answer(leaf, dataset, pool), answer({"not": leaf}, dataset, pool)
            assert found | others == everybody
            assert found & others == set()

    ask()


def test_negative_operators_are_the_exact_negations_of_their_positives() -> None:
    negations = {"ne": "eq", "not_in": "in", "not_contains": "contains", "not_matches": "matches"}

    @settings(repeatable, max_examples=40)
    @given(questions(kinds=["trait"]))
    def ask(question: Question) -> None:
        dataset, pool, leaves = question
        for leaf in leaves:
            for negative in negations.keys() & leaf.keys():
                beside: dict[str, Any] = {"trait": leaf["trait"], **{key: leaf[key] for key in leaf.keys() & {"ignore_case"}}}
                one, other = {**beside, negative: leaf[negative]}, {**beside, negations[negative]: leaf[negative]}
                assert answer(one, dataset, pool) == answer({"not": other}, dataset, pool)

    ask()


def test_de_morgan() -> None:
    @settings(repeatable, max_examples=40)
    @given(questions(number=3))
    def ask(question: Question) -> None:
        dataset, pool, parts = question
        negated: list[Condition] = [{"not": part} for part in parts]
        assert answer({"none": parts}, dataset, pool) == answer({"all": negated}, dataset, pool)
        assert answer({"not": {"all": parts}}, dataset, pool) == answer({"any": negated}, dataset, pool)
        assert answer({"not": {"any": parts}}, dataset, pool) == answer({"none": parts}, dataset, pool)

    ask()


def test_the_order_of_rows_changes_nothing() -> None:
    @settings(repeatable, max_examples=40)
    @given(questions())
    def ask(question: Question) -> None:
        dataset, pool, leaves = question
        events, profiles, consents = dataset.events[::-1], dataset.profiles[::-1], dataset.consents[::-1]
        backwards = replace(dataset, events=events, profiles=profiles, consents=consents)
        for leaf in leaves:
            assert answer(leaf, dataset, pool) == answer(leaf, backwards, pool)

    ask()


def test_datasets_have_retries_ties_and_events_without_an_id_but_no_tie_that_hinges_on_a_hash() -> None:
    counts = {"retries": 0, "ties": 0, "without id": 0}

    @settings(repeatable, max_examples=60)
    @given(pools().flatmap(datasets))
    def look(dataset: Dataset) -> None:
        ids = [row.message_id for row in dataset.events if row.message_id]
        counts["retries"] += len(ids) > len(set(ids))
        counts["without id"] += len(ids) < len(dataset.events)
        events = distinct_events(dataset)
        instants = [(event.user_id, event.timestamp) for event in events]
        counts["ties"] += len(instants) > len(set(instants))
        given_ids = set(ids)
        for event in events:
            if event.message_id not in given_ids:
                tied = [other for other in events if (other.user_id, other.timestamp) == (event.user_id, event.timestamp)]
                assert all((other.name, other.properties) == (event.name, event.properties) for other in tied)

    look()
    print(counts)
    assert min(counts.values()) > 6
