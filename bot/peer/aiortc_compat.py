"""The private names of aiortc and aioice that this product depends on.

Those that :mod:`bot.peer.sctp` overrides are there, and what aiortc's DTLS transport expects of its
ICE transport is in :mod:`bot.peer.dtls`. None of them is part of those libraries' public interface,
so another version may change them without notice. Importing this module fails with any version that
it was not tried with.
"""

from importlib.metadata import version

from aiortc import RTCDtlsTransport, RTCSctpTransport
from pylibsrtp import Session

_TRIED = {"aiortc": "1.16.0", "aioice": "0.13.0"}


class UntriedVersionError(ImportError):
    """The installed version of aiortc or aioice is not one whose private names were checked."""


for _name, _tried in _TRIED.items():
    if version(_name) != _tried:
        raise UntriedVersionError(
            f"{_name} {version(_name)} is installed;"
            f" bot/peer/aiortc_compat.py was tried with {_tried}"
        )


def set_dtls_server(dtls: RTCDtlsTransport) -> None:
    """Take the passive DTLS role (``a=setup:passive``, RFC 8842, 5.3) whatever the ICE role is.

    A browser sends its ClientHello as soon as its own path is up, and repeats it after 50 ms. Ours
    might come too early for Firefox, and OpenSSL repeats it only after a second
    (docs/browsers.md#firefox-early-client-hello).
    """
    dtls._set_role("server")


def srtp_sessions(dtls: RTCDtlsTransport) -> tuple[Session, Session]:
    """The inbound and the outbound SRTP session of a connected DTLS transport (RFC 5764)."""
    return dtls._rx_srtp, dtls._tx_srtp


def retransmit_now(sctp: RTCSctpTransport) -> None:
    """Let the retransmission timer (RFC 9260, 6.3) expire now, if it is running.

    During an outage it backs off to a second and more. When the path is back, that is too long.
    """
    if sctp._t3_handle is not None:
        sctp._t3_cancel()
        sctp._t3_expired()
