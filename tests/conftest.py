"""How long hypothesis searches, and what every test process does once instead of again and again.

Of hypothesis's profiles `many` is for `.ci/run`, and `long` for the make targets that go on for minutes.
"""

import gc
from functools import cache

import botocore.session
from hypothesis import HealthCheck, settings

# Each session of botocore's reads its descriptions of AWS anew, and tests begin hundreds; nothing changes them.
botocore.session.create_loader = cache(botocore.session.create_loader)

# The first run on a machine makes hypothesis's tables of characters, which says nothing about our strategies; nor does
# the time that an example takes beside other tests.
settings.register_profile("usual", max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("usual")
settings.register_profile("many", settings.get_profile("usual"), max_examples=500)
settings.register_profile("long", max_examples=20_000, deadline=None)


def pytest_collection_finish() -> None:
    """Modules and tests stay until the end: a fifth of the unit tests' time went into looking for garbage in them."""
    gc.collect()
    gc.freeze()
