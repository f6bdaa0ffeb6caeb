from io import StringIO
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, socket
from typing import Any

import segno
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from signaling import certificate

SOMEWHERE = ("192.0.2.1", 9)
"""Nothing is sent there (RFC 5737): the kernel only says which of our addresses it would use."""


class Command(BaseCommand):
    help = "Serve to the phones in this network, over HTTPS, and say how to open it there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--tls-port", type=int, default=8443)
        parser.add_argument("--address", default="", help="this machine's, where it has several")

    def handle(self, *args: Any, port: int, tls_port: int, address: str, **options: Any) -> None:
        address = address or _own_address()
        if ":" in address:
            raise CommandError(
                "--address takes an IPv4 address or a name: HTTPS is served over IPv4"
            )
        files = certificate.issue(Path(settings.VAR_DIR) / "phone", address)
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, address]
        settings.PHONE_AUTHORITY = files.authority
        settings.PHONE_URL = f"https://{address}:{tls_port}/"
        steps = f"http://{address}:{port}{reverse('phone')}"
        self.stdout.write("\n  In the same Wi-Fi, scan this with the phone's camera:\n")
        code = StringIO()
        segno.make(steps, error="l").terminal(out=code, compact=True, border=2)
        self.stdout.write(code.getvalue())
        self.stdout.write(f"\n  or open {steps}")
        # It goes to the phone over plain HTTP: somebody else in this Wi-Fi could put in his own.
        self.stdout.write(f"  An iPhone shows the certificate's SHA-256: {files.fingerprint}")
        self.stdout.write(
            f"  Nothing opens? Let TCP {port} and {tls_port}, and all UDP, through this machine's"
            " firewall; a guest Wi-Fi may keep its guests apart.\n"
        )
        call_command(
            "serve",
            bind="0.0.0.0",
            port=port,
            tls_port=tls_port,
            certificate=files.certificate,
            key=files.key,
        )


def _own_address() -> str:
    with socket(AF_INET, SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE)
        except OSError as exc:
            raise CommandError("this machine is in no network; or say --address") from exc
        return str(probe.getsockname()[0])
