import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.test import AsyncClient

from pages.render import brand

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("plain_static")]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#ffffff", "#ffffff", 1.0), ("#777777", "#ffffff", 4.48)],
)
def test_contrast_is_what_wcag_says(one: str, other: str, ratio: float) -> None:
    assert brand.contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert brand.contrast(other, one) == brand.contrast(one, other)


def test_text_on_the_color_can_be_read(settings: Any) -> None:
    for color in ("#1f6f5c", "#ffd400", "#d0021b", "#777777"):
        settings.VOICEDEMO_COLOR = color
        ink = brand.light().css.partition("--accent-ink:")[2][:7]
        assert brand.contrast(ink, color) >= 4.4


async def test_the_page_is_the_brands(
    async_client: AsyncClient, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    settings.VOICEDEMO_NAME = "Acme & Sons"
    settings.VOICEDEMO_LOGO = str(tmp_path / "logo.svg")
    settings.VOICEDEMO_COLOR = "#123456"
    settings.VOICEDEMO_CONTACT_URL = "https://example.com/?a=1&b=2"
    settings.VOICEDEMO_TAGLINE = "Ask our <b>bot</b>."
    response = await async_client.get("/")
    page = response.content.decode()
    assert 'alt="Acme &amp; Sons"' in page
    assert "<p>Ask our &lt;b&gt;bot&lt;/b&gt;.</p>" in page
    assert 'href="https://example.com/?a=1&amp;b=2"' in page
    (style,) = re.findall("<style>(.+?)</style>", page)
    assert "--accent:#123456" in style
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}';" in response["Content-Security-Policy"]
    logo = await async_client.get("/logo")
    assert logo["Content-Type"] == "image/svg+xml"
    assert "style-src 'unsafe-inline'" in logo["Content-Security-Policy"]


async def test_without_a_brand_there_is_none(async_client: AsyncClient) -> None:
    page = (await async_client.get("/")).content.decode()
    assert 'class="brand"' not in page
    assert 'id="contact"' not in page
    assert (await async_client.get("/logo")).status_code == 404
