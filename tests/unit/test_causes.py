"""The one sentence about a call says what happened, and whose fault it was."""

from collections.abc import Sequence
from typing import Any

import pytest

from calls.causes import Cause, cause_of
from calls.models import Call, CallEvent
from wire.reasons import Reason

pytestmark = pytest.mark.unit

Event = tuple[str, str, dict[str, Any]]

UP: Event = ("bot", "state", {"state": "connected", "reason": ""})
RELAY: Event = ("page", "way", {"way": "relay", "forced": True})
ALL: Event = ("page", "way", {"way": "all", "forced": False})
TURN = "turn:turn.example.com:3478?transport=tcp"
TURNS = "turns:turn.example.com:443?transport=tcp"
NOT_AN_END = {"rejoin", "path_silent", "path_lost"}
"""Reasons that a page shows while its call goes on."""


def failed(author: str, url: str = TURN, code: Any = 701, text: str = "refused") -> Event:
    return (author, "candidate-error", {"url": url, "code": code, "text": text})


def gathered(servers: int, relays: int, dead: str = "") -> Event:
    detail = {"generation": 1, "turn_servers": servers, "relays": relays, "dead": dead}
    return ("bot", "gathered", detail)


def cause(reason: str, *events: Event, state: str = "failed") -> Cause:
    call = Call(state=state, reason=reason)
    return cause_of(call, made(events))


def made(events: Sequence[Event]) -> list[CallEvent]:
    return [CallEvent(author=who, kind=kind, detail=detail) for who, kind, detail in events]


@pytest.mark.parametrize("reason", sorted({reason.code for reason in Reason} - NOT_AN_END))
def test_every_reason_has_a_sentence(reason: str) -> None:
    found = cause(reason)
    assert found.code != "unknown"
    assert found.sentence.endswith(".") and "\n" not in found.sentence


@pytest.mark.parametrize("state", ["connecting", "connected", "recovering"])
def test_a_call_that_is_up_has_a_sentence(state: str) -> None:
    assert cause("", state=state).whose == "nobody"


def test_a_reason_that_is_not_known_is_said() -> None:
    assert "tired_of_it" in cause("tired_of_it", state="ended").sentence


# It never came up.


def test_a_relay_of_ours_that_is_stopped_is_not_the_callers_network() -> None:
    found = cause("network_blocked", RELAY, failed("bot"), failed("page"), gathered(1, 0, "tcp"))
    assert (found.code, found.whose) == ("turn_silent", "ours")
    assert found.sentence.startswith("No TURN server answers (ours)")
    assert TURN in found.what and "refused" in found.what


def test_a_page_that_gave_up_before_the_bot_had_asked_all_is_believed() -> None:
    found = cause("relay_down", RELAY, failed("bot"))
    assert (found.code, found.whose) == ("turn_silent", "ours")
    assert TURN in found.what


def test_a_relay_of_ours_that_is_stopped_counts_without_a_forced_way_too() -> None:
    found = cause("network_blocked", ALL, failed("bot"), gathered(1, 0, "tcp"))
    assert (found.code, found.whose) == ("turn_silent", "ours")
    assert found.what.startswith("No direct path came up, and no TURN server answers")


def test_a_relay_without_tls_is_ours_for_a_page_that_wants_tls() -> None:
    tls: Event = ("page", "way", {"way": "tls", "forced": True})
    found = cause("network_blocked", tls, failed("bot", TURNS), gathered(3, 2, "tls"))
    assert (found.code, found.whose) == ("turn_silent", "ours")
    assert "over TLS" in found.what and TURNS in found.what


def test_a_search_that_was_cut_off_by_a_restart_counts() -> None:
    """A silent server keeps the bot from ever saying that it has asked all."""
    given: Event = ("bot", "ice-servers", {"turn": "tcp", "providers": "coturn"})
    found = cause("network_blocked", RELAY, given, failed("bot", text="no answer"))
    assert (found.code, found.whose) == ("turn_silent", "ours")
    more: Event = ("bot", "ice-servers", {"turn": "tcp tls", "providers": "coturn"})
    assert cause("network_blocked", RELAY, more, failed("bot")).code != "turn_silent"


def test_one_dead_server_of_several_is_no_cause() -> None:
    found = cause("network_blocked", RELAY, failed("bot"), failed("page"), gathered(2, 1))
    assert (found.code, found.whose) == ("network_blocks", "theirs")


