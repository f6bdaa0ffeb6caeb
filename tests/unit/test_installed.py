import json
from typing import Any

import pytest
from django.test import AsyncClient

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("plain_static")]


async def test_the_manifest_is_the_brands_and_in_the_phones_language(
    async_client: AsyncClient, settings: Any
) -> None:
    settings.VOICEDEMO_NAME = "Acme"
    response = await async_client.get("/manifest.webmanifest", headers={"Accept-Language": "de"})
    manifest = json.loads(response.content)
    assert response["Content-Type"] == "application/manifest+json"
    assert (manifest["short_name"], manifest["lang"]) == ("Acme", "de")
    assert manifest["name"] == "Mit dem Bot sprechen · Acme"
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}


async def test_the_page_for_no_network_says_so(async_client: AsyncClient) -> None:
    page = (await async_client.get("/offline/", headers={"Accept-Language": "fr"})).content.decode()
    assert "Vous êtes hors ligne" in page


async def test_the_worker_keeps_it(async_client: AsyncClient) -> None:
    response = await async_client.get("/worker.js")
    assert response["Content-Type"] == "text/javascript"
    assert "no-cache" in response["Cache-Control"]
    assert "'/offline/'" in response.content.decode()
