"""Where the program listens, and where it does not."""

import socket

import pytest

from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError, ConfigError, NotReachable
from callboard.guard.door import open_door


def test_the_usual_door_is_loopback_under_its_three_names() -> None:
    door = open_door("127.0.0.1", 0, Boundary())
    try:
        assert door.hosts == {f"{name}:{door.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        assert door.origins == {f"http://{host}" for host in door.hosts}
        assert door.url == f"http://127.0.0.1:{door.port}"
        assert {listening.getsockname()[0] for listening in door.sockets} <= {"127.0.0.1", "::1"}
    finally:
        door.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "10.0.0.1", "169.254.1.1", "8.8.8.8"])
def test_an_address_that_others_reach_is_refused_with_the_way_out(host: str) -> None:
    with pytest.raises(ConfigError, match="SSH tunnel"):
        open_door(host, 0, Boundary())


@pytest.mark.parametrize("host", ["", "example.org", "127.0.0.1.evil.example", "localhost.", "-"])
def test_a_name_is_not_looked_up(host: str) -> None:
    with pytest.raises(ConfigError, match="no address of this machine"):
        open_door(host, 0, Boundary())


@pytest.mark.parametrize("port", [5173, 6770])
def test_the_ports_of_the_platform_are_never_bound(port: int) -> None:
    with pytest.raises(BoundaryError) as caught:
        open_door("127.0.0.1", port, Boundary())
    assert caught.value.rule == "boundary.protected_ports"


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_taken_port_is_noticed_on_either_address(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as other:
        try:
            other.bind((address, 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        other.listen()
        with pytest.raises(NotReachable, match="is taken by another program"):
            open_door("127.0.0.1", other.getsockname()[1], Boundary())


def test_two_programs_never_share_a_port() -> None:
    door = open_door("127.0.0.1", 0, Boundary())
    try:
        with pytest.raises(NotReachable):
            open_door("127.0.0.1", door.port, Boundary())
    finally:
        door.close()


@pytest.mark.parametrize("port", [-1, 65_536, 10**9])
def test_no_port_is_a_clear_error(port: int) -> None:
    with pytest.raises(ConfigError, match="is no port"):
        open_door("127.0.0.1", port, Boundary())
