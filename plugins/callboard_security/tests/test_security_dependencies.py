"""`security.dependencies`: versions against records, and no pass without data."""

import json
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from callboard.api import Severity, Verdict, Workspace
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance, callboard_detect
from callboard_security.cvss import base_score
from callboard_security.found import Package
from callboard_security.osv import is_affected
from callboard_security.versions import pep440_key, semver_key

RECORD = {
    "id": "GHSA-x84v-xcm2-53pg",
    "modified": "2020-01-01T00:00:00Z",
    "aliases": ["CVE-2018-18074"],
    "summary": "Credentials are sent over plain HTTP",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "Re_Quests"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.20.0"}]}],
        }
    ],
    "database_specific": {"severity": "HIGH"},
}
TWIN = {
    "id": "PYSEC-2018-28",
    "modified": "2020-01-02T00:00:00Z",
    "aliases": ["CVE-2018-18074"],
    "affected": [{"package": {"ecosystem": "PyPI", "name": "re-quests"}, "versions": ["2.19.0"]}],
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder = tmp_path / "osv"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(RECORD))
    (folder / "b.json").write_text(json.dumps(TWIN))
    return folder


def audit(place: Path, files: dict[str, str], records: Path | None = None, **options: object) -> Outcome:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    spool = place.parent / "spool"
    spool.mkdir(exist_ok=True)
    config: dict[str, Any] = {"agents": {"security": {"osv_folder": str(records)}}} if records else {}
    return run_action(SecurityCompliance(), "dependencies", place, options, config=config, spool=spool)


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def test_a_vulnerable_pin_fails_once_and_the_upgrade_passes(place: Path, records: Path) -> None:
    bad = audit(place, {"requirements.txt": "# ours\nRe.Quests[socks]==2.19.0 ; python_version > '3'\n"}, records)
    assert verdict(bad) is Verdict.FAIL
    (finding,) = bad.findings
    assert (finding.rule, finding.severity, finding.path, finding.line) == (
        "GHSA-x84v-xcm2-53pg", Severity.HIGH, "requirements.txt", 2,
    )  # fmt: skip
    assert "2.20.0" in finding.help
    assert bad.result is not None
    assert bad.result.data_age_days is not None
    assert bad.result.data_age_days > 300
    good = audit(place, {"requirements.txt": "re-quests==2.20.0\n"}, records)
    assert good.findings == ()
    assert verdict(good) is Verdict.PASS


def test_every_lock_is_read(place: Path, records: Path) -> None:
    entry = '[[package]]\nname = "re-quests"\nversion = "2.19.0"\n'
    locks = {
        "a/poetry.lock": entry,
        "b/uv.lock": 'version = 1\n[[package]]\nname = "own"\nversion = "1"\nsource = { editable = "." }\n' + entry,
        "c/Pipfile.lock": '{"default": {"re-quests": {"version": "==2.19.0"}}}',
        "d/pylock.toml": '[[packages]]\nname = "re-quests"\nversion = "2.19.0"\n',
        "e/pyproject.toml": '[project]\nname = "x"\ndependencies = ["re-quests==2.19.0"]\n',
        "f/setup.py": "import setuptools\nsetuptools.setup(\n    install_requires=[\n        're-quests==2.19.0',\n    ])\n",
        "g/setup.cfg": "[options]\ninstall_requires =\n    re-quests==2.19.0\n",
    }
    for name, text in locks.items():
        folder = place / name.split("/")[0]
        outcome = audit(place, {name: text}, records)
        assert [f.path for f in outcome.findings] == [name]
        (place / name).unlink()
        folder.rmdir()


