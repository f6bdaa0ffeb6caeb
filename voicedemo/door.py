"""Bounds what a stranger can send to the web port, before any view or consumer sees it.

Daphne reads a request's whole body before it calls a view, and as many messages of a socket as
come. It has no setting for either, and none for the classes of its protocols.
"""

import logging
import socket
from math import inf
from typing import Any, Final

from autobahn.websocket.types import ConnectionDeny
from daphne import http_protocol, server, ws_protocol
from twisted.internet import reactor as any_reactor
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.web import http
from zope.interface.declarations import implementer

from signaling import networks
from voicedemo import descriptors
from wire.constants import MAX_MESSAGE_BYTES

from . import refusals
from .web_connections import WebConnections

log = logging.getLogger("voicedemo.door")
reactor: Any = any_reactor

MAX_BODY_BYTES: Final = 16 * 1024
"""The largest body of ours is a self-test's report: 8 KB."""
MAX_FRAME_BYTES: Final = 80 * 1024
"""A little more than a message may have. A message that is a little too large then gets an error
message, and one that is much too large ends its socket (close code 1009)."""
assert MAX_FRAME_BYTES > MAX_MESSAGE_BYTES
REQUEST_S: Final = 20.0
"""How long a request may take to arrive, once its first line is here."""
MAX_WAITING: Final = 32
"""If so many messages of a socket wait for its consumer, the socket is not read."""
LOOK_AGAIN_S: Final = 0.05
TCP_CLOSE: Final = 7
"""The state of a connection that was reset (Linux, ``tcp_states.h``)."""
MAX_CONNECTIONS: Final = 8192
"""Each takes some kilobytes."""
MIN_DESCRIPTORS_LEFT: Final = 128
"""Kept for the database, the log and the media port."""
SAID_EVERY_S: Final = 60.0
"""How often the log says that connections are refused."""


def install() -> None:
    """Make Daphne use the classes of this module, and take as many descriptors as there may be."""
    vars(server).update(HTTPFactory=HttpFactory, WebSocketFactory=SocketFactory)
    descriptors.take_all()


