"""What other sites can do with our pages and links."""

import re
from typing import Any

import httpx
import pytest
from django.test import AsyncClient

from calls import labels
from voicedemo.asgi import application

pytestmark = [pytest.mark.ws, pytest.mark.usefixtures("plain_static"), pytest.mark.django_db]

PAGES = ("/", "/check/", "/stand/", "/offline/")
HOSTILE_TOKENS = (
    "%2F%2Fevil.example",
    "https:%2F%2Fevil.example",
    "@evil.example",
    "a%0d%0aLocation:%20https:%2F%2Fevil.example",
    "%5C%5Cevil.example",
    "a" * 3000,
)


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_can_be_framed_or_injected_into(async_client: AsyncClient, path: str) -> None:
    response = await async_client.get(path)
    assert response.status_code == 200
    policy = response["Content-Security-Policy"]
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= {
        *policy.split("; ")
    }
    assert "unsafe" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert not re.search(rb"<script(?![^>]*\bsrc=)[^>]*>\s*\w", response.content)


@pytest.mark.parametrize("path", ["/", "/api/ticket/", "/s/", "/healthz"])
async def test_a_host_that_is_not_ours_is_refused(settings: Any, path: str) -> None:
    settings.ALLOWED_HOSTS = ["demo.example"]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application)) as http:
        assert (await http.get(f"http://evil.example{path}")).status_code == 400
        assert (await http.get(f"http://demo.example{path}")).status_code < 400


@pytest.mark.parametrize("token", HOSTILE_TOKENS)
async def test_no_scanned_code_leads_elsewhere(async_client: AsyncClient, token: str) -> None:
    response = await async_client.get(f"/s/{token}/")
    if response.status_code != 404:
        assert response["Location"] == "/"
    response = await async_client.get(f"/s/{labels.sign('hall 3')}/?next=//evil.example")
    assert re.fullmatch(r"/\?from=[\w%.:-]+", response["Location"])
