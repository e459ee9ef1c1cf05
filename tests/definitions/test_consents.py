"""Channels and groups that conditions name are those that engage.yaml declares, where it declares any."""

import pytest

from engage_cli.definitions.project_files import load_texts
from engage_cli.source import InvalidError

SOURCES = "project: shop\nsources: {events: {path: events.csv}}\n"
DECLARED = SOURCES + "messaging: {channels: {sms: {address: phone}, email: {address: email}}, groups: [promotions, news]}\n"


def problems(config: str, asked: str) -> list[tuple[str, str, str | None]]:
    text = f"audience: a\nmembers: {{consent: {asked}}}\n"
    try:
        load_texts({"engage.yaml": config, "campaigns/a.yaml": text})
    except InvalidError as error:
        return [(issue.code, issue.message, issue.hint) for issue in error.issues]
    return []


def test_what_is_declared_is_known() -> None:
    assert problems(DECLARED, "{channel: email, group: news}") == []
    messaging = load_texts({"engage.yaml": DECLARED}).config.messaging
    assert (tuple(messaging.channels), messaging.groups) == (("sms", "email"), ("promotions", "news"))


@pytest.mark.parametrize("messaging", ["", "messaging: {holdout: {percent: 5}}\n"])
def test_where_nothing_is_declared_any_name_will_do(messaging: str) -> None:
    assert problems(SOURCES + messaging, "{channel: pigeon, group: anything}") == []


def test_an_unknown_name_is_an_error_with_the_nearest_one() -> None:
    assert problems(DECLARED, "{channel: emial, group: pormotions}") == [
        ("unknown-channel", "`messaging` in engage.yaml declares no channel `emial`", "did you mean `email`?"),
        ("unknown-group", "`messaging` in engage.yaml declares no group `pormotions`", "did you mean `promotions`?"),
    ]


def test_where_none_is_near_all_are_named() -> None:
    [(_, _, hint)] = problems(DECLARED, "{channel: email, group: xyz}")
    assert hint == "declared are `promotions`, `news`"
