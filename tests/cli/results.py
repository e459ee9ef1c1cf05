"""Results as the service gives them, made up: what the rendering tests show."""

from datetime import UTC, datetime
from pathlib import Path

from engage_cli.engine.base import Cost, InputFile, Reject
from engage_cli.journeys.samples import EntrySample, JourneySample, MoveSample
from engage_cli.records import replace
from engage_cli.service.results.audiences import (
    AudienceChange,
    AudienceRow,
    BuildResult,
    EventShown,
    Explained,
    Explanation,
    Export,
    IdentifierCount,
    Overlap,
    Preview,
    SyncChange,
)
from engage_cli.service.results.common import DataReport, Timing
from engage_cli.service.results.journeys import JourneyChange, TickResult
from engage_cli.service.results.project import CheckResult, StateFinding
from engage_cli.service.results.traits import TraitBuildResult, TraitBuilt, TraitSync
from engage_cli.service.run_results import Defined, Edit, EditKind, RunResult, StageDone, StepEdit, VersionInside
from engage_cli.service.stages import Kind, Stage
from engage_cli.source import Issue, Severity, Span
from engage_cli.state.membership import Comings

AS_OF = datetime(2026, 11, 23, 10, tzinfo=UTC)
FILE = "campaigns/audiences/value.yaml"
TEXTS = {
    FILE: "audience: vips\nmembers:\n  all:\n    - {trait: plan, eqq: pro}\n    - {event: Order Completd, within: 30 days}\n",
    "engage.yaml": "project: shop\ntimezone: Europe/Lodnon\n",
}

REJECTS = (
    Reject("events/2026-11.jsonl", "the line is no JSON", 3, 17, '{"user_id": "u1", "event": "Ord'),
    Reject("events/2026-10.parquet", "user_id is missing", 12, None, None),
)
DATA = DataReport(
    files=(InputFile("events", "events/2026-11.jsonl", 2048, "ab" * 32), InputFile("profiles", "profiles.csv", 512, "cd" * 32)),
    events_read=69600,
    events_staged=12000,
    duplicates=41,
    future_events=1,
    repeated_profiles=2,
    users=3300,
    rejects=REJECTS,
    rejects_file=Path("out/rejects.csv"),
    vanished=("events/2026-04.parquet",),
)

BUILD = BuildResult(
    as_of=AS_OF,
    dry_run=False,
    run="20261123T100000Z-0a1b2c3d",
    audiences=(
        AudienceChange("abandoned_cart", 1204, 120, 0),
        AudienceChange("lapsed", 89, 0, 8),
        AudienceChange("vips", 12, 0, 0, unchanged=True),
    ),
    written=(Path("out/runs/20261123T100000Z-0a1b2c3d"), Path("out/audiences/abandoned_cart/members.parquet")),
    data=DATA,
    recovered=("finished writing runs/20261122T100000Z-9f8e7d6c",),
    timings=(Timing("reading events and profiles", 0.52, 0.75),),
    costs=(Cost("leaf_1", 0.012, 0.02, 1204, 69574),),
    sql={"leaf_1": "SELECT\n  user_key\nFROM events"},
)
SYNCED = replace(
    BUILD,
    syncs=(
        SyncChange("ads", "abandoned_cart", added=130, removed=10, knew=1084, changed=140, without=3),
        SyncChange("ads", "lapsed", added=0, removed=1, knew=8, changed=1, without=1),
        SyncChange("ads", "vips", added=0, removed=0, knew=12, changed=0),
        SyncChange("crm", "abandoned_cart", added=120, removed=0, knew=1084, changed=120, in_step=True),
        SyncChange("crm", "lapsed", added=97, removed=0, knew=0, changed=0),
    ),
)
HELD = replace(
    SYNCED,
    syncs=(*SYNCED.syncs, SyncChange("hub", "vips", added=0, removed=5, knew=12, changed=5, held=True)),
    dry_run=True,
)
BUILT_AGAIN = BuildResult(AS_OF, False, None, (AudienceChange("vips", 12, 0, 0, unchanged=True),), (), DataReport())
NOTHING_CHANGED = BuildResult(AS_OF, False, "run", (AudienceChange("vips", 12, 0, 0),), (), DataReport())
DRY_RUN = BuildResult(AS_OF, True, None, BUILD.audiences, (), DATA)
MANY_FILES = BuildResult(AS_OF, False, "run", BUILD.audiences, tuple(Path(f"out/audiences/a{n}/members.csv") for n in range(9)), DATA)

ROWS = (
    AudienceRow("abandoned_cart", "Left a cart worth more than 20 in the last week", FILE, 1, 1204, AS_OF, 120, 0),
    AudienceRow("vips", "", FILE, 9),
)

PREVIEW = Preview(
    name="vips",
    as_of=AS_OF,
    size=1204,
    universe=3300,
    columns=("user_id", "plan", "city"),
    sample=(("00815", "pro", "São Paulo"), ("u_2", None, "New York")),
    identifiers=(IdentifierCount("user_id", 1204), IdentifierCount("email", 1203), IdentifierCount("phone", 1)),
    data=DATA,
)
EMPTY_PREVIEW = Preview("vips", AS_OF, 0, 0, ("user_id",), (), (IdentifierCount("user_id", 0),), DataReport())

