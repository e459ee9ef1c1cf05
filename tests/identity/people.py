"""What observations say of who is who, in plain Python: a set of identifiers for each profile, joined one link at a time."""

from collections.abc import Iterable, Sequence

Observed = tuple[int | None, tuple[str | None, ...]]
"""When something was seen (None: the earliest), and the value of each identifier in the order of their priority."""
Named = tuple[int, str]
"""An identifier: the place of its name, and its value."""
Alias = tuple[int, str | None, str]
"""When somebody said that a user's id (the second) and an earlier one are the same person's."""


def profiles(
    rows: Iterable[Observed],
    limits: Sequence[int],
    blocked: Sequence[set[str]],
    aliases: Iterable[Alias] = (),
    anonymous: int = 2,
) -> tuple[dict[Named, Named], set[tuple[Named, Named]]]:
    """The canonical identifier of every identifier, and the links that a limit forbade. `anonymous` is the place of the anonymous id."""
    first: dict[Named, int] = {}
    said, links = understood(list(rows), list(aliases), blocked, anonymous)
    for ts, values in said:
        at = -1 if ts is None else ts
        named = [(place, value) for place, value in enumerate(values) if value and value not in blocked[place]]
        for one in named:
            first[one] = min(first.get(one, at), at)
        links += [(at, named[0], other) for other in named[1:]]
    profile = {one: {one} for one in first}
    refused = set()
    for _, one, other in sorted(links):
        if profile[one] is profile[other]:
            continue
        both = profile[one] | profile[other]
        if all(sum(kind == place for kind, _ in both) <= limit for place, limit in enumerate(limits)):
            for member in both:
                profile[member] = both
        else:
            refused.add((one, other))
    canonical = {one: min(members, key=lambda other: (other[0] > 0, first[other], *other)) for one, members in profile.items()}
    return canonical, refused


def understood(
    rows: list[Observed], aliases: list[Alias], blocked: Sequence[set[str]], anonymous: int
) -> tuple[list[Observed], list[tuple[int, Named, Named]]]:
    """The rows with what aliases say of a user and a device, and the links between ids of users that aliases make."""

    def seen(place: int) -> set[str]:
        return {values[place] or "" for _, values in rows} - blocked[place] - {""}

    aliases = [alias for alias in aliases if alias[1] and alias[1] not in blocked[0]]
    users, devices = seen(0) | {user or "" for _, user, _ in aliases}, seen(anonymous)
    links = []
    for at, user, previous in aliases:
        values: list[str | None] = [None] * len(blocked)
        values[0] = user
        if previous in users:
            links += [(at, (0, str(user)), (0, previous))] if previous != user else []
        elif previous in devices:
            values[anonymous] = previous
        rows = [*rows, (at, tuple(values))]
    return rows, links
