"""Runs unittest's discovery and tells Callboard, one JSON object a line, what it does.

It runs inside the workspace's own Python (3.8 or newer) and leaves no trace in its coverage.
"""

# mypy: ignore-errors

import inspect  # pragma: no cover
import json  # pragma: no cover
import os  # pragma: no cover
import sys  # pragma: no cover
import time  # pragma: no cover
import unittest  # pragma: no cover


class Told(unittest.TextTestResult):  # pragma: no cover
    """Tells each outcome when it is known."""

    @staticmethod
    def say(kind, **fields):
        line = json.dumps(dict(fields, t=kind), default=str) + "\n"
        with open(os.environ["CALLBOARD_STREAM"], "ab") as file:
            file.write(line.encode("ascii", "replace"))

    def said(self, test, outcome, error=None):
        path, line = "", 0
        method = getattr(test, getattr(test, "_testMethodName", ""), None)
        try:
            path = os.path.abspath(inspect.getsourcefile(method or type(test)))
            line = inspect.getsourcelines(method or type(test))[1]
        except (TypeError, OSError):
            pass
        fields = {"id": test.id(), "outcome": outcome, "when": "call", "path": path, "line": line}
        if error is not None and not isinstance(error, str):
            kind, value, trace = error
            while trace is not None:
                if os.path.abspath(trace.tb_frame.f_code.co_filename) == path:
                    fields["line"] = trace.tb_lineno
                trace = trace.tb_next
            fields["message"] = f"{kind.__name__}: {value}"[:2_000]
            fields["text"] = self._exc_info_to_string(error, test)[-20_000:]
        elif error is not None:
            fields["message"] = error
        self.say("collect" if type(test).__name__ == "_FailedTest" else "test", **fields)

    def startTest(self, test):
        super().startTest(test)
        self.begun = time.perf_counter()
        self.say("start", id=test.id())

    def stopTest(self, test):
        super().stopTest(test)
        self.say("done", id=test.id(), seconds=round(time.perf_counter() - self.begun, 4))

    def addSuccess(self, test):
        super().addSuccess(test)
        self.said(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.said(test, "failed", err)

    def addError(self, test, err):
        super().addError(test, err)
        self.said(test, "error", err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.said(test, "failed", err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.said(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.said(test, "xfailed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.said(test, "failed", "it passed, but is marked as an expected failure")


def main():  # pragma: no cover
    sys.path.insert(0, os.getcwd())
    start = sys.argv[1]
    if sys.argv[2:] and start != ".":
        sys.path.insert(0, os.path.abspath(start))
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(sys.argv[2:]) if sys.argv[2:] else loader.discover(start)
    runner = unittest.TextTestRunner(resultclass=Told, verbosity=1)
    Told.say("plan", count=suite.countTestCases())
    result = runner.run(suite)
    Told.say("end")
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":  # pragma: no cover
    main()
