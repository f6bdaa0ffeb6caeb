"""What can be broken, in one sentence each, with what to do about it.

No sentence quotes a ticket or a credential.
"""

import ssl
from dataclasses import dataclass
from typing import Final, Literal

Code = Literal[
    "dns",
    "unreachable",
    "certificate",
    "host",
    "proxy",
    "other_site",
    "limited",
    "socket",
    "ticket",
    "busy",
    "no_worker",
    "redis",
    "database",
    "stopping",
    "refused",
    "no_answer",
    "no_relay",
    "turn_missing",
    "turn_refused",
    "turn_unreachable",
    "turn_blind",
    "wrong_ip",
    "port_closed",
    "udp_blocked",
    "no_candidate",
    "dtls",
    "muted",
    "restart",
    "ended",
    "slow",
    "internal",
]
"""The stable name of a fault: in JSON, in metrics, and in docs/probe.md."""

_EXPIRED: Final = 10
_NOT_YET_VALID: Final = 9
_OTHER_NAME: Final = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""


@dataclass(frozen=True)
class Fault:
    """A broken thing.

    :ivar sentence: what is broken.
    :ivar next_step: what to do about it.
    """

    code: Code
    sentence: str
    next_step: str


class ProbeError(Exception):
    """The call did not work.

    :param fault: the reason.
    """

    def __init__(self, code: Code, sentence: str, next_step: str) -> None:
        super().__init__(sentence)
        self.fault = Fault(code, sentence, next_step)


class BlockedError(ProbeError):
    """The server gives the call up, as no check of ours reaches the bot."""

    def __init__(self) -> None:
        super().__init__(
            "ended",
            "The server ends the call, as nothing reaches the bot.",
            "Is the media port open for UDP and TCP?",
        )


class MovedError(Exception):
    """The server told the call to go on with another worker, as in an upgrade."""


# The page.


def unknown_name(host: str) -> ProbeError:
    return ProbeError(
        "dns",
        f"The name {host} is not known.",
        "Correct the name, or repair the DNS.",
    )


def unreachable(host: str, addresses: str, port: int) -> ProbeError:
    return ProbeError(
        "unreachable",
        f"{host} leads to {addresses}, and nothing answers there on port {port}.",
        "Is the server running, is the port open, and does the DNS name the right machine?",
    )


def certificate(server: str, error: ssl.SSLCertVerificationError) -> ProbeError:
    """:param server: a host or the URL of a TURN server."""
    found = {
        _EXPIRED: ("has expired", "Renew it, and reload what serves it."),
        _NOT_YET_VALID: ("is not valid yet", "Is the clock right, here and there?"),
        **dict.fromkeys(_OTHER_NAME, ("is for another name", "Get a certificate for this name.")),
    }
    what, step = found.get(
        error.verify_code,
        (
            f"is not accepted: {error.verify_message}",
            "Give the server a certificate that browsers accept, with its whole chain.",
        ),
    )
    return ProbeError("certificate", f"The certificate of {server} {what}.", step)


def tls(server: str) -> ProbeError:
    return ProbeError(
        "certificate",
        f"{server} does not speak TLS that browsers accept.",
        "Is that the port with the certificate, and is TLS 1.2 or later on?",
    )


def wrong_host(host: str) -> ProbeError:
    return ProbeError(
        "host",
        f"The server does not answer to the name {host}.",
        "Add it to ALLOWED_HOSTS, and let the proxy pass the Host header on.",
    )


def bad_status(what: str, status: int) -> ProbeError:
    """:param what: that was asked for: the path of its URL."""
    if status in (502, 503, 504):
        return ProbeError(
            "proxy",
            f"The proxy answers, and the server behind it does not (HTTP {status} on {what}).",
            "Is the server running, and does the proxy pass on to its port?",
        )
    if status == 429:
        return ProbeError(
            "limited",
            f"The server limits requests from this address (HTTP 429 on {what}).",
            "Behind a proxy set VOICEDEMO_PROXIES; or let the probe call less often.",
        )
    return ProbeError(
        "other_site",
        f"The server answers HTTP {status} on {what}.",
        "Read its log. If it is another server, correct the URL or the DNS.",
    )


def other_site(host: str) -> ProbeError:
    return ProbeError(
        "other_site",
        f"What answers at {host} is not the call page.",
        "Does the DNS name the right machine, and does the proxy pass on to this server?",
    )


# The socket.


def no_socket(host: str) -> ProbeError:
    return ProbeError(
        "socket",
        f"{host} serves the page, but opens no WebSocket.",
        "Let the proxy pass WebSockets (Upgrade and Connection headers) on for /ws/.",
    )


def bad_ticket() -> ProbeError:
    return ProbeError(
        "ticket",
        "The socket refuses the ticket that came with the page.",
        "Do all processes have the same SECRET_KEY, and does the proxy pass the Host header on?",
    )


def busy() -> ProbeError:
    return ProbeError(
        "busy",
        "Every line is taken.",
        "Raise VOICEDEMO_MAX_CALLS, or start more workers.",
    )


def network_busy() -> ProbeError:
    return ProbeError(
        "busy",
        "All lines that one network may have are taken by the probe's.",
        "Call from another network; or set VOICEDEMO_PROXIES if all callers share an address.",
    )


def no_worker() -> ProbeError:
    return ProbeError(
        "no_worker",
        "No bot worker is up.",
        "Read the log of `manage.py serve --workers`, or of `runbot`, and start one.",
    )