def test_npm_locks_of_both_forms(place: Path, tmp_path: Path) -> None:
    record = {
        "id": "GHSA-jf85-cpcp-j695",
        "affected": [
            {
                "package": {"ecosystem": "npm", "name": "lodash"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.12"}]}],
            }
        ],
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H"}],
    }
    (tmp_path / "osv").mkdir()
    (tmp_path / "osv" / "x.json").write_text(json.dumps(record))
    new = {"lockfileVersion": 3, "packages": {"": {"version": "1"}, "node_modules/lodash": {"version": "4.17.10"}}}
    old = {"lockfileVersion": 1, "dependencies": {"lodash": {"version": "4.17.10"}}}
    for lock in (new, old):
        outcome = audit(place, {"web/package-lock.json": json.dumps(lock)}, tmp_path / "osv")
        assert [(f.rule, f.severity) for f in outcome.findings] == [("GHSA-jf85-cpcp-j695", Severity.CRITICAL)]


def test_what_has_no_version_is_never_a_pass(place: Path, records: Path) -> None:
    outcome = audit(place, {"requirements.txt": "flask>=2\nattrs==1.0\n"}, records)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "flask" in str(outcome.result)


def test_an_ecosystem_without_records_is_never_a_pass(place: Path, records: Path) -> None:
    lock = {"lockfileVersion": 3, "packages": {"node_modules/lodash": {"version": "4.17.10"}}}
    outcome = audit(place, {"requirements.txt": "attrs==1.0\n", "package-lock.json": json.dumps(lock)}, records)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "1 package of npm" in str(outcome.result)


def test_no_data_is_unknown(place: Path, tmp_path: Path, records: Path) -> None:
    files = {"requirements.txt": "attrs==1.0\n"}
    assert verdict(audit(place, files, tmp_path / "nowhere")) is Verdict.UNKNOWN
    (tmp_path / "empty").mkdir()
    assert verdict(audit(place, files, tmp_path / "empty")) is Verdict.UNKNOWN
    assert verdict(audit(place, files, network=False)) is Verdict.UNKNOWN
    assert verdict(audit(place, files, records, max_data_age_days=30)) is Verdict.UNKNOWN


def test_no_dependencies_is_unknown(place: Path, records: Path) -> None:
    assert verdict(audit(place, {"a.py": "x = 1\n"}, records)) is Verdict.UNKNOWN


def test_broken_files_and_records_are_told_and_the_rest_goes_on(place: Path, records: Path) -> None:
    (records / "broken.json").write_text("{")
    (records / "deep.json").write_text("[" * 100_000)
    (records / "odd.json").write_text('{"id": "X-1", "affected": [3]}')
    outcome = audit(
        place,
        {
            "uv.lock": "[[package\n",
            "package-lock.json": '{"packages": []}',
            "evil/poetry.lock": '[[package]]\nname = "x\\n--index-url http://evil"\nversion = "1"\n',
            "requirements.txt": "re-quests==2.19.0\n",
        },
        records,
    )
    assert sorted((f.rule, f.path) for f in outcome.findings) == [
        ("GHSA-x84v-xcm2-53pg", "requirements.txt"),
        ("unparsable", "evil/poetry.lock"),
        ("unparsable", "package-lock.json"),
        ("unparsable", "uv.lock"),
    ]
    assert "3 records could not be read" in str(outcome.result)


def test_python_versions_are_ordered_by_pep_440() -> None:
    ordered = [
        "1.0.dev1",
        "1.0a1.dev1",
        "1.0a1",
        "1.0a2",
        "1.0b1",
        "1.0rc1",
        "1.0",
        "1.0+local.1",
        "1.0.post1.dev1",
        "1.0.post1",
        "1.0.1",
        "1.10",
        "1!0.1",
    ]
    keys = [key for version in ordered if (key := pep440_key(version)) is not None]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(ordered)
    assert pep440_key("1.0") == pep440_key("v1.0.0")
    assert pep440_key("1.0-1") == pep440_key("1.0.post1")
    assert pep440_key("not a version") is None


def test_npm_versions_are_ordered_by_semver() -> None:
    ordered = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1",
        "1.10.0",
    ]
    keys = [key for version in ordered if (key := semver_key(version)) is not None]
    assert keys == sorted(keys)
    assert semver_key("latest") is None


@pytest.mark.parametrize(
    ("version", "affected"),
    [("1.0", False), ("1.1", True), ("1.4.9", True), ("1.5", False), ("2.0", True), ("2.3", True), ("2.3.1", False)],
)
def test_ranges_with_several_spans(version: str, affected: bool) -> None:
    events = [{"introduced": "2.0"}, {"last_affected": "2.3"}, {"introduced": "1.1"}, {"fixed": "1.5"}]
    about = {"ranges": [{"type": "ECOSYSTEM", "events": events}]}
    assert is_affected(Package("PyPI", "x", version), about) is affected


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.0/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 1.8),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ("CVSS:4.0/AV:N", None),
    ],
)
def test_cvss_scores_are_those_of_first(vector: str, score: float | None) -> None:
    assert base_score(vector) == score


