"""Mozilla's HTTP Observatory gives every page its best grade, behind both proxies of `deploy/`."""

from pathlib import Path
from typing import Any

import pytest

from tests.observatory import scan
from tests.visited import FAILED, PAGES, break_database, server_of_all

from . import proxies

pytestmark = [pytest.mark.e2e, pytest.mark.long]


def graded(tmp_path: Path, make_command: proxies.MakeCommand) -> list[dict[str, Any]]:
    ports = proxies.free_ports()
    server = server_of_all(
        tmp_path / "var",
        ALLOWED_HOSTS="localhost",
        VOICEDEMO_PROXIES="1",
        VOICEDEMO_PUBLIC_URL=f"https://localhost:{ports.https}",
    )
    try:
        with proxies.running(make_command, tmp_path, ports, server.url) as authority:
            where: dict[str, Any] = {
                "http_port": ports.http,
                "https_port": ports.https,
                "authority": authority,
            }
            pages = scan([f"/{page}" for page in PAGES], **where)
            break_database(tmp_path / "var")
            return pages + scan([f"/{FAILED}"], **where)
    finally:
        server.stop()


@pytest.mark.parametrize("make_command", [proxies.caddy, proxies.nginx])
def test_every_page_gets_an_a_plus(tmp_path: Path, make_command: proxies.MakeCommand) -> None:
    pages = graded(tmp_path, make_command)
    for page in pages:
        print(f"{page['path']:16} {page['status']} {page['grade']:2} {page['score']}")
    assert {page["grade"] for page in pages} == {"A+"}
    wrong = [
        (page["path"], found["test"], found["result"])
        for page in pages
        for found in page["results"]
        if not found["pass"]
    ]
    assert wrong == []
    assert [page["status"] for page in pages if page["path"] == f"/{FAILED}"] == [500]
