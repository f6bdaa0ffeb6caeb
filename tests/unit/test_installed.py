import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import AsyncClient

ROOT = Path(__file__).parents[2]

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


async def test_the_service_worker_keeps_that_page(async_client: AsyncClient) -> None:
    response = await async_client.get("/worker.js")
    assert response["Content-Type"] == "text/javascript"
    assert "no-cache" in response["Cache-Control"]
    assert "'/offline/'" in response.content.decode()


async def test_the_browsers_bars_have_the_pages_color(async_client: AsyncClient) -> None:
    page = (await async_client.get("/")).content.decode()
    bars = re.findall(r'name="theme-color" content="(.+?)"', page)
    sheet = (ROOT / "static/css/base.css").read_text()
    assert len(bars) == 2
    assert bars == re.findall(r"--paper: (#\w+);", sheet)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "tap <b>Profile Downloaded</b> and install it."),
        ("de", "<b>Profil geladen</b>"),
        ("es", "<b>Perfil descargado</b>"),
        ("fr", "<b>Profil téléchargé</b>"),
        ("ja", "<b>プロファイルがダウンロード済み</b>"),
    ],
)
async def test_the_steps_on_a_phone_name_its_own_buttons(
    async_client: AsyncClient, settings: Any, language: str, told: str
) -> None:
    settings.PHONE_URL = "https://192.0.2.7:8443/"
    response = await async_client.get("/phone/", headers={"Accept-Language": language})
    page = response.content.decode()
    assert f'<html lang="{language}">' in page
    assert told in page
    assert page.count('href="https://192.0.2.7:8443/"') == 2
