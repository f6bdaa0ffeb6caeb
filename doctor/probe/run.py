"""One run of the probe: the page, a call over one way, and what came of it."""

import logging
import resource
import ssl
import time
from dataclasses import dataclass
from pathlib import Path as FilePath

from . import faults
from .call import Call
from .diagnosis import addresses
from .faults import Fault, MovedError, ProbeError
from .line import Line
from .path import Terms
from .site import IceConfiguration, Page, Site
from .ways import Way

log = logging.getLogger("voicedemo.probe")

MOVES = 2
"""So many calls in a row are told to move to another worker, at most: an upgrade is no outage."""


@dataclass(frozen=True)
class Outcome:
    """What came of a call.

    :ivar stages: how long each took, in seconds: ``page`` (with its script and its ICE servers),
        and those of :class:`doctor.probe.call.Call`.
    :ivar cpu_s: the CPU time that it took here.
    """

    way: Way
    fault: Fault | None
    stages: dict[str, float]
    seconds: float
    cpu_s: float


@dataclass(frozen=True)
class Target:
    """What is called.

    :ivar url: of the call page.
    :ivar slow_s: an echo that comes later than this after the tap is a fault.
    """

    url: str
    trust: ssl.SSLContext
    slow_s: float


def trust(authority: FilePath | None) -> ssl.SSLContext:
    """What this machine trusts, and one more authority.

    :param authority: a file with its certificate (PEM).
    :raises OSError: it cannot be read, or is no certificate.
    """
    context = ssl.create_default_context()
    if authority is not None:
        context.load_verify_locations(authority)
    return context


async def run(target: Target, way: Way) -> Outcome:
    """Make one call."""
    began, cpu = time.perf_counter(), _cpu_s()
    stages: dict[str, float] = {}
    fault = None
    try:
        await _call_again(target, way, stages)
    except ProbeError as exc:
        fault = exc.fault
    except Exception as exc:
        log.exception("the probe failed")
        fault = faults.internal(exc).fault
    return Outcome(way, fault, stages, time.perf_counter() - began, _cpu_s() - cpu)


async def _call_again(target: Target, way: Way, stages: dict[str, float]) -> None:
    for _ in range(MOVES):
        try:
            return await _call(target, way, stages)
        except MovedError:
            stages.clear()
    raise faults.no_worker()


async def _call(target: Target, way: Way, stages: dict[str, float]) -> None:
    began = time.perf_counter()
    site = Site(target.url, target.trust)
    try:
        page = await site.open()
        configuration = await site.ice(page)
        stages["page"] = time.perf_counter() - began
        await _talk(target, way, stages, site, page, configuration)
    finally:
        await site.close()


async def _talk(
    target: Target,
    way: Way,
    stages: dict[str, float],
    site: Site,
    page: Page,
    configuration: IceConfiguration,
) -> None:
    here = await addresses(page.url.host)
    terms = Terms(
        way,
        configuration.servers,
        target.trust,
        limited=configuration.limited,
        ipv6=bool(here) and all(":" in address for address in here),
    )
    line = await Line.open(site, page, target.trust)
    call = Call(line, terms, page.url.host, stages)
    try:
        await call.connect()
        await call.hear_echo()
        await call.restart()
    finally:
        await call.close()
        await line.close()
    if stages["heard"] > target.slow_s:
        raise faults.slow(stages["heard"], target.slow_s)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
