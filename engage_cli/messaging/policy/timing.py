"""`send_at`: the first instant from `scheduled_at` on that is outside the person's quiet hours and has room in the throttle.

It depends on the candidate and on others of its campaign, never on when a run happens. `p_made` are the candidates that a run makes:

`p_made(candidate_id, kind, campaign, version, instance, step, variant, user_id, channel, template, scheduled_at, send_at, zone, settings,
context, withheld)`
    in the columns of the state's `candidate`; `zone` is the person's as of `scheduled_at`, `withheld` why nothing is sent whatever the
    policy.
`p_settled(candidate_id)`
    those among them that an earlier run made, and whose variant and `send_at` are known only now.
"""

from datetime import datetime, timedelta

from msgspec import Struct, field

from engage_cli.definitions.project import QuietHours
from engage_cli.engine.base import Engine
from engage_cli.messaging.policy.quiet import quiet_stretches
from engage_cli.state.instants import read, stored

_AHEAD = timedelta(days=2)
"""No stretch of quiet is longer."""


def make_no_candidates(engine: Engine) -> None:
    """Make `p_made` and `p_settled`, empty."""
    engine.execute(_MADE)
    engine.execute("CREATE OR REPLACE TEMP TABLE p_settled (candidate_id VARCHAR)")


def move_out_of_quiet(engine: Engine, hours: QuietHours | None) -> None:
    """Give every candidate of `p_made` that has no `send_at` the first instant from `scheduled_at` that is not quiet for the person."""
    if hours is None:
        engine.execute("UPDATE p_made SET send_at = scheduled_at WHERE send_at IS NULL")
        return
    ranges = engine.rows("SELECT zone, min(scheduled_at), max(scheduled_at) FROM p_made WHERE send_at IS NULL GROUP BY zone ORDER BY zone")
    _make_quiet(engine, hours, [(zone, read(low), read(high)) for zone, low, high in ranges])
    engine.execute(_OUT_OF_QUIET)


def _make_quiet(engine: Engine, hours: QuietHours, ranges: list[tuple[str, datetime, datetime]]) -> None:
    """Make `p_quiet(zone, quiet_from, quiet_until)` of zones, each over a range of instants."""
    rows = [(zone, *stretch) for zone, low, high in ranges for stretch in quiet_stretches(hours, zone, low, high)]
    engine.execute(_QUIET, [[row[0] for row in rows], [stored(row[1]) for row in rows], [stored(row[2]) for row in rows]])


class Throttle(Struct):
    """At most so many messages of one campaign in any stretch (t − per, t]: whoever waits goes first in the order (scheduled_at, id).

    `given` are the instants that messages already have, with how many; some of them may be later than those that are given now.
    """

    engine: Engine
    campaign: str
    at_most: int
    per: timedelta
    hours: QuietHours | None
    given: dict[datetime, int] = field(default_factory=dict)

    def run(self) -> None:
        """Move the `send_at` of the campaign's candidates in `p_made` on to where there is room. Those that were never to be sent take
        none."""
        engine = self.engine
        engine.execute(_QUEUE, [self.campaign])
        engine.execute(_SLOTS)
        while True:
            (first,) = engine.rows("SELECT min(send_at) FROM p_queue")[0]
            if first is None:
                break
            self._step(read(first))
        engine.execute(_QUEUED)

    def _step(self, at: datetime) -> None:
        """Give instants to those who may go from `at` on, the earliest of all, for as long as they alone may; or let them wait."""
        if self._room(at) <= 0:
            self._wait(self._free_from(at))
            return
        left = int(self.engine.rows("SELECT count(*) FROM p_queue WHERE send_at <= ?", [stored(at)])[0][0])
        until, now, slots = self._same_until(at), at, list[tuple[datetime, int, int]]()
        taken = 0
        while taken < left and (until is None or now < until):
            number = min(self._room(now), left - taken)
            slots.append((now, taken, taken + number))
            self.given[now] = self.given.get(now, 0) + number
            taken += number
            self.given = {instant: count for instant, count in self.given.items() if instant + self.per > now}
            now = self._free_from(now)
        self.engine.execute(_TAKE, [*([row[n] for row in slots] for n in (1, 2)), [stored(row[0]) for row in slots], stored(at)])
        self.engine.execute("INSERT INTO p_slot SELECT candidate_id, send_at FROM p_taken")
        self.engine.execute("CREATE OR REPLACE TEMP TABLE p_queue AS SELECT * FROM p_queue ANTI JOIN p_taken USING (candidate_id)")
        if taken < left:
            self._wait(now)

    def _same_until(self, at: datetime) -> datetime | None:
        """The first instant after `at` at which others may go, too, or somebody who may go falls asleep."""
        (following,) = self.engine.rows("SELECT min(send_at) FROM p_queue WHERE send_at > ?", [stored(at)])[0]
        ends = [] if following is None else [read(following)]
        if self.hours is not None:
            zones = [str(zone) for (zone,) in self.engine.rows("SELECT DISTINCT zone FROM p_queue WHERE send_at <= ?", [stored(at)])]
            stretches = [one for zone in zones for one in quiet_stretches(self.hours, zone, at, at + _AHEAD)]
            ends += [at + _AHEAD, *(start for start, _ in stretches if start > at)]
        return min(ends, default=None)

    def _room(self, at: datetime) -> int:
        """How many may go at an instant, so that no stretch that it falls in has too many: those that end at it, and at a later message."""
        ends = [at, *(instant for instant in self.given if at < instant < at + self.per)]
        return self.at_most - max(sum(count for instant, count in self.given.items() if end - self.per < instant <= end) for end in ends)

    def _free_from(self, at: datetime) -> datetime:
        """The first instant after `at` with room, if nobody else comes."""
        return next(later for later in sorted(instant + self.per for instant in self.given) if later > at and self._room(later) > 0)

    def _wait(self, until: datetime) -> None:
        """Nobody goes before an instant; who is asleep then, later."""
        engine, instant = self.engine, stored(until)
        if self.hours is None:
            engine.execute(_UNTIL, [instant, instant])
            return
        zones = engine.rows("SELECT DISTINCT zone FROM p_queue WHERE send_at < ? ORDER BY zone", [instant])
        _make_quiet(engine, self.hours, [(str(zone), until, until + _AHEAD) for (zone,) in zones])
        engine.execute(_UNTIL_AWAKE, [instant])


