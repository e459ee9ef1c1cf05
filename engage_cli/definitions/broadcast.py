"""The broadcast definition: one message to many people at one time, in variants if it is a test."""

from enum import StrEnum

from msgspec import Struct

from engage_cli.definitions.conditions import Condition
from engage_cli.definitions.journey import Goal
from engage_cli.definitions.journey_steps import Category, Render, Send
from engage_cli.definitions.outcomes import Outcome
from engage_cli.definitions.sending import Rate
from engage_cli.definitions.values import Day, Duration, Instant
from engage_cli.source import Span

ALL_MILLIONTHS = 100_000_000
"""A whole, in millionths of a percent."""


class BroadcastStatus(StrEnum):
    """Whether a broadcast may be sent. DRAFT: never, by nobody."""

    DRAFT = "draft"
    LIVE = "live"


class SendAt(Struct, frozen=True):
    """When it is sent: in the project's zone where the instant names none; of a bare date its first instant.

    `local`: the instant has no offset, and is what each recipient's clock shows.
    """

    instant: Instant | Day
    span: Span
    local: bool = False


class Expect(Struct, frozen=True):
    """How many recipients are right, ends included, before anybody is excluded by the policy; None: no bound. Else it is refused."""

    span: Span
    at_most: int | None = None
    at_least: int | None = None


class Wording(Struct, frozen=True):
    """What a message says in place of the template's own, or (`template`) in place of the broadcast's; None: as there."""

    template: str | None = None
    subject: str | None = None
    preheader: str | None = None
    sender: str | None = None
    reply_to: str | None = None


class Variant(Struct, frozen=True):
    """A share of the recipients. `percent_millionths` is exact, in millionths of a percent.

    `control`: they are not written to, and the others are measured against them. Its wording is empty.
    """

    name: str
    span: Span
    percent_millionths: int
    control: bool = False
    wording: Wording = Wording()


WINNING = (Outcome.DELIVERED, Outcome.OPENED, Outcome.CLICKED, Outcome.CONVERTED)
"""By what a variant can win."""


class Winner(Struct, frozen=True):
    """Who is in no variant gets the one that does best: decided `after` so long from the broadcast's own instant of sending.

    `by`: the outcome whose share of the messages sent is the greatest (CONVERTED: the goal); `otherwise` (`else` in YAML) is the variant
    that the rest get where several do equally well, or none has any.
    """

    after: Duration
    by: Outcome
    otherwise: str
    span: Span


class Broadcast(Struct, frozen=True):
    """A named broadcast. Who gets it is asked once, as of its instant of sending: `recipients` but those of `exclude`.

    `send_at` None: when it is sent by hand. `subject` and the like, in `wording`, stand in place of the template's own, and the variants'
    in place of these. `expires_after` None: the default.
    """

    name: str
    description: str
    status: BroadcastStatus
    channel: str
    recipients: Condition
    template: str
    span: Span
    """Of the definition's name."""
    exclude: Condition | None = None
    expect: Expect | None = None
    send_at: SendAt | None = None
    throttle: Rate | None = None
    variants: tuple[Variant, ...] = ()
    winner: Winner | None = None
    goal: Goal | None = None
    group: str | None = None
    category: Category = Category.MARKETING
    priority: int = 0
    expires_after: Duration | None = None
    render: Render = Render.MESSAGE
    wording: Wording = Wording()
    """Its `template` is None: the broadcast's is above."""
    template_span: Span | None = None
    """Where the template is named."""

    @property
    def control(self) -> Variant | None:
        """The variant whose people are not written to."""
        return next((variant for variant in self.variants if variant.control), None)

    @property
    def tested(self) -> tuple[Variant, ...]:
        """The variants that are sent, in the order written."""
        return tuple(variant for variant in self.variants if not variant.control)

    @property
    def rest_millionths(self) -> int:
        """The share of recipients who are in no variant: everybody where there are none, else those who wait for the winner."""
        return ALL_MILLIONTHS - sum(variant.percent_millionths for variant in self.variants)

    def message(self, variant: str | None) -> Send:
        """What is sent to the people of a variant (None: the broadcast without any), as the step of a journey that sends the same."""
        own = next((one for one in self.variants if one.name == variant), None)
        wording = Wording() if own is None else own.wording
        return Send(
            id=variant or "",
            written=False,
            span=self.span if own is None else own.span,
            template=wording.template or self.template,
            channel=self.channel,
            group=self.group,
            category=self.category,
            priority=self.priority,
            expires_after=self.expires_after,
            render=self.render,
            subject=wording.subject or self.wording.subject,
            preheader=wording.preheader or self.wording.preheader,
            sender=wording.sender or self.wording.sender,
            reply_to=wording.reply_to or self.wording.reply_to,
        )

    @property
    def messages(self) -> tuple[Send, ...]:
        """Every message that can be sent, in the order of the variants."""
        return tuple(self.message(one.name) for one in self.tested) if self.variants else (self.message(None),)
