"""Renders a page, with its styles, its translations and its brand, in one response."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any

import rcssmin
from django import shortcuts
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from . import brand, catalog, headers

STYLES = settings.BASE_DIR / "static" / "css"


def render(
    request: HttpRequest, template: str, *, style: str, script: str = "", **shown: Any
) -> HttpResponse:
    """Render a page that contains its styles.

    With a separate style sheet the page would stay white for another round trip.

    :param style: the name of a style sheet in ``static/css``. It comes after the one that all pages
        share and before the brand's colours.
    :param script: one of :data:`pages.render.bundle.ENTRIES`. The page contains its translations.
    """
    sheet = (_sheet if settings.DEBUG else _kept)("base", style) + brand.style_sheet()
    shown |= {"brand": brand.context(), "style": sheet, "script": script}
    if script:
        shown["words"] = catalog.for_script(script)
    response = shortcuts.render(request, template, shown)
    digest = b64encode(sha256(sheet.encode()).digest()).decode()
    response["Content-Security-Policy"] = headers.content_security_policy(f"'sha256-{digest}'")
    return response


def _sheet(*names: str) -> str:
    sheets = "".join((STYLES / f"{name}.css").read_text() for name in names)
    return str(rcssmin.cssmin(sheets))


_kept = cache(_sheet)
