"""The servers that are compared, and how each is installed, started and called.

Each server in Python has its own virtual environment, made from ``servers/*.txt`` at first use.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.e2e.server import Server
from tests.environments import python_of
from tests.ports import free_port

HERE: Final = Path(__file__).parent
SERVER_CORE: Final = ("taskset", "--cpu-list", "0")
START_S: Final = 60.0
UNUSED: Final = ("websockets", "pfunix", "rabbitmq", "mqtt", "nanomsg")
"""Transports of Janus that are switched off."""


@dataclass(frozen=True)
class Running:
    signalling: str
    url: str
    pid: int
    voice: str | None = None
    says_nothing: bool = False


class Product(Protocol):
    @property
    def name(self) -> str: ...

    def why_not(self) -> str:
        """Why the product cannot run on this machine; '' if it can."""
        ...

    def start(self, folder: Path) -> AbstractContextManager[Running]: ...


@dataclass(frozen=True)
class VoiceDemo:
    """This product, as ``make demo`` runs it."""

    name: str = "voicedemo"
    bot: str = ""
    """A bot to plug in (``VOICEDEMO_BOT``); '' for the echo, which forwards packets."""
    says_nothing: bool = False

    def why_not(self) -> str:
        return ""

    @contextmanager
    def start(self, folder: Path) -> Iterator[Running]:
        server = Server.start(
            folder,
            prefix=SERVER_CORE,
            VOICEDEMO_BIND="127.0.0.1",
            VOICEDEMO_MAX_CALLS="10000",
            VOICEDEMO_PROXIES="1",
            VOICEDEMO_STUN_URLS="",
            VOICEDEMO_LOG_LEVEL="WARNING",
            VOICEDEMO_BOT=self.bot,
        )
        try:
            voice = "bot" if self.bot else "echo"
            pid = server.process.pid
            yield Running("voicedemo", server.url, pid, voice, self.says_nothing)
        finally:
            server.stop()


@dataclass(frozen=True)
class Script:
    """A server script run by the Python of its own environment.

    :param path: the URL path that takes offers.
    """

    name: str
    script: str
    requirements: str
    path: str

    def why_not(self) -> str:
        return ""

    @contextmanager
    def start(self, folder: Path) -> Iterator[Running]:
        requirements = HERE / "servers" / self.requirements
        python = python_of(f"bench-{requirements.stem}", requirements)
        port = free_port()
        with (folder / f"{self.script}.log").open("wb") as log:
            process = subprocess.Popen(
                [*SERVER_CORE, python, HERE / "servers" / self.script, str(port)],
                stdout=log,
                stderr=log,
                cwd=folder,
            )
            try:
                _wait_for(port, process, Path(log.name))
                yield Running("http", f"http://127.0.0.1:{port}{self.path}", process.pid)
            finally:
                _end(process)


@dataclass(frozen=True)
class JanusEcho:
    """Janus' echo test plugin, from Debian's package."""

    name: str = "Janus echotest (C)"

    def why_not(self) -> str:
        return "" if shutil.which("janus") else "install janus (Debian: apt-get install janus)"

    @contextmanager
    def start(self, folder: Path) -> Iterator[Running]:
        port = free_port()
        config = _janus_config(folder, port)
        with (folder / "janus.log").open("wb") as log:
            process = subprocess.Popen(
                [*SERVER_CORE, "janus", f"--configs-folder={config}"],
                stdout=log,
                stderr=log,
                cwd=folder,
            )
            try:
                _wait_for(port, process, Path(log.name))
                yield Running("janus", f"http://127.0.0.1:{port}/janus", process.pid)
            finally:
                _end(process)


def _janus_config(folder: Path, port: int) -> Path:
    config = folder / "janus"
    config.mkdir()
    (config / "janus.jcfg").write_text(
        "general: { debug_level = 2 }\n"
        'media: { rtp_port_range = "20000-40000" }\n'
        f'transports: {{ disable = "{",".join(f"libjanus_{name}.so" for name in UNUSED)}" }}\n'
    )
    (config / "janus.transport.http.jcfg").write_text(
        f'general: {{ http = true, port = {port}, ip = "127.0.0.1", https = false }}\n'
        "admin: { admin_http = false }\n"
    )
    return config


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(8)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


OURS: Final = VoiceDemo()
TRANSCODING: Final = VoiceDemo(
    "voicedemo, a bot that decodes and encodes", "examples.repeater.Repeater"
)
LISTENING: Final = VoiceDemo(
    "voicedemo, a bot that only listens", "examples.listener.Listener", says_nothing=True
)
BARE: Final = Script("bare aiortc", "bare.py", "bare.txt", "/offer")
FASTRTC: Final = Script("FastRTC", "fastrtc_echo.py", "fastrtc.txt", "/webrtc/offer")
PIPECAT: Final = Script("Pipecat SmallWebRTC", "pipecat_echo.py", "pipecat.txt", "/api/offer")
JANUS: Final = JanusEcho()
