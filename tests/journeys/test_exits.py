"""The examples of tests/reference/test_journeys_exits.py, see conftest.py."""

from tests.reference.test_journeys_exits import *  # noqa: F403 - the examples themselves
