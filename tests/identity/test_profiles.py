"""Audiences over joined identifiers are those of the same data with everybody under one id from the start."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from engage_cli.service.build import build_audiences
from engage_cli.service.explain import explain
from engage_cli.service.look import preview
from engage_cli.service.progress import SILENT
from tests.identity.shop import AS_OF, BEGIN, LIMITS, MEMBERS, Event, Shop, build, members
from tests.identity.test_aliases import view


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("limits", [LIMITS, (3, 2, 2), (100, 100, 100)], ids=str)
def test_audiences_are_those_of_data_that_was_joined_before(tmp_path, seed, limits):
    shop = Shop.drawn(seed)
    shop.write(tmp_path / "joined", limits=limits, store=seed % 2 == 0)
    shop.joined(limits).write(tmp_path / "plain", limits=None)
    for folder in ("joined", "plain"):
        build(tmp_path / folder)
    found = members(tmp_path / "joined")
    assert found == members(tmp_path / "plain")
    assert len(found) == len(MEMBERS)
    assert any(found.values())


@pytest.mark.parametrize("seed", range(2))
def test_neither_the_order_nor_the_split_of_files_nor_when_they_came_makes_a_difference(tmp_path, seed):
    shop = Shop.drawn(seed + 100)
    shop.write(tmp_path / "whole")
    build(tmp_path / "whole")
    chance = random.Random(seed)
    shuffled = chance.sample(shop.events, len(shop.events))
    parts = [shuffled[:10], shuffled[10:25], shuffled[25:]]
    shop.write(tmp_path / "parts", parts=parts[:1])
    for at in range(1, 4):
        shop.write(tmp_path / "parts", parts=parts[:at])
        build(tmp_path / "parts", AS_OF - timedelta(hours=3 - at))
    assert members(tmp_path / "parts") == members(tmp_path / "whole")


def test_what_is_observed_later_than_the_run_joins_nobody(tmp_path):
    shop = Shop.drawn(7)
    shop.write(tmp_path / "all")
    early = Shop(tuple(event for event in shop.events if event.day < 9), shop.people, shop.consents, shop.accounts)
    early.write(tmp_path / "early")
    instant = BEGIN + timedelta(days=10)
    as_of = instant - timedelta(days=1)
    for name in ("all", "early"):
        build(tmp_path / name, as_of)
    assert members(tmp_path / "all") == members(tmp_path / "early")


def test_people_known_only_by_a_device_are_members_where_the_audience_includes_them(tmp_path):
    shop = Shop.drawn(3)
    replace(shop, events=(*shop.events, Event(99, 2, "Viewed", 1, (None, None, "lonely")))).write(tmp_path)
    (tmp_path / "campaigns/audiences/b.yaml").write_text(
        "audience: anybody\nanonymous: include\nmembers: {event: Viewed}\n---\naudience: somebody\nmembers: {audience: anybody}\n"
    )
    build(tmp_path)
    found = members(tmp_path)
    assert set(found["anybody"]) == {*found["viewed"], "lonely"}
    assert found["somebody"] == found["viewed"]
    looked = preview(tmp_path, "anybody", as_of=AS_OF, progress=SILENT)
    assert looked.size == len(found["anybody"])
    assert (looked.identifiers[0].name, looked.identifiers[0].members) == ("user_id", len(found["viewed"]))


def test_a_device_with_the_text_of_a_user_s_id_is_somebody_else(tmp_path):
    shop = Shop((), (("d1", None, "free"),), ())
    shop.write(tmp_path)
    (tmp_path / "events/0.jsonl").write_text(
        '{"anonymous_id": "d1", "event": "Viewed", "timestamp": "2026-11-02T10:00:00Z"}\n'
        '{"user_id": "\\u0001anonymous_id\\u0001d1", "event": "Viewed", "timestamp": "2026-11-02T11:00:00Z"}\n'
    )
    (tmp_path / "campaigns/audiences/b.yaml").write_text("audience: anybody\nanonymous: include\nmembers: {event: Viewed}\n")
    build(tmp_path)
    assert members(tmp_path)["anybody"] == ["\x01anonymous_id\x01d1", "anonymous_id:d1"]
    assert members(tmp_path)["everyone"] == ["\x01anonymous_id\x01d1", "d1"]


def test_files_whose_anonymous_ids_stand_in_a_mapped_column_need_no_user(tmp_path):
    Shop((), (("ana", None, "free"),), ()).write(tmp_path)
    config = (tmp_path / "engage.yaml").read_text()
    (tmp_path / "engage.yaml").write_text(
        config.replace('events: {path: "events/*.jsonl"}', "events: [{path: a.csv, columns: {anonymous_id: aid}}, {path: b.csv}]")
    )
    (tmp_path / "a.csv").write_text("aid,event,timestamp,price\nphone,Bought,2026-11-02T10:00:00Z,30\n")
    (tmp_path / "b.csv").write_text("user_id,anonymous_id,event,timestamp\nana,phone,Viewed,2026-11-03T10:00:00Z\n")
    build(tmp_path)
    assert members(tmp_path)["spent"] == ["ana"]


def test_a_run_says_why_it_looks_at_everybody(tmp_path):

    Shop.drawn(1).write(tmp_path)
    build(tmp_path, AS_OF - timedelta(days=1))
    result = build_audiences(tmp_path, ("pros",), as_of=AS_OF, verbose=True, progress=SILENT)
    assert result.looked is not None
    assert result.looked.why == "identifiers join users (`identity`), and a new one can change who anybody is"


def test_an_explanation_is_of_the_profile_that_an_identifier_belongs_to(tmp_path):
    Shop((), (("nobody", None, "free"),), ()).write(tmp_path)
    view(tmp_path, 0, "- phone 01", "ana phone 02", "- tablet 03")
    (tmp_path / "campaigns/audiences/a.yaml").write_text("audience: twice\nmembers: {event: Viewed, count: {gte: 2}}\n")
    for known in ("ana", "phone"):
        found = explain(tmp_path, "twice", known, as_of=AS_OF, progress=SILENT)
        assert (found.user, found.known, found.member) == ("ana", True, True)
        assert found.tree is not None
        assert found.tree.matching == 2
    assert not explain(tmp_path, "twice", "Ana", as_of=AS_OF, progress=SILENT).known


def test_an_explanation_says_who_is_left_out_for_being_known_by_a_device_alone(tmp_path):
    Shop((), (("nobody", None, "free"),), ()).write(tmp_path)
    view(tmp_path, 0, "- tablet 03")
    (tmp_path / "campaigns/audiences/a.yaml").write_text(
        "audience: some\nmembers: {event: Viewed}\n---\naudience: all\nanonymous: include\nmembers: {event: Viewed}\n"
    )
    some, everybody = (explain(tmp_path, name, "tablet", as_of=AS_OF, progress=SILENT) for name in ("some", "all"))
    assert (some.member, some.left_out) == (False, True)
    assert (everybody.member, everybody.left_out) == (True, False)
