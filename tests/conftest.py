"""Settings of the whole suite."""

import os

from hypothesis import settings

# Windows are tested without a screen, unless one is asked for.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# The same examples every time, so that a change is judged by what it changes. To look further:
# pytest --hypothesis-profile=explore
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", max_examples=500)
settings.load_profile("repeatable")
