"""A folder or texts to a project: what is found, what is defaulted, and that all problems come at once."""

import os
import tempfile
from pathlib import Path

import pytest

from engage_cli.definitions.comparisons import Comparison, Element, Field, Op, Test, WhereAll, WhereNot
from engage_cli.definitions.conditions import Count, EventDone, InShare, SequenceDone, TraitIs
from engage_cli.definitions.destinations import Call, EventsDestination
from engage_cli.definitions.paths import EACH, path_of
from engage_cli.definitions.paths import Path as ValuePath
from engage_cli.definitions.project import Config, EngineSettings, Language, MissingFile, Project, Source, Sources
from engage_cli.definitions.project_files import find_project, load_project, load_texts
from engage_cli.definitions.values import Duration, Number, Text, Unit
from engage_cli.source import InvalidError, Issue, Span

CONFIG = "project: shop\nsources: {events: {path: events.csv}}\ndestinations: {crm: {type: events}}\n"


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def issues_of(folder: Path) -> list[Issue]:
    with pytest.raises(InvalidError) as caught:
        load_project(folder)
    return list(caught.value.issues)


def load(members: str) -> Project:
    return load_texts({"engage.yaml": CONFIG, "campaigns/a.yaml": f"audience: a\nmembers: {members}\n"})


def members(text: str):
    return load(text).audiences["a"].members


# ---- folders -------------------------------------------------------------------------------------------------------


def test_the_project_is_the_nearest_folder_upward(tmp_path):
    write(tmp_path, {"engage.yaml": CONFIG, "campaigns/audiences/a.yaml": "audience: a\nmembers: {everyone: true}\n"})
    assert find_project(tmp_path / "campaigns" / "audiences") == tmp_path
    assert find_project(tmp_path) == tmp_path


def test_a_folder_outside_of_any_project_has_none(tmp_path):
    assert find_project(tmp_path) is None
    (issue,) = issues_of(tmp_path)
    assert issue.code == "no-project"


def test_definitions_stand_anywhere_under_campaigns(tmp_path):
    one = "audience: {}\nmembers: {{everyone: true}}\n"
    write(
        tmp_path,
        {
            "engage.yaml": CONFIG,
            "campaigns/audiences/deep/er/b.yaml": one.format("b"),
            "campaigns/a.yml": one.format("a"),
            "campaigns/audiences/two.yaml": f"{one.format('c')}---\n{one.format('d')}",
            "campaigns/.hidden/x.yaml": "nonsense: [",
            "campaigns/audiences/.swp.yaml": "nonsense: [",
            "campaigns/README.md": "# not a definition",
            "campaigns/lists/x.csv": "user_id\n",
            "elsewhere/x.yaml": "nonsense: [",
        },
    )
    project = load_project(tmp_path)
    assert list(project.audiences) == ["a", "b", "c", "d"]
    assert set(project.texts) == {"engage.yaml", "campaigns/a.yml", "campaigns/audiences/deep/er/b.yaml", "campaigns/audiences/two.yaml"}
    assert project.folder == str(tmp_path)


def test_all_problems_of_all_files_come_at_once_in_order(tmp_path):
    write(
        tmp_path,
        {
            "engage.yaml": "project: shop\ntimezone: Mars/Base\nsources: {events: {path: e.csv}}\n",
            "campaigns/audiences/b.yaml": "audience: b\nmembers: {audience: a}\n---\naudience: b\nmembers: {evnt: A}\n",
            "campaigns/audiences/a.yaml": "audience: x\nmembers: {all: [{trait: p}, {audience: nobody}]}\nsync: [crm]\n",
            "campaigns/audiences/broken.yaml": "audience: y\nmembers: [\n",
            "campaigns/audiences/latin.yaml": "audience: a # é\n".encode("latin-1"),
        },
    )
    found = [(str(issue.span), issue.code) for issue in issues_of(tmp_path)]
    assert found == [
        ("engage.yaml:2:11", "zone"),
        ("campaigns/audiences/a.yaml:2:17", "missing-key"),
        ("campaigns/audiences/a.yaml:2:40", "unknown-audience"),
        ("campaigns/audiences/b.yaml:4:11", "duplicate-id"),
        ("campaigns/audiences/b.yaml:5:11", "kind"),
        ("campaigns/audiences/broken.yaml:3:1", "yaml"),
        ("campaigns/audiences/latin.yaml:1:15", "encoding"),
    ]


def test_a_definition_that_cannot_be_read_is_known_by_its_name(tmp_path):
    write(
        tmp_path,
        {
            "engage.yaml": CONFIG,
            "campaigns/a.yaml": "audience: a\nmembers: {all: [{audience: wrong}, {audience: after}, {audience: last}]}\n",
            "campaigns/b.yaml": "audience: wrong\nmembers: {evnt: A}\n---\naudience: after\nmembers: {\n---\naudience: last\n",
        },
    )
    assert {issue.code for issue in issues_of(tmp_path)} == {"kind", "yaml"}


