"""`engage identity show`."""

import json

import pytest

from engage_cli.cli.entry import run
from engage_cli.errors import UsageError
from engage_cli.service.identity import Seen, show_identity
from tests.identity.people import profiles
from tests.identity.shop import AS_OF, BLOCKED, LIMITS, Shop
from tests.identity.test_aliases import view

NAMES = ("user_id", "email", "anonymous_id")


@pytest.mark.parametrize("seed", range(3))
def test_the_profile_of_anybody_is_that_of_a_plain_loop(tmp_path, seed):
    shop = Shop.drawn(seed)
    shop.write(tmp_path)
    canonical, refused = profiles(shop.observed(), LIMITS, BLOCKED)
    for given in sorted({one for one in canonical if canonical[one][0] == 0})[:4]:
        shown = show_identity(tmp_path, given[1], as_of=AS_OF)
        own = {one for one in canonical if canonical[one] == canonical[0, shown.user_id]}
        assert (0, shown.user_id) == canonical.get((0, given[1]), canonical[given])
        assert {(NAMES.index(one.name), one.value) for one in shown.identifiers} == own
        found = {((NAMES.index(o.own[0]), o.own[1]), (NAMES.index(o.other[0]), o.other[1])) for o in shown.not_joined}
        assert found == {pair for link in refused for pair in (link, link[::-1]) if pair[0] in own}


def test_each_identifier_has_its_first_observation(tmp_path, capsys):
    Shop((), (("ana", "ana@x", "pro"), ("ben", "test@x", "pro")), ("ana",)).write(tmp_path)
    view(tmp_path, 0, "ana phone 05", "- phone 03")
    view(tmp_path, 1, "- phone 02", "ana 000 02")
    shown = show_identity(tmp_path, "phone", as_of=AS_OF)
    [device] = [one for one in shown.identifiers if one.name == "anonymous_id"]
    assert (device.file, device.at.isoformat()) == ("events/1.jsonl", "2026-11-02T10:00:00+00:00")
    assert Seen("email", "ana@x", None, "profiles.jsonl") in shown.identifiers
    assert Seen("user_id", "ana", None, "consents.csv") in shown.identifiers
    assert [(one.name, one.value, one.file) for one in shown.blocked] == [("anonymous_id", "000", "events/1.jsonl")]
    assert run(("identity", "show", "ben", "--project", str(tmp_path), "--as-of", "2026-11-20T00:00Z", "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["blocked"] == [{"name": "email", "value": "test@x", "at": None, "file": "profiles.jsonl"}]
    assert document["not_joined"] == []


def test_rows_that_cannot_be_read_are_told(tmp_path, capsys):
    Shop((), (("ana", "ana@x", "pro"),), ("ana",)).write(tmp_path)
    view(tmp_path, 0, "ana phone 05")
    with (tmp_path / "events/0.jsonl").open("a") as file:
        file.write("{no line of JSON\n")
    assert run(("identity", "show", "ana", "--project", str(tmp_path), "--as-of", "2026-11-20T00:00Z")) == 0
    assert "1 row cannot be read" in capsys.readouterr().err


def test_nobody_and_no_identity_are_said(tmp_path):
    Shop.drawn(1).write(tmp_path / "joined")
    with pytest.raises(UsageError, match="nobody is known as `o'clock`"):
        show_identity(tmp_path / "joined", "o'clock", as_of=AS_OF)
    Shop.drawn(1).write(tmp_path / "plain", limits=None)
    with pytest.raises(UsageError, match=r"engage\.yaml has no `identity`"):
        show_identity(tmp_path / "plain", "u1", as_of=AS_OF)


def test_a_profile_that_writes_nothing_leaves_the_folder_as_it_was(tmp_path):
    Shop.drawn(2).write(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    show_identity(tmp_path, "u1", as_of=AS_OF)
    assert sorted(tmp_path.rglob("*")) == before
