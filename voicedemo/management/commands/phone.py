from io import StringIO
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, socket
from typing import Any

import segno
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from pages.phone import certificate

SOMEWHERE = ("192.0.2.1", 9)
"""A documentation address (RFC 5737). Nothing is sent there; the kernel only picks our address."""


class Command(BaseCommand):
    help = "Serve over HTTPS to the phones in this network, and say how to open the page there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--tls-port", type=int, default=8443)
        parser.add_argument("--address", default="", help="this machine's, if it has several")

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
        call_command(
            "serve",
            bind="0.0.0.0",
            port=port,
            tls_port=tls_port,
            certificate=files.certificate,
            key=files.key,
            announce=_steps(f"http://{address}:{port}{reverse('phone')}", port, tls_port, files),
        )


def _steps(url: str, port: int, tls_port: int, files: certificate.Certificate) -> str:
    code = StringIO()
    segno.make(url, error="l").terminal(out=code, compact=True, border=2)
    # The certificate is fetched over plain HTTP, where others in this Wi-Fi could replace it.
    return f"""
  In the same Wi-Fi, scan this with the phone's camera:

{code.getvalue()}
  or open {url} there. The page says what to do next.
  An iPhone shows the certificate under More Details; its SHA-256 must be
  {files.fingerprint}
  Nothing opens? Let TCP {port} and {tls_port}, and all UDP, through this machine's firewall;
  a guest Wi-Fi may keep its guests apart.

"""


def _own_address() -> str:
    with socket(AF_INET, SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE)
        except OSError as exc:
            raise CommandError(
                "this machine has no network: connect it, or give --address"
            ) from exc
        return str(probe.getsockname()[0])
