"""Generated journeys: any model that a file could hold, in the canonical form that the reader gives."""

from hypothesis import strategies as st

from engage_cli.definitions.comparisons import ALWAYS, Comparison, Field, Op, Test
from engage_cli.definitions.conditions import (
    ENDED,
    INSIDE,
    Condition,
    ContextIs,
    Count,
    EventDone,
    JourneySince,
    JourneyState,
    MessageMade,
    MessageOf,
    MessageStatus,
    Range,
)
from engage_cli.definitions.journey import (
    After,
    Always,
    EntryOn,
    EntryWhen,
    ExitAfter,
    ExitOn,
    ExitWhen,
    Goal,
    Journey,
    JourneyStatus,
    Never,
    OnChange,
)
from engage_cli.definitions.journey_ids import with_ids
from engage_cli.definitions.journey_steps import (
    Arm,
    Category,
    ClockTime,
    Delay,
    Exit,
    ForDuration,
    Fork,
    Goto,
    Hold,
    HoldBranch,
    InWindow,
    Occurrence,
    Offset,
    Randomize,
    Render,
    Send,
    SetTrait,
    Split,
    Sync,
    UntilInstant,
    UntilLocalTime,
    UntilValue,
    Weekday,
    WhenBranch,
)
from engage_cli.definitions.paths import Path
from engage_cli.definitions.reading import JourneyScope
from engage_cli.definitions.values import ContextRef
from engage_cli.records import replace
from tests.definitions.strategies import (
    PLACE,
    closed_conditions,
    comparisons,
    count_comparisons,
    days,
    durations,
    grouped,
    ids,
    instants,
    literals,
    parts,
    paths,
    sequences,
    texts,
    trait_refs,
    wheres,
    windows,
)

KEY = Path(("cart", "id"))
IN_JOURNEY = JourneyScope("cart_recovery", KEY, is_keyless=False)
"""In this journey the generated conditions of journeys are read."""

# ---- conditions ----------------------------------------------------------------------------------------------------

event_names = st.sampled_from([("Order Completed",), ("Order *", "Cart Updated"), ("*",)])
context_paths = st.builds(
    lambda name, rest: Path((name, *rest)), st.sampled_from(["entry", "ordered"]), st.lists(parts, min_size=1, max_size=2)
)
context_refs = context_paths.map(ContextRef)
tied_wheres = st.builds(lambda path, ref: Field(path, Comparison((Test(Op.EQ, ref, PLACE),), False, PLACE), PLACE), paths, context_refs)
moments = st.builds(JourneySince, st.none() | st.sampled_from(["nudge", "hold_1.ordered.send_1"]), st.just(PLACE))
matches = st.none() | st.just(KEY) | paths
until_windows = st.none() | st.builds(Range, st.none(), days)


def _made(of: MessageOf, names: st.SearchStrategy[str], journey: st.SearchStrategy[str | None]) -> st.SearchStrategy[MessageMade]:
    return st.builds(MessageMade, st.just(of), names, st.sampled_from(MessageStatus), st.just(PLACE), journey, windows)


instance_conditions = st.one_of(
    st.builds(ContextIs, context_paths, comparisons(), st.just(PLACE)),
    st.builds(EventDone, event_names, st.just(PLACE), where=tied_wheres, match=matches, since=moments, window=until_windows),
    st.builds(EventDone, event_names, st.just(PLACE), match=matches, window=windows, ask=count_comparisons.map(Count)),
    st.builds(lambda done, match, since: replace(done, match=match, since=since, window=None), sequences(), matches, moments),
    _made(MessageOf.JOURNEY, ids, st.none()),
    _made(MessageOf.BROADCAST, ids, st.none()),
    _made(MessageOf.STEP, texts, ids),
    st.builds(JourneyState, ids, st.sampled_from([INSIDE, ENDED, "goal", "lost_interest"]), st.just(PLACE), windows),
)
journey_conditions: st.SearchStrategy[Condition] = st.recursive(closed_conditions | instance_conditions, grouped, max_leaves=2)

# ---- entry, exits, goal --------------------------------------------------------------------------------------------

entering = st.builds(Occurrence, event_names, st.just(PLACE), where=st.just(ALWAYS) | wheres(depth=1))
occurrences = st.builds(Occurrence, event_names, st.just(PLACE), where=st.just(ALWAYS) | tied_wheres, match=matches)
reentries = st.just(Never()) | st.just(Always()) | durations.map(After)
sinces = st.none() | days | instants
entries = st.one_of(
    st.builds(EntryOn, entering, st.just(PLACE), st.none() | journey_conditions, st.just(KEY), reentries, sinces),
    st.builds(EntryWhen, closed_conditions, st.just(PLACE), reentries, st.booleans(), sinces),
)
exits = st.one_of(
    st.builds(ExitOn, occurrences, st.just(PLACE)),
    st.builds(ExitWhen, journey_conditions, st.just(PLACE)),
    st.builds(ExitAfter, durations, st.just(PLACE)),
)
goals = st.builds(Goal, occurrences, st.just(PLACE), st.none() | durations, st.booleans())

