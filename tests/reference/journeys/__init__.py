"""Journeys in plain Python: one event at a time, in the order of logical time, straight from the pages of docs/.

It is slow and it shares no code with the product, so that an answer that both give means something.
`simulate(History(..))` is the way in; tests/generated/journeys draws the histories.
"""

from tests.reference.journeys.history import History
from tests.reference.journeys.rows import Candidate, Entry, GoalReached, ListChange, Position, Results, Synced, TraitSet, Transition
from tests.reference.journeys.simulate import simulate

__all__ = [
    "Candidate",
    "Entry",
    "GoalReached",
    "History",
    "ListChange",
    "Position",
    "Results",
    "Synced",
    "TraitSet",
    "Transition",
    "simulate",
]
