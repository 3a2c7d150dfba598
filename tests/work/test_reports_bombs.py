"""Hostile reports: each is refused with the file, the fault and a mend, without taking much memory."""

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from callboard.api import (
    CallboardError,
    load_json,
    read_coverage_xml,
    read_cyclonedx,
    read_junit,
    read_lcov,
    read_sarif,
)

ENTITIES = '<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)
LAUGHS = ENTITIES + "]><testsuites><testcase name='&j;'/></testsuites>"
XML_BOMBS = {
    "entity expansion": LAUGHS,
    "one big entity": f'<!DOCTYPE t [<!ENTITY a "{"x" * 100_000}">]><testsuites>{"&a;" * 10_000}</testsuites>',
    "external entity": '<!DOCTYPE t [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuites>&a;</testsuites>',
    "external parameter entity": '<!DOCTYPE t [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;]><testsuites/>',
    "deep nesting": "<testsuites>" + "<testsuite>" * 200_000,
    "crowd of elements": "<testsuites>" + "<a/>" * 5_000_000,
    "crowd of attributes": "<testsuites " + " ".join(f"a{n}=''" for n in range(1_500_000)) + "/>",
    "too large": "<testsuites>" + " " * 60_000_000 + "</testsuites>",
    "cut off": "<testsuites><testcase name='a'",
    "empty": "",
    "another root": "<html><body/></html>",
    "another encoding": '<?xml version="1.0" encoding="nonsense"?><testsuites/>',
    "binary": "\0\1\2\3" * 100,
}
JSON_BOMBS = {
    "deep lists": "[" * 200_000,
    "deep objects": '{"a":' * 200_000,
    "deep and closed": '{"runs":' + "[" * 5_000 + "]" * 5_000 + "}",
    "crowd of lists": "[" + "[]," * 6_000_000 + "[]]",
    "crowd of objects": "[" + '{"a":{}},' * 2_400_000 + "1]",
    "crowd of strings": "[" + '"ab",' * 4_000_000 + "1]",
    "crowd of numbers": "[" + "1," * 9_000_000 + "1]",
    "wide text": '{"a": "' + "\N{GRINNING FACE}" * 5_500_000 + '"}',
    "too large": '{"a": "' + "x" * 60_000_000 + '"}',
    "long number": '{"runs": [' + "9" * 1_000_000 + "]}",
    "not a number": '{"runs": NaN}',
    "cut off": '{"runs": [{"results": [',
    "empty": "",
    "wrong shape": '["runs"]',
    "binary": "\0\1\2\3" * 100,
}


def refused(read: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(CallboardError) as caught:
        read(path)
    text = str(caught.value)
    assert path.name in text
    assert ";" in text, "the mend is missing"
    return text


@pytest.mark.parametrize("bomb", XML_BOMBS)
@pytest.mark.parametrize("read", [read_junit, read_coverage_xml])
def test_xml_bombs_are_refused(tmp_path: Path, bomb: str, read: Callable[[Path], object]) -> None:
    path = tmp_path / "report.xml"
    path.write_text(XML_BOMBS[bomb], "utf-8")
    refused(read, path)


def test_external_entities_are_never_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("canary-of-the-secret")
    path = tmp_path / "report.xml"
    path.write_text(
        f'<!DOCTYPE t [<!ENTITY a SYSTEM "file://{tmp_path}/secret.txt">]>'
        "<testsuites><testcase name='a'><failure>&a;</failure></testcase></testsuites>"
    )
    assert "canary" not in refused(read_junit, path)


def test_an_external_dtd_is_never_loaded(tmp_path: Path) -> None:
    (tmp_path / "t.dtd").write_text('<!ENTITY a "canary-of-the-dtd">')
    path = tmp_path / "report.xml"
    path.write_text(
        f'<!DOCTYPE testsuites SYSTEM "file://{tmp_path}/t.dtd">'
        "<testsuites><testcase name='a'><failure>&a;</failure></testcase></testsuites>"
    )
    assert "canary" not in str(read_junit(path))


@pytest.mark.parametrize("bomb", JSON_BOMBS)
def test_json_bombs_are_refused(tmp_path: Path, bomb: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(JSON_BOMBS[bomb], "utf-8")
    refused(lambda p: read_sarif(p, workspace=tmp_path), path)
    refused(read_cyclonedx, path)


def test_brackets_in_strings_are_no_nesting() -> None:
    assert load_json('{"a": "' + "[" * 5_000 + '\\"", "b": []}', "x.json") == {"a": "[" * 5_000 + '"', "b": []}


def test_lcov_without_records_and_with_a_crowd_of_lines_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lcov.info"
    path.write_text("hello\n")
    refused(read_lcov, path)
    path.write_text("SF:a\n" + "DA:1,1\n" * 1_500_000)
    refused(read_lcov, path)


def test_a_folder_a_missing_file_and_a_pipe_are_refused(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.xml")
    for name in ("", "missing.xml", "pipe.xml"):
        refused(read_junit, tmp_path / name)


MEASURED = """
import re, resource, sys
from pathlib import Path
from callboard.api import *
from callboard.work.reports import markup

def most():
    status = Path("/proc/self/status")  # ru_maxrss would be inherited from the parent
    if status.exists():
        return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6

before = most()
read = {"junit": read_junit, "sarif": lambda p: read_sarif(p, workspace=Path("."))}[sys.argv[1]]
try:
    read(Path(sys.argv[2]))
except CallboardError:
    print(most() - before, resource.getrusage(resource.RUSAGE_SELF).ru_utime)
"""


@pytest.mark.parametrize(
    ("kind", "bomb"), [("junit", bomb) for bomb in XML_BOMBS] + [("sarif", bomb) for bomb in JSON_BOMBS]
)
def test_a_bomb_takes_little_memory_and_processor_time(tmp_path: Path, kind: str, bomb: str) -> None:
    path = tmp_path / "report"
    path.write_text((XML_BOMBS if kind == "junit" else JSON_BOMBS)[bomb], "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, kind, str(path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (20, 20)),
    )
    megabytes, seconds = map(float, done.stdout.split())
    assert megabytes < 100
    assert seconds < 4  # of processor time, not of the clock
