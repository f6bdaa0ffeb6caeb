import json

import pytest

from wire.protocol import (
    MAX_MESSAGE_BYTES,
    Answer,
    Bye,
    Candidate,
    IceCandidate,
    Offer,
    ProtocolError,
    Report,
    Resume,
    ServerCandidate,
    parse_client,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"type":"offer","sdp":"v=0","attempt":1}', Offer(sdp="v=0", attempt=1)),
        (
            '{"type":"candidate","candidate":null,"attempt":2}',
            Candidate(candidate=None, attempt=2),
        ),
        (
            '{"type":"candidate","attempt":1,"candidate":'
            '{"candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"u"}}',
            Candidate(
                attempt=1,
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
    assert parse_client(text) == expected


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
        '{"type":"offer","sdp":"","attempt":1}',
        '{"type":"offer","sdp":"v=0","attempt":0}',
        '{"type":"offer","sdp":"v=0","attempt":"x"}',
        '{"type":"offer","sdp":"v=0","attempt":1,"voice":"opera"}',
        '{"type":"offer","sdp":"' + "x" * 40_000 + '","attempt":1}',
        '{"type":"candidate","candidate":"candidate:1","attempt":1}',
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
def test_it_refuses_what_is_no_message(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_client(text)
    assert caught.value.code == "bad_message"
    assert caught.value.message


def test_it_refuses_a_large_message_before_parsing_it() -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_client("[" * (MAX_MESSAGE_BYTES + 1))
    assert caught.value.code == "too_large"


def test_the_complaint_does_not_quote_the_sdp() -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_client('{"type":"offer","sdp":["a=ice-pwd:secret"],"attempt":1}')
    assert "secret" not in caught.value.message


def test_the_wire_spells_its_names_as_the_webrtc_api_does() -> None:
    candidate = IceCandidate(candidate="candidate:1", sdp_m_line_index=0, username_fragment="u")
    assert json.loads(ServerCandidate(candidate=candidate, attempt=3).to_json()) == {
        "type": "candidate",
        "attempt": 3,
        "candidate": {
            "candidate": "candidate:1",
            "sdpMid": None,
            "sdpMLineIndex": 0,
            "usernameFragment": "u",
        },
    }
    assert json.loads(Answer(sdp="v=0", attempt=1).to_json())["type"] == "answer"
