"""The examples of tests/reference/test_journeys_late.py, see conftest.py."""

from tests.reference.test_journeys_late import *  # noqa: F403 - the examples themselves
