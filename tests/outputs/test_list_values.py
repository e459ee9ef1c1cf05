"""The values of lists in the form and hash that ad networks match: their own examples, and what data really holds."""

import csv
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engage_cli.definitions.destinations import Form, Rules, form_of
from engage_cli.outputs import read_values
from engage_cli.outputs.countries import country_code
from engage_cli.outputs.phones import e164
from engage_cli.service.build import build_audiences
from engage_cli.service.progress import SILENT
from engage_cli.service.results.audiences import BuildResult

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)

META = (
    # https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters
    ("email", "John_Smith@gmail.com", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
    ("phone", "(650)555-1212", "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"),
    ("fn", "Mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
    ("fn", "정", "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
    ("fn", "Valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
    ("dob", "1997-02-16", "01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c"),
    ("country", "United States", "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"),
)
"""Meta's own examples: what is in the data (the date written year first), and the hash that it says comes of it."""

GOOGLE = (
    # https://developers.google.com/data-manager/api/devguides/audiences/send-audience-members
    ("Email", "DanaM@Example.com", "1df6b43bc68dd38eca94e6a65b4f466ae537b796c81a526918b40ac4a7b906c7"),
    ("Email", " ALEXF@example.com", "19de0a9906ebee29fe82087be5ec44f3c01e40730bc808b663c71f19dd6b12f2"),
    ("Email", "alexF@altostrat.com", "063c45291827d4994f98357b72862b25885834fd53cf8f0e4af359916fc03c62"),
    ("Email", "cloudySanFrancisco@GMAIL.com", "223ebda6f6889b1494551ba902d9d381daf2f642bae055888e96343d53e9f9c4"),
    ("Email", "cloudy.sanfrancisco+shopping@gmail.com", "223ebda6f6889b1494551ba902d9d381daf2f642bae055888e96343d53e9f9c4"),
    ("Phone", "+1-800-555-0100", "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"),
    ("Phone", "(800)555-0101", "61d6c2976b5d92b1ad63073a12fddd26040cd980067d03a93dd1cc50f1a3ac68"),
    ("Phone", "+1 800-555-0102", "c5383c2eeada28210d27f011bc127d4f9562cf38ff0c9bba33dd45ae79b9fe7c"),
)
"""Google's own examples, and the hashes that it gives for them."""


def made(folder: Path, rules: str, columns: Mapping[str, str], rows: list[dict[str, str]], *, region: str = "US") -> list[dict[str, str]]:
    """The rows of `adds.csv` for people with these traits; `columns` has each column's definition."""
    build(folder, rules, columns, rows, region=region)
    [path] = folder.glob("out/runs/*/syncs/ads/all/adds.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def build(
    folder: Path, rules: str, columns: Mapping[str, str], rows: list[dict[str, str]], *, region: str = "US", as_of: datetime = NOW
) -> BuildResult:
    names = list(dict.fromkeys(name for row in rows for name in row))
    listed = ", ".join(f'"{name}": {column}' for name, column in columns.items())
    folder.joinpath("engage.yaml").write_text(
        f"project: shop\nsources: {{profiles: {{path: people.csv}}}}\n"
        f"destinations:\n  ads: {{type: list, rules: {rules}, region: {region}, columns: {{{listed}}}}}\n"
    )
    folder.joinpath("campaigns").mkdir(exist_ok=True)
    folder.joinpath("campaigns/all.yaml").write_text("audience: all\nmembers: {everyone: true}\nsync: [ads]\n")
    with folder.joinpath("people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["user_id", *names])
        writer.writeheader()
        writer.writerows({"user_id": f"u{number:03}", **row} for number, row in enumerate(rows))
    return build_audiences(folder, (), as_of=as_of, file_format="jsonl", progress=SILENT)


@pytest.mark.parametrize(("rules", "examples"), [("meta", META), ("google", GOOGLE)], ids=["meta", "google"])
def test_the_examples_of_the_networks_come_out_as_they_say(tmp_path: Path, rules: str, examples: tuple[tuple[str, str, str], ...]) -> None:
    """The form is told from the column's name, which is the header that the network asks for."""
    names = dict.fromkeys(name for name, _, _ in examples)
    columns = {"id": "user_id", **{name: f'{{trait: "{name}", hash: sha256}}' for name in names}}
    rows = made(tmp_path, rules, columns, [{name: text} for name, text, _ in examples])
    assert [(name, row[name]) for row, (name, _, _) in zip(rows, examples, strict=True)] == [(name, hashed) for name, _, hashed in examples]


FORMS: dict[tuple[str, str], list[tuple[str, str]]] = {
    ("plain", "email"): [
        (" A.B+c@GMail.com", "a.b+c@gmail.com"),
        ("no address", ""),
        ("a@b@c", ""),
        ("@x", ""),
        ("\u00a0a@x\u200b", "a@x"),
    ],
    ("google", "email"): [("A B@X.y", "ab@x.y"), ("a.b@gmail.com.evil", "a.b@gmail.com.evil"), ("..@gmail.com", ""), ("+a@gmail.com", "")],
    ("plain", "phone"): [("07400 123456", "+447400123456"), ("+33 6 39 98 00 01", "+33639980001"), ("12", ""), ("call me", "")],
    ("meta", "phone"): [("0044 7400 123456", "447400123456"), ("+1 (650) 555-1212", "16505551212")],
    ("google", "phone"): [("07400 123456", "+447400123456")],
    ("plain", "name"): [("  Mary  Ann ", "mary ann"), ("O'Neil", "o'neil")],
    ("meta", "name"): [("Mary-Ann O'Neil", "maryannoneil"), ("Vale\u0301ry", "valéry"), ("गौरव", "गौरव"), ("!", "")],
    ("google", "name"): [("JOANNA  Lee", "joanna lee")],
    ("meta", "city"): [("New York", "newyork"), ("St. John's", "stjohns"), ("Paris 7e", "parise")],
    ("meta", "state"): [("CA", "ca"), ("Baden-Württemberg", "badenwürttemberg")],
    ("meta", "zip"): [("94035-1234", "94035"), ("M1 1AE", "m11ae"), ("1987", "1987"), ("01310-100", "01310100")],
    ("google", "zip"): [(" M1 1AE ", "M1 1AE"), ("94035-1234", "94035-1234")],
    ("meta", "country"): [("US", "us"), ("United Kingdom", "gb"), ("uk", "gb"), ("Germany", "de"), ("Atlantis", "")],
    ("google", "country"): [("us", "US"), ("south korea", "KR")],
    ("meta", "gender"): [("Female", "f"), ("M", "m"), ("unknown", "")],
    ("meta", "birth_date"): [("1997-02-16T10:00:00Z", "19970216"), ("19970216", "19970216"), ("1997-02-30", ""), ("2/16/1997", "")],
    ("meta", "birth_year"): [("1997-02-16", "1997"), ("1850", "")],
    ("meta", "birth_month"): [("1997-02-16", "02"), ("7", "07"), ("13", "")],
    ("meta", "birth_day"): [("1997-02-16", "16"), ("7", "07"), ("32", "")],
    ("plain", "text"): [("  Ab C ", "ab c")],
    ("plain", "id"): [("  Ab C ", "  Ab C ")],
    ("plain", "none"): [("  Ab C ", "  Ab C ")],
}


@pytest.mark.parametrize(("rules", "form"), FORMS, ids=lambda value: str(value))
def test_values_are_brought_into_one_form(tmp_path: Path, rules: str, form: str) -> None:
    examples = FORMS[rules, form]
    columns = {"id": "user_id", "value": f"{{trait: value, normalise: {form}}}"}
    rows = made(tmp_path, rules, columns, [{"value": text} for text, _ in examples], region="GB")
    assert [row["value"] for row in rows] == [wanted for _, wanted in examples]


def test_every_form_has_its_examples() -> None:
    assert {Form(form) for _, form in FORMS} == set(Form)
    assert {Rules(rules) for rules, _ in FORMS} == set(Rules)


def test_the_region_of_phones_is_a_trait_that_names_it(tmp_path: Path) -> None:
    people = [
        {"tel": "(650) 555-1212", "country": "United States"},
        {"tel": "06 39 98 00 01", "country": "fr"},
        {"tel": "07400 123456", "country": ""},
        {"tel": "07400 123456", "country": "Atlantis"},
        {"tel": "+33639980002", "country": "US"},
    ]
    columns = {"phone": "{trait: tel, normalise: phone}"}
    rows = made(tmp_path, "plain", columns, people, region="{trait: country, else: GB}")
    assert [row["phone"] for row in rows] == ["+16505551212", "+33639980001", "+447400123456", "+33639980002"]
    other = tmp_path / "other"
    other.mkdir()
    rows = made(other, "plain", columns, people, region="{trait: country}")
    assert [row["phone"] for row in rows] == ["+16505551212", "+33639980001", "+33639980002"]


def test_a_list_without_rules_and_hashes_is_of_values_as_they_are(tmp_path: Path) -> None:
    columns = {"email": "email", "name": "first_name", "city": "city"}
    people = [{"email": "Ana@X.example", "first_name": "Ana María", "city": "New York"}, {"city": "Rome"}]
    assert made(tmp_path, "plain", columns, people) == [{"email": "Ana@X.example", "name": "Ana María", "city": "New York"}]


def test_who_has_nothing_that_tells_who_they_are_is_counted(tmp_path: Path) -> None:
    columns = {"email": "{trait: email, hash: sha256}", "country": "{trait: country, hash: sha256}"}
    people = [{"email": "a@x", "country": "GB"}, {"email": "", "country": "GB"}, {"email": "?", "country": "FR"}]
    [sync] = build(tmp_path, "meta", columns, people).syncs
    assert (sync.added, sync.without) == (1, 2)


def test_what_was_read_before_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def watched(read: Callable[[str, str | None], str | None]) -> Callable[[str, str | None], str | None]:
        def look(value: str, beside: str | None) -> str | None:
            asked.append(value)
            return read(value, beside)

        return look

    monkeypatch.setattr("engage_cli.outputs.lists.e164", watched(e164))
    columns = {"phone": "{trait: phone, hash: sha256}"}
    build(tmp_path, "meta", columns, [{"phone": "6505551212"}, {"phone": "6505551213"}, {"phone": "6505551213"}])
    assert asked == ["6505551212", "6505551213"]
    later = NOW + timedelta(hours=1)
    result = build(tmp_path, "meta", columns, [{"phone": "6505551212"}, {"phone": "6505551219"}, {"phone": "6505551213"}], as_of=later)
    assert asked[2:] == ["6505551219"]
    assert [(sync.added, sync.removed) for sync in result.syncs] == [(1, 0)]


def test_values_are_read_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_values, "BATCH", 3)
    rows = made(tmp_path, "google", {"Phone": "phone"}, [{"phone": f"650555121{digit}"} for digit in range(10)])
    assert [row["Phone"] for row in rows] == [f"+1650555121{digit}" for digit in range(10)]


@pytest.mark.parametrize(
    ("names", "form"),
    [
        (("Email",), Form.EMAIL),
        (("hashed_email_2",), Form.EMAIL),
        (("Phone 3", "x"), Form.PHONE),
        (("First Name",), Form.NAME),
        (("contact", "email"), Form.EMAIL),
        (("EXTERN_ID", "id"), Form.ID),
        (("emailed", "plan"), Form.NONE),
    ],
)
def test_what_a_column_is_is_told_from_its_name(names: tuple[str, ...], form: Form) -> None:
    assert form_of(*names) is form


def test_countries_are_known_by_their_letters_and_names() -> None:
    assert [country_code(text) for text in ("de", "Türkiye", "U.S.A.", "CÔTE D'IVOIRE", "", "x")] == ["DE", "TR", "US", "CI", None, None]


def test_hashes_are_of_utf_8(tmp_path: Path) -> None:
    rows = made(tmp_path, "plain", {"ref": "{trait: ref, hash: sha256}"}, [{"ref": "ünï\U0001f600"}])
    assert rows == [{"ref": hashlib.sha256("ünï\U0001f600".encode()).hexdigest()}]
