import asyncio
import os
from pathlib import Path
from typing import Any

from channels.layers import get_channel_layer
from channels.routing import get_default_application
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string
from twisted.internet.endpoints import quoteStringArgument

from bot.config import BotConfig
from bot.ice.endpoints import IceConfig
from bot.ice.gather import StunServer
from bot.worker import Worker
from signaling.dispatch import EMBEDDED_BOT
from voicedemo import door, upkeep
from voicedemo.claim import Claim
from voicedemo.shutdown import OrderlyServer, deferred, reactor, stop_on_signals

BACKLOG = 1024


class Command(BaseCommand):
    help = "Serve pages and sockets, with the bot in the same process."
    # `manage.py phone` sets the text to print once the server runs.
    stealth_options = ("announce",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--bind", default=settings.VOICEDEMO_BIND)
        tls = parser.add_argument_group("HTTPS as well, if no proxy provides it")
        tls.add_argument("--tls-port", type=int, default=8443)
        tls.add_argument("--certificate", type=Path, help="PEM; with --key")
        tls.add_argument("--key", type=Path, help="PEM")

    def handle(
        self,
        *args: Any,
        port: int,
        bind: str,
        tls_port: int,
        certificate: Path | None,
        key: Path | None,
        announce: str = "",
        **options: Any,
    ) -> None:
        worker = _embedded_worker()
        endpoints = [_endpoint(bind, port)]
        if bool(certificate) is not bool(key):
            raise CommandError("--certificate and --key are needed together: give both, or neither")
        if certificate and key:
            endpoints.append(_tls_endpoint(tls_port, certificate, key))
        door.install()
        server = _Server(
            get_default_application(),
            endpoints=endpoints,
            server_name="voicedemo",
            signal_handlers=False,
            websocket_max_message_size=door.MAX_FRAME_BYTES,
            websocket_max_frame_size=door.MAX_FRAME_BYTES,
            ready_callable=lambda: reactor.callWhenRunning(start),
        )

        def start() -> None:
            deferred(self._start(worker, server.url, announce)).addErrback(self._cannot_start)

        server.run()
        if server.refused is not None:
            taken = server.refused_port or port
            another = f"PORT={port + 1}" if taken == port else f"--tls-port={taken + 1}"
            raise CommandError(
                f"Port {taken} on {bind} cannot be used ({_reason(server.refused)}). "
                f"Try another one: {another}"
            )

    async def _start(self, worker: Worker, url: str, announce: str) -> None:
        stop_on_signals(worker)
        await worker.start(self._claim(Path(settings.VAR_DIR)).predecessor)
        self._upkeep = asyncio.ensure_future(upkeep.prune_hourly())
        self.stdout.write(announce or f"\n  Open {url} and tap the button.\n\n")
        self.stdout.flush()

    def _claim(self, folder: Path) -> Claim:
        self._claimed = Claim(folder, EMBEDDED_BOT)
        if not self._claimed.is_first:
            self.stderr.write(
                f"Another server uses {folder}: its calls count towards VOICEDEMO_MAX_CALLS too."
            )
        return self._claimed

    def _cannot_start(self, failure: Any) -> None:
        self.stderr.write(f"The bot cannot start, so the server stops:\n{failure.getTraceback()}")
        reactor.stop()


class _Server(OrderlyServer):
    """A server that knows its URL, or why a port could not be opened."""

    refused: Exception | None = None
    refused_port: int | None = None

    @property
    def url(self) -> str:
        host, port = self.listening_addresses[0]
        # Without HTTPS browsers allow the microphone on localhost only
        # (docs/browsers.md#secure-context).
        if host in ("0.0.0.0", "::", "127.0.0.1", "::1"):
            host = "localhost"
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def listen_error(self, failure: Any) -> None:
        self.refused = getattr(failure.value, "socketError", failure.value)
        self.refused_port = getattr(failure.value, "port", None)
        self.stop()


def _reason(exc: Exception) -> str:
    errno = getattr(exc, "errno", None)
    return os.strerror(errno) if errno and errno > 0 else str(exc)


def _endpoint(bind: str, port: int) -> str:
    """An endpoint for Twisted. ``::`` means both IP versions unless ``bindv6only`` is set."""
    family = "tcp6" if ":" in bind else "tcp"
    return f"{family}:{port}:interface={quoteStringArgument(bind)}:backlog={BACKLOG}"


def _tls_endpoint(port: int, certificate: Path, key: Path) -> str:
    """An endpoint for Twisted, which serves TLS over IPv4 only."""
    files = f"certKey={quoteStringArgument(str(certificate))}"
    files += f":privateKey={quoteStringArgument(str(key))}"
    return f"ssl:{port}:{files}:interface=0.0.0.0:backlog={BACKLOG}"


def _embedded_worker() -> Worker:
    config = BotConfig(
        heartbeat_s=settings.VOICEDEMO_HEARTBEAT_S,
        liveness_s=settings.VOICEDEMO_LIVENESS_S,
        max_call_s=settings.VOICEDEMO_MAX_CALL_S,
        greeting=settings.VOICEDEMO_GREETING,
        speech_folder=Path(settings.VAR_DIR) / "speech",
        ice=_ice_config(),
        make_bot=import_string(settings.VOICEDEMO_BOT) if settings.VOICEDEMO_BOT else None,
    )
    return Worker(get_channel_layer(), EMBEDDED_BOT, config)


def _ice_config() -> IceConfig:
    return IceConfig(
        port=settings.VOICEDEMO_MEDIA_PORT,
        public_ips=tuple(settings.VOICEDEMO_PUBLIC_IPS),
        one_each=settings.VOICEDEMO_PORT_PER_CALL,
        controlling=settings.VOICEDEMO_ICE_ROLE == "controlling",
        stun_servers=tuple(map(StunServer.parse, settings.VOICEDEMO_STUN_URLS)),
    )
