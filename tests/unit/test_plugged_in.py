import asyncio
import time
import uuid

import numpy as np
import pytest

from bot.media import opus
from bot.media.opus import Pcm
from bot.media.packet import FRAME_SAMPLES, AudioPacket
from bot.voices.audio_input import AudioInput
from bot.voices.audio_output import MAX_CAPTIONS, MAX_PIECES, AudioOutput, OutputFullError
from bot.voices.contract import METHODS, faults_of
from bot.voices.plugged_in import MAX_SNAPSHOT_BYTES, PluggedInVoice
from bot.voices.turn_taking import TurnTaking
from examples.repeater import Repeater

pytestmark = pytest.mark.unit

CALL_ID = uuid.UUID(int=7)
RATES = (48000, 24000, 16000, 8000)


def unread(caption: str) -> None:
    """Ignore a caption."""


def fail() -> None:
    pytest.fail("the bot has failed")


def tone(seconds: float, rate: int = 48000) -> Pcm:
    return (8000 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.int16)


def packets(pcm: Pcm, start: int = 0) -> list[AudioPacket]:
    return [
        AudioPacket(payload, start + n, (start + n) * FRAME_SAMPLES & 0xFFFFFFFF, None)
        for n, payload in enumerate(opus.encode(pcm))
    ]


def hear(audio_input: AudioInput, *heard: AudioPacket) -> list[Pcm]:
    return [pcm for packet in heard for pcm in audio_input.decode(packet)]


def loudness(pcm: Pcm) -> float:
    return float(np.sqrt(np.mean(pcm.astype(np.float64) ** 2)))


