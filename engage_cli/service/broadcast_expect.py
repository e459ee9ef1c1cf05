"""Whether as many people would get a broadcast as its definition expects: those matched, without those excluded."""

from engage_cli.definitions.broadcast import Broadcast
from engage_cli.service.broadcast_results import Refused


def broken_expectation(broadcast: Broadcast, recipients: int, excluded: int) -> Refused | None:
    """Why it is refused, if it is."""
    expect = broadcast.expect
    if expect is None:
        return None
    if expect.at_most is not None and recipients > expect.at_most:
        bound = f"at most {expect.at_most}"
    elif expect.at_least is not None and recipients < expect.at_least:
        bound = f"at least {expect.at_least}"
    else:
        return None
    without = f" (and {excluded} excluded)" if excluded else ""
    people = "1 recipient" if recipients == 1 else f"{recipients} recipients"
    where = f"{expect.span.file}:{expect.span.line}"
    return Refused(
        broadcast.name,
        f"the broadcast `{broadcast.name}` has {people}{without}, and expects {bound}: nothing was sent",
        f"look at who they are with --dry-run, then mend `recipients`, or `expect` in {where}",
    )
