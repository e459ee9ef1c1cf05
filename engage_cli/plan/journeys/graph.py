"""The graph of a journey, for what is built on plans; the rules read it, too, so that it is made where the definitions are."""

from engage_cli.definitions.journey import TIMEOUT
from engage_cli.definitions.journey_graph import JOINED, NONE, ON, Join, JourneyGraph, Node, Place, Way, graph_of, ids_in, waits

__all__ = ["JOINED", "NONE", "ON", "TIMEOUT", "Join", "JourneyGraph", "Node", "Place", "Way", "graph_of", "ids_in", "waits"]
