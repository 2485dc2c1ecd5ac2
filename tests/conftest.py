"""Settings of the whole suite."""

import os

from hypothesis import settings

# Windows are tested without a screen, unless one is asked for.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
try:
    import PySide6.QtWidgets  # noqa: F401
except ImportError:
    # Without Qt's libraries of the system pytest-qt would end the whole suite, not only the window's tests.
    pytest_plugins = ()
else:
    pytest_plugins = ("pytestqt.plugin",)

# The same examples every time, so that a change is judged by what it changes. To look further:
# pytest --hypothesis-profile=explore
# How long an example takes says nothing on a machine that others use as well.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=500, deadline=None)
settings.load_profile("repeatable")
