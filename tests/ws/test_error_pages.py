"""What a visitor sees where there is no page, and where one fails."""

from typing import Any

import pytest
from django.test import AsyncClient

from signaling import dispatch

pytestmark = [
    pytest.mark.ws,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("plain_static"),
]

GERMAN = {"Accept-Language": "de"}


@pytest.mark.parametrize("path", ["/chek/", "/logo", "/phone/", "/static/nowhere.js"])
async def test_where_there_is_no_page_a_link_leads_to_the_call(
    async_client: AsyncClient, path: str
) -> None:
    response = await async_client.get(path, headers=GERMAN)
    assert response.status_code == 404
    text = response.content.decode()
    assert '<html lang="de">' in text
    assert "<h1>Diese Seite gibt es nicht</h1>" in text
    assert '<a class="plain" href="/">Mit dem Bot sprechen</a>' in text


async def test_a_page_that_fails_says_so_and_nothing_of_the_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail() -> int:
        raise RuntimeError("a secret")

    monkeypatch.setattr(dispatch, "workers_up", fail)
    response = await AsyncClient(raise_request_exception=False).get("/readyz", headers=GERMAN)
    assert response.status_code == 500
    text = response.content.decode()
    assert "<h1>Etwas ist schiefgegangen</h1>" in text
    assert "secret" not in text and "RuntimeError" not in text


async def test_another_host_gets_no_page_but_a_hint_for_the_operator(
    async_client: AsyncClient, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["demo.example"]
    response = await async_client.get("/")
    assert response.status_code == 400
    assert response["Content-Type"] == "text/plain"
    assert b"ALLOWED_HOSTS" in response.content
