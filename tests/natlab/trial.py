"""Try the product, or a stock aiortc, in one of the networks with a real browser."""

import base64
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, sync_playwright

from bot.media import opus
from tests.e2e import sounds
from tests.e2e.caller import DRAW_RARELY, Caller
from tests.e2e.firefox import Firefox
from tests.e2e.server import ROOT

from .lab import Lab
from .phone import BrowserName, open_browser, product
from .probe import Claim
from .profiles import Profile
from .stories import Call, said

Bot = Literal["voicedemo", "stock aiortc"]

GAP_MS = 100
PHRASE = "the quick brown fox jumps over the lazy dog"

WATCH = """
window.said = [];
setInterval(() => {
  const line = document.querySelector('#state-line')?.textContent;
  if (line && window.said.at(-1) !== line) window.said.push(line);
}, 50);
document.addEventListener('click', () => { window.tappedAt ??= performance.now(); }, true);
"""
"""A script that runs before the page's own. It notes what the person is told and when they tap."""

HIDE = """
window.sent = [];
const hide = (text) => {
  const name = '4d5c0bb2-6b6e-4b0c-9d3e-1f5a7a3a9c11.local';
  const hidden = text
    .replace(/(candidate:\\S+ \\d+ \\S+ \\d+ )\\S+( \\d+ typ host)/g, `$1${name}$2`)
    .replace(/ raddr \\S+ rport \\d+/g, ' raddr 0.0.0.0 rport 0')
    .replace(/c=IN IP4 \\d+[.\\d]+/g, 'c=IN IP4 0.0.0.0');
  window.sent.push(hidden);
  return hidden;
};
const { send } = WebSocket.prototype;
WebSocket.prototype.send = function (text) { send.call(this, hide(text)); };
const { fetch } = window;
window.fetch = (url, options) =>
  fetch(url, options?.body ? { ...options, body: hide(options.body) } : options);
"""
"""A script that hides host addresses, as browsers do (draft-ietf-mmusic-mdns-ice-candidates)."""


@dataclass
class Trial:
    """The outcome of a call.

    :param claims: what must be true of it.
    :param first_audio_ms: the time from the tap to the first packet.
    :param way: how the page reached the bot, or the relay, in the end.
    :param gaps: pauses between packets of over 100 ms, in ms.
    :param arrived: the share that arrived of the bot's packets, of which it sends one every 20 ms.
    :param restarts: the reason and the way of each ICE restart.
    :param likeness: how alike, up to 1, what came back and what was said are; None: not recorded.
    """

    profile: str
    browser: BrowserName
    bot: Bot
    claims: list[Claim] = field(default_factory=list)
    first_audio_ms: float | None = None
    way: str = "none"
    pair: str = ""
    gaps: list[float] = field(default_factory=list)
    arrived: float = 0.0
    concealed: float = 0.0
    likeness: float | None = None
    restarts: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    reason: str = ""

    @property
    def is_as_expected(self) -> bool:
        return all(claim.holds for claim in self.claims)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"claims": [tuple(claim) for claim in self.claims]}


def prove(profile: Profile) -> list[Claim]:
    """Probe whether the network is what its profile says."""
    with tempfile.TemporaryDirectory() as folder, standing(profile, Path(folder)) as lab:
        return profile.proof(lab)


def attempt(profile: Profile, browser_name: BrowserName, bot: Bot = "voicedemo") -> Trial:
    """Make a call in the network, and claim what the profile expects of it."""
    trial = Trial(profile.name, browser_name, bot)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with (
            standing(profile, folder) as lab,
            running(bot, lab, folder),
            talking(browser_name, lab, folder) as browser,
        ):
            script = DRAW_RARELY + WATCH + (HIDE if profile.hides_addresses else "")
            person = Caller(browser, f"{lab.url}/?voice=echo&debug", init_script=script)
            _go_through(profile, Call(lab, person), trial)
            trial.said = said(person)
            trial.reason = person.reason or ""
            person.context.close()
        trial.restarts = _restarts(folder)
    return trial


