"""Twenty computed traits beside the fifty audiences of ninety days, by one more audience that asks for all of them."""

import json

from benchmarks.product import Project
from benchmarks.questions import MIXES
from benchmarks.rendering.audiences import audience_yaml
from benchmarks.results import Row, cheapest, compared, of_build
from benchmarks.setting import Setting

WITHOUT = "engage, fifty audiences"
_KINDS = (
    {"compute": "count"},
    {"compute": "sum", "property": "revenue"},
    {"compute": "avg", "property": "revenue"},
    {"compute": "max", "property": "revenue"},
    {"compute": "distinct_days"},
    {"compute": "days_since_last"},
    {"compute": "days_since_first"},
    {"compute": "unique_count", "property": "category"},
    {"compute": "most_frequent", "property": "category", "at_least": 1},
    {"compute": "last", "property": "plan"},
)
_TEXTS = ("most_frequent", "last")
_EVENTS = ("Order Completed", "Product Viewed")


def twenty_traits(setting: Setting) -> list[Row]:
    """The fifty, then the fifty and the audience of twenty traits: the difference is what they add. Dry runs, and first builds."""
    fifty = MIXES["ninety"].questions()
    documents = [*(audience_yaml(question) for question in fifty), *_traits()]
    project = Project.make(setting.place("projects") / f"traits-{setting.events}-{setting.users}", setting.parquet, documents)
    made = project.rebuild_store()
    if made.failed:
        return [Row("twenty_traits", "engage store rebuild", problem=made.problem)]
    names = tuple(question.name for question in fifty)
    dry, first = [], []
    for title, asked in ((WITHOUT, names), ("engage, with twenty traits", (*names, "by_traits"))):
        project.drop_state()
        build = cheapest([project.build(setting.as_of, asked, dry_run=True) for _ in range(max(2, setting.repeat))])
        dry.append(of_build("twenty_traits", title, build, "--dry-run"))
        first.append(of_build("twenty_traits: first build", title, project.build(setting.as_of, asked), "everybody enters"))
    return [*compared(dry, WITHOUT), *compared(first, WITHOUT)]


def _traits() -> list[str]:
    """Twenty traits over ninety days, and an audience whose members depend on each, compared as what it is."""
    definitions = {f"trait_{number}": {**kind, "event": event, "within": "90 days"} for number, (event, kind) in enumerate(_pairs())}
    members = {"any": [{"trait": name, **_compared(definition)} for name, definition in definitions.items()]}
    traits = [_yaml(name, definition) for name, definition in definitions.items()]
    return [*traits, f"audience: by_traits\nmembers: {json.dumps(members)}\n"]


def _compared(definition: dict[str, object]) -> dict[str, object]:
    """A comparison that nobody meets, so that no trait is passed over because another one holds."""
    return {"eq": "nobody"} if definition["compute"] in _TEXTS else {"lt": -1_000_000}


def _yaml(name: str, definition: dict[str, object]) -> str:
    return f"trait: {name}\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in definition.items())


def _pairs() -> list[tuple[str, dict[str, object]]]:
    return [(event, dict(kind)) for event in _EVENTS for kind in _KINDS]
