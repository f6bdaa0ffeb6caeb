"""The sentences of the self-test, in English, by stable code.

The page has the same sentences in ``static/js/generated/selftest_sentences.js``, which
:func:`render_selftest_sentences` writes. The English sentences are the keys of the translations
in ``locale/``. Codes that are not here are the reasons of a failed call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .findings import Status


@dataclass(frozen=True)
class Sentence:
    """A sentence about a result, and one about what the person can do.

    :ivar sentence: values of the row's ``data`` go where their names stand in braces.
    :ivar next_step: '' if there is nothing to do.
    """

    sentence: str
    next_step: str = ""


Sentences = Mapping[str, Sentence]

STATUSES: Final = {
    "waiting": "Not checked yet",
    "running": "Checking…",
    Status.GOOD: "Fine",
    Status.WARNING: "Worth a look",
    Status.BAD: "Not working",
    Status.SKIPPED: "Skipped",
}
"""Read out before the finding. On the screen, the mark's colour and shape say the same."""

TITLES: Final = {
    "browser": "Browser",
    "microphone": "Microphone",
    "loudspeaker": "Loudspeaker",
    "server": "Our server",
    "network": "Your network",
    "direct": "Direct calls (UDP)",
    "udp": "Calls through a relay (UDP)",
    "tcp": "Calls through a relay (TCP)",
    "tls": "Calls through a relay (TLS)",
    "ice-tcp": "Direct calls (TCP)",
}

BROWSER: Final[Sentences] = {"browser_fine": Sentence("It can make calls.")}

MICROPHONE: Final[Sentences] = {
    "mic_good": Sentence("It hears you."),
    "mic_quiet": Sentence("It hears you, but faintly.", "Hold it closer, or turn it up."),
    "mic_distorted": Sentence(
        "It hears you, but distorted.", "Hold it farther away, or turn it down."
    ),
    "mic_silent": Sentence("We heard nobody.", "Check again and say something while it listens."),
    "mic_muted": Sentence(
        "It is completely silent: something has muted it.",
        "Look for a mute switch on your headset and in your phone’s settings.",
    ),
    "mic_unheard": Sentence("It was found, but this browser does not let us listen to it here."),
}

LOUDSPEAKER: Final[Sentences] = {
    "speaker_heard": Sentence("You hear us."),
    "speaker_unheard": Sentence(
        "You do not hear us.",
        "Turn the volume up, and check which loudspeaker or headset is selected.",
    ),
    "speaker_unanswered": Sentence("You did not say whether you heard the two notes."),
}

SERVER: Final[Sentences] = {"server_fine": Sentence("It answers after {ms} ms.")}

NETWORK: Final[Sentences] = {
    "net_open": Sentence("No router in between: your address is public."),
    "net_cone": Sentence("A router that lets calls through."),
    "net_symmetric": Sentence("A strict router (symmetric NAT): some calls need a relay."),
    "net_unknown": Sentence(
        "We could not find out what kind it is.",
        "No STUN server answered. Calls may still work: see below.",
    ),
    "net_hidden": Sentence(
        "Your browser hides it from us.",
        "A setting or an extension of the browser forbids direct calls, so calls need a relay.",
    ),
    # Never found alone: the next step of any network with `isElsewhere` in its data.
    "net_elsewhere": Sentence(
        "",
        "Pages and calls use different addresses. Is a VPN on? Turn it off if calls sound bad.",
    ),
}

WAY: Final[Sentences] = {
    "way_works": Sentence("Works: {rtt} ms, {loss} % lost, quality {mos} of 5."),
    # `way_works` with a warning.
    "way_poor": Sentence("Works poorly: {rtt} ms, {loss} % lost, quality {mos} of 5."),
    "way_blocked": Sentence("Nothing gets through."),
    "way_silent": Sentence("It connects, but no sound gets through."),
    "way_no_relay": Sentence("The relay does not answer."),
    "way_refused": Sentence(
        "The relay refuses us.", "That is our fault. Please send us the code above."
    ),
    "way_unset": Sentence("There is no such relay here."),
}

VERDICTS: Final[Sentences] = {
    "fine_direct": Sentence("You’re fine: calls connect directly.", "You can call now."),
    "fine_relay": Sentence("You’re fine: calls connect through a relay.", "You can call now."),
    "fine_detour": Sentence(
        "Calls will work, but this network blocks the fastest way.",
        "You can call now. Mobile data may sound better.",
    ),
    "poor": Sentence(
        "Calls will connect, but sound bad here.",
        "Move closer to the Wi-Fi router, or switch to mobile data.",
    ),
    "microphone": Sentence(
        "Your network is fine, but your microphone is not.",
        "You can read below what to do about it.",
    ),
    "loudspeaker": Sentence(
        "Your network is fine, but you do not hear us.", "You can read below what to do about it."
    ),
}

FOUND: Final[Sentences] = {
    **BROWSER,
    **MICROPHONE,
    **LOUDSPEAKER,
    **SERVER,
    **NETWORK,
    **WAY,
}


def sentence_for(found: str, status: str, *, is_elsewhere: bool) -> Sentence | None:
    """Return the sentence for a row of a report, chosen as in ``static/js/selftest/wording.js``.

    :param is_elsewhere: ``isElsewhere`` of the row's data.
    :returns: None for the reasons of a failed call, which have sentences of their own.
    """
    key = "way_poor" if (found, status) == ("way_works", Status.WARNING) else found
    told = FOUND.get(key)
    if told and is_elsewhere:
        return Sentence(told.sentence, FOUND["net_elsewhere"].next_step)
    return told


def render_selftest_sentences() -> str:
    """The text of ``static/js/generated/selftest_sentences.js``."""
    statuses = "|".join(f"'{status}'" for status in Status)
    tables = {
        "BROWSER": BROWSER,
        "MICROPHONE": MICROPHONE,
        "LOUDSPEAKER": LOUDSPEAKER,
        "SERVER": SERVER,
        "NETWORK": NETWORK,
        "WAY": WAY,
        "VERDICTS": VERDICTS,
    }
    return "\n".join(
        [
            "/**",
            " * What the self-test says, by stable code. Written from wire/selftest_sentences.py:",
            " * change it there.",
            " *",
            f" * @typedef {{{statuses}}} Status",
            " * @typedef {Record<string, {sentence: string, nextStep: string}>} Sentences",
            " */",
            "",
            *_texts("STATUSES", STATUSES),
            *_texts("TITLES", TITLES),
            *(line for name, table in tables.items() for line in _sentences(name, table)),
        ]
    )


def _texts(name: str, texts: Mapping[str, str]) -> list[str]:
    lines = [f"  {_key(key)}: {_quoted(text)}," for key, text in texts.items()]
    return [
        "/** @type {Record<string, string>} */",
        f"export const {name} = {{",
        *lines,
        "};",
        "",
    ]


def _sentences(name: str, table: Sentences) -> list[str]:
    lines: list[str] = []
    for code, told in table.items():
        lines += [
            f"  {_key(code)}: {{",
            f"    sentence: {_quoted(told.sentence)},",
            f"    nextStep: {_quoted(told.next_step)},",
            "  },",
        ]
    return ["/** @type {Sentences} */", f"export const {name} = {{", *lines, "};", ""]


def _key(key: str) -> str:
    return key if key.isidentifier() else f"'{key}'"


def _quoted(text: str) -> str:
    """A JavaScript string in single quotes.

    :raises ValueError: the text needs escapes, with which the catalog would not find it.
    """
    if set(text) & set("'\\\n"):
        raise ValueError(f"use ’ for an apostrophe, and no backslash: {text!r}")
    return f"'{text}'"
