"""What builds recorded of undated traits is what they are as of earlier instants, for whoever asks, and all that follows from them."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engage_cli.definitions.conditions import InAudience
from engage_cli.service.progress import SILENT
from engage_cli.service.trait_build import build_traits
from engage_cli.source import Span
from tests.generated.files import write_events, write_project
from tests.generated.test_agreement import EXAMPLES, law
from tests.generated.test_moments import instants_of
from tests.generated.test_traits import exported, same, trait_cases
from tests.reference.case import Case, evaluate, everybody_of
from tests.reference.dataset import Dataset, universe
from tests.reference.traits import is_undated
from tests.reference.values import is_missing
from tests.support.moments import Moment, members_at, truths_of_project

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Recorded:
    """A case whose undated traits were built at some instants, when its data was still `earlier`; and instants that are asked about."""

    case: Case
    earlier: Dataset
    builds: Sequence[datetime]
    asked: Sequence[datetime]

    @property
    def undated(self) -> list[str]:
        return [name for name, trait in self.case.traits.items() if is_undated(trait)]

    def as_of(self, at: datetime, present: datetime, last: datetime) -> Case:
        """The case as of an instant: what builds recorded from the first of them until `last`, else what is so as of `present`."""
        if not self.builds[0] <= at < last:
            return replace(self.case, as_of=at, scored_at=present)
        return replace(self.case, as_of=at, scored_at=max(one for one in self.builds if one <= at), scored_in=self.earlier)


@st.composite
def recorded_cases(draw: st.DrawFn, of: str) -> Recorded:
    """Two or three builds, before some of the events had come in."""
    case = draw(trait_cases(of).filter(lambda case: any(map(is_undated, case.traits.values()))))
    late = draw(st.sets(st.integers(0, max(0, len(case.dataset.events) - 1)), max_size=5))
    earlier = replace(case.dataset, events=[row for place, row in enumerate(case.dataset.events) if place not in late])
    instants = sorted({case.as_of, *instants_of(case)})
    builds = sorted(draw(st.sets(st.sampled_from(instants), min_size=min(2, len(instants)), max_size=3)))
    beside = [*builds, *(one - MICROSECOND for one in builds), *instants]
    return Recorded(case, earlier, builds, draw(st.lists(st.sampled_from(beside), min_size=2, max_size=3, unique=True)))


def built(drawn: Recorded, folder: Path) -> None:
    """Write the project as it was, build, and then let the late events come in."""
    write_project(replace(drawn.case, dataset=drawn.earlier), folder)
    for at in drawn.builds:
        build_traits(folder, drawn.undated, as_of=at, progress=SILENT)
    write_events(drawn.case.dataset.events, folder / "data" / "events", "jsonl")


@law(EXAMPLES * 16 // 1000)
@given(st.sampled_from(["users", "users", "accounts"]).flatmap(lambda of: st.tuples(st.just(of), recorded_cases(of))))
def test_looks_back_find_what_was_recorded(asked: tuple[str, Recorded]) -> None:
    of, drawn = asked
    with tempfile.TemporaryDirectory() as name:
        built(drawn, Path(name))
        for at in drawn.asked:
            case = drawn.as_of(at, at, drawn.builds[-1])
            given = exported(Path(name), at, of)
            wanted = {subject.user_id: subject.computed for subject in everybody_of(case)[of == "accounts"]}
            assert given.keys() == wanted.keys()
            for subject, computed in wanted.items():
                for trait, datum in computed.items():
                    value = None if is_missing(datum.value) else datum.value
                    assert same(given[subject][trait], value), f"{trait} of {subject} at {at}: {given[subject][trait]!r}, not {value!r}"


@st.composite
def comparisons(draw: st.DrawFn, drawn: Recorded) -> dict[str, Mapping[str, Any]]:
    """Audiences of those who have, or had, one of the values of an undated trait, or none."""
    cases = [drawn.as_of(at, drawn.case.as_of, drawn.builds[-1]) for at in (*drawn.builds, drawn.case.as_of)]
    computed = [subject.computed[name].value for case in cases for subject in everybody_of(case)[0] for name in drawn.undated]
    inner = [(f"{name}.segment", value["segment"]) for name in drawn.undated for value in computed if isinstance(value, Mapping)]
    plain = [(name, value) for name in drawn.undated for value in computed if isinstance(value, int | str) and value != ""]
    asked = [{"trait": path, "eq": value} for path, value in dict.fromkeys((*inner, *plain))]
    none = [{"trait": name, "exists": False} for name in drawn.undated]
    chosen = draw(st.lists(st.sampled_from([*asked, *none]), min_size=1, max_size=4))
    return {f"asked_{number}": {"audience": f"asked_{number}", "members": condition} for number, condition in enumerate(chosen)}


@law(EXAMPLES * 16 // 1000)
@given(recorded_cases("users").flatmap(lambda drawn: st.tuples(st.just(drawn), comparisons(drawn))))
def test_subjects_with_instants_of_their_own_find_it_too(asked: tuple[Recorded, dict[str, Mapping[str, Any]]]) -> None:
    """As the steps of a journey ask: until the last build, and from then on what is so as of the run."""
    drawn, audiences = asked
    case = replace(drawn.case, definitions=[*drawn.case.traits.values(), *audiences.values()])
    drawn = replace(drawn, case=case)
    instants = sorted({*drawn.asked, *drawn.builds})
    moments: list[Moment] = [(user, at) for at in instants for user in sorted(universe(case.dataset, at))]
    if not moments:
        return
    conditions = {name: InAudience(name, Span("engage.yaml", 1, 1, 1, 1)) for name in audiences}
    with tempfile.TemporaryDirectory() as name:
        built(drawn, Path(name))
        found = truths_of_project(Path(name), conditions, "asked", moments, case.as_of)
    for name, definition in audiences.items():
        expected = set()
        for at in instants:
            then = drawn.as_of(at, case.as_of, drawn.builds[-1] + MICROSECOND)
            expected |= {(user, at) for user in evaluate(replace(then, definitions=[*case.traits.values(), definition]))}
        assert members_at(moments, found[name]) == expected, definition
