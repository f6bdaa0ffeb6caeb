import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import AsyncClient
from django.utils import timezone

from calls import labels, selftests
from calls.models import SelfTest
from signaling import admission, limits
from wire.errors import ProtocolError

pytestmark = [
    pytest.mark.unit,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("plain_static"),
]

REPORT: dict[str, Any] = {
    "verdict": "fine_relay",
    "rows": [{"name": "udp", "status": "good", "found": "way_works", "data": {"rtt": 48}}],
    "userAgent": "Mozilla/5.0",
}


@pytest.fixture(autouse=True)
def full_buckets() -> None:
    limits.requests.clear()
    limits.reports.clear()


async def send(body: Any) -> tuple[int, dict[str, Any]]:
    response = await AsyncClient().post(
        "/api/check/", json.dumps(body), content_type="application/json"
    )
    return response.status_code, json.loads(response.content)


async def test_a_report_is_kept_under_a_code_that_can_be_read_out() -> None:
    status, answer = await send(REPORT)
    assert status == 201
    assert set(answer["code"]) <= set(selftests.ALPHABET)
    kept = await SelfTest.objects.aget(pk=answer["code"])
    assert kept.report["rows"][0]["data"] == {"rtt": 48}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**REPORT, "verdict": "<script>"},
        {**REPORT, "rows": REPORT["rows"] * 21},
        {**REPORT, "rows": [{**REPORT["rows"][0], "status": "great"}]},
        {**REPORT, "userAgent": "x" * 501},
        {**REPORT, "userAgent": "x" * 9_000},
    ],
)
async def test_a_malformed_report_is_refused_and_not_kept(body: Any) -> None:
    status, answer = await send(body)
    assert status == 400
    assert answer["error"]["code"] in {"bad_message", "too_large"}
    assert await SelfTest.objects.acount() == 0


async def test_one_network_cannot_push_out_what_the_others_reported() -> None:
    statuses = [(await send(REPORT))[0] for _ in range(21)]
    assert statuses == [201] * 20 + [429]


def test_self_tests_leave_half_of_the_lines_to_people(settings: Any) -> None:
    settings.VOICEDEMO_MAX_CALLS = 12
    for _ in range(6):
        admission.admit(uuid.uuid4(), "echo", labels.SELF_TEST, "a-bot", network="here", nonce="")
    with pytest.raises(ProtocolError, match="every line is taken"):
        admission.admit(uuid.uuid4(), "echo", labels.SELF_TEST, "a-bot", network="here", nonce="")
    for _ in range(6):
        admission.admit(uuid.uuid4(), "parrot", "", "a-bot", network="there", nonce="")
    with pytest.raises(ProtocolError, match="every line is taken"):
        admission.admit(uuid.uuid4(), "parrot", "", "a-bot", network="there", nonce="")


def test_one_self_test_has_its_lines_on_a_small_server_too(settings: Any) -> None:
    settings.VOICEDEMO_MAX_CALLS = 5
    for _ in range(5):
        admission.admit(uuid.uuid4(), "echo", labels.SELF_TEST, "a-bot", network="here", nonce="")


async def test_the_oldest_of_too_many_reports_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftests, "MAX_KEPT", 3)
    now = timezone.now()
    for age, code in enumerate(("NEW", "OLDER", "OLDEST")):
        await SelfTest.objects.acreate(code=code, at=now - timedelta(hours=age + 1), report=REPORT)
    _, answer = await send(REPORT)
    left = {found.pk async for found in SelfTest.objects.all()}
    assert left == {answer["code"], "NEW", "OLDER"}


async def test_a_network_that_floods_pushes_out_its_own_reports_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(selftests, "MAX_OF_A_NETWORK", 3)
    yesterday = timezone.now() - timedelta(days=1)
    await SelfTest.objects.acreate(code="HOME", at=yesterday, network="home", report=REPORT)
    codes = [(await send(REPORT))[1]["code"] for _ in range(6)]
    left = {found.pk async for found in SelfTest.objects.all()}
    assert left == {"HOME", *codes[3:]}


def test_support_finds_it_however_it_was_written_down(capsys: pytest.CaptureFixture[str]) -> None:
    SelfTest.objects.create(code="ABC234", report={**REPORT, "user_agent": REPORT["userAgent"]})
    call_command("checkup", "abc-234")
    told = capsys.readouterr().out
    assert "fine_relay" in told and '"rtt": 48' in told and "Mozilla/5.0" in told


def test_support_reads_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    quality = {"rtt": 48, "loss": 0.5, "mos": 4.1}
    rows = [
        {"name": "microphone", "status": "bad", "found": "mic_denied", "data": {}},
        {
            "name": "network",
            "status": "warning",
            "found": "net_cone",
            "data": {"isElsewhere": True},
        },
        {"name": "direct", "status": "warning", "found": "way_works", "data": quality},
        {"name": "tls", "status": "skipped", "found": "way_unset", "data": {}},
    ]
    report = {"verdict": "microphone", "rows": rows, "user_agent": "Mozilla/5.0"}
    SelfTest.objects.create(code="ABC234", report=report)
    call_command("checkup", "ABC234")
    told = capsys.readouterr().out
    for line in (
        "Your network is fine, but your microphone is not. (microphone)",
        "  → You can read below what to do about it.",
        "✗ Microphone: The microphone is switched off for this page. (mic_denied)",
        "  → Allow it in your browser’s address bar or settings, then try again.",
        "! Your network: A router that lets calls through. (net_cone)",
        "  → Pages and calls use different addresses. Is a VPN on?",
        "! Direct calls (UDP): Works poorly: 48 ms, 0.5 % lost, quality 4.1 of 5.",
        "– Calls through a relay (TLS): There is no such relay here. (way_unset)",
    ):
        assert line in told


def test_a_report_that_somebody_made_up_is_printed_too(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"name": "x", "status": "good", "found": "way_works", "data": {"rtt": "\x1b[2J"}}
    other = {"name": "y", "status": "bad", "found": "nothing_known", "data": {}}
    report = {"verdict": "nothing_known", "rows": [row, other], "user_agent": ""}
    SelfTest.objects.create(code="ABC234", report=report)
    call_command("checkup", "ABC234")
    told = capsys.readouterr().out
    assert "✓ x: Works: ? ms" in told and "✗ y:  (nothing_known)" in told
    assert "\x1b" not in told


def test_a_report_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    row = {**REPORT["rows"][0], "data": {"\x1b[2J": "\x1b[31m"}}
    report = {**REPORT, "rows": [row], "user_agent": "\x1b]0;owned\x07"}
    SelfTest.objects.create(code="ABC234", report=report)
    call_command("checkup", "ABC234")
    assert "\x1b" not in capsys.readouterr().out


def test_an_unknown_code_is_an_error() -> None:
    with pytest.raises(CommandError, match="kept for 30 days"):
        call_command("checkup", "ZZZZZZ")