def test_a_relay_that_the_page_alone_does_not_reach_is_theirs() -> None:
    found = cause("network_blocked", RELAY, failed("page"), gathered(2, 2))
    assert (found.code, found.whose) == ("network_blocks", "theirs")
    assert TURN in found.what


def test_what_the_page_says_of_the_servers_is_not_enough() -> None:
    """A stranger may report anything."""
    fake: Event = ("page", "gathered", {"turn_servers": 1, "relays": 0, "dead": "tcp"})
    found = cause("network_blocked", RELAY, fake, failed("page"), gathered(1, 1))
    assert found.whose == "theirs"


def test_a_wrong_turn_secret_is_said() -> None:
    refused = failed("bot", code=401, text="Unauthorized")
    found = cause("network_blocked", RELAY, refused, gathered(1, 0, "tcp"))
    assert (found.code, found.whose) == ("turn_refused", "ours")
    assert "401" in found.what or "Unauthorized" in found.what


def test_a_turn_server_without_room_is_said() -> None:
    full = failed("bot", code=486, text="Allocation Quota Reached")
    found = cause("network_blocked", RELAY, full, gathered(1, 0, "tcp"))
    assert (found.code, found.whose) == ("turn_full", "ours")


def test_a_dead_relay_is_no_cause_for_a_page_that_wants_none() -> None:
    direct: Event = ("page", "way", {"way": "direct", "forced": True})
    found = cause("network_blocked", direct, failed("bot"), gathered(1, 0, "tcp"))
    assert found.code != "turn_silent"


def test_a_server_without_turn_is_said() -> None:
    found = cause("network_blocked", ALL, gathered(0, 0))
    assert (found.code, found.whose) == ("no_turn", "ours")
    assert "VOICEDEMO_MEDIA_PORT" in found.todo


def test_a_handshake_that_does_not_end_is_no_blocked_network() -> None:
    path: Event = ("bot", "path", {"local": "host", "remote": "srflx", "transport": "udp"})
    found = cause("network_blocked", ALL, path, gathered(1, 0, "tcp"), failed("bot"))
    assert found.code == "dtls_failed"


def test_a_page_that_reports_nothing_is_said() -> None:
    assert cause("network_blocked", gathered(1, 1)).code == "page_silent"


# It was up.


def test_a_device_that_lost_its_network_is_theirs() -> None:
    found = cause("call_lost", UP, ("bot", "socket-closed", {"code": 1006}))
    assert (found.code, found.whose) == ("device_offline", "theirs")


def test_a_path_that_is_lost_while_the_socket_works_is_said() -> None:
    restart: Event = ("page", "restart", {"generation": 2, "way": "all", "reason": "path_silent"})
    back: Event = ("socket", "socket-resumed", {})
    found = cause("call_lost", UP, restart, ("bot", "socket-closed", {"code": 1006}), back)
    assert found.code == "path_lost"
    assert "1 ICE restart," in found.what


def test_a_path_that_is_lost_without_a_relay_of_ours_is_ours() -> None:
    found = cause("call_lost", UP, failed("bot"), gathered(1, 0, "tcp"))
    assert (found.code, found.whose) == ("path_lost_no_turn", "ours")


def test_a_stopped_server_and_a_dead_worker_are_told_apart() -> None:
    farewell: Event = ("bot", "state", {"state": "failed", "reason": "server_stopping"})
    assert cause("server_stopping", UP, farewell).code == "server_stopped"
    assert cause("server_stopping", UP).code == "worker_died"


def test_a_person_who_gave_up_waiting_did_not_end_a_good_call() -> None:
    assert cause("hangup", state="ended").code == "gave_up_waiting"
    assert cause("hangup", UP, state="ended").code == "ended_well"


def test_a_call_with_repairs_says_how_many() -> None:
    restart: Event = ("page", "restart", {"generation": 2, "way": "all", "reason": "path_silent"})
    assert "2 ICE restarts" in cause("hangup", UP, restart, restart, state="ended").sentence


# What strangers send.


@pytest.mark.parametrize("odd", [None, True, -1e9, 1e300, "\x1b[2J\n", "x" * 200])
def test_nothing_that_a_page_reports_breaks_the_sentence(odd: Any) -> None:
    strange: Event = ("page", "way", {"way": odd, "forced": odd})
    fault = failed("page", url="turn:\x1b[31m\n", code=odd, text="\x1b[2J")
    found = cause("network_blocked", strange, fault, gathered(1, 1))
    assert found.sentence.isprintable()
    assert cause("\x1b[2J", state="ended").sentence.isprintable()
