import asyncio
from collections.abc import Callable

import pytest
import uvloop

from tests.ws.conftest import bot, bot_config, make_page, page

__all__ = ["bot", "bot_config", "make_page", "page"]


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What depends on how an event loop treats sockets is tried with uvloop's, as in production."""
    if "shared_port" in item.nodeid:
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}
