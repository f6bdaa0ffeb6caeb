"""A page as it comes over the network: the template, with its styles and whose demo it is."""

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
    """Styled within: a style sheet of its own would keep the page white for a round trip more.

    :param style: of ``static/css``, beside what all pages share; the brand's colours follow.
    :param script: among the static files (:data:`scripts.ENTRIES`); its words come along.
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
