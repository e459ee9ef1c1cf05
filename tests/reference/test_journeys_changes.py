"""Between the instants at which it may change, no answer does: tried at random instants, over generated conditions."""

from datetime import timedelta
from itertools import pairwise
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.generated.backend import FRESH
from tests.generated.comparisons import LISTS
from tests.generated.pools import MICROSECOND, Pool
from tests.generated.strategies import Condition, questions
from tests.reference.dataset import Dataset
from tests.reference.journeys.history import History
from tests.reference.journeys.world import World

KINDS = ["trait", "trait", "event", "event", "event", "sequence", "consent"]
REACH = timedelta(days=500)


Question = tuple[Dataset, Pool, list[Condition]]


@settings(backend=FRESH, derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(questions(kinds=KINDS, number=4).filter(lambda question: question[0].events), st.integers())
def test_no_answer_changes_between_two_of_the_instants(question: Question, seed: int) -> None:
    dataset, pool, conditions = question
    world = World(History([], dataset, [pool.as_of], pool.zone, lists=LISTS))
    world.take_in(0)
    low, high = pool.as_of - REACH, pool.as_of + REACH
    user, random = world.users[0], Random(seed)
    for condition in conditions:
        instants = [low, *world.changes(condition, user, low, high), high + MICROSECOND]
        for _ in range(12):
            start, end = random.choice(list(pairwise(instants)))
            inside = random.choice([end - MICROSECOND, start + (end - start - MICROSECOND) * random.random()])
            assert world.holds(condition, "j", user, inside) == world.holds(condition, "j", user, start), (condition, start, inside)
