"""Settings of the whole suite."""

from hypothesis import settings

# The same examples every time, so that a change is judged by what it changes. To look further:
# pytest --hypothesis-profile=explore
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", max_examples=500)
settings.load_profile("repeatable")
