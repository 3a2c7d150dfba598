"""Tells Callboard, one JSON object a line, what pytest does. PYTEST_DONT_REWRITE

It runs inside the workspace's own Python (3.8 or newer) and leaves no trace in its coverage.
"""

# mypy: ignore-errors

import json  # pragma: no cover
import os  # pragma: no cover

import pytest  # pragma: no cover

LONGEST = 20_000  # pragma: no cover


def pytest_configure(config):  # pragma: no cover
    path = os.environ.get("CALLBOARD_STREAM")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Stream(path, config), "callboard_stream_writer")


class Stream:  # pragma: no cover
    """Writes each fact at once, so that it is there even if the process dies with the next test."""

    def __init__(self, path, config):
        self.descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.root = str(getattr(config, "rootpath", None) or config.rootdir)
        self.send("begin", root=self.root)

    def send(self, kind, **fields):
        os.write(self.descriptor, (json.dumps(dict(fields, t=kind), default=str) + "\n").encode("ascii", "replace"))

    def pytest_collection_finish(self, session):
        items = getattr(session, "items", None)
        if items:
            self.send("plan", count=len(items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        self.send("plan", count=len(ids))

    def pytest_collectreport(self, report):
        if report.failed:
            path = os.path.join(self.root, report.nodeid.split("::")[0])
            self.send("collect", id=report.nodeid, **self.trouble(report, path, 0))

    def pytest_runtest_logstart(self, nodeid, location):
        self.send("start", id=nodeid)

    def pytest_runtest_logreport(self, report):
        outcome = report.outcome
        if hasattr(report, "wasxfail") and outcome == "skipped":
            outcome = "xfailed"
        elif outcome == "failed" and report.when != "call":
            outcome = "error"
        if outcome == "passed" and report.when != "call":
            if report.when == "teardown":
                self.send("done", id=report.nodeid)
            return
        path, line, _ = report.location
        fields = {"path": os.path.join(self.root, path), "line": (line or 0) + 1}
        if outcome in ("failed", "error"):
            fields = self.trouble(report, fields["path"], fields["line"])
        self.send("test", id=report.nodeid, outcome=outcome, when=report.when, **fields)
        if report.when == "teardown":
            self.send("done", id=report.nodeid)

    def pytest_internalerror(self, excrepr):
        self.send("internal", text=str(excrepr)[-LONGEST:])

    def pytest_unconfigure(self):
        self.send("end")
        os.close(self.descriptor)

    def trouble(self, report, path, line):
        """Where in the test's own file it failed, and the words of the failure."""
        longrepr = report.longrepr
        crash = getattr(longrepr, "reprcrash", None)
        message = crash.message if crash is not None else ""
        places = []
        for entry in getattr(getattr(longrepr, "reprtraceback", None), "reprentries", []):
            place = getattr(entry, "reprfileloc", None)
            if place is not None:
                places.append((str(place.path), place.lineno))
        if crash is not None:
            places.append((str(crash.path), crash.lineno))
        wanted = os.path.realpath(path)
        for spot, number in reversed(places):
            if wanted in (os.path.realpath(spot), os.path.realpath(os.path.join(self.root, spot))):
                line = number
                break
        text = str(longrepr)
        return {"path": path, "line": line, "message": message[:2_000], "text": text[-LONGEST:]}
