"""What journeys set is a trait of the user outside ticks, too, as of any instant: as the plain simulator has it. `ENGAGE_EXAMPLES` asks for more."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engage_cli.service.progress import SILENT
from engage_cli.service.traits import export, list_traits
from tests.generated.journeys import histories
from tests.generated.test_agreement import EXAMPLES, law
from tests.reference.journeys import History
from tests.reference.journeys.simulate import simulated
from tests.reference.values import is_missing, read_text
from tests.support.journeys import tick_through


@law(EXAMPLES * 12 // 1000)
@given(histories(number=3, people=10).filter(lambda history: "'set'" in repr(history.definitions)), st.data())
def test_set_traits_are_there_as_of_every_instant(history: History, data: st.DataObject) -> None:
    world, results = simulated(history)
    instants = sorted({*history.schedule, *(row.at for found in results.values() for row in found.sets)})
    asked = data.draw(st.lists(st.sampled_from(instants), min_size=1, max_size=3, unique=True))
    with TemporaryDirectory() as name:
        folder = Path(name)
        tick_through(folder, history)
        traits = [row.name for row in list_traits(folder) if row.computed.startswith("set by")]
        assert traits
        for at in asked:
            rows = [json.loads(line) for line in export(folder, traits, as_of=at, file_format="jsonl", progress=SILENT).lines]
            told = {row.pop("user_id"): {trait: text(value) for trait, value in row.items()} for row in rows}
            users = [user for user in world.users if world.is_known(user, at)]
            assert told == {user: {trait: text(world.subject(user, at).trait(trait)[0].value) for trait in traits} for user in users}, at


def text(value: Any) -> str | None:
    """A value by its text; None for what is missing."""
    return None if is_missing(value) else read_text(value)
