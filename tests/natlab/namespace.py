"""Linux network namespaces, used as hosts that share only the wires between them. Needs root."""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

_CLONE_NEWNET = 0x40000000
_ETC = Path("/etc/netns")

T = TypeVar("T")


def run(*command: str) -> str:
    """Run a command and return its output.

    :raises RuntimeError: with its standard error, if it fails.
    """
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """A host with its own interfaces, routes and firewall, and the processes started in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        run("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")

    @property
    def prefix(self) -> list[str]:
        """The arguments to put before a command to run it here."""
        return ["ip", "netns", "exec", self.name]

    def ip(self, *arguments: str) -> str:
        return run("ip", "-n", self.name, *arguments)

    def run(self, *command: str) -> str:
        return run(*self.prefix, *command)

    def nft(self, rules: str) -> None:
        """Load a ruleset, written as in /etc/nftables.conf."""
        subprocess.run([*self.prefix, "nft", "-f", "-"], input=rules, text=True, check=True)

    def forward(self) -> None:
        """Make the host a router."""
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def popen(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen([*self.prefix, *command], text=True, **options)

    def inside(self, work: Callable[[], T]) -> T:
        """Call ``work`` in this namespace. A socket that it opens and returns stays in it."""
        with ThreadPoolExecutor(1, initializer=enter, initargs=(self.name,)) as inside:
            return inside.submit(work).result()

    def connect(self, host: str, port: int) -> socket.socket:
        """Open a TCP connection from here.

        :raises OSError: if that fails or takes longer than three seconds.
        """
        return self.inside(lambda: socket.create_connection((host, port), timeout=3))

    def udp(self, address: str, port: int = 0) -> socket.socket:
        """Open a UDP socket here."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET

        def bound() -> socket.socket:
            opened = socket.socket(family, socket.SOCK_DGRAM)
            opened.bind((address, port))
            return opened

        return self.inside(bound)

    def etc(self, name: str, text: str) -> None:
        """Write the file that programs started here find as ``/etc/<name>`` (ip-netns(8))."""
        folder = _ETC / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    def wrapper(self, program: str, folder: Path, **environment: str | Path) -> Path:
        """Write a script that runs ``program`` here, for callers that take only a path."""
        script = folder / f"{Path(program).name}-in-{self.name}"
        settings = "".join(f"export {name}='{value}'\n" for name, value in environment.items())
        command = " ".join([*self.prefix, program])
        script.write_text(f'#!/bin/sh\n{settings}exec {command} "$@"\n')
        script.chmod(0o755)
        return script

    def delete(self) -> None:
        for pid in run("ip", "netns", "pids", self.name).split():
            with suppress_gone():
                os.kill(int(pid), 9)
        run("ip", "netns", "delete", self.name)
        shutil.rmtree(_ETC / self.name, ignore_errors=True)


@contextmanager
def suppress_gone() -> Iterator[None]:
    """Ignore that a process has ended by itself."""
    try:
        yield
    except ProcessLookupError:
        return


def enter(name: str) -> None:
    """Move this thread into a namespace. (Python has ``os.setns`` from 3.12 on.)"""
    if sys.platform != "linux":
        raise OSError("network namespaces are Linux's")
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/run/netns/{name}").open() as handle:
        if libc.setns(handle.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {name}")
