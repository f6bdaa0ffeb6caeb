import json
import uuid

import pytest
from pydantic import ValidationError

from wire.bot import Attach, BotMessage, Detach, Relays, ToBot, ToPage
from wire.constants import MAX_MESSAGE_BYTES
from wire.errors import ProtocolError
from wire.model import IceCandidate, IceServer
from wire.page import (
    Bye,
    Candidate,
    Hears,
    Offer,
    Report,
    Resume,
    Visibility,
    parse_page,
)
from wire.server import Answer, Ice, ServerBye

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"type":"offer","sdp":"v=0","generation":1}', Offer(sdp="v=0", generation=1)),
        (
            '{"type":"candidate","candidate":null,"generation":2}',
            Candidate(candidate=None, generation=2),
        ),
        (
            '{"type":"candidate","generation":1,"candidate":'
            '{"candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"u"}}',
            Candidate(
                generation=1,
                candidate=IceCandidate(
                    candidate="candidate:1",
                    sdp_mid="0",
                    sdp_m_line_index=0,
                    username_fragment="u",
                ),
            ),
        ),
        ('{"type":"resume","callId":"c","token":"t"}', Resume(call_id="c", token="t")),
        ('{"type":"bye","reason":"page_closed"}', Bye(reason="page_closed")),
        ('{"type":"report","events":[]}', Report(events=[])),
    ],
)
def test_it_reads_each_message(text: str, expected: object) -> None:
    assert parse_page(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "null",
        '"offer"',
        "{}",
        '{"type":"shout"}',
        '{"type":"offer"}',
        '{"type":"offer","sdp":"","generation":1}',
        '{"type":"offer","sdp":"v=0","generation":0}',
        '{"type":"offer","sdp":"v=0","generation":"x"}',
        '{"type":"offer","sdp":"v=0","generation":1,"voice":"opera"}',
        '{"type":"offer","sdp":"' + "x" * 40_000 + '","generation":1}',
        '{"type":"candidate","candidate":"candidate:1","generation":1}',
        '{"type":"report","events":[{"at":1,"kind":"Not A Kind"}]}',
        '{"type":"report","events":[{"at":1,"kind":"x","detail":{"deep":{"er":1}}}]}',
        json.dumps({"type": "report", "events": [{"at": 1, "kind": "x"}] * 51}),
        '{"type":"report","events":[{"at":1,"kind":"x","detail":{"ms":NaN}}]}',
        '{"type":"report","events":[{"at":1,"kind":"x","detail":{"ms":1e999}}]}',
        "[" * 60_000,
        '{"type":' * 8_000,
        "\ud800",
        "NaN",
    ],
)
def test_it_refuses_a_malformed_message(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_page(text)
    assert caught.value.code == "bad_message"
    assert caught.value.message


def test_it_refuses_a_large_message_before_parsing_it() -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_page("[" * (MAX_MESSAGE_BYTES + 1))
    assert caught.value.code == "too_large"


def test_the_complaint_does_not_quote_the_sdp() -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_page('{"type":"offer","sdp":["a=ice-pwd:secret"],"generation":1}')
    assert "secret" not in caught.value.message


def test_the_wire_spells_its_names_as_the_webrtc_api_does() -> None:
    candidate = IceCandidate(candidate="candidate:1", sdp_m_line_index=0, username_fragment="u")
    assert json.loads(Candidate(candidate=candidate, generation=3).to_json()) == {
        "type": "candidate",
        "generation": 3,
        "candidate": {
            "candidate": "candidate:1",
            "sdpMid": None,
            "sdpMLineIndex": 0,
            "usernameFragment": "u",
        },
    }
    assert json.loads(Answer(sdp="v=0", generation=1).to_json())["type"] == "answer"


def test_a_missing_credential_is_left_out() -> None:
    """A browser would read a null as the text "null"."""
    server = IceServer(urls=["stun:s"])
    message = Ice(ice_servers=[server], ttl=1, expires_at="")
    assert json.loads(message.to_json())["iceServers"] == [{"urls": ["stun:s"]}]


CANDIDATE = IceCandidate(candidate="candidate:1", sdp_m_line_index=0, username_fragment="u")


@pytest.mark.parametrize(
    "message",
    [
        Offer(sdp="v=0", generation=2, voice="echo", rejoin=True, abandon=True),
        Candidate(candidate=CANDIDATE, generation=1),
        Candidate(candidate=None, generation=1),
        Hears(media=False),
        Visibility(hidden=True),
        Bye(reason="page_closed"),
        Attach(),
        Detach(code=1006),
        Relays(
            ice_servers=[IceServer(urls=["turn:t"], username="u", credential="c")],
            providers={"turn:t": "coturn"},
            page_address="2001:db8::1",  # type: ignore[arg-type]
        ),
    ],
    ids=lambda message: message.type,
)
def test_a_message_reaches_the_bot_as_it_was(message: BotMessage) -> None:
    sent = ToBot(call_id=uuid.uuid4(), reply_to="a-socket", message=message)
    carried = json.loads(json.dumps(sent.event()))
    assert carried["type"] == "bot.message"
    assert ToBot.model_validate(carried) == sent


def test_a_message_reaches_the_page_as_it_was() -> None:
    sent = ToPage.of("a-bot", ServerBye(reason="ended"), close=True)
    carried = json.loads(json.dumps(sent.event()))
    assert carried["type"] == "page.message"
    received = ToPage.model_validate(carried)
    assert json.loads(received.text) == {"type": "bye", "reason": "ended"}
    assert received.close


@pytest.mark.parametrize(
    "change",
    [{"message": {"type": "shout"}}, {"message": None}, {"call_id": "7"}, {"reply_to": None}],
    ids=["unknown type", "no message", "no call", "no socket"],
)
def test_an_envelope_of_another_version_is_refused(change: dict[str, object]) -> None:
    sent = ToBot(call_id=uuid.uuid4(), reply_to="a-socket", message=Attach())
    with pytest.raises(ValidationError):
        ToBot.model_validate({**sent.event(), **change})


def test_a_refused_envelope_does_not_quote_a_credential() -> None:
    """The complaint is logged."""
    servers = [{"urls": ["turn:t"], "username": "u", "credential": ["secret"]}]
    message = {"type": "relays", "ice_servers": servers, "providers": {}}
    sent = {"type": "bot.message", "call_id": str(uuid.uuid4()), "reply_to": "a-socket"}
    with pytest.raises(ValidationError) as caught:
        ToBot.model_validate({**sent, "message": message})
    assert "secret" not in str(caught.value)
