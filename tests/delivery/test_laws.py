"""Whatever a server does, however often one delivers: no message is taken twice, and the log says of each what a plain model says."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from engage_cli.delivery.answers import NOT_BEGUN, Answer, Begin, Outcome
from engage_cli.delivery.log import SETTLED, Fate, log_path, open_log
from engage_cli.delivery.pace import Pacer
from engage_cli.delivery.work import Handing, Workers
from engage_cli.messaging.message import Message


class Does(Enum):
    """What a server does with one attempt."""

    TAKES = auto()
    TAKES_IN_SILENCE = auto()  # and the answer is lost
    LOSES = auto()  # the connection breaks before it took it, and nobody can know
    IS_BUSY = auto()
    IS_BUSY_EARLY = auto()  # before the message was begun
    REFUSES = auto()


@dataclass
class Server:
    """Does what its script says with each attempt at a message, then takes it."""

    script: dict[str, list[Does]]
    taken: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, message: Message, begin: Begin) -> Answer:
        with self.lock:
            left = self.script.get(message.message_id, [])
            does = left.pop(0) if left else Does.TAKES
        if does is Does.IS_BUSY_EARLY:
            return Answer(Outcome.LATER, "450")
        if not begin():
            return NOT_BEGUN
        if does in (Does.TAKES, Does.TAKES_IN_SILENCE):
            with self.lock:
                self.taken[message.message_id] += 1
        lost = does in (Does.TAKES_IN_SILENCE, Does.LOSES)
        refused = Outcome.REFUSED if does is Does.REFUSES else Outcome.TAKEN
        return Answer(Outcome.LOST if lost else Outcome.LATER if does is Does.IS_BUSY else refused, "code")

    def close(self) -> None:
        """Nothing to let go of."""


def model(script: list[Does], attempts: int, deliveries: int) -> tuple[Fate, int]:
    """What becomes of a message, and how often it is taken, by hand: until something is settled, each delivery tries so often."""
    left = list(script)
    for _ in range(deliveries * attempts):
        match left.pop(0) if left else Does.TAKES:
            case Does.TAKES:
                return Fate.SENT, 1
            case Does.REFUSES:
                return Fate.REFUSED, 0
            case Does.TAKES_IN_SILENCE:
                return Fate.UNCERTAIN, 1
            case Does.LOSES:
                return Fate.UNCERTAIN, 0
    return Fate.WAITING, 0


scripts = st.lists(st.lists(st.sampled_from(Does), max_size=7), min_size=1, max_size=12)


@settings(max_examples=30, deadline=None)
@given(scripts, st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.booleans())
def test_no_message_is_taken_twice(drawn: list[list[Does]], attempts: int, deliveries: int, at_once: int, doubled: bool) -> None:
    messages = [Message(f"m{at}", f"u{at}", "to", "email") for at in range(len(drawn))]
    server = Server({message.message_id: list(script) for message, script in zip(messages, drawn, strict=True)})
    with TemporaryDirectory() as folder, open_log(log_path(Path(folder) / "state.duckdb")) as log:
        for _ in range(deliveries):
            handing = Handing("run", lambda: server, Pacer(), at_once=at_once, attempts=attempts)
            known = log.fates([message.message_id for message in messages])
            left = [message for message in messages if known.get(message.message_id) not in SETTLED]
            handed = Workers(handing, log, lambda: None).hand_over(left + (left if doubled and deliveries == 1 and attempts == 1 else []))
            log.flush()
            assert handed.stopped is None
        fates = log.fates([message.message_id for message in messages])
    for message, script in zip(messages, drawn, strict=True):
        assert server.taken[message.message_id] <= 1
        if not (doubled and deliveries == 1 and attempts == 1):
            expected, taken = model(script, attempts, deliveries)
            assert (fates[message.message_id], server.taken[message.message_id]) == (expected, taken)
