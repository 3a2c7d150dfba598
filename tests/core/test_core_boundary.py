"""What the team's own platform is spared, however it is spelled."""

import pytest

from callboard.core.boundary import Boundary, boundary_from
from callboard.errors import BoundaryError

B = Boundary()


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", "a/..", "..", "/etc/passwd", "a\\..\\..\\x", "..\\x", "/", "//x", "\\x/../y"],
)
def test_no_path_leads_out(path: str) -> None:
    with pytest.raises(BoundaryError) as refused:
        B.check_path(path)
    assert refused.value.rule == "workspace"


@pytest.mark.parametrize(
    "path",
    [".git", ".git/config", "./.git/config", ".//.git/hooks/x", ".GIT/config", ".git\\config", "sub/.git/config", "sub/.Git",
     ".env", ".ENV", "./.env", ".env.local", ".env/x", "backend/.env", "a/b/.Env.Production", ".env.example.local",
     ".env.local/.env.exam", "backend/.env/x", ".env.examples"],
)  # fmt: skip
def test_git_and_secrets_are_protected(path: str) -> None:
    with pytest.raises(BoundaryError):
        B.check_path(path)


@pytest.mark.parametrize(
    "path", ["a.py", "src/a.py", "./a", "a/./b", ".gitignore", ".github/ci.yml", ".environment", "env", "..a", "a..b/c"]
)
def test_other_paths_are_free(path: str) -> None:
    B.check_path(path)


@pytest.mark.parametrize("pattern", ["deploy/**", "deploy", "deploy/", "./deploy", "./deploy/**", "Deploy/**", "dep*"])
@pytest.mark.parametrize("path", ["deploy/prod.yml", "deploy/a/b", "./deploy/x", "DEPLOY/x", "deploy"])
def test_a_protected_folder_however_it_is_written(pattern: str, path: str) -> None:
    with pytest.raises(BoundaryError) as refused:
        Boundary(protected_paths=(pattern,)).check_path(path)
    assert refused.value.rule == "boundary.protected_paths"
    assert f"'{path}' is protected by '{pattern}'" in str(refused.value)


@pytest.mark.parametrize("kind", ["example", "sample", "template", "dist", "EXAMPLE"])
@pytest.mark.parametrize("folder", ["", "./", "backend/", "a/b/"])
def test_templates_of_settings_hold_no_values_and_are_free(folder: str, kind: str) -> None:
    B.check_path(f"{folder}.env.{kind}")
    B.check_path(f"{folder}.Env.{kind}")


def test_a_pattern_with_an_exclamation_mark_takes_out_and_the_last_one_that_fits_counts() -> None:
    boundary = Boundary(protected_paths=("deploy/**", "!deploy/docs/**", "deploy/docs/secret*"))
    boundary.check_path("Deploy/docs/a.md")
    for path, pattern in (("deploy/prod.yml", "deploy/**"), ("deploy/docs/Secrets.md", "deploy/docs/secret*")):
        with pytest.raises(BoundaryError, match=r"is protected by") as refused:
            boundary.check_path(path)
        assert f"'{pattern}'" in str(refused.value)
    with pytest.raises(BoundaryError, match="git's own folder"):
        Boundary(protected_paths=("!.git/**",)).check_path(".git/config")


def test_ports() -> None:
    B.check_bind(6771)
    for port in (5173, 6770):
        with pytest.raises(BoundaryError, match=f"port {port} belongs to the platform"):
            B.check_bind(port)


@pytest.mark.parametrize(
    "url",
    ["http://localhost/", "http://LOCALHOST:8000/x", "http://localhost./", "https://127.0.0.1:9", "http://127.8.9.1/", "http://[::1]:80/",
     "ws://localhost:1", "wss://a.localhost/", "http://user:pw@localhost/"],
)  # fmt: skip
def test_test_hosts_may_be_asked_anything(url: str) -> None:
    B.check_request("DELETE", url)


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "http://localhost@example.com/", "http://localhost.example.com/", "http://127.0.0.1.example.com/",
     "http://0.0.0.0/", "http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://%6cocalhost/", "http://[::ffff:8.8.8.8]/",
     "http://notlocalhost/", "http://10.0.0.1/", "http://ⓛocalhost/"],
)  # fmt: skip
def test_any_other_host_is_asked_nothing(url: str) -> None:
    for method in ("GET", "POST"):
        with pytest.raises(BoundaryError):
            B.check_request(method, url)


@pytest.mark.parametrize(
    "url",
    ["", "localhost", "//localhost/", "file:///etc/passwd", "ftp://localhost/", "http://", "http:///x", "http://localhost:99999/",
     "http://localhost:x/", "http://[::1", "http://[zz]/", "http://evil.com\\@localhost/", "http://localhost/\r\nHost: evil.com",
     "http://local\thost/", " http://localhost/", "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_never_raises_anything_else(url: str) -> None:
    with pytest.raises(BoundaryError) as refused:
        B.check_request("GET", url)
    assert refused.value.rule == "boundary.scheme"


@pytest.mark.parametrize("url", ["http://localhost:6770/", "http://127.0.0.1:5173/", "ws://[::1]:6770/"])
def test_the_platform_itself_is_asked_nothing_unless_reads_are_allowed(url: str) -> None:
    with pytest.raises(BoundaryError) as refused:
        B.check_request("GET", url)
    assert refused.value.rule == "boundary.live_reads"
    reads = Boundary(live_reads=True)
    reads.check_request("get", url)
    reads.check_request("HEAD", url)
    for method in ("POST", "DELETE", "OPTIONS", ""):
        with pytest.raises(BoundaryError) as refused:
            reads.check_request(method, url)
        assert refused.value.rule == "boundary.live_hosts"


def test_a_protected_port_on_any_test_host_is_the_platform() -> None:
    boundary = Boundary(test_hosts=("dev.local",))
    boundary.check_request("POST", "http://dev.local:8000/")
    with pytest.raises(BoundaryError, match="is live"):
        boundary.check_request("POST", "http://dev.local:6770/")


def test_a_live_host_stays_live_though_it_is_a_test_host_too() -> None:
    boundary = Boundary(live_hosts=("Shop.example",), live_reads=True, test_hosts=("shop.example",))
    boundary.check_request("GET", "https://shop.example/")
    with pytest.raises(BoundaryError, match="POST is not sent to it"):
        boundary.check_request("POST", "https://shop.example/")


def test_a_protected_port_on_a_host_that_is_not_listed_is_not_a_way_in() -> None:
    with pytest.raises(BoundaryError, match="not listed"):
        Boundary(live_reads=True).check_request("GET", "http://example.com:6770/")


def test_from_a_table() -> None:
    assert boundary_from({"protected_ports": [1], "live_reads": True}) == Boundary(
        protected_ports=(1,), live_reads=True
    )
    assert boundary_from({}) == Boundary()
