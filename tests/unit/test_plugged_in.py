import numpy as np
import pytest

from bot.media import opus
from bot.media.opus import Pcm
from bot.media.packet import FRAME_SAMPLES, AudioPacket
from bot.voices.audio_input import AudioInput
from bot.voices.audio_output import AudioOutput
from bot.voices.plugged_in import PluggedInVoice
from bot.voices.turn_taking import TurnTaking
from examples.repeater import Repeater

pytestmark = pytest.mark.unit


def unread(caption: str) -> None:
    """Nobody reads along."""


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


@pytest.mark.parametrize("rate", [48000, 16000])
def test_ears_give_frames_of_20_ms_at_the_rate_asked_for(rate: int) -> None:
    frames = hear(AudioInput(rate), *packets(tone(1)))
    assert len(frames) >= 49
    assert {len(frame) for frame in frames} == {rate // 50}
    assert loudness(frames[30]) == pytest.approx(8000 / 2**0.5, rel=0.1)


def test_what_is_lost_is_concealed_and_time_goes_on() -> None:
    sent = packets(tone(0.4))
    frames = hear(AudioInput(48000), *sent[:8], *sent[11:])
    assert len(frames) == len(sent)
    concealed = [loudness(frame) for frame in frames[8:11]]
    assert concealed == sorted(concealed, reverse=True)
    assert concealed[0] > 2000


def test_after_a_long_hole_it_goes_on_at_once() -> None:
    audio_input = AudioInput(48000)
    hear(audio_input, *packets(tone(0.1)))
    later = packets(tone(0.1), start=1000)
    assert len(hear(audio_input, *later)) == len(later)


def test_timestamps_wrap_around() -> None:
    first = 2**32 // FRAME_SAMPLES - 2
    sent = packets(tone(0.2), start=first)
    assert len(hear(AudioInput(48000), *sent)) == len(sent)


@pytest.mark.parametrize("rate", [48000, 16000])
def test_a_mouth_says_pieces_of_any_length_in_20_ms_packets(rate: int) -> None:
    output = AudioOutput(rate, unread)
    for piece in np.array_split(tone(1, rate), 37):
        output.say(piece)
    assert output.seconds_left == pytest.approx(1, abs=0.01)
    said = []
    while (packet := output.next_frame()) is not None:
        said.append(packet)
    assert len(said) in (49, 50)
    assert loudness(opus.decode(said)[9600:38400]) == pytest.approx(8000 / 2**0.5, rel=0.1)


def test_a_hushed_mouth_fades_out_and_is_silent() -> None:
    output = AudioOutput(48000, unread)
    output.say(tone(2))
    for _ in range(10):
        output.next_frame()
    output.clear()
    assert output.seconds_left <= 0.01
    assert output.next_frame() is not None
    assert output.next_frame() is None


def test_a_bot_of_samples_answers_in_packets() -> None:
    voice = PluggedInVoice(Repeater, TurnTaking(lambda _: None), unread)
    heard = packets(tone(0.5))
    for packet in heard:
        voice.hear(packet)
    said = [voice.next_frame() for _ in heard]
    assert loudness(opus.decode(filter(None, said))[9600:]) == pytest.approx(8000 / 2**0.5, rel=0.1)
    assert voice.next_frame() is None


class Talker:
    """Says something long, and listens to nothing."""

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


def test_a_bot_that_takes_turns_is_hushed_within_200_ms() -> None:
    voice = PluggedInVoice(Talker, TurnTaking(lambda _: None), unread)
    quiet, loud = ([-90] * 40, [-20] * 20)
    said = []
    for number, level in enumerate(quiet + loud):
        voice.hear(AudioPacket(opus.silence(), number, number * FRAME_SAMPLES, level))
        said.append(voice.next_frame())
    assert all(said[:40])
    assert not any(said[50:])
    assert Talker.was_interrupted


def test_captions_appear_as_they_are_said_and_not_after_a_hush() -> None:
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
