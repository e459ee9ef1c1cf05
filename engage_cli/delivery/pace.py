"""How fast messages are handed over, and how long somebody waits who is told to come again."""

import random
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
"""Seconds between two attempts, by our own reckoning."""
LONGEST_HOLD = 600.0
"""Seconds that a server may ask us to wait for; who wants more is left alone until the next delivery."""


class Pacer:
    """Lets workers start no more than so many messages in any stretch of so many seconds, and none while the server wants us to wait."""

    def __init__(self, at_most: int | None = None, seconds: float = 1.0) -> None:
        self._gap = seconds / at_most if at_most else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, stop: threading.Event) -> bool:
        """Wait for one's turn; False where everything is to stop."""
        while not stop.is_set():
            left = self._turn()
            if left <= 0:
                return True
            stop.wait(left)
        return False

    def _turn(self) -> float:
        """Take the next turn if it has come; else how long it is until then."""
        with self._lock:
            now = monotonic()
            if now < self._next:
                return self._next - now
            self._next = now + self._gap
            return 0.0

    def hold(self, seconds: float) -> None:
        """Let nobody begin for so long."""
        with self._lock:
            self._next = max(self._next, monotonic() + seconds)


def backoff(attempt: int) -> float:
    """Seconds to wait after the attempt of this number (from 1): twice as long each time, and anything from half of it to all."""
    longest: float = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for (RFC 9110, section 10.2.3: seconds, or a date); None where it says nothing."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return max(0.0, (until - now).total_seconds())
