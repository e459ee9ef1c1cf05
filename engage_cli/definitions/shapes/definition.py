"""The shape of a definition: a mapping whose one kind key says what it is, and its id."""

from engage_cli.definitions.audience import Audience
from engage_cli.definitions.broadcast import Broadcast
from engage_cli.definitions.journey import Journey
from engage_cli.definitions.shapes.audience import AUDIENCE
from engage_cli.definitions.shapes.base import Shape
from engage_cli.definitions.shapes.broadcast import BROADCAST
from engage_cli.definitions.shapes.journey import JOURNEY
from engage_cli.definitions.shapes.kinds import Kinds
from engage_cli.definitions.shapes.trait import TRAIT
from engage_cli.definitions.trait import Trait

DEFINITION: Shape[Audience | Trait | Journey | Broadcast] = Kinds(
    "a definition",
    {"audience": AUDIENCE, "trait": TRAIT, "journey": JOURNEY, "broadcast": BROADCAST},
    hints={
        "segment": "write `audience`",
        **dict.fromkeys(("flow", "workflow"), "write `journey`"),
        "campaign": "write `journey` or `broadcast`",
        **dict.fromkeys(("blast", "mailing"), "write `broadcast`"),
        **dict.fromkeys(("recipients", "send_at"), "add `broadcast:` with the id"),
        **dict.fromkeys(("entry", "steps"), "add `journey:` with the id"),
        "members": "add `audience:` with the id",
        "name": "write `audience:` with the id",
    },
    list_hint="write one definition after the other, with a line `---` between them",
    scalar_hint="write `audience:` with an id, and `members:`",
    together="put a line `---` between two definitions",
)
