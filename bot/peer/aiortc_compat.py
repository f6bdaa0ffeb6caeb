"""Every private name of aiortc and aioice this product leans on, in one place.

The names below are not part of those libraries' public interface, so another version may drop or
change them without notice. Importing this module with a version it was not tried with fails.
"""

from importlib.metadata import version

from aiortc import RTCDtlsTransport, RTCSctpTransport
from pylibsrtp import Session

_TRIED = {"aiortc": "1.16.0", "aioice": "0.13.0"}


class UntriedVersionError(ImportError):
    """A version of aiortc or aioice whose private names nobody has checked."""


for _name, _tried in _TRIED.items():
    if version(_name) != _tried:
        raise UntriedVersionError(
            f"{_name} {version(_name)} is installed;"
            f" bot/peer/aiortc_compat.py was tried with {_tried}"
        )


def set_dtls_server(dtls: RTCDtlsTransport) -> None:
    """Take the passive DTLS role (``a=setup:passive``, RFC 8842, 5.3) whatever the ICE role is.

    A browser says hello as soon as its own path is up, and repeats it after 50 ms; OpenSSL repeats
    after a second what came too early for the browser.
    """
    dtls._set_role("server")


def srtp_sessions(dtls: RTCDtlsTransport) -> tuple[Session, Session]:
    """The inbound and the outbound SRTP session of a connected DTLS transport (RFC 5764)."""
    return dtls._rx_srtp, dtls._tx_srtp


def retransmit_now(sctp: RTCSctpTransport) -> None:
    """Let the retransmission timer (RFC 9260, 6.3) expire now, if it is running.

    After an outage it has backed off to a second and more, while the path is there again.
    """
    if sctp._t3_handle is not None:
        sctp._t3_cancel()
        sctp._t3_expired()
