"""What rates the pages knows every page."""

from pathlib import Path
from typing import Any

import pytest
from django.test import AsyncClient
from django.urls import resolve

from tests.visited import PAGES

from .test_headers import routes

pytestmark = [
    pytest.mark.ws,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("plain_static"),
]


async def test_every_route_with_a_page_is_rated(
    async_client: AsyncClient, settings: Any, tmp_path: Path
) -> None:
    settings.PHONE_URL = "https://192.0.2.7:8443/"
    settings.PHONE_AUTHORITY = tmp_path / "authority.pem"
    settings.PHONE_AUTHORITY.write_text("a certificate")
    rated = {resolve(f"/{page}".partition("?")[0]).url_name for page in PAGES if page != "nowhere/"}
    pages = set()
    for path in routes():
        response = await async_client.get(path)
        if response.status_code == 200 and "html" in response["Content-Type"]:
            pages.add(resolve(path).url_name)
    assert pages == rated
