"""Tells Callboard, one JSON object a line, what pytest does, and runs the tests in the order it is given. PYTEST_DONT_REWRITE

It runs inside the workspace's own Python (3.8 or newer) and leaves no trace in its coverage.
"""

# mypy: ignore-errors

import json  # pragma: no cover
import os  # pragma: no cover
import sys  # pragma: no cover

import pytest  # pragma: no cover

LONGEST = 20_000  # pragma: no cover


def pytest_configure(config):  # pragma: no cover
    plan = os.environ.get("CALLBOARD_PLAN")
    if plan:
        with open(plan, encoding="utf-8") as file:
            config.pluginmanager.register(Order(json.load(file)), "callboard_order")
    path = os.environ.get("CALLBOARD_STREAM")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Stream(path, config), "callboard_stream_writer")


class Order:  # pragma: no cover
    """Keeps the tests of `only` (where it is given), and puts those of `first` in front, each in its place otherwise.

    `order` names all of them in the order in which they run.
    """

    def __init__(self, plan):
        self.left = 0
        self.only = None if plan.get("only") is None else set(plan["only"])
        self.first = set(plan.get("first") or ())
        self.files = set(plan.get("first_files") or ())
        self.rest = plan.get("rest", True)
        self.known = None if plan.get("known") is None else set(plan["known"])
        self.order = {name: place for place, name in enumerate(plan.get("order") or ())}

    def is_first(self, item):
        name = item.nodeid
        return (
            name in self.first
            or name.split("::")[0] in self.files
            or (self.known is not None and name not in self.known)
        )

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        kept = [item for item in items if self.only is None or item.nodeid in self.only]
        if self.first or self.files or self.known is not None:
            first = [item for item in kept if self.is_first(item)]
            names = {id(item) for item in first}
            kept = first + [item for item in kept if self.rest and id(item) not in names]
        if self.order:
            kept.sort(key=lambda item: self.order.get(item.nodeid, len(self.order)))
        stay = {id(item) for item in kept}
        gone = [item for item in items if id(item) not in stay]
        self.left = len(gone)
        if gone:
            config.hook.pytest_deselected(items=gone)
        items[:] = kept


class Stream:  # pragma: no cover
    """Writes each fact at once, so that it is there even if the process dies with the next test."""

    def __init__(self, path, config):
        self.descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.root = str(getattr(config, "rootpath", None) or config.rootdir)
        self.contexts = os.environ.get("CALLBOARD_CONTEXTS") == "1"
        self.collected = os.environ.get("CALLBOARD_COLLECTED")
        self.seconds = {}
        self.send("begin", root=self.root)

    def send(self, kind, **fields):
        os.write(self.descriptor, (json.dumps(dict(fields, t=kind), default=str) + "\n").encode("ascii", "replace"))

    def pytest_collection_finish(self, session):
        items = getattr(session, "items", None)
        order = session.config.pluginmanager.get_plugin("callboard_order")
        if order is not None and order.left:
            self.send("left", count=order.left)
        if items:
            self.send("plan", count=len(items))
            if self.collected:
                with open(self.collected, "w", encoding="utf-8", errors="surrogatepass") as file:
                    json.dump([item.nodeid for item in items], file)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        self.send("plan", count=len(ids))

    def pytest_collectreport(self, report):
        if report.failed:
            path = os.path.join(self.root, report.nodeid.split("::")[0])
            self.send("collect", id=report.nodeid, **self.trouble(report, path, 0))

    def pytest_runtest_logstart(self, nodeid, location):
        self.send("start", id=nodeid)
        if self.contexts:
            self.switch(nodeid)

    def switch(self, context):
        """Coverage notes from here on which test ran a line; what it has against that must not break the test."""
        module = sys.modules.get("coverage")
        try:
            current = module.Coverage.current() if module is not None else None
            if current is not None:
                current.switch_context(context)
        except Exception:
            self.contexts = False

    def pytest_runtest_logfinish(self, nodeid, location):
        self.send("done", id=nodeid, seconds=round(self.seconds.pop(nodeid, 0.0), 4))
        if self.contexts:
            self.switch("")

    def pytest_runtest_logreport(self, report):
        outcome = report.outcome
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + getattr(report, "duration", 0.0)
        if hasattr(report, "wasxfail") and outcome == "skipped":
            outcome = "xfailed"
        elif outcome == "failed" and report.when != "call":
            outcome = "error"
        if outcome == "passed" and report.when != "call":
            return
        path, line, _ = report.location
        fields = {"path": os.path.join(self.root, path), "line": (line or 0) + 1}
        if outcome in ("failed", "error"):
            fields = self.trouble(report, fields["path"], fields["line"])
        self.send("test", id=report.nodeid, outcome=outcome, when=report.when, **fields)

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
