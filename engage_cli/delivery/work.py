"""Hands many messages over at once, each tried as often as it may be, and writes down what became of each.

Workers take messages from a queue of a few, so that memory does not grow with their number. The first answer that says that nothing can be
sent at all stops everything; what was not begun stays as it was, for the next delivery.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Full, Queue

from msgspec import Struct, field

from engage_cli.crash import crash_point
from engage_cli.delivery.answers import Answer, Courier, Outcome
from engage_cli.delivery.log import Entry, Fate, Log
from engage_cli.delivery.pace import LONGEST_HOLD, Pacer, backoff
from engage_cli.errors import EngageError
from engage_cli.messaging.message import Message

_IMPATIENCE = 0.1
"""Seconds after which one looks whether everything is to stop."""

_IN_VAIN = 25
"""So many messages one after the other that could not be taken yet: the server is not well, and the others can wait."""


_DOUBTS = 5
"""So many messages refused in a way that may be about us, while none was taken: it is about us."""

_REFUSALS = 20
"""So many messages refused in any way, while none was taken: no more are to be settled by it."""


class Standing:
    """How a destination has treated us in this delivery. As long as it took nothing, what it refuses may be our own fault."""

    def __init__(self) -> None:
        self.has_taken = False
        self.doubt: Answer | None = None
        """The last answer that may have been about us."""
        self._doubts = self._refusals = 0
        self._lock = threading.Lock()

    def heard(self, outcome: Outcome) -> bool:
        """Take note of an answer; whether it shows that nothing more is to be handed over."""
        with self._lock:
            self.has_taken = self.has_taken or outcome is Outcome.TAKEN
            if self.has_taken:
                return False
            self._doubts += outcome is Outcome.DOUBTED
            self._refusals += outcome is Outcome.REFUSED
            return self._doubts >= _DOUBTS or self._refusals >= _REFUSALS


class Handing(Struct, frozen=True):
    """How the messages of a channel are handed over. `courier` makes one for each worker; `idempotent`: what got no answer is sent again.

    `again`: those that came to this, too.
    """

    run: str
    courier: Callable[[], Courier]
    pacer: Pacer
    standing: Standing = field(default_factory=Standing)
    at_once: int = 1
    attempts: int = 1
    idempotent: bool = False
    again: Collection[Fate] = ()


class Handed(Struct):
    """What came of it. `stopped` is the answer after which nothing more was sent; `file` what was written, where requests go to files."""

    fates: Counter[Fate] = field(default_factory=Counter)
    stopped: Answer | None = None
    file: Path | None = None


class Workers:
    """The workers of one channel of a run."""

    def __init__(self, handing: Handing, log: Log, done: Callable[[], None]) -> None:
        self._handing, self._log, self._done = handing, log, done
        self._queue: Queue[Message] = Queue(maxsize=2 * handing.at_once)
        self._stop = threading.Event()
        self._fed = threading.Event()
        self._lock = threading.Lock()
        self._handed = Handed()
        self._in_vain = 0
        self._problem: BaseException | None = None

    def hand_over(self, messages: Iterable[Message]) -> Handed:
        """Hand messages over; returns when all are, or everything stops. Ctrl-C lets those that are under way come to their end."""
        workers = [threading.Thread(target=self._work, name=f"delivery {number}", daemon=True) for number in range(self._handing.at_once)]
        for worker in workers:
            worker.start()
        try:
            for message in messages:
                if not self._put(message):
                    break
            self._fed.set()
            for worker in workers:
                worker.join()
        finally:
            self._fed.set()
            self._stop.set()
            for worker in workers:
                worker.join()
        if self._problem is not None:
            raise self._problem
        return self._handed

    def _put(self, message: Message) -> bool:
        while not self._stop.is_set():
            with suppress(Full):
                self._queue.put(message, timeout=_IMPATIENCE)
                return True
        return False

    # ---- a worker ----------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            courier = self._handing.courier()
            try:
                while (message := self._next()) is not None:
                    self._deliver(courier, message)
            finally:
                courier.close()
        except BaseException as problem:
            self._problem = self._problem or problem
            self._stop.set()

    def _next(self) -> Message | None:
        while not self._stop.is_set():
            fed = self._fed.is_set()
            try:
                return self._queue.get(timeout=0 if fed else _IMPATIENCE)
            except Empty:
                if fed:
                    return None
        return None

    def _deliver(self, courier: Courier, message: Message) -> None:
        """Try a message until something comes of it, or it had its attempts."""
        for attempt in range(1, self._handing.attempts + 1):
            if not self._handing.pacer.wait(self._stop):
                return
            begun = []

            def begin() -> bool:
                begun.append(self._begin(message))  # noqa: B023 (called within this turn of the loop)
                return begun[-1]  # noqa: B023 (as above)

            answer = courier.send(message, begin)
            crash_point("answered")
            if answer.outcome is Outcome.NOT_BEGUN:
                return
            is_last = attempt == self._handing.attempts
            fate = self._fate_of(answer, is_last=is_last)
            self._end(message, fate, answer, attempts=0 if begun else 1)
            self._heed(answer)
            is_last = is_last or answer.outcome is Outcome.DOUBTED
            if fate is not Fate.WAITING or is_last or self._stop.is_set():
                self._count(fate, answer)
                return
            self._stop.wait(backoff(attempt))

    def _begin(self, message: Message) -> bool:
        handing = self._handing
        return self._log.begin(message.message_id, handing.run, message.channel, message.user_id, datetime.now(UTC), again=handing.again)

    def _fate_of(self, answer: Answer, *, is_last: bool) -> Fate:
        """What has become of a message by an answer. Stops everything where nothing can be sent."""
        if self._handing.standing.heard(answer.outcome):
            self._halt(answer)
        match answer.outcome:
            case Outcome.TAKEN:
                return Fate.SENT
            case Outcome.REFUSED | Outcome.UNFIT:
                return Fate.REFUSED
            case Outcome.DOUBTED:
                if self._handing.standing.has_taken:
                    return Fate.REFUSED
                self._handing.standing.doubt = answer
            case Outcome.LOST:
                return Fate.WAITING if self._handing.idempotent and not is_last else Fate.UNCERTAIN
            case Outcome.UNREACHED:
                if is_last:
                    self._halt(answer)
            case Outcome.BARRED:
                self._halt(answer)
        return Fate.WAITING

    def _heed(self, answer: Answer) -> None:
        """Leave a server that says for how long alone, all workers of us; one that wants more than we have, until the next delivery."""
        if answer.wait is None or answer.outcome not in (Outcome.LATER, Outcome.LOST):
            return
        if answer.wait > LONGEST_HOLD:
            self._halt(answer)
        else:
            self._handing.pacer.hold(answer.wait)

    def _end(self, message: Message, fate: Fate, answer: Answer, *, attempts: int) -> None:
        entry = Entry(
            message.message_id,
            self._handing.run,
            message.channel,
            message.user_id,
            fate,
            attempts,
            answer.code,
            answer.text,
            datetime.now(UTC),
        )
        self._log.end(entry)

    def _count(self, fate: Fate, answer: Answer) -> None:
        with self._lock:
            self._handed.fates[fate] += 1
            self._in_vain = self._in_vain + 1 if fate is Fate.WAITING else 0
            is_hopeless = self._in_vain >= _IN_VAIN
            self._done()
        if is_hopeless:
            self._halt(answer)

    def _halt(self, answer: Answer) -> None:
        with self._lock:
            self._handed.stopped = self._handed.stopped or answer
        self._stop.set()


def stopped_error(answer: Answer, name: str) -> EngageError:
    """What a user is told where an answer stopped a delivery to the destination of this name."""
    said = f"{answer.code}: {answer.text}" if answer.text else str(answer.code)
    if answer.outcome is Outcome.BARRED:
        hint = (
            "see that the variables of the environment hold the right name, secret and address, then deliver again: nothing is sent twice"
        )
        return EngageError(f"the destination `{name}` lets us send nothing: {said}", hint=hint)
    if answer.outcome is Outcome.UNREACHED:
        return EngageError(f"the destination `{name}` cannot be reached: {said}", hint="deliver again later: nothing is sent twice")
    if answer.outcome in (Outcome.DOUBTED, Outcome.REFUSED):
        hint = "mend what it says, such as the address or who may send, then deliver again; --resend-refused sends what was refused, too"
        return EngageError(f"the destination `{name}` refuses everything; the last it said was {said}", hint=hint)
    if answer.wait is not None and answer.wait > LONGEST_HOLD:
        message = f"the destination `{name}` wants to be left alone for {answer.wait:.0f} seconds: {said}"
    else:
        message = f"the destination `{name}` takes nothing at present; the last it said was {said}"
    return EngageError(message, hint="deliver again later: nothing is sent twice")
