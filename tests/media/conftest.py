from tests.ws.conftest import bot, bot_config, make_page, page

__all__ = ["bot", "bot_config", "make_page", "page"]
