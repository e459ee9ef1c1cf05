"""The examples of tests/reference/test_journeys_holds.py, see conftest.py."""

from tests.reference.test_journeys_holds import *  # noqa: F403 - the examples themselves
