"""Reverse proxies in front of a server, set up as `deploy/` does."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.certificates import authority
from tests.ports import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"


class Ports(NamedTuple):
    """Where a proxy listens."""

    http: int
    https: int


MakeCommand = Callable[[Path, Ports, str, Path, Path], list[str]]


@contextmanager
def running(make_command: MakeCommand, folder: Path, ports: Ports, upstream: str) -> Iterator[Path]:
    """Run a proxy on localhost.

    :param make_command: :func:`caddy` or :func:`nginx`.
    :param folder: where it keeps its files.
    :param upstream: the server's URL.
    :returns: the path of the authority that it is certified by (PEM).
    """
    trusted, certificate, key = authority(folder, "localhost")
    command = make_command(folder, ports, upstream.split("/")[2], certificate, key)
    # Caddy keeps its data in HOME.
    process = subprocess.Popen(command, env={**os.environ, "HOME": str(folder)})
    deadline = time.monotonic() + 20
    while not all(map(_listens, ports)):
        assert process.poll() is None and time.monotonic() < deadline, "the proxy did not start"
        time.sleep(0.05)
    try:
        yield trusted
    finally:
        process.terminate()
        process.wait(10)


def free_ports() -> Ports:
    return Ports(free_port(), free_port())


def caddy(folder: Path, ports: Ports, upstream: str, certificate: Path, key: Path) -> list[str]:
    """The command that runs Caddy."""
    address = f"https://localhost:{ports.https}"
    site = _replaced(
        DEPLOY / "caddy/Caddyfile",
        ("demo.example.com {", f"{address} {{\n\ttls {certificate} {key}"),
        ("127.0.0.1:8000", upstream),
    )
    options = f"{{\n\tadmin off\n\thttp_port {ports.http}\n}}\n"
    (folder / "Caddyfile").write_text(options + site)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def nginx(folder: Path, ports: Ports, upstream: str, certificate: Path, key: Path) -> list[str]:
    """The command that runs nginx."""
    site = _replaced(
        DEPLOY / "nginx/voicedemo.conf",
        ("listen 80;", f"listen {ports.http};"),
        ("listen [::]:80;", f"listen [::]:{ports.http};"),
        ("443", str(ports.https)),
        ("https://demo.example.com", f"https://localhost:{ports.https}"),
        ("demo.example.com", "localhost"),
        ("/etc/ssl/demo.pem", str(certificate)),
        ("/etc/ssl/demo.key", str(key)),
        ("127.0.0.1:8000", upstream),
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\ndaemon off;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{site}}}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _replaced(path: Path, *pairs: tuple[str, str]) -> str:
    """A file of ours, with what its reader shall replace."""
    text = path.read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
