"""The examples of tests/reference/test_journeys_entry.py, see conftest.py."""

from tests.reference.test_journeys_entry import *  # noqa: F403 - the examples themselves
