"""The two gateways, simulated on a loopback port, exact in protocol, with real and playable results."""

from local.gateways.behaviour import Behaviour
from local.gateways.simulation import SimulatedGateways

__all__ = ["Behaviour", "SimulatedGateways"]
