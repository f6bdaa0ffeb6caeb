"""Hostile packets to the shared port do not disturb the calls there."""

import random
import socket
from collections.abc import Callable

import pytest

from bot.ice import endpoints
from bot.ice.addresses import host_addresses
from bot.worker import Worker
from tests.hostile import check_for, mutilated
from tests.page import Page

pytestmark = pytest.mark.media

PACKETS = 20_000


@pytest.fixture
def also_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add loopback to the addresses, so that the flood stays there."""
    monkeypatch.setattr(endpoints, "host_addresses", lambda: [*host_addresses(), "127.0.0.1"])


async def test_a_flood_of_hostile_packets_hurts_nobody(
    also_on_loopback: None,
    bot: Worker,
    make_page: Callable[..., Page],
    caplog: pytest.LogCaptureFixture,
) -> None:
    pages = [make_page(frequency=frequency) for frequency in (400, 600)]
    for page in pages:
        await page.call()
    port = bot._endpoints._shared
    assert port is not None
    ufrags = list(port._by_ufrag)
    dice = random.Random(1)
    rtp = b"\x80\x6f" + bytes(50)
    dtls = b"\x16\xfe\xfd" + bytes(50)
    seeds = [rtp, dtls, *(check_for(ufrag) for ufrag in [*ufrags, "nobody"])]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        target = ("127.0.0.1", port.number)
        stranger.bind(("127.0.0.1", 0))
        stranger_address = stranger.getsockname()
        for number in range(PACKETS):
            stranger.sendto(mutilated(dice, seeds), target)
            if number % 200 == 0:
                await pages[0].heard.get()  # until the bot has caught up
    assert [await page.pitch() for page in pages] == [400, 600]
    assert stranger_address not in {remote for _, remote in port._routes}
    assert port.packets_dropped > 0
    assert not [record for record in caplog.records if record.exc_info]
