"""The headers that keep browsers from helping an attacker, on every answer of Django."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from django.urls import URLPattern, get_resolver

from calls import labels
from pages.render.headers import LOADS_NOTHING
from signaling import dispatch

pytestmark = [
    pytest.mark.ws,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("plain_static"),
]

ROOT = Path(__file__).parents[2]


def routes() -> list[str]:
    """A path for every route of the site."""
    found: list[str] = []

    def walk(patterns: list[Any], prefix: str) -> None:
        for pattern in patterns:
            path = prefix + str(pattern.pattern).replace("<str:token>", labels.sign("hall 4"))
            if isinstance(pattern, URLPattern):
                found.append("/" + path)
            else:
                walk(pattern.url_patterns, path)

    walk(get_resolver().url_patterns, "")
    return found


def assert_is_safe(response: Any) -> None:
    policy = response["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    if "sandbox" not in policy:
        assert "unsafe" not in str(policy)
        assert {"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= {*policy}
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "microphone=(self)" in response["Permissions-Policy"]
    assert response["Strict-Transport-Security"] == "max-age=31536000"
    assert not response.cookies


@pytest.fixture(autouse=True)
def public(settings: Any, tmp_path: Path) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.PHONE_URL = "https://192.0.2.7:8443/"
    settings.PHONE_AUTHORITY = tmp_path / "authority.pem"
    settings.PHONE_AUTHORITY.write_text("a certificate")
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    (settings.STATIC_ROOT / "a.js").write_text("1")
    settings.VOICEDEMO_LOGO = str(tmp_path / "logo.svg")
    (tmp_path / "logo.svg").write_text("<svg/>")


async def test_every_route_has_them(async_client: AsyncClient) -> None:
    paths = routes()
    assert len(paths) > 15
    for path in paths:
        for method in (async_client.get, async_client.post):
            assert_is_safe(await method(path))


async def test_only_pages_and_the_service_worker_may_load_anything(
    async_client: AsyncClient,
) -> None:
    """Without `connect-src` the service worker cannot fetch the page that it keeps."""
    assert "connect-src 'self'" in (await async_client.get("/worker.js"))["Content-Security-Policy"]
    for path in ("/healthz", "/metrics", "/api/ticket/", "/manifest.webmanifest"):
        assert (await async_client.get(path))["Content-Security-Policy"] == LOADS_NOTHING, path


@pytest.mark.parametrize(
    ("path", "status"), [("/static/a.js", 200), ("/nowhere", 404), ("/check", 301), ("/%00", 404)]
)
async def test_so_have_static_files_and_errors(
    async_client: AsyncClient, path: str, status: int
) -> None:
    response = await async_client.get(path)
    assert response.status_code == status
    assert_is_safe(response)
    if isinstance(response, StreamingHttpResponse):
        assert [part async for part in response] == [b"1"]


async def test_so_has_a_host_that_is_refused(async_client: AsyncClient, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["demo.example"]
    response = await async_client.get("/")
    assert response.status_code == 400
    assert_is_safe(response)


async def test_so_has_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> int:
        raise RuntimeError

    monkeypatch.setattr(dispatch, "workers_up", fail)
    response = await AsyncClient(raise_request_exception=False).get("/readyz")
    assert response.status_code == 500
    assert_is_safe(response)


async def test_a_server_without_https_asks_nobody_to_use_it(
    async_client: AsyncClient, settings: Any
) -> None:
    settings.SECURE_HSTS_SECONDS = 0
    assert "Strict-Transport-Security" not in (await async_client.get("/")).headers


def test_django_finds_nothing_to_say_about_a_public_server(tmp_path: Path) -> None:
    """`manage.py check --deploy` with the settings of the README."""
    others = ("VOICEDEMO_", "DJANGO_")  # pytest sets some
    plain = {key: value for key, value in os.environ.items() if not key.startswith(others)}
    of_the_readme = {
        "ALLOWED_HOSTS": "demo.example.com",
        "VOICEDEMO_PUBLIC_URL": "https://demo.example.com",
        "VOICEDEMO_BIND": "127.0.0.1",
        "VOICEDEMO_PROXIES": "1",
        "VOICEDEMO_MEDIA_PORT": "50000",
        "VOICEDEMO_ENV_FILE": "",
        "VOICEDEMO_VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "voicedemo.settings",
    }
    run = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={**plain, **of_the_readme},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "no issues" in run.stdout
