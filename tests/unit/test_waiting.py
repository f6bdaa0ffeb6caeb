"""Who waits for a line, in which order, and who may not."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from calls import waiting
from calls.models import Call, Waiting
from signaling import admission
from wire.errors import ProtocolError
from wire.states import CallState

pytestmark = [pytest.mark.unit, pytest.mark.django_db(transaction=True)]

Join = Callable[..., uuid.UUID]


@pytest.fixture
def join(settings: Any) -> Join:
    settings.VOICEDEMO_MAX_CALLS = 1

    def join(network: str = "home", *, since_s: float = 0, is_fresh: bool = True) -> uuid.UUID:
        call_id = uuid.uuid4()
        waiting.join(call_id, network, is_fresh=is_fresh)
        since = timezone.now() - timedelta(seconds=since_s)
        Waiting.objects.filter(id=call_id).update(since=since)
        return call_id

    return join


def admit(call_id: uuid.UUID) -> None:
    admission.admit(call_id, "echo", "", "a-bot", network="home", nonce="")


def refusal(work: Callable[..., Any], *args: Any, **options: Any) -> str:
    with pytest.raises(ProtocolError) as caught:
        work(*args, **options)
    assert caught.value.retryable
    return caught.value.code


def test_nobody_overtakes_those_who_wait(join: Join) -> None:
    second, first = join(since_s=1), join(since_s=2)
    assert refusal(admit, uuid.uuid4()) == "busy"
    assert refusal(admit, second) == "busy"
    admit(first)
    assert refusal(admit, second) == "busy"
    assert waiting.places() == [second]
    Call.objects.update(state=CallState.ENDED)
    admit(second)
    assert waiting.places() == []


def test_a_page_that_comes_back_has_its_old_place(join: Join) -> None:
    first, second = join(since_s=2), join(since_s=1)
    Waiting.objects.filter(id=first).update(until=timezone.now() - timedelta(seconds=1))
    assert waiting.places() == [second]
    assert waiting.join(first, "mobile", is_fresh=False) == 1
    assert waiting.places() == [first, second]


def test_the_servers_renewal_brings_a_place_back(join: Join) -> None:
    """The database was away for longer than a place lasts."""
    first = join()
    Waiting.objects.update(until=timezone.now() - timedelta(seconds=20))
    assert waiting.places() == []
    waiting.renew([first])
    assert waiting.places() == [first]


def test_who_has_been_away_for_long_waits_no_more(join: Join) -> None:
    gone = join()
    Waiting.objects.update(until=timezone.now() - timedelta(seconds=31))
    join()
    assert not Waiting.objects.filter(id=gone).exists()


def test_an_old_ticket_gets_no_place(join: Join) -> None:
    assert refusal(join, is_fresh=False) == "ticket_expired"


def test_a_ticket_with_a_call_gets_no_place(join: Join) -> None:
    call_id = uuid.uuid4()
    admit(call_id)
    assert refusal(waiting.join, call_id, "home", is_fresh=True) == "ticket_used"


def test_so_many_may_wait_and_a_quarter_of_them_behind_one_address(
    join: Join, settings: Any
) -> None:
    settings.VOICEDEMO_MAX_WAITING = 44
    for _ in range(11):
        join("fair")
    assert refusal(join, "fair") == "network_busy"
    for network in ("a", "b", "c"):
        for _ in range(11):
            join(network)
    assert refusal(join, "home") == "busy"


def test_without_a_line_to_wait_in_everybody_is_told_busy(join: Join, settings: Any) -> None:
    settings.VOICEDEMO_MAX_WAITING = 0
    assert refusal(join) == "busy"
