"""Generated broadcasts: any model that a file could hold, in the canonical form that the reader gives."""

from hypothesis import strategies as st

from engage_cli.definitions.broadcast import WINNING, Broadcast, BroadcastStatus, Expect, SendAt, Variant, Winner, Wording
from engage_cli.definitions.conditions import Everyone, InAudience, MessageMade, MessageOf, MessageStatus
from engage_cli.definitions.journey import Goal
from engage_cli.definitions.journey_steps import Category, Occurrence, Render
from engage_cli.definitions.outcomes import Outcome
from engage_cli.definitions.sending import Rate
from engage_cli.definitions.values import Duration, Unit
from tests.definitions.journey_strategies import event_names
from tests.definitions.strategies import PLACE, days, durations, ids, instants, texts

_ALL = 100_000_000
exact_durations = st.builds(Duration, st.integers(1, 200), st.sampled_from([unit for unit in Unit if not unit.is_calendar]))
send_ats = st.one_of(
    st.builds(SendAt, days | instants, st.just(PLACE)),
    st.builds(SendAt, days | instants.filter(lambda one: one.value.tzinfo is None), st.just(PLACE), st.just(True)),
)
expects = st.tuples(st.none() | st.integers(100, 10**9), st.none() | st.integers(0, 100)).filter(any)
said = st.none() | texts
wordings = st.builds(Wording, st.just(None), said, said, said, said)
variant_wordings = st.builds(Wording, st.none() | ids, said, said, said, said)
conditions = st.one_of(
    st.just(Everyone(PLACE)),
    ids.map(lambda name: InAudience(name, PLACE)),
    st.builds(MessageMade, st.just(MessageOf.BROADCAST), ids, st.sampled_from(MessageStatus), st.just(PLACE)),
)
"""All kinds of conditions are those of audiences, and are printed and read in their tests."""
goals = st.builds(Goal, st.builds(Occurrence, event_names, st.just(PLACE)), st.just(PLACE), st.none() | durations)


@st.composite
def _tests(draw, *, has_goal):
    """Variants that make 100, or less with a winner, and the winner."""
    shares = draw(st.lists(st.integers(0, 30_000_000), min_size=2, max_size=3))
    by = draw(st.sampled_from([outcome for outcome in WINNING if has_goal or outcome is not Outcome.CONVERTED]))
    winner = draw(st.none() | st.builds(Winner, exact_durations, st.just(by), st.just("variant_0"), st.just(PLACE)))
    if winner is None:
        shares[-1] = _ALL - sum(shares[:-1])
    with_control = draw(st.booleans()) and (winner is None or len(shares) == 3)
    tested = len(shares) - with_control
    variants = [Variant(f"variant_{n}", PLACE, share, wording=draw(variant_wordings)) for n, share in enumerate(shares[:tested])]
    control = [Variant("nobody", PLACE, shares[-1], control=True)] if with_control else []
    return (*variants, *control), winner


@st.composite
def broadcasts(draw):
    """A broadcast."""
    goal = draw(st.none() | goals)
    variants, winner = draw(st.just(((), None)) | _tests(has_goal=goal is not None))
    expect = draw(st.none() | expects)
    return Broadcast(
        name="black_friday",
        description=draw(st.just("") | texts),
        status=draw(st.sampled_from(BroadcastStatus)),
        channel=draw(ids),
        recipients=draw(conditions),
        template=draw(ids),
        span=PLACE,
        exclude=draw(st.none() | conditions),
        expect=None if expect is None else Expect(PLACE, *expect),
        send_at=draw(st.none() | send_ats),
        throttle=draw(st.none() | st.builds(Rate, st.integers(1, 10**9), exact_durations)),
        variants=variants,
        winner=winner,
        goal=goal,
        group=draw(st.none() | ids),
        category=draw(st.sampled_from(Category)),
        priority=draw(st.integers(-100, 100)),
        expires_after=draw(st.none() | durations),
        render=draw(st.sampled_from(Render)),
        wording=draw(wordings),
        template_span=PLACE,
    )