def test_jobs_are_proposed_for_what_is_there(place: Path) -> None:
    assert callboard_detect(Workspace(place)) == []
    (place / "a.txt").write_text("x")
    assert [job.name for job in callboard_detect(Workspace(place))] == ["security.secrets"]
    (place / "web").mkdir()
    (place / "web" / "package-lock.json").write_text("{}")
    (place / "a.py").write_text("x = 1\n")
    jobs = {job.name: job for job in callboard_detect(Workspace(place))}
    assert set(jobs) == {
        "security.secrets", "security.static", "security.dependencies", "security.sbom", "security.licences",
        "security.controls",
    }  # fmt: skip
    assert "web/package-lock.json" in jobs["security.sbom"].because


def record(name: str, **more: Any) -> str:
    spans = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}]
    about = {"package": {"ecosystem": "PyPI", "name": "thing"}, "ranges": spans}
    return json.dumps({"id": name, "modified": "2020-01-01T00:00:00Z", "affected": [about], **more})


def test_a_chain_of_aliases_is_one_vulnerability_with_every_fixed_version(place: Path, records: Path) -> None:
    (records / "1.json").write_text(record("PYSEC-1", aliases=["CVE-1"]))
    (records / "2.json").write_text(record("OTHER-1", aliases=["CVE-1", "CVE-2"]))
    (records / "3.json").write_text(record("GHSA-1", aliases=["CVE-2"], database_specific={"severity": "LOW"}))
    outcome = audit(place, {"requirements.txt": "thing==1.0\n"}, records)
    assert [(f.rule, str(f.severity)) for f in outcome.findings] == [("GHSA-1", "low")]
    assert "1 of 1 vulnerability with a fixed version" in str(outcome.result)
    assert outcome.result is not None
    assert outcome.result.outputs["fixable"] == 1


def test_a_withdrawn_record_is_none(place: Path, records: Path) -> None:
    (records / "1.json").write_text(record("GHSA-1", withdrawn="2021-01-01T00:00:00Z"))
    assert audit(place, {"requirements.txt": "thing==1.0\n"}, records).findings == ()


def test_a_listed_version_is_compared_as_pep_440_does(place: Path, records: Path) -> None:
    about = {"package": {"ecosystem": "PyPI", "name": "thing"}, "versions": ["1.0.0"], "ranges": [{"type": "GIT"}]}
    (records / "1.json").write_text(json.dumps({"id": "GHSA-1", "affected": [about]}))
    assert [f.rule for f in audit(place, {"requirements.txt": "thing==1.0\n"}, records).findings] == ["GHSA-1"]
    assert audit(place, {"requirements.txt": "thing==1.0.1\n"}, records).findings == ()


def test_a_version_without_order_is_never_a_pass(place: Path, records: Path) -> None:
    (records / "1.json").write_text(record("GHSA-1"))
    outcome = audit(place, {"requirements.txt": "thing===2019b-custom\nattrs==1.0\n"}, records)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "thing 2019b-custom" in str(outcome.result)


def test_the_age_is_that_of_the_ecosystem_that_lags_and_the_future_does_not_count(place: Path, records: Path) -> None:
    npm = {"package": {"ecosystem": "npm", "name": "x"}, "versions": ["1"]}
    (records / "n.json").write_text(
        json.dumps({"id": "GHSA-n", "modified": datetime.now(UTC).isoformat(), "affected": [npm]})
    )
    (records / "f.json").write_text(record("GHSA-f").replace("2020-01-01", "2999-01-01"))
    lock = {"lockfileVersion": 3, "packages": {"node_modules/lodash": {"version": "4.17.10"}}}
    files = {"requirements.txt": "attrs==1.0\n", "package-lock.json": json.dumps(lock)}
    both = audit(place, files, records)
    assert both.result is not None
    assert both.result.data_age_days is not None
    assert both.result.data_age_days > 300
    assert "what became known since is not among them" in both.result.summary
    (place / "requirements.txt").unlink()
    fresh = audit(place, {"package-lock.json": json.dumps(lock)}, records)
    assert fresh.result is not None
    assert fresh.result.data_age_days is not None
    assert fresh.result.data_age_days < 1


