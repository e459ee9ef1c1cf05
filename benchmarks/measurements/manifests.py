"""Files of messages for a million recipients: with variables beside a bare COPY of the same rows, rendered beside a bare loop of Jinja."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.results import ENGAGE, Row, compared, of_cost
from benchmarks.setting import Setting
from benchmarks.systems.call import Cost, call

COPY = "bare COPY of the same rows"
LOOP = "bare loop, one template: the HTML"


def manifests(setting: Setting) -> list[Row]:
    """From what was decided about a message to each user to the file and its hash, signed links among it."""
    place = setting.place("manifests")
    place.mkdir(parents=True, exist_ok=True)
    lines = place / "variables.jsonl"
    return [*_variables(setting, place, lines), *_rendered(setting, place, lines)]


def _variables(setting: Setting, place: Path, lines: Path) -> list[Row]:
    rows = []
    for file_format in ("jsonl", "parquet", "csv"):
        title = f"manifests: variables, {file_format}"
        own = lines if file_format == "jsonl" else place / f"variables.{file_format}"
        made = _cheapest(setting, "write_manifest", out=str(own), messages=setting.users, render="variables", file_format=file_format)
        by_hand = _cheapest(setting, "copy_rows", source=str(lines), out=str(place / f"by-hand.{file_format}"), file_format=file_format)
        rows += compared([of_cost(title, ENGAGE, made, _same(made, by_hand)), of_cost(title, COPY, by_hand)], COPY)
    return rows


def _rendered(setting: Setting, place: Path, lines: Path) -> list[Row]:
    title, out = "manifests: rendered", str(place / "rendered.jsonl")
    made = call("write_manifest", out=out, messages=setting.users, render="message", file_format="jsonl")
    html = call("render_loop", source=str(lines), out=str(place / "loop.jsonl"), whole=False)
    whole = call("render_loop", source=str(lines), out=str(place / "loop.jsonl"), whole=True)
    rows = [
        of_cost(title, ENGAGE, made, _same(made, html) or "HTML, text and subject; memory of all processes"),
        of_cost(title, LOOP, html),
        of_cost(title, "the same loop in two processes", _side_by_side(lines, place, whole=False), "half of the messages each"),
        of_cost(title, "bare loop: HTML, text and subject", whole),
        of_cost(title, "that loop in two processes", _side_by_side(lines, place, whole=True), "half of the messages each"),
    ]
    return compared(rows, LOOP)


def _side_by_side(lines: Path, place: Path, *, whole: bool) -> Cost:
    """Two loops at once, each over half of the messages: what the machine has for two processes."""

    def half(share: int) -> Cost:
        return call("render_loop", source=str(lines), out=str(place / f"loop-{share}.jsonl"), whole=whole, share=share, of=2)

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(half, range(2))
    return Cost(
        one.cpu + other.cpu,
        max(one.wall, other.wall),
        one.process + other.process,
        one.peak_mib + other.peak_mib,
        problem=one.problem or other.problem,
    )


def _cheapest(setting: Setting, task: str, **given: object) -> Cost:
    costs = [call(task, **given) for _ in range(setting.repeat)]
    return min(costs, key=lambda cost: (not cost.problem, cost.cpu))


def _same(one: Cost, other: Cost) -> str:
    return "" if one.problem or other.problem or one.answers == other.answers else "ANSWERS DIFFER"
