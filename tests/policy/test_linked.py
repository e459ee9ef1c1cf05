"""Messages show the account of a person and the rows that are linked to them, rendered or as variables."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engage_cli.errors import EngageError
from engage_cli.service.progress import SILENT
from engage_cli.service.templates import preview
from tests.journeys.shop import files_of, make_shop, tick

SOURCES = """  accounts: {path: data/accounts.csv}
  memberships: {path: data/memberships.csv}
  entities:
    pets: {path: data/pets.csv, key: pet_id, links: {user: owner}}
    plans: {path: data/plans.csv, key: plan_id, links: {user: owner}}
messaging:"""
TEMPLATE = """\
{{ account.name | default("nobody") }}/{{ account.account_id | default("-") }}/{{ account.city | default("nowhere") }}:
{% for pet in entities.pets %}
{{ pet.name }} ({{ pet.age | default("?") }}){% if not loop.last %}, {% endif %}
{% endfor %}
{% for plan in entities.plans %}plan {{ plan.plan_id }}{% endfor %}
"""
DATA = {
    "accounts": 'account_id,name,city\nb,"Beta ""B"" & Co",\na,Alpha,Rome\nz,Zeta,Zagreb\n',
    "memberships": "user_id,account_id\nana,z\nana,b\nben,a\n",
    "pets": "pet_id,owner,name,age\np2,ana,Tom,3\np1,ana,Zoë,\np3,ben,Rex,9\np4,dan,Ida,1\n",
    "plans": "plan_id,owner\n7,ben\n",
}


def shop(folder: Path, template: str = TEMPLATE, render: str = "message") -> Path:
    make_shop(folder)
    config = folder / "engage.yaml"
    config.write_text(config.read_text().replace("messaging:", SOURCES).replace('  quiet_hours: {from: "13:30", to: "15:00"}\n', ""))
    journey = folder / "campaigns/journeys/cart.yaml"
    journey.write_text(journey.read_text().replace("id: nudge,", f"id: nudge, category: transactional, render: {render},"))
    (folder / "campaigns/templates/nudge.txt").write_text(template)
    for name, text in DATA.items():
        (folder / f"data/{name}.csv").write_text(text)
    return folder


def lines(folder: Path) -> dict[str, dict[str, Any]]:
    tick(folder, "2026-11-05T00:00:00")
    found = [json.loads(line) for name, text in files_of(folder).items() if name.endswith("email.jsonl") for line in text.splitlines()]
    return {line["user_id"]: line for line in found}


def test_what_is_linked_is_written(tmp_path: Path) -> None:
    texts = {user: " ".join(line["text"].split()) for user, line in lines(shop(tmp_path / "shop")).items()}
    assert texts["ana"] == 'Beta "B" & Co/b/nowhere: Zoë (?), Tom (3)', "of two accounts the first by its id, rows by their keys"
    assert texts["cleo"] == "nobody/-/nowhere:"


def test_variables_hold_what_is_linked(tmp_path: Path) -> None:
    found = lines(shop(tmp_path / "shop", render="variables"))
    ana, cleo = found["ana"]["variables"], found["cleo"]["variables"]
    assert ana["account"] == {"account_id": "b", "name": 'Beta "B" & Co'}
    assert [(row["pet_id"], row["name"]) for row in ana["entities"]["pets"]] == [("p1", "Zoë"), ("p2", "Tom")]
    assert ana["entities"]["plans"] == []
    assert cleo["account"] == {} and cleo["entities"] == {"pets": [], "plans": []}


def test_a_template_that_shows_nothing_of_it_has_none(tmp_path: Path) -> None:
    found = lines(shop(tmp_path / "shop", template="Hi\n", render="variables"))
    assert not {"account", "entities"} & set(found["ana"]["variables"])


def test_what_messages_do_not_have_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngageError, match="shows rows of `pet`, which is no entity") as raised:
        lines(shop(tmp_path / "unknown", template="{% for pet in entities.pet %}x{% endfor %}\n"))
    assert raised.value.hint == "did you mean `pets`?"
    folder = shop(tmp_path / "computed", template="{{ account.carts | default(0) }}\n")
    (folder / "campaigns/traits").mkdir()
    (folder / "campaigns/traits/carts.yaml").write_text("trait: carts\nof: accounts\ncompute: count\nevent: Cart Updated\n")
    with pytest.raises(EngageError, match="a computed trait of accounts"):
        lines(folder)


def test_a_preview_shows_the_same(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    for user, text in ((user, line["text"]) for user, line in lines(folder).items()):
        shown = preview(folder, "nudge", user, channel="email", context={}, as_of=datetime(2026, 11, 5, tzinfo=UTC), progress=SILENT)
        assert shown.text == text


def test_accounts_may_be_missing_from_a_project(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop")
    config = folder / "engage.yaml"
    text = config.read_text().replace("  accounts: {path: data/accounts.csv}\n  memberships: {path: data/memberships.csv}\n", "")
    config.write_text(text)
    assert lines(folder)["ana"]["text"].startswith("nobody/-/nowhere:")
