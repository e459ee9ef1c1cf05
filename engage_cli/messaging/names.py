"""What a template sees, and what of it is always there."""

from collections.abc import Mapping

from msgspec import Struct, field

ROOTS: Mapping[str, str] = {
    "profile": "the person's traits",
    "account": "the traits of the person's account",
    "entities": "linked rows, lists by the name of their entity",
    "context": "what a journey remembers: `entry`, and each hold branch by its name",
    "campaign": "the campaign that sends the message",
    "unsubscribe_url": "the person's own address to unsubscribe at",
    "preferences_url": "the person's own address to choose at",
    "view_url": "where the message is seen in a browser",
    "language": "the language that the message is written in",
    "subject": "the message's subject",
    "preheader": "the message's preheader",
}
"""Every name, and what stands under it."""

DATA = ("profile", "account", "entities", "context", "campaign")
"""The names that are objects: one of their values is meant."""

CAMPAIGN: Mapping[str, str] = {
    "kind": "`journey` or `broadcast`",
    "name": "its id",
    "channel": "`email`, `sms`, `push` or `whatsapp`",
    "category": "`marketing` or `transactional`",
    "group": "the subscription group, if it has one",
    "step": "the id of the step, in a journey",
    "variant": "the name of the variant, where there are any",
}
CAMPAIGN_ALWAYS = frozenset(("kind", "name", "channel", "category"))
PROFILE_ALWAYS = frozenset(("user_id",))

URLS: Mapping[str, str] = {"unsubscribe_url": "unsubscribe", "preferences_url": "preferences", "view_url": "view"}
"""Names that are addresses, and what engage.yaml calls them."""


class Known(Struct, frozen=True):
    """What is known of the data, for checking templates. None: not known, and so not judged.

    `always` are traits that everybody has, such as computed ones with a default; `urls` those that engage.yaml declares.
    """

    profile: frozenset[str] | None = None
    account: frozenset[str] | None = None
    entities: frozenset[str] | None = None
    context: frozenset[str] | None = None
    always: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()

    def under(self, root: str) -> frozenset[str] | None:
        """The names that may stand under one of DATA."""
        match root:
            case "profile":
                return None if self.profile is None else self.profile | PROFILE_ALWAYS | self.always
            case "account":
                return self.account
            case "entities":
                return self.entities
            case "context":
                return self.context
            case _:
                return frozenset(CAMPAIGN)

    def is_always(self, root: str, name: str) -> bool:
        """Whether a value is there for everybody."""
        return (root == "profile" and name in self.always | PROFILE_ALWAYS) or (root == "campaign" and name in CAMPAIGN_ALWAYS)


class Found(Struct):
    """What a template was found to use."""

    roots: set[str] = field(default_factory=set)
    paths: set[tuple[str, ...]] = field(default_factory=set)
    """Values of data, each by its names: `("profile", "first_name")`."""
