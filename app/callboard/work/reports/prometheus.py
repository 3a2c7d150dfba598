"""Reading metrics in the text formats of Prometheus (0.0.4) and OpenMetrics (1.0)."""

import math
import re
from pathlib import Path

from callboard.work.reports.bounds import ReportError, read_report
from callboard.work.reports.shapes import Family, Sample

MOST_SAMPLES = 200_000
MOST_LABELS = 128
LONGEST_LINE = 65_536
KINDS = frozenset("counter gauge histogram summary untyped unknown info stateset gaugehistogram".split())
SUFFIXES = ("_bucket", "_count", "_sum", "_total", "_created", "_info", "_gcount", "_gsum")
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_.]*)\s*=\s*"((?:[^"\\]|\\.)*+)"\s*(,|(?=\}))')
_ESCAPE = re.compile(r"\\(.)")


def read_prometheus(source: Path | str, name: str = "metrics") -> dict[str, Family]:
    """The metric families by name, of a file or of a text (which errors call `name`).

    A sample without a '# TYPE' makes a family of its own. Samples that are NaN are left out, exemplars are passed over. Raises
    `ReportError` with the line for what is no exposition, for a sample that stands twice, and for floods.
    """
    called = source.name if isinstance(source, Path) else name
    text = read_report(source).decode("utf-8", "replace") if isinstance(source, Path) else source
    reader = _Exposition(called)
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE:
            raise ReportError(
                called, f"line {number} has more than {LONGEST_LINE:,} characters", "this is no exposition"
            )
        if not reader.take(line.rstrip("\r").strip(), number):
            break
    if not reader.told and text.strip():
        raise ReportError(called, "it has no sample", "name a text in the format of Prometheus")
    return reader.families()


class _Exposition:
    def __init__(self, called: str) -> None:
        self._called = called
        self._kinds: dict[str, str] = {}
        self._helps: dict[str, str] = {}
        self._units: dict[str, str] = {}
        self._samples: dict[str, list[Sample]] = {}
        self._seen: set[tuple[str, tuple[tuple[str, str], ...], float | None]] = set()
        self.told = False

    def take(self, line: str, number: int) -> bool:
        """One line; False at the end of the exposition."""
        if line == "# EOF":
            self.told = True
            return False
        if line.startswith("#"):
            self._about(line, number)
        elif line:
            self._sample(line, number)
        return True

    def _about(self, line: str, number: int) -> None:
        words = line.split(None, 3)
        if len(words) < 3 or words[0] != "#" or words[1] not in ("HELP", "TYPE", "UNIT"):
            return
        name, rest = words[2], words[3] if len(words) > 3 else ""
        if not _NAME.fullmatch(name):
            raise self._fault(number, f"{name[:60]!r} is no name of a metric")
        if len(self._kinds) + len(self._helps) > MOST_SAMPLES:
            raise ReportError(self._called, f"it has more than {MOST_SAMPLES:,} families", "let it tell less")
        self.told = True
        if words[1] == "HELP":
            self._helps.setdefault(name, _unescaped(rest)[:2_000])
        elif words[1] == "UNIT":
            self._units.setdefault(name, rest[:100])
        elif rest not in KINDS:
            raise self._fault(number, f"{rest[:60]!r} is no type of a metric")
        elif self._kinds.setdefault(name, rest) != rest:
            raise self._fault(number, f"{name[:100]} has two types")

    def _sample(self, line: str, number: int) -> None:
        named = _NAME.match(line)
        if named is None:
            raise self._fault(number, f"it is no sample: {line[:60]!r}")
        at, labels = named.end(), dict[str, str]()
        if line[at : at + 1] == "{":
            at += 1
            while line[at:].lstrip()[:1] != "}":
                label = _LABEL.match(line, at)
                if label is None or len(labels) >= MOST_LABELS:
                    raise self._fault(number, f"the labels are wrong: {line[at : at + 60]!r}")
                if label[1] in labels:
                    raise self._fault(number, f"label {label[1][:60]!r} stands twice")
                labels[label[1]] = _unescaped(label[2])[:4_096]
                at = label.end()
            at = line.index("}", at) + 1
        values = line[at:].partition(" # ")[0].split()
        if not 1 <= len(values) <= 2:
            raise self._fault(number, f"a value, and perhaps a time, must follow the name: {line[at : at + 60]!r}")
        self._keep(named[0], labels, self._number(values[0], number), values[1:], number)

    def _keep(self, name: str, labels: dict[str, str], value: float, when: list[str], number: int) -> None:
        at = self._number(when[0], number) if when else None
        if at is not None:
            at = at / 1000 if abs(at) >= 1e11 else at
            at = at if math.isfinite(at) else None
        mark = (name, tuple(sorted(labels.items())), at)
        if mark in self._seen:
            raise self._fault(number, f"the sample {name[:100]} with these labels stands twice")
        if len(self._seen) >= MOST_SAMPLES:
            raise ReportError(self._called, f"it has more than {MOST_SAMPLES:,} samples", "let it tell less")
        self._seen.add(mark)
        self.told = True
        if not math.isnan(value):
            self._samples.setdefault(self._family(name), []).append(Sample(name, labels, value, at))

    def _family(self, name: str) -> str:
        if name in self._kinds:
            return name
        base = next((name.removesuffix(end) for end in SUFFIXES if name.endswith(end)), name)
        return base if base in self._kinds else name

    def _number(self, text: str, number: int) -> float:
        try:
            if len(text) > 60 or "_" in text:
                raise ValueError
            return float(text)
        except ValueError:
            raise self._fault(number, f"{text[:60]!r} is no number") from None

    def _fault(self, number: int, words: str) -> ReportError:
        return ReportError(
            self._called, f"line {number}: {words}", "ask for the text format of Prometheus or OpenMetrics"
        )

    def families(self) -> dict[str, Family]:
        names = dict.fromkeys((*self._kinds, *self._samples))
        return {
            name: Family(
                name,
                self._kinds.get(name, "untyped"),
                self._helps.get(name, ""),
                self._units.get(name, ""),
                tuple(self._samples.get(name, ())),
            )
            for name in names
        }


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: {"n": "\n"}.get(match[1], match[1]), text)
