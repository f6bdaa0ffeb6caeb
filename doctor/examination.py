"""Runs all checks, in the order in which one failure causes the next."""

import asyncio
from datetime import timedelta

from bot.ice.turn import TurnServer, turn_servers
from signaling.ice.base import Provider, ProviderError
from wire.findings import Status

from . import host, reach, relay_scope, servers, web
from .findings import Finding, bad, lacking
from .setup import Setup

TTL = timedelta(minutes=5)
EXPIRED = timedelta(minutes=-5)
OWN_SERVERS = ("coturn", "static")
"""The providers whose TURN servers are the operator's own."""


async def examine(setup: Setup) -> list[Finding]:
    stun, (turn, relays) = await asyncio.gather(_stun(setup), _turn(setup))
    seen_as = _seen_as(stun)
    advertised = host.advertised(setup.public_ips, seen_as, in_production=setup.in_production)
    findings = [
        *await _settings(setup),
        *stun,
        advertised,
        *await _nat(setup, stun),
        *turn,
    ]
    if seen_as and setup.media_port and advertised.status is Status.GOOD:
        findings += await _reachable(seen_as, setup.media_port, relays)
    return [*findings, await host.clock(setup.clock_url), host.versions()]


async def _settings(setup: Setup) -> list[Finding]:
    return [
        host.env_file(setup.env_file, setup.env_file_names),
        web.secret_key(setup.secret_key),
        web.debug(on=setup.debug),
        web.allowed_hosts(setup.allowed_hosts, setup.public_url),
        *await web.origin(setup.public_url),
        *web.proxies(setup.public_url, setup.proxies),
        *web.bind(setup.public_url, setup.bind),
        host.media_port(setup.media_port, in_production=setup.in_production),
    ]


async def _stun(setup: Setup) -> list[Finding]:
    needed = setup.in_production or not setup.stun_is_default
    return await asyncio.gather(*(servers.stun(url, needed=needed) for url in setup.stun_urls))


def _seen_as(stun: list[Finding]) -> str | None:
    """This machine's address, as the first STUN server that answered sees it."""
    return next((f.detail.split()[-1] for f in stun if f.status is Status.GOOD), None)


async def _nat(setup: Setup, stun: list[Finding]) -> list[Finding]:
    answering = [f.subject for f in stun if f.status is Status.GOOD]
    if len(answering) < 2:
        return []
    return [await servers.nat(*answering[:2], in_production=setup.in_production)]


async def _turn(setup: Setup) -> tuple[list[Finding], list[TurnServer]]:
    """All providers, and those of their servers that relay."""
    findings: list[Finding] = []
    relays: list[TurnServer] = []
    for found, working in await asyncio.gather(*map(_provider, setup.providers)):
        findings += found
        relays += working
    if not setup.providers:
        missing = lacking(
            "turn",
            "ICE providers",
            "none: phones behind symmetric NATs cannot connect",
            "Set up a provider: see docs/settings.md.",
            in_production=setup.in_production,
        )
        findings.append(missing)
    return findings, relays


async def _provider(provider: Provider) -> tuple[list[Finding], list[TurnServer]]:
    """Every URL that it issues, with the credentials that it issues; and those that relay."""
    try:
        issued = await provider.issue("doctor", TTL)
    except ProviderError as exc:
        step = "Are its settings right, and is its API reachable from here?"
        return [bad("provider", provider.name, str(exc), step)], []
    relays = turn_servers(issued.servers)
    tried = await asyncio.gather(*(servers.turn(server) for server in relays))
    findings = [finding for found in tried for finding in found]
    working = [
        relay
        for relay, found in zip(relays, tried, strict=True)
        if all(f.status is Status.GOOD for f in found)
    ]
    if provider.name in OWN_SERVERS and all(f.status is Status.GOOD for f in findings):
        findings += await _own_servers(provider, working)
    return findings, working


async def _own_servers(provider: Provider, working: list[TurnServer]) -> list[Finding]:
    """What only its operator can set on a TURN server: who may use it, and where it sends."""
    if provider.name == "coturn":
        stale = turn_servers((await provider.issue("doctor", EXPIRED)).servers)
        lasts = await servers.expiry(stale[0])
    else:
        lasts = servers.permanent(working[0].url)
    one_each = {relay.host: relay for relay in reversed(working)}
    return [lasts, *await asyncio.gather(*map(relay_scope.scope, one_each.values()))]


async def _reachable(address: str, number: int, relays: list[TurnServer]) -> list[Finding]:
    """Test the port through a relay elsewhere: packets from this machine pass no firewall."""
    for relay in relays:
        if await reach.is_elsewhere(relay):
            return [await reach.media_port(address, number, relay)]
    return []
