"""What is old is deleted, and so is what is too much."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from calls import retention, timeline
from calls.models import Call, CallEvent, RelayUse, SelfTest
from wire.states import CallState

pytestmark = [pytest.mark.unit, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAUSE_S", 0)


def call(days: float, state: CallState = CallState.ENDED) -> Call:
    created_at = timezone.now() - timedelta(days=days)
    made = Call.objects.create(
        voice="echo", bot_channel="a-bot", state=state, created_at=created_at
    )
    timeline.append(made.id, CallEvent.Author.BOT, "path", {})
    RelayUse.objects.create(call=made, side="bot", provider="coturn", protocol="udp")
    return made


def test_old_calls_go_with_all_that_belongs_to_them(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(retention.BATCH + 1):
        call(days=31)
    young, live = call(days=29), call(days=31, state=CallState.CONNECTED)
    SelfTest.objects.create(code="OLD", at=timezone.now() - timedelta(days=31), report={})
    SelfTest.objects.create(code="NEW", report={})
    call_command("prune")
    told = f"{retention.BATCH + 1} calls and 1 self-tests deleted; 30 days are kept\n"
    assert capsys.readouterr().out == told
    assert set(Call.objects.all()) == {young, live}
    assert (CallEvent.objects.count(), RelayUse.objects.count()) == (2, 2)
    assert SelfTest.objects.get().code == "NEW"


def test_the_operator_says_how_long_calls_are_kept(settings: pytest.MonkeyPatch) -> None:
    settings.VOICEDEMO_KEEP_DAYS = 1  # type: ignore[attr-defined]
    call(days=2)
    assert retention.prune() == (1, 0)


def test_the_oldest_calls_go_early_if_strangers_write_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "MAX_EVENTS", 3)
    monkeypatch.setattr(retention, "BATCH", 1)
    calls = [call(days=days) for days in (5, 4, 3, 2, 1)]
    live = call(days=6, state=CallState.CONNECTED)
    assert retention.prune() == (3, 0)
    assert set(Call.objects.all()) == {*calls[3:], live}
