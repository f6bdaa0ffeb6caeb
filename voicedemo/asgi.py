"""The ASGI application. Django serves pages and API, Channels serves sockets."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voicedemo.settings")

# This fills the app registry. Anything that imports models has to come after it.
django_application = get_asgi_application()

from signaling.hosts import AllowedHosts  # noqa: E402
from signaling.routing import websocket_urlpatterns  # noqa: E402


async def nowhere(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a socket where there is none. The router itself would raise."""
    await send({"type": "websocket.close"})


sockets = URLRouter([*websocket_urlpatterns, re_path("", nowhere)])  # type: ignore[arg-type]
application = ProtocolTypeRouter({"http": django_application, "websocket": AllowedHosts(sockets)})
