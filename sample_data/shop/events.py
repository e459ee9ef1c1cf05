"""An event, and the clock of one visit that strings events together."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sample_data.shop.dice import Dice
from sample_data.shop.people import Person

Properties = dict[str, object]


@dataclass(frozen=True)
class Event:
    """One call to the shop's tracking; `at` is in UTC. None stands for what an oddity took away."""

    message_id: str | None
    user_id: str | None
    name: str
    at: datetime | None
    properties: Properties | None


class Diary:
    """What one person does, in the order in which they do it.

    `at` is the diary's clock; `did` writes an event down at the clock, and time passes by `wait`.
    """

    def __init__(self, person: Person, dice: Dice) -> None:
        self.person = person
        self.dice = dice
        self.at = person.active_from
        self.events: list[Event] = []

    def did(self, name: str, /, **properties: object) -> None:
        """Write down an event at this very instant, unless the person is not active any more."""
        if not self.person.active_from <= self.at < self.person.active_until:
            return
        message_id = f"m{self.dice.digits(14)}"
        self.events.append(Event(message_id, self.person.user_id, name, self.at, self._as_sent(properties)))

    def wait(self, low: int, high: int) -> None:
        """Let `low` to `high` seconds pass."""
        milliseconds = self.dice.between(0, 999) if self.person.platform == "ios" else 0
        self.at += timedelta(seconds=self.dice.between(low, high), milliseconds=milliseconds)

    def _as_sent(self, properties: Properties) -> Properties:
        """The properties as the person's device sends them: the old Android app writes every number as text."""
        if self.person.platform != "android" or self.person.number % 3:
            return properties
        return {key: _as_text(value) for key, value in properties.items()}


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.2f}"
    return value
