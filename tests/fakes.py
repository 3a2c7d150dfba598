"""Fakes of the ports, named Fake and the port."""

from fake_desk import FakeDesk as FakeDesk
from fake_ports import Crash as Crash
from fake_ports import FakeClock as FakeClock
from fake_ports import FakeLauncher as FakeLauncher
from fake_ports import FakeLog as FakeLog
from fake_ports import FakeMeter as FakeMeter
from fake_ports import FakeResolver as FakeResolver
