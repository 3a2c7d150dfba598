"""Runs the tests of a Django project by its own runner and tells Callboard, one JSON object a line, what it does.

It is named to `manage.py test` with --testrunner, inside the workspace's own Python (3.8 or newer).
"""

# mypy: ignore-errors

from callboard_unittest import Told  # pragma: no cover
from django.conf import settings  # pragma: no cover
from django.test.runner import DiscoverRunner  # pragma: no cover
from django.utils.module_loading import import_string  # pragma: no cover


def own_runner():  # pragma: no cover
    """The runner that the settings name, where it is one that the telling fits into."""
    found = import_string(getattr(settings, "TEST_RUNNER", "") or "django.test.runner.DiscoverRunner")
    return found if isinstance(found, type) and issubclass(found, DiscoverRunner) else DiscoverRunner


class Runner(own_runner()):  # pragma: no cover
    def get_resultclass(self):
        return Told

    def run_suite(self, suite, **more):
        Told.say("plan", count=suite.countTestCases())
        result = super().run_suite(suite, **more)
        Told.say("end")
        return result
