"""What destinations are told, as builds and ticks show it."""

from engage_cli.outputs.syncs import Telling
from engage_cli.service.results.syncs import SyncChange


def sync_change(telling: Telling) -> SyncChange:
    """One destination and one audience, or list."""
    return SyncChange(
        destination=telling.destination.name,
        audience=telling.audience.name,
        added=telling.added,
        removed=telling.removed,
        knew=telling.told,
        changed=telling.changed,
        held=telling.held,
        in_step=telling.in_step,
        without=telling.without,
    )
