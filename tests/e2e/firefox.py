"""Drive Firefox with the part of Playwright's interface that the tests use.

Playwright itself cannot drive it (docs/browsers.md#playwright-firefox). This module speaks
WebDriver BiDi (W3C) to the distribution's ``firefox-esr``.
"""

import itertools
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from socket import socket
from typing import Any

from playwright.sync_api import ViewportSize
from websockets.sync.client import ClientConnection, connect

PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "media.autoplay.default": 0,
    # With permission for the microphone, ICE gathers on every network, not just the default one.
    "permissions.default.microphone": 1,
    # The microphone is a tone, and there is no prompt.
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}
ANSWER_S = 60
"""A script that takes longer is considered to hang."""


class FirefoxError(RuntimeError):
    """A script threw, or the browser refused a command."""


class Firefox:
    """A running browser with a fresh profile.

    :param prefix: arguments to put before the command, such as ``ip netns exec NAME``.
    :param secure: host names whose pages count as secure although they came over HTTP.
    :param open_socket: connects to the debugging port, if that is not reachable from here.
    """

    def __init__(
        self,
        folder: Path,
        *,
        prefix: Sequence[str] = (),
        secure: Sequence[str] = (),
        open_socket: Callable[[str, int], socket] | None = None,
    ) -> None:
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        assert program, "install firefox-esr (Debian: apt-get install firefox-esr)"
        profile = folder / "firefox"
        profile.mkdir(exist_ok=True)
        preferences = {**PREFERENCES, "dom.securecontext.allowlist": ",".join(secure)}
        (profile / "user.js").write_text(
            "".join(
                f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in preferences.items()
            )
        )
        command = [program, "--headless", "--no-remote", "--remote-debugging-port=0"]
        self._numbers = itertools.count(1)
        self.listeners: dict[str, list[Callable[[dict[str, Any]], None]]] = {}
        self._contexts: list[Context] = []
        with ExitStack() as stack:
            self._process = stack.enter_context(
                subprocess.Popen(
                    [*prefix, *command, "--profile", str(profile)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(self._process.terminate)
            host, port = self._listening()
            address = f"ws://{host}:{port}/session"
            opened = open_socket(host, port) if open_socket else None
            self._socket: ClientConnection = stack.enter_context(
                connect(address, sock=opened, max_size=None, proxy=None)
            )
            self.command("session.new", capabilities={})
            self.command("session.subscribe", events=["log.entryAdded"])
            self._open = stack.pop_all()

    def _listening(self) -> tuple[str, int]:
        assert self._process.stderr
        for line in self._process.stderr:
            if found := re.search(r"BiDi listening on ws://([^:]+):(\d+)", line):
                return found[1], int(found[2])
        raise RuntimeError(f"Firefox did not start: exit status {self._process.wait()}")

    @property
    def process_id(self) -> int:
        return self._process.pid

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result.

        :raises FirefoxError: if the browser refuses it.
        """
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=ANSWER_S))
            if message.get("id") == number:
                break
            self._happened(message)
        if message["type"] == "error":
            raise FirefoxError(f"{method}: {message['message']}")
        return message["result"]

    def _happened(self, event: dict[str, Any]) -> None:
        context = event.get("params", {}).get("source", {}).get("context")
        for listener in self.listeners.get(context, []):
            listener(event["params"])

    def new_context(
        self, *, viewport: ViewportSize | None = None, locale: str | None = None
    ) -> "Context":
        context = Context(self, viewport)
        self._contexts.append(context)
        if locale:
            context.speak(locale)
        return context

    @property
    def contexts(self) -> "list[Context]":
        """Those that are open."""
        return [context for context in self._contexts if not context.is_closed]

    def close(self) -> None:
        self._open.close()


class Context:
    """A fresh set of cookies and storage."""

    def __init__(self, browser: Firefox, viewport: ViewportSize | None) -> None:
        self._browser = browser
        self._viewport = viewport
        self.is_closed = False
        self._id = browser.command("browser.createUserContext")["userContext"]

    def speak(self, locale: str) -> None:
        self._browser.command("emulation.setLocaleOverride", locale=locale, userContexts=[self._id])

    def add_init_script(self, script: str) -> None:
        self._browser.command(
            "script.addPreloadScript",
            functionDeclaration=f"() => {{ {script} }}",
            userContexts=[self._id],
        )

    def new_page(self) -> "Tab":
        created = self._browser.command("browsingContext.create", type="tab", userContext=self._id)
        tab = Tab(self._browser, created["context"], self)
        if self._viewport:
            tab.set_viewport_size(self._viewport)
        return tab

    def close(self) -> None:
        self.is_closed = True
        self._browser.command("browser.removeUserContext", userContext=self._id)


class Tab:
    """The part of Playwright's ``Page`` that the tests use."""

    def __init__(self, browser: Firefox, tab: str, context: Context) -> None:
        self._browser = browser
        self._context = tab
        self.context = context
        self.keyboard = Keyboard(browser, tab)

    def set_viewport_size(self, size: ViewportSize) -> None:
        self._browser.command("browsingContext.setViewport", context=self._context, viewport=size)

    def on(self, event: str, callback: Callable[[Any], None]) -> None:
        """Call back with messages that have ``text`` and ``type``.

        :param event: ``pageerror`` or ``console``.
        """
        wanted = {"pageerror": "javascript", "console": "console"}[event]

        def hear(entry: dict[str, Any]) -> None:
            if entry["type"] == wanted:
                callback(LogEntry(entry["text"], entry["level"]))

        self._browser.listeners.setdefault(self._context, []).append(hear)

    def goto(self, url: str) -> None:
        self._browser.command(
            "browsingContext.navigate", context=self._context, url=url, wait="complete"
        )

    def reload(self) -> None:
        self._browser.command("browsingContext.reload", context=self._context, wait="complete")

    def evaluate(self, expression: str, arg: Any = None) -> Any:
        """Return the value of an expression, or of a function called with ``arg``, awaited.

        :raises FirefoxError: with what the script threw.
        """
        done = self._browser.command(
            "script.evaluate",
            expression=f"""(async () => {{
              let value = ({expression});
              if (typeof value === 'function') value = value({json.dumps(arg)});
              return JSON.stringify((await value) ?? null);
            }})()""",
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if done["type"] == "exception":
            raise FirefoxError(done["exceptionDetails"]["text"])
        return json.loads(done["result"]["value"])

    def wait_for_function(
        self, expression: str, arg: Any = None, timeout: float = 30_000, polling: float = 50
    ) -> None:
        """Wait until an expression is true.

        :raises TimeoutError: if that takes longer than ``timeout`` ms.
        """
        deadline = time.monotonic() + timeout / 1000
        while not self.evaluate(expression, arg):
            if time.monotonic() > deadline:
                raise TimeoutError(expression)
            time.sleep(polling / 1000)

    def wait_for_timeout(self, ms: float) -> None:
        time.sleep(ms / 1000)

    def click(self, selector: str) -> None:
        """Click on an element once it is visible and enabled.

        :raises TimeoutError: if it does not become so.
        """
        self.wait_for_function(f"() => {_visible(selector)} && !{_element(selector)}.disabled")
        self.evaluate(f"{_element(selector)}.click()")

    def inner_text(self, selector: str) -> str:
        return self.evaluate(f"{_element(selector)}.innerText")

    def is_visible(self, selector: str) -> bool:
        return self.evaluate(_visible(selector))

    def close(self, *, run_before_unload: bool = False) -> None:
        self._browser.command(
            "browsingContext.close", context=self._context, promptUnload=run_before_unload
        )

    def get_attribute(self, selector: str, name: str) -> str | None:
        return self.evaluate(f"{_element(selector)}.getAttribute({json.dumps(name)})")


KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": " "}
"""The code points of keys that have no character (WebDriver, "keyboard actions")."""


class Keyboard:
    """Presses keys in whatever has the focus."""

    def __init__(self, browser: Firefox, context: str) -> None:
        self._browser = browser
        self._context = context

    def press(self, key: str) -> None:
        moves = [{"type": kind, "value": KEYS[key]} for kind in ("keyDown", "keyUp")]
        self._browser.command(
            "input.performActions",
            context=self._context,
            actions=[{"type": "key", "id": "keyboard", "actions": moves}],
        )


class LogEntry:
    """A message of the page, with the names that Playwright gives it."""

    def __init__(self, text: str, kind: str) -> None:
        self.text = text
        self.type = kind

    def __str__(self) -> str:
        return self.text


def _element(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"


def _visible(selector: str) -> str:
    return f"{_element(selector)}?.getClientRects().length > 0"
