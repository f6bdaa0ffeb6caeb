import numpy as np
import pytest

from bot.media import opus
from bot.media.level import LevelMeter, SpeechDetector, dbov
from bot.media.packet import LOST, AudioPacket
from bot.voices import parrot
from bot.voices.echo import EchoVoice
from bot.voices.parrot import ParrotVoice
from bot.voices.prompt import PromptVoice
from bot.voices.tone import tone
from bot.voices.turn_taking import TurnTaking

pytestmark = pytest.mark.unit

QUIET, LOUD = -90, -20


class Conversation:
    """A conversation between a person and the parrot, in steps of 20 ms."""

    def __init__(self, greeting: tuple[bytes, ...] = (), snapshot: bytes = b"") -> None:
        self.turns: list[float] = []
        self.now = 0.0
        turns = TurnTaking(self.turns.append, lambda: self.now)
        self.parrot = ParrotVoice(greeting, turns, snapshot)
        self.said: list[bytes] = []
        self.number = 0

    def pass_frames(self, count: int, level: int, name: str = "") -> list[bytes]:
        """Let the person speak, and return what the parrot says at the same time.

        :param count: how long, in frames of 20 ms.
        :param level: the loudness of the person, in dBov.
        :param name: the beginning of the payload of each packet.
        """
        before = len(self.said)
        for index in range(count):
            self.number += 1
            self.now += 0.02
            payload = f"{name}{index}".encode()
            self.parrot.hear(AudioPacket(payload, self.number, 960 * self.number, level))
            frame = self.parrot.next_frame()
            if frame is not None:
                self.said.append(frame)
        return self.said[before:]


def test_the_parrot_greets_first() -> None:
    talk = Conversation(greeting=(b"hel", b"lo"))
    assert talk.pass_frames(5, QUIET) == [b"hel", b"lo"]


def test_the_parrot_repeats_a_phrase_after_the_pause_and_not_before() -> None:
    talk = Conversation()
    talk.pass_frames(parrot.LISTEN_AFTER + 30, QUIET)
    assert talk.pass_frames(50, LOUD, "word") == []
    assert talk.pass_frames(parrot.PAUSE - 1, QUIET) == []
    repeated = talk.pass_frames(200, QUIET)
    words = [f"word{index}".encode() for index in range(50)]
    start = repeated.index(b"word0")
    assert repeated[start : start + 50] == words
    assert start <= parrot.PRE_ROLL + parrot.SHORTEST
    assert len(repeated) - start - 50 <= parrot.TAIL


def test_the_parrot_may_move_only_when_nobody_is_saying_anything() -> None:
    talk = Conversation(greeting=(b"x",) * 10)
    talk.pass_frames(5, QUIET)
    assert not talk.parrot.is_in_pause  # it greets
    talk.pass_frames(parrot.LISTEN_AFTER + 30, QUIET)
    assert talk.parrot.is_in_pause
    talk.pass_frames(20, LOUD, "word")
    assert not talk.parrot.is_in_pause
    talk.pass_frames(parrot.PAUSE + 5, QUIET)
    assert not talk.parrot.is_in_pause  # it repeats
    talk.pass_frames(200, QUIET)
    assert talk.parrot.is_in_pause


def test_the_next_parrot_repeats_what_this_one_has_heard() -> None:
    talk = Conversation()
    talk.pass_frames(parrot.LISTEN_AFTER + 30, QUIET)
    talk.pass_frames(50, LOUD, "word")
    talk.pass_frames(10, QUIET)
    goes_on = Conversation((b"hello",), talk.parrot.snapshot())
    assert not goes_on.parrot.is_in_pause
    assert goes_on.pass_frames(parrot.PAUSE - 11, QUIET) == []
    repeated = goes_on.pass_frames(200, QUIET)
    assert [frame for frame in repeated if frame.startswith(b"word")] == [
        f"word{index}".encode() for index in range(50)
    ]


def test_the_next_parrot_says_the_rest_of_what_this_one_was_saying() -> None:
    greeting = tuple(f"hello{index}".encode() for index in range(50))
    talk = Conversation(greeting)
    said = talk.pass_frames(20, QUIET)
    rest = Conversation((), talk.parrot.snapshot()).pass_frames(100, QUIET)
    assert (*said, *rest) == greeting


def test_a_parrot_in_a_pause_has_nothing_to_tell_the_next_one() -> None:
    talk = Conversation()
    talk.pass_frames(parrot.LISTEN_AFTER + 30, QUIET)
    assert talk.parrot.snapshot() == b""


def repeated_after_losing(packets: int) -> list[bytes]:
    """Lose packets in the middle of a phrase, and return what the parrot says after it."""
    talk = Conversation()
    talk.pass_frames(parrot.LISTEN_AFTER + 30, QUIET)
    talk.pass_frames(10, LOUD, "a")
    talk.number += packets
    talk.pass_frames(10, LOUD, "b")
    return talk.pass_frames(200, QUIET)


