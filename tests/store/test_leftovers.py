"""What a run leaves that was killed between the publication of a store and the removal of what it replaces."""

from pathlib import Path

from tests.state.processes import run_killed
from tests.store.buyers import add_buyers, build, make_project
from tests.store.test_store_processes import manifest_in, names_in, names_of


def test_a_run_after_one_killed_at_its_publication_leaves_what_the_manifest_names(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    build(folder, 10)
    add_buyers(folder, 3, buyers=2)
    assert run_killed(build, folder, 11, crash_at="store: published")
    for hour in (11, 12, 13):
        build(folder, hour)
    assert names_in(folder) == names_of(manifest_in(folder))