_MADE = """
    CREATE OR REPLACE TEMP TABLE p_made (
        candidate_id VARCHAR, kind VARCHAR, campaign VARCHAR, version INTEGER, instance BIGINT, step VARCHAR, variant VARCHAR,
        user_id VARCHAR, channel VARCHAR, template VARCHAR, scheduled_at TIMESTAMP, send_at TIMESTAMP, zone VARCHAR, settings VARCHAR,
        context VARCHAR, withheld VARCHAR
    )
"""
_QUIET = """
    CREATE OR REPLACE TEMP TABLE p_quiet AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS zone, unnest(CAST(? AS TIMESTAMP[])) AS quiet_from, unnest(CAST(? AS TIMESTAMP[])) AS quiet_until
"""
_OUT_OF_QUIET = """
    CREATE OR REPLACE TEMP TABLE p_made AS
    SELECT m.* REPLACE (coalesce(m.send_at, CASE WHEN q.quiet_until > m.scheduled_at THEN q.quiet_until END, m.scheduled_at) AS send_at)
    FROM p_made AS m ASOF LEFT JOIN p_quiet AS q ON q.zone = m.zone AND q.quiet_from <= m.scheduled_at
"""
_QUEUE = """
    CREATE OR REPLACE TEMP TABLE p_queue AS
    SELECT candidate_id, scheduled_at, send_at, zone FROM p_made
    WHERE kind = 'broadcast' AND campaign = ? AND send_at IS NOT NULL AND withheld IS DISTINCT FROM 'excluded'
"""
_TAKE = """
    CREATE OR REPLACE TEMP TABLE p_taken AS
    WITH slot AS (
        SELECT unnest(CAST(? AS BIGINT[])) AS before, unnest(CAST(? AS BIGINT[])) AS last, unnest(CAST(? AS TIMESTAMP[])) AS send_at
    ), waiting AS (
        SELECT candidate_id, row_number() OVER (ORDER BY scheduled_at, candidate_id) AS place FROM p_queue WHERE send_at <= ?
    )
    SELECT w.candidate_id, s.send_at FROM waiting AS w ASOF JOIN slot AS s ON w.place > s.before WHERE w.place <= s.last
"""
_SLOTS = "CREATE OR REPLACE TEMP TABLE p_slot (candidate_id VARCHAR, send_at TIMESTAMP)"
_QUEUED = """
    CREATE OR REPLACE TEMP TABLE p_made AS
    SELECT m.* REPLACE (coalesce(s.send_at, m.send_at) AS send_at) FROM p_made AS m LEFT JOIN p_slot AS s USING (candidate_id)
"""
_UNTIL = "UPDATE p_queue SET send_at = ? WHERE send_at < ?"
_UNTIL_AWAKE = """
    CREATE OR REPLACE TEMP TABLE p_queue AS
    SELECT w.candidate_id, w.scheduled_at, CASE
            WHEN w.send_at >= w.instant THEN w.send_at
            WHEN q.quiet_until > w.instant THEN q.quiet_until
            ELSE w.instant
        END AS send_at, w.zone
    FROM (SELECT *, CAST(? AS TIMESTAMP) AS instant FROM p_queue) AS w
    ASOF LEFT JOIN p_quiet AS q ON q.zone = w.zone AND q.quiet_from <= w.instant
"""
