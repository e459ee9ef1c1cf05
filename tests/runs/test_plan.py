"""`engage plan`: it says what a run then does, records nothing, and tells what edited definitions change."""

from pathlib import Path

import pytest

from engage_cli.service.results.audiences import BuildResult
from engage_cli.service.results.journeys import TickResult
from engage_cli.service.results.traits import TraitBuildResult
from engage_cli.service.run_results import Defined, Edit, EditKind, RunResult, StepEdit, VersionInside
from tests.cli.running import Engage
from tests.journeys.shop import JOURNEY, files_of, rows_of
from tests.runs.shop import DEFINITIONS, FIRST, SECOND, run_at


def numbers(result: RunResult) -> list[object]:
    """What the stages change, those after the journeys left out."""
    found: list[object] = []
    for done in result.stages:
        match done.result:
            case _ if done.stage.after_journeys:
                pass
            case TraitBuildResult(traits=traits, syncs=syncs):
                found += [traits, syncs]
            case BuildResult(audiences=audiences, syncs=syncs):
                found += [audiences, syncs]
            case TickResult(journeys=journeys, syncs=syncs):
                found += [journeys, syncs]
    return found


def test_a_plan_says_what_the_run_then_does_and_records_nothing(shop: Path) -> None:
    before = sorted(shop.rglob("*"))
    plan = run_at(shop, FIRST, dry_run=True)
    assert sorted(shop.rglob("*")) == before
    assert numbers(plan) == numbers(run_at(shop, FIRST))
    kept = files_of(shop), rows_of(shop)
    plan = run_at(shop, SECOND, dry_run=True)
    assert (files_of(shop), rows_of(shop)) == kept
    assert plan.would_change
    assert numbers(plan) == numbers(run_at(shop, SECOND))
    assert not run_at(shop, SECOND, dry_run=True).would_change


def test_a_plan_names_some_of_those_concerned(shop: Path) -> None:
    plan = run_at(shop, FIRST, dry_run=True, samples=2)
    [_, audiences, journeys, _] = [done.result for done in plan.stages]
    assert isinstance(audiences, BuildResult)
    assert audiences.samples["busy"].entered == ("ana",)
    assert isinstance(journeys, TickResult)
    some = journeys.samples["cart_recovery"]
    assert [one.user_id for one in some.entered] == ["ana", "ben"]
    assert [(one.user_id, one.template) for one in some.sent] == [("ana", "nudge")]
    assert some.moved[0].from_step == "list"


def test_a_first_plan_finds_everything_new(shop: Path) -> None:
    assert run_at(shop, FIRST, dry_run=True).edits == (
        Edit(Defined.TRAIT, "carts", EditKind.NEW),
        *(Edit(Defined.AUDIENCE, name, EditKind.NEW) for name in ("busy", "buyers", "left_something")),
        Edit(Defined.JOURNEY, "cart_recovery", EditKind.NEW, 1),
    )


def test_a_plan_tells_edited_and_removed_definitions_apart(shop: Path) -> None:
    run_at(shop, FIRST)
    edited = (
        DEFINITIONS.replace("gte: 2", "gte: 3")
        .replace("audience: buyers", "audience: customers")
        .replace("compute: count", "compute: distinct_days")
    )
    (shop / "campaigns/rest.yaml").write_text(edited)
    plan = run_at(shop, FIRST, dry_run=True)
    assert plan.would_change
    assert plan.edits == (
        Edit(Defined.TRAIT, "carts", EditKind.EDITED),
        Edit(Defined.AUDIENCE, "busy", EditKind.EDITED),
        Edit(Defined.AUDIENCE, "buyers", EditKind.REMOVED),
        Edit(Defined.AUDIENCE, "customers", EditKind.NEW),
    )


@pytest.mark.parametrize(
    ("on_change", "becomes"),
    [
        ("finish", "finish it"),
        ("move", "go on at the same step in version 2; who stands at one that is gone leaves"),
        ("exit", "leave"),
    ],
)
def test_a_plan_says_what_becomes_of_the_people_inside_an_edited_journey(shop: Path, on_change: str, becomes: str) -> None:
    run_at(shop, FIRST)
    edited = JOURNEY.replace("delay: 1 day", "delay: 2 days").replace("  - {set: carts_left, to: {context: entry.cart_id}, id: mark}\n", "")
    (shop / "campaigns/journeys/cart.yaml").write_text(
        f"{edited.replace('lost_interest', 'lost_interest, id: lost')}  - {{exit: over, id: over}}\non_change: {on_change}\n"
    )
    [edit] = [one for one in run_at(shop, FIRST, dry_run=True).edits if one.kind is Defined.JOURNEY]
    steps = (
        *(StepEdit("lost", EditKind.NEW, 0), StepEdit("day", EditKind.EDITED, 1), StepEdit("over", EditKind.NEW, 0)),
        *(StepEdit("wait.emptied.exit_1", EditKind.REMOVED, 0), StepEdit("mark", EditKind.REMOVED, 0)),
    )
    assert edit == Edit(Defined.JOURNEY, "cart_recovery", EditKind.EDITED, 2, steps, (VersionInside(1, 3, becomes),))


def test_a_description_and_a_comment_are_no_edit(shop: Path) -> None:
    run_at(shop, FIRST)
    path = shop / "campaigns/journeys/cart.yaml"
    path.write_text(f"# Carts.\n{path.read_text()}description: Those who left one\n")
    assert not run_at(shop, FIRST, dry_run=True).edits


def test_the_exit_code_says_whether_something_would_change(shop: Path, engage: Engage) -> None:
    project = ("--project", str(shop), "--as-of", f"{FIRST}Z")
    assert engage("plan", *project).code == 0
    assert engage("plan", *project, "--detailed-exit-code").code == 5
    assert engage("run", *project, "--dry-run", "--detailed-exit-code").code == 5
    assert engage("journey", "tick", *project, "--dry-run", "--detailed-exit-code").code == 5
    assert engage("run", *project, "--detailed-exit-code").code == 2
    assert engage("run", *project).code == 0
    assert engage("plan", *project, "--detailed-exit-code").code == 0
    assert engage("journey", "tick", *project, "--dry-run", "--detailed-exit-code").code == 0


def test_a_plan_as_text_and_as_a_document(shop: Path, engage: Engage) -> None:
    project = ("--project", str(shop), "--as-of", f"{FIRST}Z")
    engage("run", *project)
    journey = (shop / "campaigns/journeys/cart.yaml").read_text()
    (shop / "campaigns/journeys/cart.yaml").write_text(journey.replace("delay: 1 day", "delay: 2 days"))
    later = (*project[:2], "--as-of", f"{SECOND}Z")
    lines = engage("plan", *later).out.splitlines()
    assert lines[:4] == [
        "definitions",
        "  edited  journey cart_recovery: version 2",
        "             step day edited, 1 person there",
        "             3 people inside version 1 finish it",
    ]
    document = engage("plan", *later, "--json").document
    assert [stage["stage"] for stage in document["stages"]] == ["traits", "audiences", "journeys", "audiences"]
    assert document["definitions"][0]["inside"] == [{"version": 1, "people": 3, "becomes": "finish it"}]
    assert document["would_change"] is True
