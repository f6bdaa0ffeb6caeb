import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from calls import relay_costs
from calls.models import Call, RelayUse
from tests.page import Page

pytestmark = [pytest.mark.ws, pytest.mark.django_db(transaction=True)]

URL = "turn:turn.example:3478"


def call(minutes: float) -> uuid.UUID:
    now = timezone.now()
    began = now - timedelta(minutes=minutes)
    return Call.objects.create(voice="echo", bot_channel="w", created_at=began, ended_at=now).id


def test_the_bill_knows_the_share_and_the_price() -> None:
    relayed, direct = call(minutes=11), call(minutes=89)
    for _ in range(2):
        relay_costs.add(relayed, RelayUse.Side.PAGE, "coturn", "udp", 2_000_000_000, 330_000)
    relay_costs.add(relayed, RelayUse.Side.BOT, "coturn", "tls", 4_400_000_000, 660_000)
    call_command("relaycosts", stdout=(out := StringIO()))
    first, *lines = out.getvalue().splitlines()
    assert first == "11% of 100 minutes over TURN, 0.42 $"
    assert len(lines) == 2
    assert RelayUse.objects.filter(call_id=direct).count() == 0


def test_without_calls_there_is_nothing_to_pay() -> None:
    bill = relay_costs.bill(timezone.now())
    assert (bill.share, bill.price) == (0, 0)


async def test_a_page_tells_what_was_relayed(page: Page) -> None:
    await page.open()
    await page.say(type="relayed", url=URL, protocol="udp", bytes=1, ms=1)
    assert (await page.hear())["code"] == "no_call"
    await page.say(type="offer", sdp=await page.offer(), generation=1)
    await page.hear_until("answer")
    for count in (1000, 500, 10**9):
        await page.say(type="relayed", url=URL, protocol="udp", bytes=count, ms=1)
    assert (await page.hear_until("error"))["code"] == "bad_message"
    use = await RelayUse.objects.aget()
    assert (use.side, use.protocol, use.bytes) == ("page", "udp", 1500)


def reported(call_id: uuid.UUID) -> tuple[int, int]:
    uses = RelayUse.objects.filter(call_id=call_id)
    return sum(use.bytes for use in uses), sum(use.ms for use in uses)


def test_a_page_is_believed_no_more_than_its_call_can_have_relayed() -> None:
    long, short = call(minutes=10), call(minutes=0)
    for call_id in (long, short):
        for protocol in ("udp", "tcp", "tls"):
            for _ in range(5):
                relay_costs.add_reported(call_id, "coturn", protocol, 100_000_000, 120_000)
    slack = relay_costs.EARLY_S + 5
    for call_id, seconds in ((long, 600), (short, 0)):
        count, ms = reported(call_id)
        assert count <= (seconds + slack) * relay_costs.MAX_BYTES_PER_S
        assert ms <= 1000 * (seconds + slack)


def test_an_honest_page_is_believed() -> None:
    talked = call(minutes=10)
    for _ in range(60):
        relay_costs.add_reported(talked, "coturn", "udp", 160_000, 10_000)
    assert reported(talked) == (9_600_000, 600_000)
