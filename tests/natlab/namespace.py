"""Linux network namespaces: hosts that share nothing but the wires between them. Needs root."""

import ctypes
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_CLONE_NEWNET = 0x40000000


def run(*command: str) -> str:
    """:raises RuntimeError: with what the command had to say, where it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Namespace:
    """A host of its own: interfaces, routes, firewall, and the processes started in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        run("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")

    @property
    def prefix(self) -> list[str]:
        """What to put before a command to run it here."""
        return ["ip", "netns", "exec", self.name]

    def ip(self, *arguments: str) -> str:
        return run("ip", "-n", self.name, *arguments)

    def run(self, *command: str) -> str:
        return run(*self.prefix, *command)

    def nft(self, rules: str) -> None:
        """Load a ruleset, written as in /etc/nftables.conf."""
        subprocess.run([*self.prefix, "nft", "-f", "-"], input=rules, text=True, check=True)

    def forward(self) -> None:
        """Be a router."""
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def popen(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen([*self.prefix, *command], text=True, **options)

    def connect(self, host: str, port: int) -> socket.socket:
        """A TCP connection made from here. Its socket stays in this namespace."""
        with ThreadPoolExecutor(1, initializer=enter, initargs=(self.name,)) as inside:
            return inside.submit(socket.create_connection, (host, port)).result()

    def wrapper(self, program: str, folder: Path) -> Path:
        """A script that runs ``program`` here, for those who can only be given a path."""
        script = folder / f"{Path(program).name}-in-{self.name}"
        script.write_text(f'#!/bin/sh\nexec {" ".join(self.prefix)} {program} "$@"\n')
        script.chmod(0o755)
        return script

    def delete(self) -> None:
        for pid in run("ip", "netns", "pids", self.name).split():
            with suppress_gone():
                os.kill(int(pid), 9)
        run("ip", "netns", "delete", self.name)


@contextmanager
def suppress_gone() -> Iterator[None]:
    """A process may end by itself first."""
    try:
        yield
    except ProcessLookupError:
        return


def enter(name: str) -> None:
    """Move this thread into a namespace (setns, which Python has from 3.12)."""
    if sys.platform != "linux":
        raise OSError("network namespaces are Linux's")
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/run/netns/{name}").open() as handle:
        if libc.setns(handle.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {name}")
