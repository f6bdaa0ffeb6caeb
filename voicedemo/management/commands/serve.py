import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from channels.routing import get_default_application
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from twisted.internet.endpoints import quoteStringArgument

from bot.worker import Worker
from calls import leases
from fleet.lease import new_channel
from signaling.watch import watch
from voicedemo import door, upkeep
from voicedemo.bot_worker import make_worker
from voicedemo.claim import Claim
from voicedemo.refusals import SERVER_NAME
from voicedemo.shutdown import (
    Bots,
    OrderlyServer,
    deferred,
    reactor,
    stop_on_signals,
    stop_reactor,
)
from voicedemo.supervisor import Supervisor

BACKLOG = 1024


class Command(BaseCommand):
    help = "Serve pages and sockets, with the bot in the same process unless told otherwise."
    # `manage.py phone` sets the text to print once the server runs.
    stealth_options = ("announce",)
    _leaves_workers = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--bind", default=settings.VOICEDEMO_BIND)
        bots = parser.add_mutually_exclusive_group()
        bots.add_argument(
            "--workers", type=int, default=0, help="run so many bot workers beside it (REDIS_URL)"
        )
        bots.add_argument(
            "--no-bot", action="store_true", help="`manage.py runbot` runs the bots (REDIS_URL)"
        )
        tls = parser.add_argument_group("HTTPS as well, if no proxy provides it")
        tls.add_argument("--tls-port", type=int, default=8443)
        tls.add_argument("--certificate", type=Path, help="PEM; with --key")
        tls.add_argument("--key", type=Path, help="PEM")

    def handle(
        self,
        *args: Any,
        port: int,
        bind: str,
        workers: int,
        no_bot: bool,
        tls_port: int,
        certificate: Path | None,
        key: Path | None,
        announce: str = "",
        **options: Any,
    ) -> None:
        bots = _bots(workers, is_without=no_bot)
        endpoints = [_endpoint(bind, port)]
        if bool(certificate) is not bool(key):
            raise CommandError("--certificate and --key are needed together: give both, or neither")
        if certificate and key:
            endpoints.append(_tls_endpoint(tls_port, certificate, key))
        door.install()
        server = _Server(
            get_default_application(),
            endpoints=endpoints,
            server_name=SERVER_NAME,
            signal_handlers=False,
            websocket_max_message_size=door.MAX_FRAME_BYTES,
            websocket_max_frame_size=door.MAX_FRAME_BYTES,
            ready_callable=lambda: reactor.callWhenRunning(start),
        )

        def start() -> None:
            deferred(self._start(bots, server.url, announce)).addErrback(self._cannot_start)

        server.run()
        if self._leaves_workers:
            os._exit(0)  # asyncio would kill its subprocesses on the way out
        if server.refused is not None:
            taken = server.refused_port or port
            another = f"PORT={port + 1}" if taken == port else f"--tls-port={taken + 1}"
            raise CommandError(
                f"Port {taken} on {bind} cannot be used ({_reason(server.refused)}). "
                f"Try another one: {another}"
            )

    def _leave_workers(self) -> None:
        """End, and leave the workers and their calls to the next process with pages."""
        self._leaves_workers = True
        stop_reactor()

    async def _start(self, bots: Bots | None, url: str, announce: str) -> None:
        stop_on_signals(bots)
        if isinstance(bots, Supervisor):
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR1, self._leave_workers)
        await self._claim(Path(settings.VAR_DIR), bots.inbox if isinstance(bots, Worker) else "")
        if bots is not None:
            await bots.start()
        self._beside = [asyncio.ensure_future(upkeep.prune_hourly())]
        self._beside.append(asyncio.ensure_future(watch.run()))
        self.stdout.write(announce or f"\n  Open {url} and tap the button.\n\n")
        self.stdout.flush()

    async def _claim(self, folder: Path, channel: str) -> None:
        """Find out who else has the folder, or had it.

        :param channel: of the bot in this process; '' if there is none.
        """
        self._claimed = Claim(folder, "serving")
        if not self._claimed.is_mine:
            if not settings.REDIS_URL:
                told = "its calls count towards VOICEDEMO_MAX_CALLS too."
                self.stderr.write(f"Another server uses {folder}: {told}")
            return
        # The folder's last server is dead, however it ended.
        if predecessor := self._claimed.exchange(channel):
            await sync_to_async(leases.give_back_lines_of)(predecessor)

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


def _bots(workers: int, *, is_without: bool) -> Bots | None:
    """The bots that this process runs.

    :raises CommandError: if they would be in other processes, and nothing leads there.
    """
    if (workers or is_without) and not settings.REDIS_URL:
        raise CommandError(
            "Pages and workers in several processes meet in Redis: set REDIS_URL. Without Redis, "
            "`manage.py serve` runs the bot in the same process as the pages."
        )
    if is_without:
        return None
    return Supervisor(workers) if workers else make_worker(new_channel("embedded"))


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
