"""How much a page, or its sockets, may write into a call's timeline."""

from collections import Counter

import pytest

from calls import timeline
from calls.models import Call, CallEvent
from wire.page import ReportedEvent

pytestmark = [pytest.mark.unit, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def call() -> Call:
    return Call.objects.create(voice="echo", bot_channel="a-bot")


def report(call: Call, *kinds: str, text: str = "") -> None:
    events = [ReportedEvent(at=0, kind=kind, detail={"text": text}) for kind in kinds]
    timeline.append_reported(call.id, events)


def kinds(call: Call) -> Counter[str]:
    return Counter(event.kind for event in call.events.all())


def test_a_page_may_report_so_many_events_of_a_kind(call: Call) -> None:
    for _ in range(10):
        report(call, *["ice"] * 50)
    report(call, "state")
    most = timeline.MAX_REPORTED_OF_A_KIND
    assert kinds(call) == {"ice": most, "state": 1, "events-dropped": 1}


def test_a_page_may_report_so_many_events_in_all(call: Call) -> None:
    for number in range(20):
        report(call, *[f"kind-{number}"] * 50)
    reported = CallEvent.objects.filter(call=call, author="page")
    assert reported.count() == timeline.MAX_REPORTED


def test_a_page_may_report_so_much_text(call: Call) -> None:
    for number in range(50):
        report(call, *[f"kind-{number}"] * 50, text="x" * 200)
    told = CallEvent.objects.filter(call=call, author="page").values_list("detail", flat=True)
    one_message = 50 * 250
    assert sum(len(str(detail)) for detail in told) < timeline.MAX_REPORTED_CHARS + one_message


def test_a_socket_that_comes_and_goes_fills_no_disk(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MAX_OF_A_KIND", 10)
    for _ in range(100):
        timeline.append_by_socket(call.id, "ice-partial", {"without": "xirsys"})
    assert kinds(call) == {"ice-partial": 10, "events-dropped": 1}


def test_what_other_calls_wrote_takes_no_room(call: Call) -> None:
    other = Call.objects.create(voice="echo", bot_channel="a-bot")
    for _ in range(10):
        report(other, *["ice"] * 50)
    report(call, "ice")
    assert kinds(call) == {"ice": 1}