def test_what_comes_later_says_so(tmp_path):
    write(tmp_path, {"engage.yaml": CONFIG, "campaigns/tests/t.yaml": "test: x"})
    assert [issue.code for issue in issues_of(tmp_path)] == ["not-built"]


def test_a_file_that_may_not_be_read():
    """Root reads everything, so the reading is done by a process that is nobody."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        write(folder, {"engage.yaml": CONFIG, "campaigns/a.yaml": "audience: a\n"})
        (folder / "campaigns/a.yaml").chmod(0)
        child = os.fork()
        if child == 0:
            if os.geteuid() == 0:
                os.setuid(65534)
            os._exit(0 if [issue.code for issue in issues_of(folder)] == ["unreadable"] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_special_files_are_no_definitions(tmp_path):
    write(tmp_path, {"engage.yaml": CONFIG, "campaigns/a.yaml/b.txt": "a folder named like a file"})
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "campaigns" / "pipe.yaml")
    assert not load_project(tmp_path).audiences


def test_list_files_are_looked_for_in_the_project_folder(tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text("user_id\n")
    folder = write(tmp_path / "project", {"engage.yaml": CONFIG, "lists/vips.csv": "user_id\n"})
    (folder / "lists" / "link.csv").symlink_to(outside)
    definition = "audience: a\nmembers: {{trait: user_id, in_file: {}}}\n"
    write(folder, {"campaigns/a.yaml": definition.format("lists/vips.csv")})
    load_project(folder)
    for path in ("lists/nobody.csv", "lists", "../outside.csv", str(outside), "lists/link.csv", "lists/../../outside.csv", "'C:\\x.csv'"):
        write(folder, {"campaigns/a.yaml": definition.format(path)})
        assert [issue.code for issue in issues_of(folder)] == ["list-file"]


# ---- rules ---------------------------------------------------------------------------------------------------------


def codes_of(text: str) -> list[str]:
    with pytest.raises(InvalidError) as caught:
        load_texts({"engage.yaml": CONFIG, "campaigns/a.yaml": text})
    return [issue.code for issue in caught.value.issues]


def chain(levels: int) -> str:
    return "audience: a0\nmembers: {everyone: true}\n" + "".join(
        f"---\naudience: a{at}\nmembers: {{audience: a{at - 1}}}\n" for at in range(1, levels)
    )


def test_audiences_may_name_each_other_many_levels_deep():
    load_texts({"engage.yaml": CONFIG, "campaigns/a.yaml": chain(50)})
    assert codes_of(chain(60)) == ["too-large"]


def test_audiences_that_multiply_each_other_are_refused():
    doubling = "audience: a0\nmembers: {everyone: true}\n" + "".join(
        f"---\naudience: a{at}\nmembers: {{any: [{{audience: a{at - 1}}}, {{not: {{audience: a{at - 1}}}}}]}}\n" for at in range(1, 30)
    )
    assert set(codes_of(doubling)) == {"too-large"}


def test_each_cycle_is_reported_once():
    two = (
        "audience: a\nmembers: {audience: b}\n---\naudience: b\nmembers: {audience: a}\n---\n"
        "audience: c\nmembers: {all: [{audience: c}, {audience: a}]}\n---\naudience: d\nmembers: {audience: c}\n"
    )
    assert codes_of(two) == ["cycle", "cycle"]


def test_a_cycle_of_a_thousand_is_found():
    ring = "".join(f"audience: a{at}\nmembers: {{audience: a{(at + 1) % 1000}}}\n---\n" for at in range(1000))
    assert codes_of(ring) == ["cycle"]


def test_problems_without_end_are_cut():
    codes = codes_of("audience: a\nmembers:\n  all:\n" + "".join(f"    - {{evnt: A{at}}}\n" for at in range(3000)))
    assert len(codes) <= 1001


# ---- models --------------------------------------------------------------------------------------------------------


def test_engage_yaml_has_defaults():
    config = load_texts({"engage.yaml": "project: shop\nsources: {events: {path: events.csv}}\n"}).config
    source = Source("events.csv", {}, "UTC", MissingFile.ERROR, Span("engage.yaml", 2, 26, 2, 36))
    assert config == Config(
        project="shop",
        timezone="UTC",
        state=".engage/state.duckdb",
        store=".engage/events",
        outputs="out",
        late_window=Duration(3, Unit.DAY),
        engine=EngineSettings("4GB", None, ".engage/tmp"),
        sources=Sources(events=(source,)),
        destinations={},
    )


def test_engage_yaml_whole():
    text = (Path(__file__).parent / "valid" / "engage_whole.yaml").read_text()
    config = load_texts({"engage.yaml": text}).config
    assert (config.timezone, config.engine.threads) == ("Europe/London", 2)
    assert [source.on_missing_file for source in config.sources.events] == [MissingFile.ERROR, MissingFile.DROP]
    assert config.sources.profiles[0].columns == {"user_id": "user_id", "timestamp": "set_at"}
    subscriptions, plans = config.sources.entities
    assert (subscriptions.key, subscriptions.links) == ("subscription_id", {"user": "user_id", "account": "account_id", "plans": "plan"})
    assert (subscriptions.source.columns, subscriptions.source.timezone) == ({"plan": "plan_name"}, "Europe/London")
    assert (subscriptions.source.on_missing_file, plans.source.on_missing_file) == (MissingFile.KEEP, MissingFile.ERROR)
    assert (plans.name, plans.key, plans.links) == ("plans", "name", {})
    messaging = config.messaging
    assert (messaging.channels["email"].address, messaging.channels["email"].sender) == (path_of("email"), "Acme <hello@acme.example>")
    assert (messaging.language, messaging.urls.view) == (Language(path_of("locale"), "en"), "https://acme.example/v/{message_id}")
    span = Span("engage.yaml", 43, 3, 43, 6)
    assert config.destinations["crm"] == EventsDestination("crm", "jsonl", Call.IDENTIFY, span)


def test_never_is_count_zero():
    def ask(text: str) -> Comparison:
        done = members(text)
        assert isinstance(done, EventDone)
        assert isinstance(done.ask, Count)
        return done.ask.comparison

    for text in ("{event: A, never: true}", "{event: A, count: 0}", "{event: A, count: {eq: 0}}"):
        (test,) = ask(text).tests
        assert (test.op, test.operand) == (Op.EQ, Number(0))


def test_the_order_of_operators_does_not_matter():
    one, other = members("{trait: age, lt: 9, gte: 5}"), members("{gte: 5, lt: 9, trait: age}")
    assert isinstance(one, TraitIs)
    assert isinstance(other, TraitIs)
    assert [test.op for test in one.comparison.tests] == [test.op for test in other.comparison.tests] == [Op.GTE, Op.LT]


def test_a_share_is_exact():
    for percent, millionths in {
        "0.1": 100_000,
        "29.000001": 29_000_001,
        "1e-6": 1,
        "100": 100_000_000,
        "0": 0,
        "33.333333": 33_333_333,
    }.items():
        share = members(f"{{random: {{percent: {percent}}}}}")
        assert isinstance(share, InShare)
        assert share.percent_millionths == millionths


def test_wheres_and_elements():
    def where(text: str):
        done = members(f"{{event: A, where: {text}}}")
        assert isinstance(done, EventDone)
        return done.where

    field = where("{a: 1}")
    assert isinstance(field, Field)
    both = where("{a: 1, none: [{b: 2}]}")
    assert isinstance(both, WhereAll)
    assert isinstance(both.parts[1], WhereNot)
    element = where("{'items[]': {sku: a, qty: {gte: 2}}}")
    assert isinstance(element, Element)
    assert element.path == ValuePath(("items", EACH))
    assert isinstance(element.where, WhereAll)
    itself = where("{'tags[]': {starts_with: a, ends_with: b}}")
    assert isinstance(itself, Field)
    nested = where("{'tags[]': {any: [{starts_with: a}, {ends_with: b}]}}")
    assert isinstance(nested, Element)
    quoted = where("{'items[]': {'[\"period\"]': monthly}}")
    assert isinstance(quoted, Element)
    dotted = where("{'[\"utm.source\"]': ads}")
    assert isinstance(dotted, Field)
    assert dotted.path == ValuePath(("utm.source",))


def test_a_sequence_is_settled_where_its_waits_are():
    done = members("{sequence: [{event: A}, {not: {event: B}, within: 1 day, settled: true}]}")
    assert isinstance(done, SequenceDone)
    assert done.settled
    with pytest.raises(InvalidError):
        load("{sequence: [{event: A}, {not: {event: B}, within: 1 day, settled: true}, {not: {event: C}, within: 2 days}]}")


def test_tests_know_their_place():
    trait = members("{trait: plan, eq: pro}")
    assert isinstance(trait, TraitIs)
    assert trait.comparison.tests[0] == Test(Op.EQ, Text("pro"), Span("campaigns/a.yaml", 2, 28, 2, 31))


def test_conditions_nest_as_deep_as_yaml_may():
    levels = 60
    assert members("{not: " * levels + "{everyone: true}" + "}" * levels)
    assert codes_of(f"audience: a\nmembers: {'{not: ' * 64}{{everyone: true}}{'}' * 64}\n") == ["too-deep"]


# ---- accounts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["of: accounts\nmembers: {everyone: true}", "members: {not: {no_account: {trait: plan, eq: pro}}}"])
def test_a_project_without_accounts_has_no_conditions_on_them(text):
    definition = {"campaigns/a.yaml": f"audience: a\n{text}\n"}
    with pytest.raises(InvalidError) as caught:
        load_texts({"engage.yaml": CONFIG, **definition})
    assert [issue.code for issue in caught.value.issues] == ["no-accounts"]
    assert load_texts({"engage.yaml": CONFIG.replace("sources: {", "sources: {accounts: {path: a.csv}, "), **definition})
