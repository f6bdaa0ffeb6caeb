"""The place of an attack: a server, its callers and a stranger, each in a network namespace.

::

    callers  203.0.113.51, .52, … ──┐
                                    ├── server  203.0.113.10
    stranger 203.0.113.201 ─────────┘

No packet leaves the machine. The addresses are those that RFC 5737 sets aside, so the server takes
the callers for people on the internet.
"""

import ctypes
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.natlab.namespace import Namespace, run

SERVER: Final = "203.0.113.10"
CALLERS: Final = tuple(f"203.0.113.{host}" for host in range(51, 101))
"""Each caller has a network of its own, as most callers have."""
STRANGER: Final = "203.0.113.201"

_CLONE_NEWNET = 0x40000000
_numbers = itertools.count()


def why_not() -> str:
    """Return why no stage can be made here; '' if one can."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    if not shutil.which("ip"):
        return "no ip (iproute2)"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True)
    return f"the kernel refuses: {tried.stderr.strip()}" if tried.returncode else ""


class Stage:
    """Three hosts at one switch. It stands from its creation until :meth:`close`."""

    def __init__(self) -> None:
        self._tag = f"a{os.getpid():x}-{next(_numbers):x}"
        self._namespaces: list[Namespace] = []
        try:
            self.server = self._add("s")
            # The switch is the server's own interface; its name is one that the bot takes
            # addresses from (bot/ice/addresses.py).
            self.server.ip("link", "add", "eth0", "type", "bridge")
            self.server.ip("addr", "add", f"{SERVER}/24", "dev", "eth0")
            self.server.ip("link", "set", "eth0", "up")
            self.callers = self._host("c", *CALLERS)
            self.stranger = self._host("x", STRANGER)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for namespace in self._namespaces:
            namespace.delete()
        self._namespaces.clear()

    def _add(self, name: str) -> Namespace:
        namespace = Namespace(f"{self._tag}{name}")
        self._namespaces.append(namespace)
        return namespace

    def _host(self, name: str, *addresses: str) -> Namespace:
        host = self._add(name)
        outside, inside = f"{self._tag}{name}", "eth0"
        run("ip", "-n", self.server.name, "link", "add", outside, "type", "veth",
            "peer", "name", inside, "netns", host.name)  # fmt: skip
        self.server.ip("link", "set", outside, "master", "eth0", "up")
        for address in addresses:
            host.ip("addr", "add", f"{address}/24", "dev", inside)
        host.ip("link", "set", inside, "up")
        return host


@contextmanager
def inside(namespace: Namespace) -> Iterator[None]:
    """Move this thread into a namespace for as long as the context lasts."""
    with Path("/proc/thread-self/ns/net").open() as home:
        with Path(f"/run/netns/{namespace.name}").open() as there:
            _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(descriptor: int) -> None:
    """Python has ``os.setns`` from 3.12 on."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "cannot enter the namespace")