@pytest.mark.parametrize("rate", RATES)
def test_the_input_gives_frames_of_20_ms_at_the_rate_asked_for(rate: int) -> None:
    frames = hear(AudioInput(rate), *packets(tone(1)))
    assert len(frames) >= 49
    assert {len(frame) for frame in frames} == {rate // 50}
    assert loudness(frames[30]) == pytest.approx(8000 / 2**0.5, rel=0.1)


def test_lost_packets_are_concealed() -> None:
    sent = packets(tone(0.4))
    frames = hear(AudioInput(48000), *sent[:8], *sent[11:])
    assert len(frames) == len(sent)
    concealed = [loudness(frame) for frame in frames[8:11]]
    assert concealed == sorted(concealed, reverse=True)
    assert concealed[0] > 2000


def test_a_long_gap_is_skipped() -> None:
    audio_input = AudioInput(48000)
    hear(audio_input, *packets(tone(0.1)))
    later = packets(tone(0.1), start=1000)
    assert len(hear(audio_input, *later)) == len(later)


def test_timestamps_wrap_around() -> None:
    first = 2**32 // FRAME_SAMPLES - 2
    sent = packets(tone(0.2), start=first)
    assert len(hear(AudioInput(48000), *sent)) == len(sent)


@pytest.mark.parametrize("rate", RATES)
def test_the_output_sends_pieces_of_any_length_in_packets_of_20_ms(rate: int) -> None:
    output = AudioOutput(rate, unread)
    for piece in np.array_split(tone(1, rate), 37):
        output.say(piece)
    assert output.seconds_left == pytest.approx(1, abs=0.01)
    said = []
    while (packet := output.next_frame()) is not None:
        said.append(packet)
    assert len(said) in (49, 50)
    assert loudness(opus.decode(said)[9600:38400]) == pytest.approx(8000 / 2**0.5, rel=0.1)


def test_a_cleared_output_fades_out_and_is_silent() -> None:
    output = AudioOutput(48000, unread)
    output.say(tone(2))
    for _ in range(10):
        output.next_frame()
    output.clear()
    assert output.seconds_left <= 0.01
    assert output.next_frame() is not None
    assert output.next_frame() is None


def test_what_a_bot_says_in_samples_is_sent_in_packets() -> None:
    voice = PluggedInVoice(CALL_ID, Repeater, TurnTaking(lambda _: None), unread, fail)
    heard = packets(tone(0.5))
    for packet in heard:
        voice.hear(packet)
    said = [voice.next_frame() for _ in heard]
    assert loudness(opus.decode(filter(None, said))[9600:]) == pytest.approx(8000 / 2**0.5, rel=0.1)
    assert voice.next_frame() is None


class Talker:
    """A bot that says something long and ignores what it hears."""

    sample_rate = 16000
    takes_turns = True
    was_interrupted = False

    def begin(self, output: AudioOutput) -> None:
        output.say(tone(10, 16000))

    def hear(self, pcm: Pcm) -> None:
        pass

    def interrupted(self) -> None:
        Talker.was_interrupted = True

    def end(self) -> None:
        pass


def test_a_bot_that_takes_turns_is_interrupted_within_200_ms() -> None:
    voice = PluggedInVoice(CALL_ID, Talker, TurnTaking(lambda _: None), unread, fail)
    quiet, loud = ([-90] * 40, [-20] * 20)
    said = []
    for number, level in enumerate(quiet + loud):
        voice.hear(AudioPacket(opus.silence(), number, number * FRAME_SAMPLES, level))
        said.append(voice.next_frame())
    assert all(said[:40])
    assert not any(said[50:])
    assert Talker.was_interrupted


def test_a_bot_that_takes_turns_may_move_only_when_it_has_answered() -> None:
    voice = PluggedInVoice(CALL_ID, Talker, TurnTaking(lambda _: None), unread, fail)

    def passes(packets: int, level: int) -> None:
        for _ in range(packets):
            voice.hear(AudioPacket(opus.silence(), 0, 0, level))
            voice.next_frame()

    passes(1, -90)
    assert not voice.is_in_pause  # it speaks
    while voice.next_frame():
        pass
    assert voice.is_in_pause
    passes(20, -20)
    passes(100, -90)
    assert not voice.is_in_pause  # it owes an answer


class Counter(Talker):
    """A bot that knows how many frames it has heard, and those before it."""

    def __init__(self) -> None:
        self.heard = 0
        self.resumed = False

    def hear(self, pcm: Pcm) -> None:
        self.heard += 1

    def snapshot(self) -> bytes:
        return str(self.heard).encode()

    def resume(self, output: AudioOutput, snapshot: bytes) -> None:
        self.heard, self.resumed = int(snapshot), True


def test_the_next_bot_of_a_call_knows_what_this_one_knew() -> None:
    made: list[Counter] = []

    def make_bot() -> Counter:
        made.append(Counter())
        return made[-1]

    def voice(snapshot: bytes) -> PluggedInVoice:
        turns = TurnTaking(lambda _: None)
        return PluggedInVoice(CALL_ID, make_bot, turns, unread, fail, snapshot)

    first = voice(b"")
    for number in range(7):
        first.hear(AudioPacket(opus.silence(), number, number * FRAME_SAMPLES, -90))
    following = voice(first.snapshot())
    assert (made[0].resumed, made[1].resumed) == (False, True)
    assert made[1].heard == made[0].heard > 5
    assert first.next_frame() is not None  # it began, and says something
    assert following.next_frame() is None


def test_a_bot_that_has_nothing_to_keep_begins_anew() -> None:
    voice = PluggedInVoice(CALL_ID, Talker, TurnTaking(lambda _: None), unread, fail)
    assert voice.snapshot() == b""
    again = PluggedInVoice(CALL_ID, Talker, TurnTaking(lambda _: None), unread, fail, b"7")
    assert again.next_frame() is not None


@pytest.mark.parametrize("snapshot", ["text", None, bytes(MAX_SNAPSHOT_BYTES + 1)])
def test_a_snapshot_that_is_none_fails_the_call(
    snapshot: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed: list[None] = []
    monkeypatch.setattr(Counter, "snapshot", lambda self: snapshot)
    turns = TurnTaking(lambda _: None)
    voice = PluggedInVoice(CALL_ID, Counter, turns, unread, lambda: failed.append(None))
    assert voice.snapshot() == voice.snapshot() == b""
    assert len(failed) == 1
    assert "snapshot() returns bytes" in caplog.text


class Sleeper(Talker):
    def hear(self, pcm: Pcm) -> None:
        time.sleep(0.15)


class SleeperThatRaises(Sleeper):
    def hear(self, pcm: Pcm) -> None:
        super().hear(pcm)
        raise TimeoutError("the recogniser does not answer")


@pytest.mark.parametrize("make_bot", [Sleeper, SleeperThatRaises])
def test_a_bot_that_blocks_all_calls_is_named_once(
    make_bot: type[Talker], caplog: pytest.LogCaptureFixture
) -> None:
    voice = PluggedInVoice(CALL_ID, make_bot, TurnTaking(lambda _: None), unread, lambda: None)
    for number in range(2):
        voice.hear(AudioPacket(opus.silence(), number, number * FRAME_SAMPLES, -90))
    (told,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert str(CALL_ID) in told and "hear()" in told and "asyncio.to_thread" in told


def test_a_bot_cannot_fill_the_memory_with_what_it_says() -> None:
    output = AudioOutput(16000, unread)
    output.say(tone(200, 16000))
    with pytest.raises(OutputFullError, match="At most 300 s"):
        output.say(tone(101, 16000))
    assert output.seconds_left == pytest.approx(200, abs=1)
    output.clear()
    output.say(tone(200, 16000))
    for _ in range(MAX_CAPTIONS):
        output.say(tone(0.001, 16000), "word")
    with pytest.raises(OutputFullError):
        output.say(tone(0.001, 16000), "word")
    output.say(tone(0.001, 16000))


def test_pieces_without_a_sample_do_not_wait() -> None:
    output = AudioOutput(48000, unread)
    for _ in range(MAX_PIECES + 1):
        output.say(tone(0, 48000))
    for _ in range(MAX_PIECES):
        output.say(np.zeros(1, np.int16))
    with pytest.raises(OutputFullError):
        output.say(np.zeros(1, np.int16))


def test_captions_appear_as_they_are_said_and_not_after_clear() -> None:
    read: list[str] = []
    output = AudioOutput(48000, read.append)
    output.say(tone(0.1), "one")
    output.say(tone(0.1), "two")
    output.say(tone(0.1))
    output.say(tone(0.1), "four")
    assert read == []
    output.next_frame()
    assert read == ["one"]
    for _ in range(5):
        output.next_frame()
    assert read == ["one", "two"]
    output.clear()
    output.next_frame()
    output.next_frame()
    assert read == ["one", "two", ""]
    output.say(tone(0.1), "five")
    output.next_frame()
    assert read == ["one", "two", "", "five"]


@pytest.mark.parametrize(
    "pcm", [tone(0.02).astype(np.float64), tone(0.02).reshape(1, -1), tone(0.02).reshape(-1, 1)]
)
@pytest.mark.parametrize("rate", RATES)
def test_what_is_not_16_bit_and_mono_is_refused_at_once(rate: int, pcm: Pcm) -> None:
    output = AudioOutput(rate, unread)
    with pytest.raises(TypeError, match="int16"):
        output.say(pcm)
    assert output.next_frame() is None


@pytest.mark.parametrize("rate", RATES)
def test_every_third_sample_is_a_stream_too(rate: int) -> None:
    """A bot may give NumPy slices and read-only buffers."""
    output = AudioOutput(rate, unread)
    output.say(tone(3, rate)[::3])
    output.say(np.frombuffer(tone(1, rate).tobytes(), np.int16))
    assert output.seconds_left == pytest.approx(2, abs=0.01)
    assert output.next_frame() is not None


class Faulty:
    """A bot that raises an exception in one of its methods."""

    sample_rate = 48000
    takes_turns = True

    def __init__(self, method: str, error: type[BaseException]) -> None:
        self.called: list[str] = []
        self._method = method
        self._error = error
        self._call("__init__")

    def begin(self, output: AudioOutput) -> None:
        output.say(tone(10))
        self._call("begin")

    def hear(self, pcm: Pcm) -> None:
        self._call("hear")

    def interrupted(self) -> None:
        self._call("interrupted")

    def end(self) -> None:
        self._call("end")

    def _call(self, method: str) -> None:
        self.called.append(method)
        if method == self._method:
            raise self._error


@pytest.mark.parametrize(
    ("method", "failures", "is_ended"),
    [
        ("__init__", 1, False),
        ("begin", 1, False),
        ("hear", 1, True),
        ("interrupted", 1, True),
        ("end", 0, True),
    ],
)
@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError])
def test_a_bot_that_raises_has_failed_once_and_is_only_ended(
    caplog: pytest.LogCaptureFixture,
    method: str,
    failures: int,
    is_ended: bool,
    error: type[BaseException],
) -> None:
    failed: list[None] = []
    bots: list[Faulty] = []

    def make_bot() -> Faulty:
        bot = Faulty.__new__(Faulty)
        bots.append(bot)
        bot.__init__(method, error)  # type: ignore[misc]
        return bot

    voice = PluggedInVoice(
        CALL_ID, make_bot, TurnTaking(lambda _: None), unread, lambda: failed.append(None)
    )
    for number, level in enumerate([-90] * 40 + [-20] * 20):
        voice.hear(AudioPacket(opus.silence(), number, number * FRAME_SAMPLES, level))
        voice.next_frame()
    voice.end()
    assert len(failed) == failures
    assert bots[0].called.count(method) == 1
    assert ("end" in bots[0].called) == is_ended
    # On a busy machine another line may say that the bot took long.
    (record,) = [r for r in caplog.records if r.name == "voicedemo.bot" and r.exc_info]
    assert str(CALL_ID) in record.getMessage()


def test_a_packet_that_is_not_opus_is_no_fault_of_the_bots() -> None:
    voice = PluggedInVoice(CALL_ID, Repeater, TurnTaking(lambda _: None), unread, fail)
    good, after, *_ = packets(tone(0.1))
    voice.hear(good)
    with pytest.raises(ValueError, match="Invalid data"):
        voice.hear(after._replace(payload=b"\xff\xff\xff\xff"))
    voice.hear(after)
    assert voice.next_frame() is not None


class TestContract:
    """A class that cannot be a bot is found when the server starts."""

    def test_the_examples_are_bots(self) -> None:
        assert faults_of(Repeater) == faults_of(Talker) == faults_of(Counter) == []

    def test_a_bot_that_can_tell_what_it_knows_can_also_learn_it(self) -> None:
        forgets = type("Forgets", (Talker,), {"snapshot": lambda self: b""})
        assert faults_of(forgets) == ["it has no method resume()"]

    @pytest.mark.parametrize(
        ("members", "words"),
        [
            ({"end": None}, ["no method end()"]),
            ({"end": None, "interrupted": None, "sample_rate": None}, ["end()", "sample_rate"]),
            ({"sample_rate": 44100}, ["sample_rate", "44100", "48000"]),
            ({"takes_turns": "no"}, ["takes_turns"]),
            ({"begin": lambda self: None}, ["begin()", "arguments"]),
        ],
    )
    def test_what_it_lacks_is_named(self, members: dict[str, object], words: list[str]) -> None:
        all_of = {name: getattr(Talker, name) for name in (*METHODS, "sample_rate", "takes_turns")}
        kept = {name: value for name, value in (all_of | members).items() if value is not None}
        told = "; ".join(faults_of(type("Mine", (), kept)))
        assert all(word in told for word in words)

    def test_a_coroutine_function_would_never_run(self) -> None:
        class Mine(Repeater):
            async def hear(self, pcm: Pcm) -> None:  # type: ignore[override]
                pass

        (told,) = faults_of(Mine)
        assert "hear()" in told and "async" in told

    def test_an_object_is_no_class(self) -> None:
        assert faults_of(Repeater()) == ["it is not a class"]
