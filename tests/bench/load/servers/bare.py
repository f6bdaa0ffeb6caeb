"""An echo on bare aiortc, built as its documentation shows: ``bare.py PORT``."""

import sys

from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

peers: set[RTCPeerConnection] = set()


async def offer(request: web.Request) -> web.Response:
    asked = await request.json()
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peers.add(peer)
    peer.on("track", peer.addTrack)

    async def changed() -> None:
        if peer.connectionState in ("failed", "closed"):
            peers.discard(peer)
            await peer.close()

    peer.on("connectionstatechange", changed)
    await peer.setRemoteDescription(RTCSessionDescription(asked["sdp"], asked["type"]))
    await peer.setLocalDescription(await peer.createAnswer())
    return web.json_response({"sdp": peer.localDescription.sdp, "type": "answer"})


app = web.Application()
app.router.add_post("/offer", offer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
