"""A bare aiortc echo bot, as in aiortc's documentation, to compare the product with.

Its page has the ids and states that the lab looks for. It does what a careful developer would do:
it gathers before it offers, and restarts ICE on trouble. ``python -m tests.natlab.stock`` takes the
product's settings.
"""

import json
import os
from datetime import timedelta
from typing import Any

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from daphne.server import Server

from signaling.ice.coturn import CoturnProvider

PAGE = """<!doctype html><body data-state="idle"><button id="talk">Talk</button>
<button id="mute">Mute</button><p id="state-line"></p><span id="dev-call"></span>
<span id="dev-pair"></span><p id="next-step"></p><audio id="audio" autoplay></audio><script>
const { body } = document;
let pc;
let stream;
async function offer(options) {
  await pc.setLocalDescription(await pc.createOffer(options));
  const gathered = new Promise((done) => {
    pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && done();
    setTimeout(done, 8000);
  });
  if (pc.iceGatheringState !== 'complete') await gathered;
  const { sdp, type } = pc.localDescription;
  const answer = await fetch('/offer', { method: 'POST', body: JSON.stringify({ sdp, type }) });
  await pc.setRemoteDescription(await answer.json());
}
document.getElementById('talk').onclick = async () => {
  body.dataset.state = 'connecting';
  setTimeout(() => {
    if (body.dataset.state === 'connecting') body.dataset.state = 'failed';
  }, 30000);
  stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  pc = new RTCPeerConnection(await (await fetch('/ice')).json());
  pc.ontrack = ({ track }) => { audio.srcObject = new MediaStream([track]); };
  pc.onconnectionstatechange = () => {
    if (pc.connectionState === 'connected') body.dataset.state = 'connected';
    if (pc.connectionState === 'disconnected') offer({ iceRestart: true }).catch(console.warn);
  };
  pc.createDataChannel('chat');
  pc.addTrack(stream.getAudioTracks()[0], stream);
  await offer({});
};
document.getElementById('mute').onclick = () => {
  const [track] = stream.getAudioTracks();
  track.enabled = !track.enabled;
};
</script>"""

peers: dict[str, RTCPeerConnection] = {}


async def _ice_servers() -> list[dict[str, Any]]:
    urls = os.environ["VOICEDEMO_COTURN_URLS"].split(",")
    provider = CoturnProvider(urls, os.environ["VOICEDEMO_COTURN_SECRET"])
    issued = await provider.issue("stock", timedelta(hours=1))
    stun = [{"urls": url} for url in os.environ["VOICEDEMO_STUN_URLS"].split(",")]
    return [*stun, *(server.model_dump() for server in issued.servers)]


async def _answer(offer: dict[str, str]) -> dict[str, str]:
    session = next(line for line in offer["sdp"].splitlines() if line.startswith("a=fingerprint"))
    peer = peers.get(session)
    if peer is None:
        servers = [RTCIceServer(**server) for server in await _ice_servers()]
        peers[session] = peer = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        peer.on("track", peer.addTrack)
    await peer.setRemoteDescription(RTCSessionDescription(offer["sdp"], offer["type"]))
    await peer.setLocalDescription(await peer.createAnswer())
    return {"sdp": peer.localDescription.sdp, "type": peer.localDescription.type}


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    body = (await receive()).get("body", b"")
    match scope["path"]:
        case "/ice":
            reply = json.dumps({"iceServers": await _ice_servers()})
        case "/offer":
            reply = json.dumps(await _answer(json.loads(body)))
        case _:
            reply = PAGE
    kind = b"text/html" if reply is PAGE else b"application/json"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": reply.encode()})


if __name__ == "__main__":
    endpoint = f"tcp:{os.environ['PORT']}:interface=\\:\\:"
    ready = lambda: print("ready", flush=True)  # noqa: E731
    Server(application, endpoints=[endpoint], signal_handlers=False, ready_callable=ready).run()
