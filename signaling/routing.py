from django.urls import path

from .consumer import CallConsumer

websocket_urlpatterns = [path("ws/call/", CallConsumer.as_asgi())]
