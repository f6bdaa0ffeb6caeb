"""A worker's calls, and only those, live as long as it does."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from calls import leases
from calls.models import Call
from tests.page import Page
from tests.ws.conftest import call_in_state
from wire.states import CallState

pytestmark = pytest.mark.ws


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWED_EVERY_S", 0.05)


async def test_a_worker_renews_the_leases_of_its_calls(
    page: Page,
) -> None:
    await page.call()
    call = await call_in_state("connected")
    past = timezone.now() - timedelta(seconds=1)
    await Call.objects.filter(id=call.id).aupdate(lease_until=past)
    async with asyncio.timeout(15):
        while not await Call.objects.live().aexists():
            await asyncio.sleep(0.02)


async def test_a_call_whose_line_another_server_gave_away_ends(
    page: Page,
) -> None:
    await page.call()
    call = await call_in_state("connected")
    await Call.objects.filter(id=call.id).aupdate(state=CallState.FAILED)
    assert (await page.hear_until("bye"))["reason"] == "call_lost"
