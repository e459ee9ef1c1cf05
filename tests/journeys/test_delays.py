"""The examples of tests/reference/test_journeys_delays.py, see conftest.py."""

from tests.reference.test_journeys_delays import *  # noqa: F403 - the examples themselves
