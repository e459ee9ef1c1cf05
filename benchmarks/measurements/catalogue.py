"""The measurements by name. Each is a function of a Setting that gives Rows."""

from collections.abc import Callable
from typing import TypeAlias

from benchmarks.measurements.broadcast import broadcast
from benchmarks.measurements.fifty import fifty_lifetime, fifty_ninety, one_audience
from benchmarks.measurements.growth import fifty_thousand, one_per_cent
from benchmarks.measurements.hundred_appends import hundred_appends
from benchmarks.measurements.hundred_million import hundred_million
from benchmarks.measurements.identity import identity
from benchmarks.measurements.ingest import ingest
from benchmarks.measurements.journeys import idle_journeys, in_flight, many_events, thousand_ticks
from benchmarks.measurements.manifests import manifests
from benchmarks.measurements.membership import membership
from benchmarks.measurements.sequences import sequences
from benchmarks.measurements.shapes import heavy, wide
from benchmarks.measurements.start_up import start_up
from benchmarks.measurements.traits import twenty_traits
from benchmarks.results import Row
from benchmarks.setting import Setting

Measurement: TypeAlias = Callable[[Setting], list[Row]]

MEASUREMENTS: dict[str, Measurement] = {
    "start_up": start_up,
    "ingest": ingest,
    "one_audience": one_audience,
    "fifty_lifetime": fifty_lifetime,
    "fifty_ninety": fifty_ninety,
    "sequences": sequences,
    "one_per_cent": one_per_cent,
    "fifty_thousand": fifty_thousand,
    "hundred_appends": hundred_appends,
    "membership": membership,
    "manifests": manifests,
    "broadcast": broadcast,
    "identity": identity,
    "twenty_traits": twenty_traits,
    "in_flight": in_flight,
    "many_events": many_events,
    "idle_journeys": idle_journeys,
    "thousand_ticks": thousand_ticks,
    "heavy": heavy,
    "wide": wide,
    "hundred_million": hundred_million,
}

ONLY_WHEN_ASKED = ("hundred_million",)
