"""Every computed trait has the value that the plain evaluator gives, for every user. `ENGAGE_EXAMPLES` asks for more than CI does."""

import json
import math
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage_cli.service.progress import SILENT
from engage_cli.service.traits import export
from tests.generated.accounts import account_scope, with_accounts
from tests.generated.backend import FRESH
from tests.generated.comparisons import LISTS
from tests.generated.datasets import datasets
from tests.generated.files import write_project
from tests.generated.pools import pools
from tests.generated.scopes import scope_of
from tests.generated.test_agreement import EXAMPLES
from tests.generated.traits import KIND_OF, OF_EVENTS, OF_NUMBERS, OF_VALUES, trait_definitions
from tests.reference.case import Case, everybody_of
from tests.reference.values import is_missing, read_text

EVERYBODY: dict[str, Any] = {"audience": "asked", "members": {"everyone": True}}


@st.composite
def trait_cases(draw: st.DrawFn, of: str) -> Case:
    """A dataset and some traits of users or accounts."""
    pool = draw(pools())
    dataset = draw(datasets(pool))
    if of == "accounts":
        dataset = draw(with_accounts(pool, dataset))
    scope = scope_of(pool, dataset) if of == "users" else account_scope(pool, dataset)
    return Case(dataset, [*draw(trait_definitions(scope, of)), EVERYBODY], pool.zone, pool.as_of, LISTS)


def exported(folder: Path, as_of: datetime, of: str) -> dict[str, dict[str, Any]]:
    """What `trait export` gives of each user or account."""
    rows = [json.loads(line) for line in export(folder, (), as_of=as_of, file_format="jsonl", progress=SILENT).lines]
    return {row.pop(f"{of.removesuffix('s')}_id"): row for row in rows}


def expected(case: Case, of: str) -> dict[str, dict[str, Any]]:
    """What the plain evaluator computes."""
    found = {}
    for subject in everybody_of(case)[of == "accounts"]:
        computed = subject.computed
        found[subject.user_id] = {name: None if is_missing(datum.value) else datum.value for name, datum in computed.items()}
    return found


def same(given: Any, wanted: Any) -> bool:
    """Numbers by their value, everything else exactly; what is missing is no value, whatever stands for it."""
    if is_missing(given) or is_missing(wanted):
        return is_missing(given) and is_missing(wanted)
    if isinstance(given, str) or isinstance(wanted, bool | str) or isinstance(given, bool) or not isinstance(wanted, int | float):
        return bool(given == wanted) or (isinstance(given, str | int | float) and read_text(given) == read_text(wanted))
    return isinstance(given, int | float) and (given == wanted or math.isclose(given, wanted, rel_tol=1e-15))


@settings(
    max_examples=max(1, EXAMPLES // 10),
    backend=FRESH,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(st.sampled_from(["users", "users", "accounts"]).flatmap(lambda of: st.tuples(st.just(of), trait_cases(of))))
def test_every_trait_has_its_value(drawn: tuple[str, Case]) -> None:
    of, case = drawn
    with tempfile.TemporaryDirectory() as name:
        write_project(case, Path(name))
        given = exported(Path(name), case.as_of, of)
    wanted = expected(case, of)
    assert given.keys() == wanted.keys()
    for user, traits in wanted.items():
        for name, value in traits.items():
            assert same(given[user][name], value), f"{name} of {user}: {given[user][name]!r}, and not {value!r}; {case.traits[name]}"


@pytest.mark.parametrize("of", ["users", "accounts"])
def test_every_kind_is_drawn_of_users_and_of_accounts(of: str) -> None:
    drawn: set[str] = set()

    @settings(max_examples=70, backend=FRESH, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(trait_cases(of))
    def draw(case: Case) -> None:
        for trait in case.traits.values():
            drawn.add(trait.get("compute") or next(kind for kind in ("expression", "rfm", "sql") if kind in trait))
            drawn.update({"session", "default", "where"} & set(trait))

    draw()
    assert drawn >= {*OF_EVENTS, *OF_NUMBERS, *OF_VALUES, "expression", "rfm", "sql", "session", "default", "where"}


def test_every_kind_is_asked() -> None:
    assert set(KIND_OF) | {"first", "last"} == {
        *("count", "sum", "avg", "min", "max", "most_frequent", "first", "last", "unique_list", "unique_count"),
        *("distinct_days", "days_since_first", "days_since_last"),
    }
