"""The identifiers that raw Segment calls name people by, beside `userId` and `anonymousId`. They stand where Segment looks for them itself.

Source: Segment's documentation, Unify, "Identity Resolution ExternalIDs". Read by segment_calls.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.event_rows import id_text
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.values import JsonValue, Value
from engage_cli.engine.template import TRUE, Sql, literal, sql
from engage_cli.plan.needs import Reading


class OfDevice(Struct, frozen=True):
    """An identifier of a device: the platform that `context.device.type` has to say, the field beside it, and what Segment calls it.

    `tracked`: it counts only where `context.device.adTrackingEnabled` says so.
    """

    platform: str
    field: str
    external: str
    tracked: bool = False


DEVICES: Mapping[str, OfDevice] = {
    "android_id": OfDevice("android", "id", "android.id"),
    "android_idfa": OfDevice("android", "advertisingId", "android.idfa", tracked=True),
    "android_push_token": OfDevice("android", "token", "android.push_token"),
    "ios_id": OfDevice("ios", "id", "ios.id"),
    "ios_idfa": OfDevice("ios", "advertisingId", "ios.idfa"),
    "ios_push_token": OfDevice("ios", "token", "ios.push_token"),
}
GOOGLE_CLIENT = "ga_client_id"
IN_WAREHOUSE = {
    "adTrackingEnabled": "ad_tracking_enabled",
    "advertisingId": "advertising_id",
    "externalIds": "external_ids",
    "Google Analytics": "google_analytics",
    "clientId": "client_id",
}
"""The names that the fields of `context` have in the columns of a warehouse, where they are others."""


class CallIdentifiers(Struct, frozen=True):
    """The identifiers of the calls of a batch. `flat` are the columns that are properties or traits, where files have no object of them."""

    batch: Batch
    zones: Zones
    flat: Mapping[str, Value]

    def text(self, name: str) -> Sql | None:
        """An identifier as text over the raw columns and `call_type`; None where the files cannot have it."""
        found = [*self._external(name), *self._of_device(name), *self._named(name)]
        return sql("coalesce({found})", found=found) if found else None

    def _named(self, name: str) -> list[Sql]:
        """Values of that very name: traits of the user (those of a group call are the account's), then properties."""
        if name == GOOGLE_CLIENT:
            return self._texts([self._context("integrations", "Google Analytics", "clientId")])
        traits = [sql("CASE WHEN call_type = 'identify' THEN {id} END", id=one) for one in self._texts([self._inside("traits", name)])]
        others = self._texts([self._context("traits", name), self._inside("properties", name)])
        flat = [
            sql("CASE WHEN call_type <> 'group' THEN {id} END", id=one) for one in self._texts([self.flat.get(name)] if self.flat else [])
        ]
        return [*traits, *others, *flat]

    def _of_device(self, name: str) -> list[Sql]:
        device = DEVICES.get(name)
        if device is None:
            return []
        kind, tracking = self._context("device", "type"), self._context("device", "adTrackingEnabled")
        if kind is None or (device.tracked and tracking is None):
            return []
        is_tracked = tracking.read(Reading.BOOLEAN, self.zones) if device.tracked and tracking is not None else TRUE
        return [
            sql(
                "CASE WHEN lower({kind}) = {platform} AND {tracked} THEN {id} END",
                kind=kind.read(Reading.TEXT, self.zones),
                platform=literal(device.platform),
                tracked=is_tracked,
                id=one,
            )
            for one in self._texts([self._context("device", device.field)])
        ]

    def _external(self, name: str) -> list[Sql]:
        """The first of the call's external ids of that type which are of users."""
        value = self._context("externalIds")
        if value is None:
            return []
        types = [name, *([DEVICES[name].external] if name in DEVICES else [])]
        return [
            sql(
                "id_of_json(json_extract(list_filter({elements}, lambda e: json_extract_string(e, '/type') IN ({types}) "
                "AND coalesce(json_extract_string(e, '/collection'), 'users') = 'users' AND is_present(json_extract(e, '/id')))[1], "
                "'/id'), '')",
                elements=value.read(Reading.ELEMENTS, self.zones),
                types=[literal(one) for one in types],
            )
        ]

    def _context(self, *names: str) -> Value | None:
        """A value in the context of a call, or in the column that a warehouse has for it."""
        flat = self.flat.get("_".join(["context", *(IN_WAREHOUSE.get(name, name) for name in names)]))
        return flat if flat is not None else self._inside("context", *names)

    def _inside(self, whole: str, *names: str) -> Value | None:
        value = self.batch.value(whole, self.zones)
        return None if value is None else value.at(names, self.zones)

    def _texts(self, values: Sequence[Value | None]) -> list[Sql]:
        return [id_text(_alone(value), self.batch, "") for value in values if value is not None]


def _alone(value: Value) -> Value:
    """A value in JSON, looked for in the object that holds it: the same name may stand elsewhere in a call."""
    if not isinstance(value, JsonValue) or len(value.names) < 2:
        return value
    return JsonValue(JsonValue(value.document, value.names[:-1]).sql, value.names[-1:])
