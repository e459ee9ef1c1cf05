"""What observations say of who is who, in plain Python: a set of identifiers for each profile, joined one link at a time."""

from collections.abc import Iterable, Sequence

Observed = tuple[int | None, tuple[str | None, ...]]
"""When something was seen (None: the earliest), and the value of each identifier in the order of their priority."""
Named = tuple[int, str]
"""An identifier: the place of its name, and its value."""


def profiles(
    rows: Iterable[Observed], limits: Sequence[int], blocked: Sequence[set[str]]
) -> tuple[dict[Named, Named], set[tuple[Named, Named]]]:
    """The canonical identifier of every identifier, and the links that a limit forbade."""
    first: dict[Named, int] = {}
    links: list[tuple[int, Named, Named]] = []
    for ts, values in rows:
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
