"""A network of its own for a builder, which can be cut: a namespace and a pair of devices.

Logins over http are allowed for loopback addresses only, so the builder reaches loopback addresses
of this host through the cable: it has none of its own, and both ends of the cable let such
addresses pass (`route_localnet`, docs.kernel.org/networking/ip-sysctl.html). Needs root and `ip`
(iproute2).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Network:
    """The builder's host is `name`, and reaches ours at 127.0.0.1 and at `address`."""

    name: str
    device: str  # our end of the cable
    address: str  # a loopback address that no other network uses

    @property
    def program(self) -> str:
        """Python that moves its process into the namespace (setns(2); 0x40000000: CLONE_NEWNET)."""
        return (
            "import ctypes, os\n"
            f"_space = os.open('/run/netns/{self.name}', os.O_RDONLY)\n"
            "if ctypes.CDLL(None, use_errno=True).setns(_space, 0x40000000):\n"
            "    raise OSError(ctypes.get_errno(), 'setns')\n"
            "os.close(_space)\n"
        )

    def cut(self) -> None:
        """Nothing comes through in either direction, and nobody gets an error."""
        _ip("link", "set", self.device, "down")

    def heal(self) -> None:
        """The cable is plugged in again."""
        _ip("link", "set", self.device, "up")


def can_be_cut() -> bool:
    """Whether this machine allows such a network."""
    return os.geteuid() == 0 and shutil.which("ip") is not None


@contextmanager
def network() -> Iterator[Network]:
    """A network for the time of the block; one for each process."""
    number = os.getpid()
    name, device = f"builder{number}", f"bld{number}"
    subnet = f"10.{200 + (number >> 14) % 50}.{(number >> 6) % 256}"
    ours, theirs = (f"{subnet}.{number % 64 * 4 + host}" for host in (1, 2))
    made = Network(name, device, f"127.{ours.partition('.')[2]}")
    _ip("netns", "add", name)
    try:
        _ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("addr", "add", f"{ours}/30", "dev", device)
        _ip("link", "set", device, "up")
        _ip("-n", name, "addr", "add", f"{theirs}/30", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _run("sysctl", "-qw", f"net.ipv4.conf.{device}.route_localnet=1")
        _ip("netns", "exec", name, "sysctl", "-qw", "net.ipv4.conf.eth0.route_localnet=1")
        for loopback in ("127.0.0.1", made.address):
            _ip("-n", name, "route", "add", loopback, "via", ours, "src", theirs)
        yield made
    finally:
        _ip("netns", "del", name)


def _ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