def redis_away() -> ProbeError:
    return ProbeError(
        "redis",
        "The server cannot reach Redis.",
        "Start Redis, and check that REDIS_URL leads to it.",
    )


def database_away() -> ProbeError:
    return ProbeError(
        "database",
        "The server's database does not answer.",
        "Is it running, is the disk full, and is DATABASE_URL right?",
    )


def stopping() -> ProbeError:
    return ProbeError("stopping", "The server is stopping.", "Is it started again?")


def refused(code: str) -> ProbeError:
    """:param code: of the server's error (:data:`wire.errors.ErrorCode`)."""
    return ProbeError(
        "refused",
        f"The server refuses the call ({code}).",
        "See docs/protocol.md for the code, and read the server's log.",
    )


def no_answer(what: str, seconds: float) -> ProbeError:
    """:param what: that did not come."""
    return ProbeError(
        "no_answer",
        f"{what} did not come within {seconds:.0f} s.",
        "Is the bot worker alive, and the machine not overloaded? Read the worker's log.",
    )


# The path.


def no_relay(way: str) -> ProbeError:
    return ProbeError(
        "no_relay",
        f"The page gets no TURN server for the way {way}.",
        "Configure one (docs/settings.md), or leave this way out.",
    )


def turn_missing(way: str) -> ProbeError:
    """The budget of credentials is spent, or a provider is late."""
    return ProbeError(
        "turn_missing",
        f"The page gets no TURN server for the way {way} at the moment.",
        "Read the server's log: a provider fails, or the budget is spent (docs/settings.md).",
    )


def turn_refused(url: str, code: int) -> ProbeError:
    if code in (401, 403, 441):
        return ProbeError(
            "turn_refused",
            f"{url} refuses the credentials that the page gets ({code}).",
            "Is the secret here the same as the TURN server's, not expired, and are both "
            "clocks right?",
        )
    return ProbeError(
        "turn_refused",
        f"{url} allocates no relay ({code}).",
        "Read the TURN server's log: is one of its quotas spent?",
    )


def turn_unreachable(url: str, why: str) -> ProbeError:
    return ProbeError(
        "turn_unreachable",
        f"{url} cannot be reached: {why}.",
        "Is the TURN server running, is its port open, and does its name lead to it?",
    )


def turn_blind(url: str) -> ProbeError:
    return ProbeError(
        "turn_blind",
        f"{url} gives a relay, but nothing comes back through it from the bot.",
        "Let the TURN server send to the bot's media port (denied-peer-ip, firewall); "
        "is VOICEDEMO_PUBLIC_IPS right?",
    )


def no_candidate(transport: str) -> ProbeError:
    return ProbeError(
        "no_candidate",
        f"The bot names no address for media over {transport}.",
        "Read the server's log: could it open VOICEDEMO_MEDIA_PORT?",
    )


def wrong_ip(media: str, page: str) -> ProbeError:
    """:param media: the addresses that the bot names; ``page``: those of the page's name."""
    return ProbeError(
        "wrong_ip",
        f"The bot names {media} for its media, and nothing answers there; the page is at {page}.",
        "Set VOICEDEMO_PUBLIC_IPS to the server's public address, or unset it; "
        "if it is right, open the media port.",
    )


def port_closed(where: str, transports: str) -> ProbeError:
    """:param where: address and port; ``transports``: for example ``UDP and TCP``."""
    return ProbeError(
        "port_closed",
        f"The media port {where} is closed for {transports}.",
        "Open it in the server's firewall and in the cloud's (VOICEDEMO_MEDIA_PORT).",
    )


def udp_blocked(where: str) -> ProbeError:
    return ProbeError(
        "udp_blocked",
        f"UDP is blocked between here and {where}.",
        "Let UDP out of this network, and in at the server. Callers behind such a network "
        "need TCP or a TURN server.",
    )


# The call.


def dtls() -> ProbeError:
    return ProbeError(
        "dtls",
        "A path to the bot is up, but DTLS does not complete over it.",
        "Does something between here and there change packets? Read the worker's log.",
    )


def muted(heard: int, said: int) -> ProbeError:
    if heard:
        return ProbeError(
            "muted",
            f"Only {heard} of {said} packets of a word came back.",
            "The network loses packets, or the worker is overloaded: see docs/performance.md.",
        )
    return ProbeError(
        "muted",
        "The bot answers the call, but no echo comes back.",
        "Read the worker's log, and call with ?voice=echo.",
    )


def restart_failed(why: str) -> ProbeError:
    """:param why: the sentence of the fault that came during it."""
    return ProbeError(
        "restart",
        f"The call works until ICE restarts. {why}",
        "Callers who change networks lose their calls: read the worker's log.",
    )


def ended(reason: str) -> ProbeError:
    """:param reason: of the server's goodbye; '' if its socket closed."""
    said = f"The server ends the call ({reason})." if reason else "The socket closes in mid-call."
    return ProbeError("ended", said, "Read the server's log.")


def slow(seconds: float, bound: float) -> ProbeError:
    return ProbeError(
        "slow",
        f"The first echo came {seconds:.1f} s after the tap; {bound:g} s is the bound.",
        "Is the machine overloaded? See voicedemo_loop_lag_seconds in docs/operate.md.",
    )


def internal(error: BaseException) -> ProbeError:
    return ProbeError(
        "internal",
        f"The probe itself failed ({type(error).__name__}).",
        "Report it, with the traceback on standard error.",
    )
