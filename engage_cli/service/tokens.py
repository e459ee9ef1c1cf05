"""`consent verify`: what the token of an unsubscribe link stands for. Needs no project, so that a web server can ask."""

import json
import os
from datetime import datetime

from engage_cli.messaging.unsubscribe import keys_of, verify
from engage_cli.service.clock import resolve_as_of
from engage_cli.service.results.consents import VerifiedToken
from engage_cli.state.instants import iso


def verify_token(token: str, *, as_of: datetime | None) -> VerifiedToken:
    """What a token stands for, and the row of consents that unsubscribes as of an instant (None: now; without an offset in UTC).

    Raises TokenError for a token that none of the keys in the environment signed.
    """
    found = verify(token, keys_of(os.environ))
    group = {} if found.group is None else {"group": found.group}
    row = {
        "user_id": found.user,
        "channel": found.channel,
        **group,
        "status": "unsubscribed",
        "updated_at": iso(resolve_as_of(as_of, "UTC")),
    }
    return VerifiedToken(found.user, found.channel, found.group, found.message, json.dumps(row))
