"""The live platform is the live platform however its address is spelled, and whatever a name leads to."""

import pytest

from callboard.core.boundary import Boundary
from callboard.core.boundary_hosts import host_of
from callboard.errors import BoundaryError, CallboardError
from callboard.work.sparing.reach import check_reached

LIVE = Boundary(
    live_hosts=("shop.example", "10.9.8.7", "*.live.example", "müller.example"), test_hosts=("localhost", "dev.test")
)
HERE = [
    "http://localhost:6770/", "http://LOCALHOST.:6770/", "http://127.0.0.1:6770/", "http://127.1:6770/", "http://2130706433:6770/",
    "http://0x7f000001:6770/", "http://0x7f.0.0.1:6770/", "http://0177.0.0.1:6770/", "http://017700000001:6770/",
    "http://[::1]:6770/", "http://[::ffff:127.0.0.1]:6770/", "http://[::ffff:7f00:1]:6770/", "http://[::127.0.0.1]:6770/",
    "http://[64:ff9b::7f00:1]:6770/", "http://[0:0:0:0:0:0:0:1]:6770/", "http://0.0.0.0:6770/", "http://0:6770/",
    "http://[::]:6770/",
    "http://a.localhost:6770/", "http://127.8.9.1:5173/", "ws://localhost:5173/hmr", "http://test@localhost:6770/",
    "http://dev.test:6770/", "http://localhost:06770/", "http://ｌocalhost:6770/", "http://①②⑦.0.0.1:6770/",
]  # fmt: skip


def refused(boundary: Boundary, method: str, url: str) -> str:
    """The rule, '' when it is allowed."""
    try:
        boundary.check_request(method, url)
    except BoundaryError as error:
        return error.rule
    return ""


@pytest.mark.parametrize("url", HERE)
def test_the_platform_on_this_machine(url: str) -> None:
    assert refused(LIVE, "GET", url) == "boundary.live_reads"
    assert LIVE.is_live(url)
    assert (
        refused(Boundary(live_reads=True, test_hosts=("localhost", "dev.test")), "POST", url) == "boundary.live_hosts"
    )


@pytest.mark.parametrize(
    "url",
    ["https://shop.example/", "https://SHOP.example./x", "http://test@shop.example/", "http://localhost@shop.example/",
     "http://10.9.8.7/", "http://168364039/", "http://0x0a090807/", "http://[::ffff:10.9.8.7]/", "https://api.live.example/",
     "https://xn--mller-kva.example/", "https://müller.example/", "https://MÜLLER.example/", "wss://shop.example/feed",
     "https://shop。example/"],
)  # fmt: skip
def test_live_hosts_however_they_are_spelled(url: str) -> None:
    assert refused(LIVE, "GET", url) == "boundary.live_reads"
    assert refused(LIVE, "POST", url) == "boundary.live_reads"


@pytest.mark.parametrize(
    "url",
    ["http://localhost.localdomain/", "http://127.0.0.1.nip.io/", "http://localtest.me/", "http://127.1:8000/",
    "http://2130706433/",
     "http://[::ffff:127.0.0.1]:8000/", "http://[::1%25lo]:8000/", "http://localhost%00.evil/", "http://live.example.evil/"],
)  # fmt: skip
def test_what_is_no_test_host_by_its_plain_name_is_asked_nothing(url: str) -> None:
    assert refused(LIVE, "GET", url) in ("boundary.test_hosts", "boundary.scheme")


@pytest.mark.parametrize(
    "url", ["http://localhost:six/", "http://localhost:-1/", "http://localhost:6770x/", "http://localhost:99999/"]
)
def test_a_port_that_is_none(url: str) -> None:
    assert refused(LIVE, "GET", url) == "boundary.scheme"


def test_what_a_name_leads_to_counts() -> None:
    places = {"dev.test": ("10.0.0.5",), "shop.example": ("10.0.0.9",), "localhost": ("127.0.0.1", "::1")}

    def resolve(host: str) -> tuple[str, ...]:
        return places.get(host, ())

    assert check_reached(LIVE, "POST", "http://dev.test/", resolve) == ("10.0.0.5",)
    assert check_reached(LIVE, "POST", "http://localhost:8000/", resolve) == ("127.0.0.1", "::1")
    places["dev.test"] = ("10.0.0.9",)
    with pytest.raises(BoundaryError, match=r"leads to 10.0.0.9:80 and is live"):
        check_reached(LIVE, "POST", "http://dev.test/", resolve)
    places["dev.test"] = ("10.0.0.5", "::ffff:10.0.0.9")
    with pytest.raises(BoundaryError) as told:
        check_reached(LIVE, "GET", "http://dev.test/", resolve)
    assert told.value.rule == "boundary.live_reads"
    places["localhost"] = ("10.0.0.5",)
    with pytest.raises(BoundaryError, match="not this machine"):
        check_reached(LIVE, "GET", "http://localhost:8000/", resolve)
    places["dev.test"] = ()
    with pytest.raises(CallboardError, match=r"dev\.test is not found"):
        check_reached(LIVE, "GET", "http://dev.test/", resolve)


def test_an_odd_spelling_is_told_by_its_plain_one() -> None:
    assert [host_of(text).name for text in ("127.1", "0x7F.1", "::FFFF:10.0.0.1", "Shop.Example.", "fe80::1%eth0")] == [
        "127.0.0.1", "127.0.0.1", "10.0.0.1", "shop.example", "fe80::1",
    ]  # fmt: skip
    with pytest.raises(BoundaryError, match=r"127\.1 is an odd spelling of 127\.0\.0\.1; write that"):
        Boundary().check_request("GET", "http://127.1:8000/")
