"""The examples of tests/reference/test_journeys_conditions.py, see conftest.py."""

from tests.reference.test_journeys_conditions import *  # noqa: F403 - the examples themselves
