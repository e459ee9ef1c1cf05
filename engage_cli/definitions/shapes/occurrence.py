"""The shape of `on`: the next event that enters, goes on, ends, or is the goal."""

from engage_cli.definitions.comparisons import ALWAYS
from engage_cli.definitions.journey_steps import Occurrence
from engage_cli.definitions.reading import Reading
from engage_cli.definitions.shapes.event import EVENT, EVENT_CONDITION, EVENT_WHERE
from engage_cli.definitions.shapes.match import MATCH
from engage_cli.definitions.shapes.record import Fields, Key, Record
from engage_cli.definitions.shapes.where import check_no_step_references

_NEXT = "`on` is the next such event; what was done before is asked under `when`"


def _occurrence(fields: Fields, reading: Reading) -> Occurrence:
    where = fields.get(EVENT_WHERE) or ALWAYS
    check_no_step_references(where, reading, "compare with a trait (`{trait: …}`), the context (`{context: …}`) or a value")
    return Occurrence(fields[EVENT], fields.span(EVENT), where, fields.get(MATCH))


_HINTS = {
    **{key.name: _NEXT for key in EVENT_CONDITION.keys},
    **dict.fromkeys(("filter", "filters", "properties"), "conditions on properties stand under `where`"),
    **dict.fromkeys(("name", "events"), "write `event`"),
    **dict.fromkeys(("key",), "write `match`"),
}
OCCURRENCE: Record[Occurrence] = Record(
    "`on`",
    [EVENT, EVENT_WHERE, MATCH],
    _occurrence,
    description="The next such event.",
    hints=_HINTS,
)
OCCURRENCE.expected = "an event (a mapping), such as `{event: Order Completed}`"
ENTERING: Record[Occurrence] = Record(
    "`on` of an entry",
    [EVENT, EVENT_WHERE],
    _occurrence,
    description="The event that enters.",
    hints={**_HINTS, "match": "the entry event gives the key; write `key: cart_id` beside `on`"},
)
ENTERING.expected = OCCURRENCE.expected
REACHED: Record[Occurrence] = Record(
    "`on` of a broadcast's goal",
    [EVENT, EVENT_WHERE],
    _occurrence,
    description="The event that reaches the goal.",
    hints={**_HINTS, "match": "a broadcast has no key; compare properties under `where`"},
)
REACHED.expected = OCCURRENCE.expected
ON = Key("on", OCCURRENCE, "The next such event.", required=True)
