"""All checks, in the order in which one breaks the next."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from bot.ice.turn import TurnServer, turn_servers
from signaling.ice.base import Provider, ProviderError

from . import host, reach, servers, web
from .findings import Finding, Verdict, bad

TTL = timedelta(minutes=5)
EXPIRED = timedelta(minutes=-5)


@dataclass(frozen=True)
class Setup:
    """What is to be examined: the settings, without Django's."""

    secret_key: str
    debug: bool
    allowed_hosts: list[str]
    public_url: str
    public_ips: list[str]
    media_port: int
    proxies: int
    stun_urls: list[str]
    providers: list[Provider] = field(default_factory=list)
    clock_url: str = "https://www.cloudflare.com"


async def examine(setup: Setup) -> list[Finding]:
    stun = [servers.stun(url) for url in setup.stun_urls]
    turn = [_provider(provider) for provider in setup.providers]
    findings = [
        web.secret_key(setup.secret_key),
        web.debug(on=setup.debug),
        web.allowed_hosts(setup.allowed_hosts, setup.public_url),
        *await web.origin(setup.public_url),
        *web.proxies(setup.public_url, setup.proxies),
        host.media_port(setup.media_port),
    ]
    bound = await asyncio.gather(*stun)
    findings += bound
    advertised = host.advertised(setup.public_ips, seen_as := _seen_as(bound))
    findings.append(advertised)
    answering = [f.subject for f in bound if f.verdict is Verdict.GOOD]
    if len(answering) >= 2:
        findings.append(await servers.nat(*answering[:2]))
    relays: list[TurnServer] = []
    for found, working in await asyncio.gather(*turn):
        findings += found
        relays += working
    outside = [relay for relay in relays if await reach.is_elsewhere(relay)]
    if outside and seen_as and setup.media_port and advertised.verdict is Verdict.GOOD:
        findings.append(await reach.media_port(seen_as, setup.media_port, outside[0]))
    if not setup.providers:
        step = "Set up a provider: see docs/settings.md."
        findings.append(bad("turn", "ICE providers", "none: symmetric NATs cannot connect", step))
    return [*findings, await host.clock(setup.clock_url), host.versions()]


def _seen_as(bound: list[Finding]) -> str | None:
    return next((f.detail.split()[-1] for f in bound if f.verdict is Verdict.GOOD), None)


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
        if all(f.verdict is Verdict.GOOD for f in found)
    ]
    if provider.name == "coturn" and all(f.verdict is Verdict.GOOD for f in findings):
        stale = turn_servers((await provider.issue("doctor", EXPIRED)).servers)
        findings.append(await servers.expiry(stale[0]))
    return findings, working