def most_connections() -> int:
    """How many connections the web port may have at a time. The rest is the media port's."""
    most = descriptors.most()
    return min(most // 2, most - MIN_DESCRIPTORS_LEFT, MAX_CONNECTIONS)


class Channel(http.HTTPChannel):
    """The HTTP of a connection.

    Twisted answers all requests that it has read, whether the answers are read or not. Here the
    next request waits until what was sent before has left for the client.
    """

    factory: "HttpFactory"
    transport: Any
    _held = b""
    """Requests that wait."""

    def connectionMade(self) -> None:  # noqa: N802
        super().connectionMade()
        self._network = networks.key(self.transport.getPeer().host)
        self.factory.connections.idle(self, self._network)

    def request_arrived(self) -> None:
        self.factory.connections.in_use(self)

    def is_upgraded(self) -> None:
        """It is a page's socket now, which has a protocol of its own."""
        self.factory.connections.left(self)

    @property
    def is_dead(self) -> bool:
        """Whether the client has reset the connection. While a request is being answered nothing is
        read, and uvloop does not tell.
        """
        if not hasattr(socket, "TCP_INFO"):
            return False
        info = self.transport.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        return bool(info[0] == TCP_CLOSE)

    def requestDone(self, request: Any) -> None:  # noqa: N802
        if self._waitingForTransport and self.persistent:
            self._held, self._dataBuffer = b"".join(self._dataBuffer), []
        super().requestDone(request)
        if not self._handlingRequest:
            self.factory.connections.idle(self, self._network)

    def pauseProducing(self) -> None:  # noqa: N802
        super().pauseProducing()
        # Twisted does not, while a request is being answered.
        self._networkProducer.pauseProducing()  # type: ignore[misc]

    def resumeProducing(self) -> None:  # noqa: N802
        super().resumeProducing()
        if self._held and not self._handlingRequest:
            held, self._held = self._held, b""
            self.dataReceived(held)

    def abort(self) -> None:
        self.transport.abortConnection()

    def connectionLost(self, reason: Any = connectionDone) -> None:  # noqa: N802
        self.factory.connections.left(self)
        self.factory.connections.closed()
        super().connectionLost(reason)

    def _respondToBadRequestAndDisconnect(self) -> None:  # noqa: N802
        self.write(refusals.answer(400))
        self.loseConnection()


class HttpFactory(http_protocol.HTTPFactory):
    """Makes the protocol of each connection, for as many as there may be."""

    protocol = staticmethod(lambda: http._GenericHTTPChannelProtocol(Channel()))

    def __init__(self, daphne: Any) -> None:
        super().__init__(daphne)
        self.connections = WebConnections(most_connections())
        self._said_at = -inf

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's name
        if not self.connections.admit():
            self._say_that_they_are_refused()
            return None
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol

    def _say_that_they_are_refused(self) -> None:
        if reactor.seconds() - self._said_at >= SAID_EVERY_S:
            self._said_at = reactor.seconds()
            log.warning("connections are refused: as many as there may be are in use")


class Request(http_protocol.WebRequest):
    """A request that must be small, and must arrive in time."""

    channel: Channel

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._body_bytes = 0
        self._refused = False
        self._deadline = reactor.callLater(REQUEST_S, self._refuse, 408)

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        # Without a length, Twisted would open a file for the body.
        super().gotLength(MAX_BODY_BYTES if length is None else min(length, MAX_BODY_BYTES))
        if length is not None and length > MAX_BODY_BYTES:
            self._refuse(413)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        self._body_bytes += len(data)
        if self._refused:
            return
        if self._body_bytes > MAX_BODY_BYTES:
            self._refuse(413)
        else:
            super().handleContentChunk(data)

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Answer in place of the application. Daphne's own answer is a page with styles."""
        headers = [*refusals.headers(), (b"content-length", b"0")]
        start = {"type": "http.response.start", "status": status, "headers": headers}
        self.handle_reply(start)
        self.handle_reply({"type": "http.response.body"})

    def requestReceived(self, *args: Any) -> None:  # noqa: N802
        if not self._refused:
            super().requestReceived(*args)

    def process(self) -> Any:
        self._arrived()
        self.channel.request_arrived()
        # Daphne would take the path of its root from any client.
        self.requestHeaders.removeHeader(b"daphne-root-path")
        processing = super().process()
        if self.transport is None:
            self.channel.is_upgraded()
        return processing

    def connectionLost(self, reason: Any) -> None:  # noqa: N802
        self._arrived()
        super().connectionLost(reason)

    def _arrived(self) -> None:
        if self._deadline.active():
            self._deadline.cancel()

    def _refuse(self, status: int) -> None:
        """Answer, and close the connection whatever else is on its way."""
        self._arrived()
        self._refused = True
        self.channel.write(refusals.answer(status))
        self.channel.loseConnection()


@implementer(IPushProducer)
class Flow:
    """Stops reading a socket for as long as there is a reason to.

    One reason is that its client does not read what we send: every ping of its own would add to
    that (RFC 6455, 5.5.2).
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._reasons: set[str] = set()

    def stop_for(self, reason: str) -> None:
        if not self._reasons:
            self._transport.pauseProducing()
        self._reasons.add(reason)

    def go_on(self, reason: str) -> None:
        was_stopped = bool(self._reasons)
        self._reasons.discard(reason)
        if was_stopped and not self._reasons and not self._transport.disconnecting:
            self._transport.resumeProducing()

    # Called by Twisted: its buffer of what is to be sent is full, or empty again.

    def pauseProducing(self) -> None:  # noqa: N802
        self.stop_for("unread")

    def resumeProducing(self) -> None:  # noqa: N802
        self.go_on("unread")

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is lost."""


class SocketProtocol(ws_protocol.WebSocketProtocol):
    """A WebSocket that is read no faster than its consumer handles the messages."""

    def onConnect(self, request: Any) -> Any:  # noqa: N802
        request.headers.pop("daphne-root-path", None)
        # Daphne would raise on a value that is not ASCII.
        if not request.headers.get("sec-websocket-protocol", "").isascii():
            raise ConnectionDeny(400)
        return super().onConnect(request)

    def sendHttpErrorResponse(  # noqa: N802
        self,
        code: int,
        reason: str,
        responseHeaders: Any = None,  # noqa: N803
    ) -> None:
        """Refuse the handshake. The reason may quote an exception, so nobody is told it."""
        more = [(name.encode(), value.encode()) for name, value in responseHeaders or ()]
        self.sendData(refusals.answer(code, *more))

    def onOpen(self) -> None:  # noqa: N802
        # The HTTP channel, which is over, is still what Twisted tells about its buffer.
        transport: Any = self.transport
        transport.unregisterProducer()
        self._flow = Flow(transport)
        transport.registerProducer(self._flow, True)
        super().onOpen()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        super().onMessage(payload, isBinary)
        if self.application_queue.qsize() == MAX_WAITING:
            self._flow.stop_for("waiting")
            reactor.callLater(LOOK_AGAIN_S, self._look_again)

    def connectionLost(self, reason: Any = connectionDone) -> None:  # noqa: N802
        self.factory.server_class.http_factory.connections.closed()
        super().connectionLost(reason)

    def _look_again(self) -> None:
        if self.state == self.STATE_CLOSED:
            return
        if self.application_queue.qsize() < MAX_WAITING:
            self._flow.go_on("waiting")
        else:
            reactor.callLater(LOOK_AGAIN_S, self._look_again)


class SocketFactory(ws_protocol.WebSocketFactory):
    protocol = SocketProtocol
