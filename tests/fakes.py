"""Fakes of the ports, named Fake and the port."""

from fake_desk import FakeDesk as FakeDesk
