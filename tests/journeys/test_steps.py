"""The examples of tests/reference/test_journeys_steps.py, see conftest.py."""

from tests.reference.test_journeys_steps import *  # noqa: F403 - the examples themselves