# ---- steps ---------------------------------------------------------------------------------------------------------

times = st.integers(0, 1439).map(ClockTime)
weekdays = st.lists(st.sampled_from(Weekday), unique=True).map(lambda found: tuple(day for day in Weekday if day in found))
waits = st.one_of(
    durations.map(ForDuration),
    (days | instants).map(UntilInstant),
    st.builds(UntilLocalTime, times, weekdays),
    st.builds(lambda one, other, on: InWindow(min(one, other), ClockTime(max(one, other).minutes + 1), on), times, times, weekdays),
    st.builds(UntilValue, context_refs | trait_refs, st.none() | st.builds(Offset, durations, st.booleans())),
)
free_values = literals | context_refs | trait_refs
unnamed = {"id": st.just(""), "written": st.just(False), "span": st.just(PLACE)}
"""Ids are given when the whole journey is drawn: some are written, the others follow from the places."""
actions = st.one_of(
    st.builds(Delay, wait=waits, **unnamed),
    st.builds(
        Send,
        template=ids,
        channel=ids,
        group=st.none() | ids,
        category=st.sampled_from(Category),
        priority=st.integers(-100, 100),
        expires_after=st.none() | durations,
        render=st.sampled_from(Render),
        subject=st.none() | texts,
        preheader=st.none() | texts,
        sender=st.none() | texts,
        reply_to=st.none() | texts,
        **unnamed,
    ),
    st.builds(Sync, destination=ids, list=ids, remove_after=st.none() | durations, **unnamed),
    st.builds(
        Sync,
        destination=ids,
        event=texts,
        properties=st.dictionaries(texts, free_values, max_size=2).map(lambda named: tuple(named.items())),
        **unnamed,
    ),
    st.builds(SetTrait, trait=ids, to=free_values, **unnamed),
    st.builds(Goto, target=texts, **unnamed),
    st.builds(Exit, reason=ids, **unnamed),
)


def _named_branches(branches):
    """Branches whose names differ."""
    return st.lists(branches, min_size=1, max_size=3).map(
        lambda found: tuple(replace(branch, name=f"branch_{number}") for number, branch in enumerate(found))
    )


def _blocks(steps):
    several = st.lists(steps, max_size=2).map(tuple)
    named = {"name": st.just(""), "span": st.just(PLACE)}
    hold_branches = st.one_of(
        st.builds(HoldBranch, on=occurrences, restart=st.booleans(), **named),
        st.builds(HoldBranch, on=occurrences, steps=several, **named),
        st.builds(HoldBranch, when=journey_conditions, steps=several, **named),
    )
    when_branches = _named_branches(st.builds(WhenBranch, when=st.none() | journey_conditions, steps=several, **named))
    return st.one_of(
        st.builds(_hold, _named_branches(hold_branches), st.none() | durations, several, st.booleans()),
        st.builds(Split, branches=when_branches, **unnamed),
        st.builds(Fork, branches=when_branches, **unnamed),
        st.builds(_randomize, st.lists(several, min_size=2, max_size=4), st.integers(0, 25_000_000), st.booleans()),
    )


def _hold(branches, duration, timeout, since_entry):
    restarts = any(branch.restart for branch in branches)
    return Hold("", False, PLACE, duration, branches, timeout if duration else (), since_entry and not restarts)


def _randomize(inner, share, reassign):
    shares = [share] * (len(inner) - 1)
    shares.append(100_000_000 - sum(shares))
    arms = tuple(Arm(f"arm_{n}", PLACE, shares[n], n == 0, steps) for n, steps in enumerate(inner))
    return Randomize("", False, PLACE, arms, reassign)


journey_steps = st.recursive(actions, _blocks, max_leaves=4)


@st.composite
def journeys(draw):
    """A journey. What `match` ties to an instance needs a key, so that one that enters by a condition has plain steps alone."""
    entry = draw(entries)
    has_key = entry.key is not None
    steps = draw(st.lists(journey_steps if has_key else actions, min_size=1, max_size=3))
    named = tuple(replace(step, id=f"step_{n}", written=True) if draw(st.booleans()) else step for n, step in enumerate(steps))
    return Journey(
        name="cart_recovery",
        description=draw(st.just("") | texts),
        status=draw(st.sampled_from(JourneyStatus)),
        entry=entry,
        exits=tuple(draw(st.lists(exits, max_size=2))) if has_key else (),
        goal=draw(st.none() | goals) if has_key else None,
        steps=with_ids(named),
        on_change=draw(st.sampled_from(OnChange)),
        exclude_previous=draw(st.booleans()),
        span=PLACE,
    )
