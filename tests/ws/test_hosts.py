"""Under which names sockets are opened."""

from typing import Any

import pytest
from channels.testing import WebsocketCommunicator

from calls import tickets
from voicedemo.asgi import application

pytestmark = [pytest.mark.ws, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("host", "is_ours"), [("demo.example", True), ("evil.example", False)])
async def test_a_socket_under_a_name_that_is_not_ours_is_refused(
    settings: Any, host: str, is_ours: bool
) -> None:
    """Somebody may point a name at this machine (DNS rebinding). Its pages have its own origin."""
    settings.ALLOWED_HOSTS = ["demo.example"]
    socket = WebsocketCommunicator(
        application,
        f"/ws/call/?ticket={tickets.issue()}",
        headers=[(b"host", host.encode()), (b"origin", f"https://{host}".encode())],
    )
    connected, _ = await socket.connect()
    assert connected is is_ours
    await socket.disconnect()