def test_the_section_tells_what_is_fixable_and_how_old_the_data_is(place: Path, records: Path) -> None:
    outcome = audit(place, {"requirements.txt": "re-quests==2.19.0\nflask\n"}, records)
    figures, words, table = outcome.sections()["vulnerabilities"]
    shown = {figure["label"]: figure["value"] for figure in figures["figures"]}
    assert (shown["Vulnerabilities"], shown["With a fixed version"]) == (1, 1)
    assert shown["Age of the data"] > 300
    assert "flask" in words["text"]
    assert table["rows"][0][3] == "2.20.0"
    assert outcome.metrics()["security.vulnerabilities"] == 1


RELEASES = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
PYTHON = st.builds(
    "".join,
    st.tuples(st.sampled_from(["", "1!"]), RELEASES, st.sampled_from(["", "a1", "b2", ".rc1", "-c3", "preview"]),
                       st.sampled_from(["", ".post1", "-2", "rev"]), st.sampled_from(["", ".dev0", "dev3"]),
                       st.sampled_from(["", "+a.1", "+1", "+abc"])),
)  # fmt: skip


@given(PYTHON, PYTHON)
def test_python_versions_are_ordered_as_packaging_orders_them(one: str, other: str) -> None:
    mine, theirs = pep440_key(one), pep440_key(other)
    assert mine is not None
    assert theirs is not None
    assert (mine < theirs, mine == theirs) == (Version(one) < Version(other), Version(one) == Version(other))


def test_without_a_way_to_the_registries_nothing_passes(place: Path) -> None:
    assert verdict(audit(place, {"requirements.txt": "attrs==1.0\n"}, timeout=1)) is not Verdict.PASS


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """A registry that knows packages and answers every question about advisories with none."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_mirror_without_advisories_is_no_data(place: Path, mirror: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", mirror)
    files = {
        "package.json": '{"name": "w", "version": "1.0.0", "dependencies": {"left-pad": "1.3.0"}}',
        "package-lock.json": json.dumps(
            {
                "name": "w", "version": "1.0.0", "lockfileVersion": 3,
                "packages": {
                    "": {"name": "w", "version": "1.0.0", "dependencies": {"left-pad": "1.3.0"}},
                    "node_modules/left-pad": {"version": "1.3.0"},
                },
            }
        ),
    }  # fmt: skip
    outcome = audit(place, files)
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "a mirror without advisories" in str(outcome.result)


def test_archives_of_records_are_read_and_one_that_breaks_off_is_no_pass(place: Path, tmp_path: Path) -> None:
    folder = tmp_path / "zips"
    folder.mkdir()
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("GHSA-1.json", record("GHSA-1"))
    assert [f.rule for f in audit(place, {"requirements.txt": "thing==1.0\n"}, folder).findings] == ["GHSA-1"]
    fine = audit(place, {"requirements.txt": "thing==2.0\n"}, folder)
    assert verdict(fine) is Verdict.PASS
    whole = (folder / "a.zip").read_bytes()
    (folder / "b.zip").write_bytes(whole[:60] + b"\0" * 20 + whole[80:])
    (folder / "c.zip").write_bytes(b"no archive")
    torn = audit(place, {}, folder)
    assert verdict(torn) is Verdict.UNKNOWN
    assert "2 archives" in str(torn.result)


def test_what_poetry_asks_for_in_groups_and_from_beside(place: Path, records: Path) -> None:
    text = '[tool.poetry.dependencies]\npython = "^3"\nmine = { path = "../mine" }\n'
    text += '[tool.poetry.group.dev.dependencies]\nnox = "*"\n'
    outcome = audit(place, {"pyproject.toml": text, "requirements.txt": "attrs==1.0\n"}, records)
    assert "1 package without an exact version in a lock or environment (nox)" in str(outcome.result)
