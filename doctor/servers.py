"""STUN and TURN servers, tried as a browser uses them: binding, allocation, relayed packets."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aioice.candidate import Candidate
from aioice.stun import TransactionError
from cryptography import x509

from bot.ice.gather import StunServer, reflexive_candidate
from bot.ice.media_port import MediaPort
from bot.ice.path import Address, Base
from bot.ice.turn import RelayBase, TurnServer, allocate, trust
from wire.findings import Status

from .findings import Finding, bad, good, lacking

PATIENCE_S = 5.0
FEW_DAYS = 14
ANYWHERE = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}
PROBE = b"voicedemo doctor"
UNKNOWN_NAME = ("the name is not known", "Correct the name, or repair the DNS.")


async def stun(url: str, *, needed: bool = True) -> Finding:
    """Does it answer a binding request, sent from a port of its own?

    :param needed: False if calls work on this machine without an answer.
    """
    try:
        server = StunServer.parse(url)
        address = await _mapped(server)
    except ValueError as exc:
        return bad("stun", url, str(exc), "For example stun:stun.example.com:3478")
    except (OSError, TimeoutError) as exc:
        return _unanswered(url, exc, needed=needed)
    return good("stun", url, f"sees this machine as {address[0]}")


def _unanswered(url: str, exc: Exception, *, needed: bool) -> Finding:
    if isinstance(exc, socket.gaierror):
        detail, step = UNKNOWN_NAME
    else:
        detail = f"no answer ({exc})" if str(exc) else "no answer"
        step = "Is it running, and does the firewall let UDP out to it?"
    if not needed:
        step = "Let UDP out to it, or set VOICEDEMO_STUN_URLS to servers that answer."
    return lacking("stun", url, detail, step, in_production=needed)


async def nat(first: str, second: str, *, in_production: bool) -> Finding:
    """Is one port mapped alike for two servers, or differently for each (RFC 4787, 4.1)?"""
    subject = "NAT in front of this machine"
    port = MediaPort(["0.0.0.0"])
    await port.open(tcp=False)
    try:
        async with asyncio.timeout(PATIENCE_S):
            seen = await asyncio.gather(
                *(
                    reflexive_candidate(port, port.bases[0], StunServer.parse(url))
                    for url in (first, second)
                )
            )
    except (OSError, TimeoutError):
        return bad("nat", subject, "the STUN servers do not answer", "See the lines on STUN.")
    finally:
        port.close()
    if None in seen:
        return bad("nat", subject, "a STUN server does not answer twice", "See the lines on STUN.")
    if len({(c.host, c.port) for c in seen if c}) > 1:
        return lacking(
            "nat",
            subject,
            "symmetric: another port for every destination",
            "Serve from a public address: phones behind such a NAT can only reach it over TURN.",
            in_production=in_production,
        )
    return good("nat", subject, "none, or one that keeps its mapping (endpoint-independent)")


async def _mapped(server: StunServer) -> Address:
    infos = await asyncio.get_running_loop().getaddrinfo(
        server.host, server.port, type=socket.SOCK_DGRAM
    )
    families = {info[0] for info in infos}
    # A name may have an IPv6 address while this machine has no IPv6.
    here = [any_ for family, any_ in ANYWHERE.items() if family in families]
    found = await asyncio.gather(*(_mapped_over(address, server) for address in here))
    for candidate in found:
        if candidate is not None:
            return candidate.host, candidate.port
    raise TimeoutError


async def _mapped_over(here: str, server: StunServer) -> Candidate | None:
    port = MediaPort([here])
    try:
        await port.open(tcp=False)
        async with asyncio.timeout(PATIENCE_S):
            return await reflexive_candidate(port, port.bases[0], server)
    except (OSError, TimeoutError):
        return None  # the other family may answer
    finally:
        port.close()


async def turn(server: TurnServer) -> list[Finding]:
    """Check its certificate, an allocation, and a packet relayed there and back.

    :returns: the findings up to the first failure.
    """
    findings = []
    if server.tls:
        findings.append(await certificate(server))
        if findings[0].next_step:
            return findings
    return [*findings, await _relay(server)]


async def certificate(server: TurnServer) -> Finding:
    """Does a browser accept it, and for how long?"""
    check, url = "certificate", server.url
    try:
        async with asyncio.timeout(PATIENCE_S):
            _, writer = await asyncio.open_connection(server.host, server.port, ssl=trust())
    except socket.gaierror:
        return _unknown(check, url)
    except ssl.SSLCertVerificationError as exc:
        why = exc.verify_message
        return bad(check, url, why, "Give the server a certificate that browsers accept.")
    except (OSError, TimeoutError) as exc:
        return bad(check, url, str(exc) or "no answer", "Is it running, and is the port open?")
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    days = (x509.load_der_x509_certificate(der).not_valid_after_utc - datetime.now(UTC)).days
    if days < FEW_DAYS:
        return bad(check, url, f"{days} days left", "Renew it.")
    return good(check, url, f"valid, {days} days left")


async def _relay(server: TurnServer) -> Finding:
    check, url = "turn", server.url
    try:
        async with (
            asyncio.timeout(PATIENCE_S),
            allocation(server) as ours,
            allocation(server) as theirs,
        ):
            await _to_and_fro(ours, theirs)
    except socket.gaierror:
        return _unknown(check, url)
    except TransactionError as exc:
        step = "Is the secret or credential here the same as the server's?"
        return bad(check, url, f"allocation refused: {exc}", step)
    except TimeoutError:
        step = "Is it running, is the port open, and may it relay to its own address?"
        return bad(check, url, f"nothing relayed within {PATIENCE_S:.0f} s", step)
    except OSError as exc:
        return bad(check, url, exc.strerror or str(exc), "Is it running, and is the port open?")
    return good(check, url, "allocates, and relays a packet there and back")


async def expiry(server: TurnServer) -> Finding:
    """Does it refuse credentials that have expired?

    :param server: with such credentials.
    """
    check, url = "expiry", server.url
    try:
        async with asyncio.timeout(PATIENCE_S), allocation(server):
            pass
    except TransactionError:
        return good(check, url, "expired credentials are refused")
    except (OSError, TimeoutError):
        return bad(check, url, "no answer", "See the line above.")
    return bad(check, url, "expired credentials are accepted", "Turn `use-auth-secret` on.")


def permanent(url: str) -> Finding:
    """Every visitor gets the credential of the ``static`` provider, and it never expires."""
    return Finding(
        "expiry",
        url,
        Status.WARNING,
        "every visitor gets the same credential, and may use it for ever",
        "Let the server expire them (coturn: `use-auth-secret`), and set VOICEDEMO_COTURN_URLS and "
        "VOICEDEMO_COTURN_SECRET in place of VOICEDEMO_TURN_URLS.",
    )


def _unknown(check: str, url: str) -> Finding:
    return bad(check, url, *UNKNOWN_NAME)


class _End:
    """Receives the packets of an allocation."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()

    def receive(self, base: Base, data: bytes, remote: Address) -> None:
        if data == PROBE:
            self.heard.set()

    def base_lost(self, base: Base) -> None:
        """Nothing else uses this allocation."""


@asynccontextmanager
async def allocation(server: TurnServer) -> AsyncIterator[tuple[RelayBase, _End]]:
    """An allocation, and what receives its packets; released at the end."""
    end = _End()
    base = await allocate(end, server)
    try:
        yield base, end
    finally:
        base.close()


async def _to_and_fro(ours: tuple[RelayBase, _End], theirs: tuple[RelayBase, _End]) -> None:
    """Send from both ends until both have heard: a packet before its permission is dropped."""
    (near, here), (far, there) = ours, theirs
    while not (here.heard.is_set() and there.heard.is_set()):
        near.send(PROBE, (far.candidate.host, far.candidate.port))
        far.send(PROBE, (near.candidate.host, near.candidate.port))
        await asyncio.sleep(0.1)