def check_up(profile: Profile, browser_name: BrowserName) -> list[Claim]:
    """Run the page's self-test in the network, and claim what it should say."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with (
            standing(profile, folder) as lab,
            running("voicedemo", lab, folder),
            talking(browser_name, lab, folder) as browser,
        ):
            person = Caller(browser, f"{lab.url}/check/")
            profile.before_check(lab)
            person.page.click("#start")
            person.page.click("#heard")
            person.wait_for("fine", "trouble", timeout_s=90)
            page = person.page
            told = page.evaluate(
                "[...document.querySelectorAll('#rows li')].map((e) => e.innerText)"
            )
            verdict = page.get_attribute("body", "data-verdict")
            nat = page.get_attribute("#row-network", "data-found")
            person.context.close()
    claims = [Claim("the verdict", profile.verdict, str(verdict))]
    if profile.nat:
        claims.append(Claim("the network", f"net_{profile.nat}", str(nat)))
    if not all(claim.holds for claim in claims):
        claims.append(Claim("what it found", "", " | ".join(told).replace("\n", " ")))
    return claims


def _go_through(profile: Profile, call: Call, trial: Trial) -> None:
    trial.claims = call.claims
    person = call.caller
    if profile.way == "none":
        profile.story(call)
        return
    person.tap()
    person.wait_for("connected", "failed", timeout_s=60)
    call.claim("it connects", holds=person.state == "connected")
    if person.state != "connected":
        return
    person.wait_for_sound()
    call_id = call.call_id
    profile.story(call)
    call.claim(f"by {profile.way}, in the end", holds=call.goes_by(profile.way))
    call.claim("it is the same call", holds=call.call_id == call_id)
    _measure(call, trial)


def _measure(call: Call, trial: Trial) -> None:
    page = call.caller.page
    arrivals = page.evaluate("seen.arrivals")
    trial.first_audio_ms = arrivals[0] - page.evaluate("tappedAt")
    trial.gaps = [round(b - a) for a, b in pairwise(arrivals) if b - a > GAP_MS]
    trial.arrived = min(1.0, len(arrivals) / ((arrivals[-1] - arrivals[0]) / 20 + 1))
    trial.way = page.evaluate("seen.way()")
    trial.pair = page.inner_text("#dev-pair")
    trial.concealed = call.caller.snapshot()["concealed"] or 0
    if trial.browser == "chromium" and trial.bot == "voicedemo":
        packets = page.evaluate("seen.packetsFrom(Math.max(0, seen.packets.length - 400))")
        heard = opus.decode(map(base64.b64decode, packets)).astype(float)
        trial.likeness = sounds.likeness(sounds.spoken(PHRASE), heard)


def _restarts(folder: Path) -> list[str]:
    """Read the ICE restarts from the calls' timelines."""
    if not (database := folder / "db.sqlite3").exists():
        return []
    query = "select detail from calls_callevent where kind = 'restart' order by at"
    with closing(sqlite3.connect(database)) as connection:
        rows = [json.loads(detail) for (detail,) in connection.execute(query)]
    return [f"{row['reason']}: {row['way']}" for row in rows]


def standing(profile: Profile, folder: Path) -> closing[Lab]:
    return closing(Lab(profile.network, folder))


@contextmanager
def running(bot: Bot, lab: Lab, folder: Path) -> Iterator[None]:
    settings = {**lab.stun_settings(), **lab.turn_settings()}
    if bot == "voicedemo":
        with product(lab, folder, **settings):
            yield
        return
    command = [*lab.server.prefix, sys.executable, "-m", "tests.natlab.stock"]
    environment = {**os.environ, **lab.settings(), **settings}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


@contextmanager
def talking(name: BrowserName, lab: Lab, folder: Path) -> Iterator[Browser | Firefox]:
    """A browser whose microphone hears the phrase again and again; Firefox's hears a tone."""
    microphone = folder / "phrase.wav"
    sounds.write_wav(microphone, sounds.with_pause(sounds.spoken(PHRASE), 0.2, 0.3))
    with (
        sync_playwright() as playwright,
        open_browser(name, playwright, lab, folder, microphone) as browser,
    ):
        yield browser
