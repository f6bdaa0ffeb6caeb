"""What requests over HTTP write into the log."""

import pytest
from django.test import AsyncClient

from signaling import dispatch

pytestmark = [pytest.mark.ws, pytest.mark.usefixtures("plain_static", "transactional_db")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/wp-login.php", 404),
        ("GET", "/static/../.env", 404),
        ("DELETE", "/", 405),
        ("GET", "/api/ice/", 401),
        ("POST", "/api/check/", 400),
        pytest.param("GET", "/?" + "a&" * 2_000, 400, id="more parameters than Django reads"),
    ],
)
async def test_a_request_that_is_refused_writes_no_line(
    method: str, path: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await AsyncClient().generic(method, path)
    assert answer.status_code == status
    assert caplog.text == ""


async def test_a_request_that_fails_is_in_the_log_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> int:
        raise RuntimeError("the workers cannot be counted")

    monkeypatch.setattr(dispatch, "workers_up", fail)
    await AsyncClient(raise_request_exception=False).get("/readyz")
    assert "/readyz" in caplog.text
    assert "RuntimeError: the workers cannot be counted" in caplog.text