OVERLAP = Overlap("vips", "lapsed", AS_OF, 1204, 89, 3)
SAME_OVERLAP = Overlap("vips", "vips", AS_OF, 0, 0, 0)
TRAIT_BUILD = TraitBuildResult(
    as_of=AS_OF,
    dry_run=False,
    run="20261123T100000Z-1a2b3c4d",
    traits=(
        TraitBuilt("orders", "users", 3377, 41, 0),
        TraitBuilt("seats_used", "accounts", 12, 1, 1),
        TraitBuilt("tier", "users", 90, 0, 0),
    ),
    syncs=(TraitSync("crm", "orders", 41, 0, whole=False), TraitSync("new_one", "orders", 3377, 0, whole=True)),
    written=(Path("out/runs/20261123T100000Z-1a2b3c4d"),),
    data=DATA,
    recovered=("removed the unfinished runs/20261123T090000Z-0a0b0c0d.part",),
)
EXPORT = Export("vips", AS_OF, 1204, Path("vips.csv"))
EXPORT_LINES = Export("vips", AS_OF, 2, None, ('{"user_id": "00815", "plan": "pro"}', '{"user_id": "u_2", "plan": null}'))

_ORDERS = Explained(
    text="{event: Order Completed, within: 30 days, count: {gte: 2}}",
    file=FILE,
    line=5,
    holds=False,
    values=(("count", "1"),),
    events=(
        EventShown(
            "Order Completed",
            datetime(2026, 11, 2, 9, 12, 0, 250000, tzinfo=UTC),
            "m1",
            '{"order_id":"o1","products":[{"sku":"a","name":"Ein Zelt für zwei"},{"sku":"b","name":"Ein sehr langer Name"}],'
            '"revenue":1e999}',
        ),
    ),
    matching=1,
    missing="once in the window, but count is 1",
)
_PLAN = Explained("{trait: plan, eq: pro}", FILE, 4, True, values=(("plan", "pro"),))
_CITY = Explained(
    "{trait: city, exists: true}", "campaigns/audiences/people.yaml", 7, False, values=(("city", None),), missing="`city` is missing"
)
_NEVER = Explained(
    text="sequence: [{event: Product Viewed, as: viewed}, {event: Order Completed, within: 7 days, "
    "where: {product_id: {ref: viewed.product_id}}}, {not: {event: Order Refunded}, within: 14 days}]",
    file=FILE,
    line=9,
    holds=False,
    matching=0,
    missing="step 1 never happened: no Product Viewed in the window meets it",
)
_NESTED = Explained("audience: has_city", FILE, 6, False, parts=(_CITY,))
EXPLANATION = Explanation(
    audience="vips",
    user="00815",
    as_of=AS_OF,
    known=True,
    member=False,
    tree=Explained("all", FILE, 3, False, parts=(_PLAN, _NESTED, _NEVER, _ORDERS)),
    since=datetime(2026, 11, 1, 10, tzinfo=UTC),
)
MEMBER = Explanation("pros", "u_2", AS_OF, True, True, _PLAN, None)
UNKNOWN = Explanation("vips", "815", AS_OF, False, False, None, None, nearest_user="00815")

ISSUES = (
    Issue("unknown-zone", "`Europe/Lodnon` is no IANA zone", Span("engage.yaml", 2, 11, 2, 24), "did you mean `Europe/London`?"),
    Issue("unknown-key", "a condition has no key `eqq`", Span(FILE, 4, 21, 4, 24), "did you mean `eq`?"),
    Issue("unknown-event", "no event `Order Completd` occurs in the data", Span(FILE, 5, 15, 5, 29), None, Severity.WARNING),
    Issue("data", "profiles.csv cannot be read"),
)
CHECKED = CheckResult(54, ISSUES, None)
CHECKED_CLEAN = CheckResult(1, (), DATA)
CHECKED_WARNING = CheckResult(54, ISSUES[2:3], DATA)

FINDINGS = (StateFinding("a member entered twice (2 rows, such as u1)", "`engage state restore` puts a backup in its place"),)

TICK = TickResult(
    AS_OF,
    False,
    "20261123T100000Z-00000002",
    (JourneyChange("carts", 2, 5, 1, 1), JourneyChange("idle", 0, 0, 0)),
    (),
    (Path("out/runs/20261123T100000Z-00000002"),),
    DataReport(),
    (SyncChange("ads", "cart_abandoners", 2, 1, 9, 3),),
)
RUN = RunResult(
    AS_OF, False, (StageDone(Stage(Kind.AUDIENCES, ("vips",)), BUILD), StageDone(Stage(Kind.JOURNEYS, ("carts", "idle")), TICK))
)
_SOME = JourneySample(
    (EntrySample("u1", "c1", AS_OF), EntrySample("u2", "c2", AS_OF)),
    (MoveSample("u1", "wait", "nudge", "delay", AS_OF), MoveSample("u3", "nudge", None, "done", AS_OF)),
)
PLAN = RunResult(
    AS_OF,
    True,
    (
        StageDone(Stage(Kind.JOURNEYS, ("carts", "idle")), replace(TICK, dry_run=True, run=None, written=(), samples={"carts": _SOME})),
        StageDone(
            Stage(Kind.AUDIENCES, ("vips",), after_journeys=True),
            replace(BUILD, dry_run=True, run=None, written=(), samples={BUILD.audiences[0].name: Comings(("u1",), ("u2", "u3"))}),
        ),
    ),
    (
        Edit(Defined.TRAIT, "orders", EditKind.NEW),
        Edit(
            Defined.JOURNEY,
            "carts",
            EditKind.EDITED,
            3,
            (StepEdit("wait", EditKind.EDITED, 12), StepEdit("mark", EditKind.REMOVED, 0)),
            (VersionInside(1, 1, "finish it"), VersionInside(2, 12, "finish it")),
        ),
        *(Edit(Defined.AUDIENCE, f"a{number}", EditKind.REMOVED) for number in range(9)),
    ),
)
PLAN_OF_NOTHING = RunResult(AS_OF, True, (StageDone(Stage(Kind.AUDIENCES, ("vips",)), NOTHING_CHANGED),))
