"""The command `engage` of the pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.warm import warm_engage


@pytest.fixture(scope="session")
def engage_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which the shell finds `engage`."""
    with warm_engage(tmp_path_factory.mktemp("engage")) as folder:
        yield folder
