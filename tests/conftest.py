"""How long hypothesis searches: `--hypothesis-profile long` is for the make targets that go on for minutes."""

from hypothesis import HealthCheck, settings

# The first run on a machine makes hypothesis's tables of characters, which says nothing about our strategies.
settings.register_profile("usual", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("usual")
settings.register_profile("long", max_examples=20_000, deadline=None)
