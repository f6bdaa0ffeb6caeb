"""An HTTPS server on loopback that stands in for a provider's web service."""

import json
import ssl
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

HERE = "127.0.0.1"


class Vendor:
    """A server that gives prepared answers and keeps the requests."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.hangs = threading.Event()
        self.hangs.set()
        self.tls = ssl.create_default_context(cafile=certificate)
        self._server = ThreadingHTTPServer((HERE, 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.api = f"https://{HERE}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def answer(self, body: Any, status: int = 200, **headers: str) -> None:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, headers, text))

    def close(self) -> None:
        self.hangs.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def _reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                url = urlsplit(self.path)
                vendor.asked.append(
                    {
                        "method": self.command,
                        "path": url.path,
                        "query": parse_qs(url.query),
                        "authorization": self.headers.get("Authorization"),
                        "type": self.headers.get("Content-Type"),
                        "body": body.decode(),
                    }
                )
                vendor.hangs.wait(10)
                status, headers, text = vendor.answers.pop(0)
                self.send_response_only(status)
                self.send_header("Date", headers.pop("Date", formatdate(usegmt=True)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_HEAD = do_POST = do_PUT = _reply  # noqa: N815

            def log_message(self, *arguments: Any) -> None:
                pass

        return Handler
