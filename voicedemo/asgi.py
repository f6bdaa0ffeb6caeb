"""The ASGI application. Django serves pages and API, Channels serves sockets."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voicedemo.settings")

# This fills the app registry. Anything that imports models has to come after it.
django_application = get_asgi_application()

from signaling.hosts import AllowedHosts  # noqa: E402
from signaling.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {"http": django_application, "websocket": AllowedHosts(URLRouter(websocket_urlpatterns))}
)