def test_a_lost_packet_is_a_gap_in_what_the_parrot_repeats() -> None:
    repeated = repeated_after_losing(3)
    start = repeated.index(b"a9")
    assert repeated[start : start + 5] == [b"a9", LOST, LOST, LOST, b"b0"]


def test_a_long_gap_is_shortened_so_that_the_path_does_not_seem_dead() -> None:
    assert repeated_after_losing(24).count(LOST) == 10


def test_the_parrot_does_not_listen_while_it_speaks() -> None:
    talk = Conversation(greeting=(b"x",) * 100)
    talk.pass_frames(90, LOUD, "over")
    assert not any(frame.startswith(b"over") for frame in talk.pass_frames(300, QUIET))


def test_an_interrupted_parrot_is_silent_within_200_ms_and_repeats_the_interruption() -> None:
    talk = Conversation(greeting=opus.encode(np.zeros(96000, np.int16)))
    assert len(talk.pass_frames(40, QUIET)) == 40
    assert len(talk.pass_frames(20, LOUD, "stop")) <= 10
    repeated = talk.pass_frames(200, QUIET)
    assert b"stop0" in repeated and b"stop19" in repeated


def test_the_parrot_is_not_interrupted_by_its_own_voice() -> None:
    """Without an echo canceller the parrot hears itself from its first word on."""
    talk = Conversation(greeting=(b"x",) * 300)
    said = [
        frame for _ in range(30) for frame in (*talk.pass_frames(8, -25), *talk.pass_frames(2, -60))
    ]
    assert said == [b"x"] * 300


def test_the_parrot_is_not_interrupted_by_a_cough() -> None:
    talk = Conversation(greeting=(b"x",) * 100)
    talk.pass_frames(40, QUIET)
    talk.pass_frames(5, LOUD)
    assert len(talk.pass_frames(55, QUIET)) == 55


def test_the_persons_wait_is_reported() -> None:
    talk = Conversation()
    talk.pass_frames(parrot.LISTEN_AFTER + 30, QUIET)
    talk.pass_frames(50, LOUD, "word")
    talk.pass_frames(200, QUIET)
    assert talk.turns == [pytest.approx((parrot.PAUSE) * 0.02, abs=0.021)]


def test_the_parrot_ignores_a_click() -> None:
    talk = Conversation()
    talk.pass_frames(parrot.LISTEN_AFTER + 30, QUIET)
    talk.pass_frames(parrot.SHORTEST - 1, LOUD, "click")
    assert talk.pass_frames(300, QUIET) == []


def test_the_parrot_repeats_an_endless_phrase_in_parts() -> None:
    talk = Conversation()
    talk.pass_frames(parrot.LISTEN_AFTER, QUIET)
    assert talk.pass_frames(parrot.LONGEST + 50, LOUD, "on")


def test_the_parrot_repeats_phrase_after_phrase() -> None:
    talk = Conversation()
    talk.pass_frames(parrot.LISTEN_AFTER + 30, QUIET)
    for name in ("one", "two"):
        talk.pass_frames(30, LOUD, name)
        assert f"{name}29".encode() in talk.pass_frames(200, QUIET)


def test_speech_is_heard_above_a_steady_noise() -> None:
    detector = SpeechDetector()
    hum = [detector.is_speech(-50) for _ in range(1000)]
    assert not any(hum[-500:])
    assert detector.is_speech(-25)


def test_the_level_is_measured_if_the_peer_does_not_send_it() -> None:
    wave = (8000 * np.sin(np.arange(9600) * 2 * np.pi * 440 / 48000)).astype(np.int16)
    meter = LevelMeter()
    levels = [meter.level(AudioPacket(p, 0, 0, None)) for p in opus.encode(wave)]
    assert abs(levels[5] - dbov(wave)) <= 2


def test_silence_is_silent() -> None:
    assert dbov(opus.decode([opus.silence()] * 10)) < -80


def test_the_echo_sends_packets_back_unchanged() -> None:
    forwarded: list[AudioPacket] = []
    packet = AudioPacket(b"opus", 1, 960, None)
    EchoVoice(forwarded.append).hear(packet)
    assert forwarded == [packet]


def test_a_prompt_starts_again_after_its_pause() -> None:
    voice = PromptVoice((b"a", b"b"), pause_frames=2)
    assert [voice.next_frame() for _ in range(6)] == [b"a", b"b", None, None, b"a", b"b"]


def test_the_tone_is_one_steady_frequency() -> None:
    pcm = opus.decode(tone() * 3)[48000:96000].astype(float)
    spectrum = np.abs(np.fft.rfft(pcm))
    assert int(np.argmax(spectrum)) == 440
    assert dbov(pcm.astype(np.int16)) > -25
