"""The screen at a trade fair. It shows a QR code, and whether a visitor is in a call."""

import hashlib
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from calls import labels
from calls.models import Call

from ..render.page import render
from . import links

COUNTED = timedelta(hours=12)
"""How far back calls are counted: a day at a fair."""
LOOK_S = 1
"""The calls are counted at most once in this time, no matter how many screens ask."""


@require_safe
@never_cache
async def page(request: HttpRequest, token: str = "") -> HttpResponse:
    """The screen. If the label is damaged, it says so, and its code belongs to no stand.

    :param token: the stand's signed label; '' for none.
    """
    is_damaged = bool(token) and not labels.read(token)
    token = "" if is_damaged else token
    url = links.address(links.scanned(token), f"{request.scheme}://{request.get_host()}")
    response = render(
        request,
        "stand.html",
        style="stand",
        script="js/stand/main.js",
        code=links.qr_code(url).svg_inline(omitsize=True, border=3, svgclass=None, lineclass=None),
        url=url.removeprefix("https://").removeprefix("http://").partition("/")[0],
        token=token,
        live=reverse("stand-live", args=[token] if token else []),
        is_damaged=is_damaged,
    )
    if is_damaged:
        response.status_code = 404
    return response


@require_safe
@never_cache
async def scanned(request: HttpRequest, token: str = "") -> HttpResponseRedirect:
    """Redirect to the call page.

    A damaged label is left out, because a printed link has to lead to a call in any case.
    """
    moved = urlsplit(settings.VOICEDEMO_PUBLIC_URL).netloc not in ("", request.get_host())
    base = settings.VOICEDEMO_PUBLIC_URL.rstrip("/") if moved else ""
    query = urlencode({"from": token}) if labels.read(token) else ""
    return HttpResponseRedirect(f"{base}{reverse('call')}" + (f"?{query}" if query else ""))


@require_safe
@never_cache
async def live(request: HttpRequest, token: str = "") -> JsonResponse:
    """The number of this stand's calls at the moment, and within :data:`COUNTED`."""
    label = labels.read(token)
    key = f"stand:{hashlib.sha256(label.encode()).hexdigest()}"
    if (counts := await cache.aget(key)) is None:
        counts = await _counts(label)
        await cache.aset(key, counts, LOOK_S)
    return JsonResponse(counts)


async def _counts(label: str) -> dict[str, int]:
    calls = Call.objects.filter(label=label)
    return {
        "live": await calls.live().acount(),
        "lately": await calls.filter(created_at__gt=timezone.now() - COUNTED).acount(),
    }
