"""The bot's end of a call: it answers offers with one audio stream and one data channel."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Protocol

from aioice.candidate import Candidate
from aiortc import (
    RTCCertificate,
    RTCDataChannel,
    RTCDtlsTransport,
    RTCIceParameters,
)
from aiortc.rtcdtlstransport import RTCDtlsParameters
from aiortc.utils import random32

from ..ice.agent import IceAgent
from ..ice.endpoints import IceEndpoints
from ..ice.failures import ServerFailure
from ..ice.path import IPAddress, Path
from ..ice.switch import PathState, Switch
from ..ice.turn import RelayBase, TurnServer
from ..media.rtp import RtpSender
from ..media.stream import AudioStream
from ..media.voice import Voice
from . import sdp
from .aiortc_compat import retransmit_now, set_dtls_server, srtp_sessions
from .dtls import RecordTransport
from .offer_text import OfferError
from .sctp import BoundedSctp

log = logging.getLogger("voicedemo.peer")


class PeerObserver(Protocol):
    """Receives the events of a peer."""

    def path_state(self, state: PathState) -> None: ...

    def path_changed(self, path: Path) -> None: ...

    def pair_nominated(self, pair: dict[str, str]) -> None:
        """The page is to be asked to use this candidate pair."""
        ...

    def local_candidate(self, candidate: Candidate | None, ufrag: str) -> None:
        """A candidate was found after the answer. None: there are no more."""
        ...

    def relayed(self, url: str, protocol: str, count: int, ms: int) -> None:
        """``count`` bytes went through this TURN server within ``ms`` milliseconds."""
        ...

    def server_failed(self, failure: ServerFailure) -> None:
        """A STUN or TURN server gave no candidate."""
        ...

    def relays_gathered(self, asked: Sequence[TurnServer], found: Sequence[TurnServer]) -> None:
        """All TURN servers of this generation were asked, and those found gave a candidate."""
        ...

    def audio_started(self, stream: AudioStream) -> None: ...

    def data_channel(self, channel: RTCDataChannel) -> None: ...

    def peer_closed(self) -> None:
        """The other side closed the DTLS association, which means that it hung up."""
        ...

    def peer_failed(self, why: str) -> None: ...

    def peer_raised(self, fault: BaseException, *, is_fatal: bool) -> None:
        """A task of the peer raised an exception.

        :param is_fatal: without this task the call has no media.
        """
        ...


class NewCallNeededError(OfferError):
    """The offer has another DTLS fingerprint, or other media sections, than the call."""


class AnswerPeer:
    """A peer connection that only answers. It consists of aiortc's ORTC objects over a switch.

    An offer with new ICE credentials is an ICE restart (RFC 8445, 9; RFC 8829, 5.3.1). It opens a
    new path beside the old one and is answered with new credentials. The DTLS association, the SCTP
    association with its data channel, the SSRCs and the RTP state stay.
    """

    def __init__(
        self,
        observer: PeerObserver,
        certificate: RTCCertificate,
        make_voice: Callable[[RtpSender], Voice],
        endpoints: IceEndpoints,
    ) -> None:
        self._observer = observer
        self._make_voice = make_voice
        self._endpoints = endpoints
        self._switch = Switch(observer)
        self._dtls = RTCDtlsTransport(RecordTransport(self._switch), [certificate])  # type: ignore[arg-type]
        set_dtls_server(self._dtls)
        self._dtls.on("statechange", self._dtls_changed)
        self._sctp: BoundedSctp | None = None
        self._offer: sdp.Offer | None = None
        self._path: IceAgent | None = None
        self._turn_servers: tuple[TurnServer, ...] = ()
        self._page_address: IPAddress | None = None
        self._turn_servers_known = asyncio.Event()
        self._relays: list[RelayBase] = []
        self._gathering: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._version = 0
        self._closed = False
        self._media = sdp.LocalMedia(
            session_id=random32(),
            ssrc=random32(),
            cname=uuid.uuid4().hex,
            fingerprints=tuple(self._dtls.getLocalParameters().fingerprints[:1]),
        )

    @property
    def last_heard(self) -> float:
        """When anything but STUN last arrived, in seconds of the loop's clock."""
        return self._switch.last_heard

    @property
    def is_proved(self) -> bool:
        """Whether the other side has sent an authentic connectivity check or answer."""
        return self._switch.is_proved

    async def answer(self, text: str, *, abandon: bool = False) -> str:
        """Answer an offer at once, with host candidates.

        :param abandon: drop the old path as soon as the new one is up, even if it still works.
        :raises OfferError: if the offer cannot be answered. The call is unchanged.
        """
        offer = sdp.read_offer(text)
        if self._offer is not None:
            self._require_same_call(self._offer, offer)
        if self._offer is None or (offer.ufrag, offer.pwd) != (self._offer.ufrag, self._offer.pwd):
            path = await self._open_path(offer, abandon=abandon)
            path.earn(len(text))
        self._offer = offer
        self._version += 1
        if self._starting is None:
            self._starting = self._begin(self._start(offer), is_fatal=True)
        return self._write_answer(offer)

    def use_turn(
        self, servers: tuple[TurnServer, ...], page_address: IPAddress | None = None
    ) -> None:
        """Relay through these TURN servers. Call it after every offer, with valid credentials.

        :param page_address: the page's public address. Checks may come from there although no
            candidate announces it.
        """
        self._turn_servers = servers
        self._page_address = page_address
        self._turn_servers_known.set()

    def add_candidate(self, candidate: Candidate | None, size: int = 0) -> None:
        """Add a candidate of the peer to the newest path. None: there are no more.

        :param size: of the message, in bytes.
        :raises ValueError: if its address is not an IP address.
        """
        assert self._path is not None
        self._path.earn(size)
        self._path.add(candidate)

    def doubt_path(self) -> None:
        """Doubt the active path: the peer says that it receives nothing from us."""
        active = self._switch.active
        if active is not None:
            active.doubt()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for task in (self._starting, self._gathering):
            if task is not None:
                task.cancel()
        self._switch.on_rtp = self._switch.on_restored = None
        async with AsyncExitStack() as parts:  # each is closed, whatever the others raise
            parts.push_async_callback(self._switch.close)
            parts.callback(self._report_relays)
            parts.push_async_callback(self._dtls.stop)
            if self._sctp is not None:
                parts.push_async_callback(self._sctp.stop)

    def _report_relays(self) -> None:
        for relay in self._relays:
            if relay.ms:
                self._observer.relayed(
                    relay.server.url, relay.server.protocol, relay.bytes, relay.ms
                )

    def _begin(self, work: Coroutine[Any, Any, None], *, is_fatal: bool) -> asyncio.Task[None]:
        """Start a task that nobody waits for, and report what it raises."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (fault := task.exception()) is not None:
                self._observer.peer_raised(fault, is_fatal=is_fatal)

        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(ended)
        return task

    def _require_same_call(self, before: sdp.Offer, offer: sdp.Offer) -> None:
        if offer.fingerprints != before.fingerprints:
            raise NewCallNeededError("the DTLS fingerprint changed: that needs a new call")
        if offer.shape != before.shape:
            raise NewCallNeededError("the media sections changed: that needs a new call")

    async def _open_path(self, offer: sdp.Offer, *, abandon: bool) -> IceAgent:
        path = await self._endpoints.open_agent(self._switch, self._path)
        if self._path is not None and self._path is not self._switch.active:
            self._switch.drop(self._path)
        if self._gathering is not None:
            self._gathering.cancel()
        self._path = path
        self._turn_servers_known.clear()
        path.start(offer.ufrag, offer.pwd, is_lite=offer.is_lite, ssrc=offer.ssrc, abandon=abandon)
        for candidate in filter(None, map(sdp.usable, offer.candidates)):
            try:
                path.add(candidate)
            except ValueError:
                # A host name, for example (RFC 8839, 5.1). The offer is good without it.
                log.debug("a candidate of the offer has no IP address and is left out")
        self._gathering = self._begin(self._gather(path), is_fatal=False)
        return path

    async def _gather(self, path: IceAgent) -> None:
        failed = self._observer.server_failed
        async with asyncio.TaskGroup() as searches:
            searches.create_task(self._tell(path, self._endpoints.reflexive(path, failed)))
            await self._turn_servers_known.wait()
            servers, page = self._turn_servers, self._page_address
            try:
                await self._tell(path, self._endpoints.relayed(path, servers, page, failed))
            finally:
                self._relays += path.relays
            self._observer.relays_gathered(servers, [relay.server for relay in path.relays])
        self._observer.local_candidate(None, path.local_ufrag)

    async def _tell(self, path: IceAgent, found: AsyncIterator[Candidate]) -> None:
        async for candidate in found:
            self._observer.local_candidate(candidate, path.local_ufrag)

    def _write_answer(self, offer: sdp.Offer) -> str:
        assert self._path is not None
        return sdp.write_answer(
            offer,
            self._media,
            self._version,
            RTCIceParameters(self._path.local_ufrag, self._path.local_pwd),
            self._path.local_candidates,
        )

    async def _start(self, offer: sdp.Offer) -> None:
        """Start DTLS, then audio and data. Each starts once in a call."""
        await self._switch.connected.wait()
        await self._dtls.start(RTCDtlsParameters(fingerprints=list(offer.fingerprints)))
        if self._dtls.state != "connected":
            return
        self._start_audio(offer)
        if offer.data is not None:
            self._sctp = BoundedSctp(self._dtls)
            self._sctp.on("datachannel", self._observer.data_channel)
            self._switch.on_restored = partial(retransmit_now, self._sctp)
            await self._sctp.start(offer.data.sctpCapabilities, offer.data.sctp_port or 5000)

    def _start_audio(self, offer: sdp.Offer) -> None:
        assert offer.opus.payloadType is not None
        stream = AudioStream(
            srtp_sessions(self._dtls),
            self._switch.send,
            ssrc=self._media.ssrc,
            remote_ssrc=offer.ssrc,
            payload_type=offer.opus.payloadType,
            cname=self._media.cname,
            level_id=offer.level_id,
            make_voice=self._make_voice,
        )
        self._switch.on_rtp = stream.receive
        self._observer.audio_started(stream)

    def _dtls_changed(self) -> None:
        if self._closed:
            return
        if self._dtls.state == "closed":
            self._observer.peer_closed()
        elif self._dtls.state == "failed":
            self._observer.peer_failed("the DTLS handshake failed")
