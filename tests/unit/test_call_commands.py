"""Whoever helps finds a call on a terminal, and reads what happened to it."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from calls.models import Call, CallEvent

pytestmark = [pytest.mark.unit, pytest.mark.django_db]

START = datetime.fromisoformat("2025-11-27T14:05:12.250+00:00")


def made(**fields: Any) -> Call:
    return Call.objects.create(**{"voice": "parrot", "bot_channel": "a-bot", **fields})


def noted(call: Call, ms: int, author: str, kind: str, **detail: Any) -> None:
    at = call.created_at + timedelta(milliseconds=ms)
    CallEvent.objects.create(call=call, at=at, author=author, kind=kind, detail=detail)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> str:
        call_command(*arguments)
        return capsys.readouterr().out

    return run


@pytest.fixture
def failed_call() -> Call:
    """The page wants a relay, and the TURN server is stopped."""
    call = made(
        id="9f27c1de-33a1-4b0c-8a53-5d0a54d1ee07",
        created_at=START,
        ended_at=START + timedelta(seconds=15),
        state="failed",
        reason="network_blocked",
        label="Hall 4",
    )
    noted(call, -210, "page", "way", way="relay", forced=True)
    noted(call, 12, "bot", "candidate-error", url="turn:turn.example.com", code=701, text="refused")
    noted(call, 13, "bot", "gathered", generation=1, turn_servers=1, relays=0, dead="udp")
    noted(call, 15000, "bot", "state", state="failed", reason="network_blocked")
    return call


def test_the_cause_is_on_top_and_the_timeline_below(run: Any, failed_call: Call) -> None:
    sentence, summary, *lines = run("call", "9f27").splitlines()
    assert sentence.startswith("No TURN server answers (ours): turn:turn.example.com refused; ")
    assert sentence.endswith(".") and "manage.py doctor" in sentence
    assert str(failed_call.id) in summary
    assert "2025-11-27 14:05:12 UTC, 15.0 s, failed network_blocked, stand Hall 4" in summary
    assert lines == [
        "   -0.210 page   begins with the way relay, forced: yes",
        "    0.012 bot    turn:turn.example.com failed: 701 refused",
        "    0.013 bot    generation 1: 0 of 1 TURN servers gave the bot a relay",
        "   15.000 bot    failed network_blocked",
    ]


def test_a_program_reads_the_same(run: Any, failed_call: Call) -> None:
    told = json.loads(run("call", str(failed_call.id), "--json"))
    assert (told["id"], told["seconds"]) == (str(failed_call.id), 15)
    assert (told["cause"]["code"], told["cause"]["whose"]) == ("turn_silent", "ours")
    assert [event["ms"] for event in told["events"]] == [-210, 12, 13, 15000]
    assert told["events"][1]["detail"]["code"] == 701


@pytest.mark.parametrize("text", ["9f27c1de-33a1", "9F27C1DE33A14B0C8A535D0A54D1EE07"])
def test_an_id_may_be_written_in_any_way(run: Any, failed_call: Call, text: str) -> None:
    assert str(failed_call.id) in run("call", text)


def test_a_beginning_that_several_ids_have_names_them() -> None:
    ids = [uuid.UUID(int=(0xABC << 116) + number) for number in range(2)]
    for each in ids:
        made(id=each)
    with pytest.raises(CommandError) as refused:
        call_command("call", "abc")
    assert "2 calls begin with abc; add more digits" in str(refused.value)
    assert all(str(each) in str(refused.value) for each in ids)


@pytest.mark.parametrize(
    ("text", "told"),
    [("abc", "no call has an id that begins with abc"), ("call-7", "not the beginning of a")],
)
def test_a_wrong_id_is_said(text: str, told: str) -> None:
    with pytest.raises(CommandError, match=told) as refused:
        call_command("call", text)
    assert "manage.py calls" in str(refused.value)


def test_a_restart_says_what_became_of_it(run: Any) -> None:
    call = made(state="ended", reason="hangup")
    for ms, generation in ((1000, 2), (5000, 3), (9000, 4)):
        noted(call, ms, "page", "restart", generation=generation, way="all", reason="path_silent")
    noted(call, 9640, "bot", "path", generation=4, local="host", remote="host", transport="udp")
    told = run("call", str(call.id))
    restarts = [line for line in told.splitlines() if "ICE restart, generation" in line]
    assert [line.rpartition(": ")[2] for line in restarts] == [
        "no path",
        "no path",
        "a path after 0.640 s",
    ]
    read = json.loads(run("call", str(call.id), "--json"))["events"]
    assert [event.get("path_after_ms") for event in read] == [None, None, 640, None]


def test_a_new_peer_connection_counts_its_generations_anew(run: Any) -> None:
    call = made(state="ended", reason="hangup")
    for start in (1000, 50_000):
        noted(call, start, "page", "restart", generation=2, way="all", reason="path_lost")
        noted(call, start + 300, "bot", "path", generation=2)
    assert run("call", str(call.id)).count("a path after 0.300 s") == 2


def test_what_a_page_reports_cannot_move_the_cursor(run: Any) -> None:
    call = made(state="ended", reason="hangup")
    noted(call, 1, "page", "refused", code="\x1b[2J", message="a\nb\x07")
    noted(call, 2, "page", "of-a-newer-page", text="\x1b[31m")
    told = run("call", str(call.id))
    assert all(line.isprintable() for line in told.splitlines())
    assert "of-a-newer-page" in told
    assert len(told.splitlines()) == 4


# The list.


def test_the_newest_calls_come_first(run: Any, failed_call: Call) -> None:
    newer = made(created_at=START + timedelta(minutes=1), state="ended", reason="hangup")
    _, *lines = run("calls").splitlines()
    assert [line[:8] for line in lines] == [newer.id.hex[:8], "9f27c1de"]
    assert lines[1] == "9f27c1de  11-27 14:05:12    15 s  failed network_blocked Hall 4"


def ids(text: str) -> set[str]:
    return {call["id"] for call in json.loads(text)}


def test_calls_are_filtered_by_what_is_in_their_rows(run: Any, failed_call: Call) -> None:
    now = timezone.now()
    recent = made(created_at=now - timedelta(hours=1), state="ended", reason="hangup")
    assert ids(run("calls", "--since", "2h", "--json")) == {str(recent.id)}
    assert ids(run("calls", "--since", "30m", "--json")) == set()
    assert ids(run("calls", "--state", "failed", "--json")) == {str(failed_call.id)}
    assert ids(run("calls", "--reason", "hangup", "--json")) == {str(recent.id)}
    assert ids(run("calls", "--stand", "Hall 4", "--json")) == {str(failed_call.id)}
    assert ids(run("calls", "--stand", "", "--json")) == {str(recent.id)}


def test_calls_are_filtered_by_the_way_that_they_took(run: Any, failed_call: Call) -> None:
    """The page knows best; before it has said anything, the bot's path counts."""
    ways: dict[str, tuple[str, str, dict[str, Any]]] = {
        "direct": ("page", "pair", {"pair": "srflx → host", "protocol": "udp"}),
        "ice-tcp": ("page", "pair", {"pair": "host → host", "protocol": "tcp"}),
        "tls": ("page", "pair", {"pair": "relay → host", "protocol": "tls"}),
        "relay": ("bot", "path", {"local": "host", "remote": "relay", "transport": "udp"}),
    }
    made_for = {}
    for way, (author, kind, detail) in ways.items():
        call = made()
        noted(call, 1, author, kind, **detail)
        made_for[way] = str(call.id)
    for way in ("direct", "ice-tcp", "tls"):
        assert ids(run("calls", "--way", way, "--json")) == {made_for[way]}
    relayed = {made_for["tls"], made_for["relay"]}
    assert ids(run("calls", "--way", "relay", "--json")) == relayed


def test_the_list_has_an_end(run: Any) -> None:
    for _ in range(25):
        made()
    assert len(json.loads(run("calls", "--json"))) == 20
    assert len(json.loads(run("calls", "--json", "--limit", "3"))) == 3


def test_an_empty_list_says_so(run: Any) -> None:
    assert run("calls") == "no calls\n"


@pytest.mark.parametrize("wrong", [("--since", "yesterday"), ("--limit", "0"), ("--way", "pigeon")])
def test_a_wrong_option_is_said(wrong: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=wrong[1]):
        call_command("calls", *wrong)
