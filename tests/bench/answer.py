"""Measures how long an answer takes if STUN and TURN servers are dead.

Run it with ``python -m tests.bench.answer``. A browser makes offers in turn to two servers: one has
nothing configured, the other has two STUN servers and a TURN server that never answer.
"""

import argparse
import socket
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e import caller
from tests.e2e.server import Server

ASK = """async () => {
  const { ticket } = await (await fetch('/api/ticket/')).json();
  const pc = new RTCPeerConnection();
  pc.addTransceiver('audio');
  await pc.setLocalDescription();
  const socket = new WebSocket(`ws://${location.host}/ws/call/?ticket=${ticket}`);
  const next = () => new Promise((resolve) => {
    socket.onmessage = ({ data }) => resolve(JSON.parse(data));
  });
  await next();
  const offered = performance.now();
  const { sdp } = pc.localDescription;
  socket.send(JSON.stringify({ type: 'offer', sdp, generation: 1, voice: 'echo' }));
  while ((await next()).type !== 'answer');
  const ms = performance.now() - offered;
  socket.send(JSON.stringify({ type: 'bye', reason: 'hangup' }));
  pc.close();
  return ms;
}"""


def silent_servers(stack: ExitStack, count: int) -> list[str]:
    """Open sockets that take packets and never answer. Returns ``host:port`` of each."""
    found = []
    for _ in range(count):
        listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        listener.bind(("127.0.0.1", 0))
        found.append(f"127.0.0.1:{listener.getsockname()[1]}")
    return found


def open_page(stack: ExitStack, chromium: Browser, **settings: str) -> Page:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    server = Server.start(folder, VOICEDEMO_BIND="127.0.0.1", **settings)
    stack.callback(server.stop)
    page = chromium.new_page()
    page.goto(server.url)
    return page


def main(times: int) -> None:
    with ExitStack() as stack:
        chromium = caller.launch(stack.enter_context(sync_playwright()))
        stack.callback(chromium.close)
        first, second, third = silent_servers(stack, 3)
        pages = {
            "no servers configured": open_page(stack, chromium),
            "three dead ones": open_page(
                stack,
                chromium,
                VOICEDEMO_STUN_URLS=f"stun:{first},stun:{second}",
                VOICEDEMO_TURN_URLS=f"turn:{third}",
                VOICEDEMO_TURN_USERNAME="nobody",
                VOICEDEMO_TURN_CREDENTIAL="nothing",
            ),
        }
        results: dict[str, list[float]] = {name: [] for name in pages}
        for _ in range(times):
            for name, page in pages.items():
                results[name].append(page.evaluate(ASK))
    medians = [statistics.median(values) for values in results.values()]
    for (name, values), median in zip(results.items(), medians, strict=True):
        print(f"{name:24} median {median:6.1f} ms  worst {max(values):6.1f} ms  of {times}")
    print(f"{'ratio':24}        {medians[1] / medians[0]:6.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=30)
    main(parser.parse_args().times)
