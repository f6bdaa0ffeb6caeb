"""How many calls one network may have, and what a call whose worker is gone takes."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from calls import labels, leases, timeline
from calls.models import LEASE, Call
from signaling import admission, dispatch
from wire.errors import ProtocolError
from wire.states import CallState

pytestmark = [pytest.mark.unit, pytest.mark.django_db(transaction=True)]

Admit = Callable[..., uuid.UUID]


@pytest.fixture
def admit(settings: Any) -> Admit:
    settings.VOICEDEMO_MAX_CALLS = 50

    def admit(
        network: str, state: CallState = CallState.CONNECTED, *, label: str = "", bot: str = "a-bot"
    ) -> uuid.UUID:
        call_id = uuid.uuid4()
        admission.admit(call_id, "echo", label, bot, network=network, nonce="")
        Call.objects.filter(id=call_id).update(state=state)
        return call_id

    return admit


def refusals(admit: Admit, *args: Any, **options: Any) -> Iterator[str]:
    """Admit calls until one is refused; then yield the code of each refusal."""
    for _ in range(60):
        try:
            admit(*args, **options)
        except ProtocolError as exc:
            assert exc.retryable
            yield exc.code


def test_forty_phones_behind_one_address_can_talk_and_others_can_call(admit: Admit) -> None:
    for _ in range(40):
        admit("fair")
    assert set(refusals(admit, "fair")) == {"network_busy"}
    for _ in range(10):
        admit("home")
    assert set(refusals(admit, "office")) == {"busy"}


def test_calls_that_never_connect_take_a_quarter_of_the_lines_from_one_network(
    admit: Admit,
) -> None:
    assert set(refusals(admit, "stranger", CallState.CONNECTING)) == {"network_busy"}
    assert Call.objects.live().filter(network="stranger").count() == 12
    admit("home")


def test_self_tests_count_towards_their_networks_share(admit: Admit) -> None:
    states = {"state": CallState.CONNECTING, "label": labels.SELF_TEST}
    assert set(refusals(admit, "stranger", **states)) == {"network_busy"}
    with pytest.raises(ProtocolError):
        admit("stranger")


def test_a_small_server_has_room_for_a_self_test_of_one_network(
    admit: Admit, settings: Any
) -> None:
    settings.VOICEDEMO_MAX_CALLS = 5
    for _ in range(5):
        admit("home", CallState.CONNECTING, label=labels.SELF_TEST)


def test_a_call_that_nobody_renews_gives_its_line_back(admit: Admit, settings: Any) -> None:
    settings.VOICEDEMO_MAX_CALLS = 1
    lost = admit("home")
    assert list(refusals(admit, "home"))
    expire(lost, timedelta(seconds=1))
    admit("home")


def test_the_calls_of_a_dead_worker_take_no_lines_but_their_pages_find_them(
    admit: Admit, settings: Any
) -> None:
    settings.VOICEDEMO_MAX_CALLS = 1
    left_behind = admit("home")
    assert leases.give_back_lines_of("another-bot") == 0
    assert list(refusals(admit, "home"))
    assert leases.give_back_lines_of("a-bot") == 1
    admit("home")
    assert dispatch.holder(left_behind, "").channel == "a-bot"
    dispatch.give(left_behind, "a-bot", "another-bot")
    assert Call.objects.live().filter(id=left_behind).exists()


def expire(call_id: uuid.UUID, ago: timedelta) -> None:
    Call.objects.filter(id=call_id).update(lease_until=timezone.now() - ago)


def test_a_renewed_call_keeps_its_line_even_after_a_sleep(admit: Admit) -> None:
    call_id = admit("home")
    expire(call_id, timedelta(hours=1))
    assert leases.renew([call_id], "a-bot") == set()
    assert Call.objects.live().get().lease_until > timezone.now() + LEASE / 2
    assert leases.end_abandoned() == 0


def test_a_worker_is_told_which_of_its_calls_another_server_gave_up(admit: Admit) -> None:
    kept, lost = admit("home"), admit("home")
    expire(lost, leases.ABANDONED_AFTER + timedelta(seconds=1))
    assert leases.end_abandoned() == 1
    assert leases.renew([kept, lost], "a-bot") == {lost}


def test_an_abandoned_call_ends_when_it_was_last_renewed(admit: Admit) -> None:
    call_id = admit("home")
    expire(call_id, leases.ABANDONED_AFTER + timedelta(seconds=1))
    leases.end_abandoned()
    call = Call.objects.get(id=call_id)
    assert (call.state, call.reason) == (CallState.FAILED, "server_stopping")
    assert call.ended_at == call.lease_until - LEASE


def test_a_worker_is_told_which_of_its_calls_another_worker_has(admit: Admit) -> None:
    kept, moved = admit("home"), admit("home")
    assert dispatch.give(moved, "a-bot", "another-bot") == ("another-bot", "echo", True)
    assert leases.renew([kept, moved], "a-bot") == {moved}
    assert not timeline.move(moved, "a-bot", CallState.FAILED)
    assert timeline.move(moved, "another-bot", CallState.CONNECTED)


def test_two_sockets_do_not_give_one_call_to_two_workers(admit: Admit) -> None:
    call_id = admit("home")
    dispatch.give(call_id, "a-bot", "another-bot")
    assert dispatch.give(call_id, "a-bot", "a-third-bot") == ("another-bot", "echo", False)
    assert leases.take(call_id, "another-bot")
    assert dispatch.give(call_id, "a-bot", "a-third-bot") == ("another-bot", None, False)
    assert dispatch.holder(call_id, "") == ("another-bot", None, False)


def test_a_worker_takes_a_call_once_and_only_while_it_is_offered_to_it(admit: Admit) -> None:
    call_id = admit("home")
    assert dispatch.give_untaken(call_id, "a-bot", "another-bot").is_new
    assert not leases.take(call_id, "a-bot")
    assert leases.take(call_id, "another-bot")
    assert not leases.take(call_id, "another-bot")


def test_a_call_that_a_worker_has_taken_goes_to_no_other_because_it_was_slow(admit: Admit) -> None:
    call_id = admit("home")
    assert leases.take(call_id, "a-bot")
    assert dispatch.give_untaken(call_id, "a-bot", "another-bot") == ("a-bot", None, False)
    assert dispatch.give(call_id, "a-bot", "another-bot") == ("another-bot", "echo", True)
    assert leases.take(call_id, "another-bot")


def test_a_call_that_is_over_is_given_to_nobody(admit: Admit) -> None:
    call_id = admit("home", CallState.ENDED)
    with pytest.raises(ProtocolError, match="this call is over"):
        dispatch.give(call_id, "a-bot", "another-bot")


def test_the_last_line_is_given_once(admit: Admit, settings: Any) -> None:
    settings.VOICEDEMO_MAX_CALLS = 10

    def try_it(number: int) -> int:
        try:
            admit(f"home-{number}")
        except ProtocolError:
            return 0
        finally:
            connection.close()
        return 1

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(try_it, range(40))) == 10
