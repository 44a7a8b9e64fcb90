"""How long hypothesis searches: `many` is for `.ci/run`, and `long` for the make targets that go on for minutes."""

from hypothesis import HealthCheck, settings

# The first run on a machine makes hypothesis's tables of characters, which says nothing about our strategies; nor does
# the time that an example takes beside other tests.
settings.register_profile("usual", max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("usual")
settings.register_profile("many", settings.get_profile("usual"), max_examples=500)
settings.register_profile("long", max_examples=20_000, deadline=None)
