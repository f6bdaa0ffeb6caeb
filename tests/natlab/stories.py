"""Events during a call in a bad network, and what must be true of the call."""

import time
from dataclasses import dataclass, field

from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.e2e.caller import DRAW_RARELY, Caller

from .lab import Lab
from .probe import Claim
from .wire import Direction, Kind

LOSSES = (0.05, 0.1, 0.2)
DARK_S = (5, 20, 45)
TALK_S = 8.0
RECOVERS_S = 30.0
SETTLES_S = 15.0
SENTENCE_S = 15.0

YES, NO = "yes", "no"


@dataclass
class Call:
    """A person on the phone of a lab, and the claims so far."""

    lab: Lab
    caller: Caller
    claims: list[Claim] = field(default_factory=list)

    def claim(self, what: str, *, holds: bool) -> None:
        self.claims.append(Claim(what, YES, YES if holds else NO))

    @property
    def call_id(self) -> str:
        return self.caller.page.inner_text("#dev-call")

    def hears_echo(self, seconds: float = 3.0) -> bool:
        """Tell whether what is said comes back, so both directions work."""
        before = self.caller.snapshot()["energy"] or 0.0
        self.caller.page.wait_for_timeout(seconds * 1000)
        return (self.caller.snapshot()["energy"] or 0.0) > before + 1e-5

    def goes_by(self, way: str) -> bool:
        """Tell whether the call takes this way within SETTLES_S.

        A call on a relay moves to a direct path once that has proved steady, and one on TCP tries
        UDP again after five seconds.
        """
        return self.caller.page.evaluate(
            "([way, ms]) => seen.goesBy(way, ms)", [way, SETTLES_S * 1000]
        )

    def recovers(self, within_s: float = RECOVERS_S) -> bool:
        """Tell whether packets come as they should again, and the echo with them."""
        self.caller.page.wait_for_timeout(1500)  # what came before does not count
        try:
            self.caller.wait_for_sound(within_s)
        except (PlaywrightTimeoutError, TimeoutError):
            return False
        return self.hears_echo()


def talk(call: Call) -> None:
    call.caller.page.wait_for_timeout(TALK_S * 1000)
    call.claim("the echo comes back", holds=call.hears_echo())


def stay(call: Call) -> None:
    """Stay for two minutes, and mute for half of them."""
    page = call.caller.page
    page.wait_for_timeout(30_000)
    page.click("#mute")
    page.wait_for_timeout(60_000)
    page.click("#mute")
    page.wait_for_timeout(30_000)
    call.claim("the echo comes back after two minutes", holds=call.hears_echo())


def leave_udp(call: Call) -> None:
    call.claim("it begins on UDP", holds=call.caller.protocol() == "udp")
    call.claim("it leaves UDP for TLS", holds=_reaches(call.caller, "tls", 40))
    call.claim("the echo comes back over TLS", holds=call.recovers())
    call.caller.page.wait_for_timeout(15_000)
    call.claim("it stays there", holds=call.caller.protocol() == "tls")
    call.claim("and is heard", holds=call.hears_echo())


def hand_over(call: Call) -> None:
    call.caller.page.wait_for_timeout(4000)
    call.lab.hand_over()
    call.claim("it goes on over the other network", holds=call.recovers())
    lately = time.monotonic() - 1
    ways = [call.lab.wires["cell0"].last(Kind.RTP, direction) > lately for direction in Direction]
    call.claim("the voice passes there, both ways", holds=all(ways))


def lose(call: Call) -> None:
    for share in LOSSES:
        call.lab.quality(loss=share)
        call.caller.page.wait_for_timeout(1000)
        before = call.caller.snapshot()
        call.caller.page.wait_for_timeout(12_000)
        after = call.caller.snapshot()
        sent, arrived = (after[name] - before[name] for name in ("sent", "received"))
        # The echo leaves the gaps of the way up as they are: in-band FEC fills them.
        as_the_wire = arrived / sent > (1 - share) ** 2 - 0.08
        call.claim(f"at {share:.0%} no more is lost than the network loses", holds=as_the_wire)
    call.lab.quality(loss=0.0)
    call.claim("the echo comes back", holds=call.recovers())


def ride_elevators(call: Call) -> None:
    for seconds in DARK_S:
        call.lab.quality(drop=True)
        call.caller.page.wait_for_timeout(seconds * 1000)
        call.lab.quality(drop=False)
        call.claim(f"it is back after {seconds} s of nothing", holds=call.recovers())


def rebind(call: Call) -> None:
    call.caller.page.wait_for_timeout(3000)
    ufrag = call.caller.snapshot()["localUfrag"]
    call.lab.rebind()
    call.claim("it goes on", holds=call.recovers())
    call.claim("nobody is told", holds="Reconnecting…" not in said(call.caller))
    call.claim("without a restart", holds=call.caller.snapshot()["localUfrag"] == ufrag)


def hide_addresses(call: Call) -> None:
    sent = call.caller.page.evaluate("window.sent.join()")
    named = call.lab.addresses["wlan0"] in sent or ".local" not in sent
    call.claim("the page names no address", holds=not named)
    talk(call)


def two_calls(call: Call) -> None:
    other = Caller(call.caller.browser, call.caller.url, init_script=DRAW_RARELY)
    other.call()
    call.claim("the second call has its echo", holds=Call(call.lab, other).recovers())
    call.claim("and so has the first", holds=call.recovers())
    other.context.close()


def be_told(call: Call) -> None:
    """Be told within SENTENCE_S that no way leads to the bot: the TURN server refuses everybody, so
    it is not for the network alone."""
    begun = time.monotonic()
    call.caller.tap()
    call.caller.wait_for("failed", "connected", timeout_s=60)
    waited = time.monotonic() - begun
    call.claim("it fails", holds=call.caller.state == "failed")
    call.claim("for what it is", holds=call.caller.reason == "relay_down")
    call.claim(f"within {SENTENCE_S:.0f} s", holds=waited <= SENTENCE_S + 1)
    call.claim("with a next step", holds=bool(call.caller.page.inner_text("#next-step")))


def said(caller: Caller) -> list[str]:
    """Return the lines that the person read, in order."""
    return caller.page.evaluate("window.said")


def _reaches(caller: Caller, protocol: str, within_s: float) -> bool:
    return caller.page.evaluate(
        "([protocol, ms]) => seen.reaches(protocol, ms)", [protocol, within_s * 1000]
    )
