"""dropreel on a laptop: the synthesized stack in moto, and simulated gateways."""

import sys
from types import ModuleType


def _leave_out_the_regions() -> None:
    """moto's CloudFormation loads moto's EC2, which reads botocore's books three times to know where that is offered:
    most of a second at each start, for a service that no stack of ours has.
    """
    regions = ModuleType("moto.ec2.models.availability_zones_and_regions")
    nowhere = type("RegionsAndZonesBackend", (), {"regions": [], "zones": {}})
    vars(regions).update(RegionsAndZonesBackend=nowhere, Zone=object)
    sys.modules.setdefault(regions.__name__, regions)


_leave_out_the_regions()
