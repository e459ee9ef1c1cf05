"""The reference: conditions evaluated in plain Python, one user at a time, straight from the pages of docs/.

It is slow and it shares no code with the product, so that an answer that both give means something.
`evaluate(Case(..))` is the way in; tests/generated draws the cases.
"""

from tests.reference.case import Case, evaluate, evaluate_all, members
from tests.reference.consents import ConsentRow
from tests.reference.dataset import Dataset, EventRow, ProfileRow

__all__ = ["Case", "ConsentRow", "Dataset", "EventRow", "ProfileRow", "evaluate", "evaluate_all", "members"]
