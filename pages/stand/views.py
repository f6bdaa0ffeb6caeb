"""A screen at a trade fair: a code to scan, and whether somebody is in a call that it led to."""

import hashlib
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import segno
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

COUNTED = timedelta(hours=12)
"""A day at a fair."""
LOOK_S = 1
"""However many look, the calls are counted once in so long."""


def code(url: str) -> segno.QRCode:
    """The QR code of a link: it can be read with an eighth of it covered (level M or better)."""
    return segno.make(url, error="m", micro=False)


def address(path: str, base: str = "") -> str:
    """Where the world finds this path.

    :param base: where it has been found, if ``VOICEDEMO_PUBLIC_URL`` does not say.
    """
    return (settings.VOICEDEMO_PUBLIC_URL or base).rstrip("/") + path


def link(token: str) -> str:
    """Path of what a code leads to. It is printed, and outlives everything behind it."""
    return reverse("scanned", args=[token] if token else [])


@require_safe
@never_cache
async def page(request: HttpRequest, token: str = "") -> HttpResponse:
    """Full of the code; a label that is none of ours is left out of it."""
    label = labels.read(token)
    token = token if label else ""
    url = address(link(token), f"{request.scheme}://{request.get_host()}")
    return render(
        request,
        "stand.html",
        style="stand",
        script="js/stand/main.js",
        code=code(url).svg_inline(omitsize=True, border=3, svgclass=None, lineclass=None),
        url=url.removeprefix("https://").removeprefix("http://").partition("/")[0],
        token=token,
        live=reverse("stand-live", args=[token] if token else []),
    )


@require_safe
@never_cache
async def scanned(request: HttpRequest, token: str = "") -> HttpResponseRedirect:
    """On to the call page, wherever it is by now."""
    moved = urlsplit(settings.VOICEDEMO_PUBLIC_URL).netloc not in ("", request.get_host())
    base = settings.VOICEDEMO_PUBLIC_URL.rstrip("/") if moved else ""
    query = urlencode({"from": token}) if labels.read(token) else ""
    return HttpResponseRedirect(f"{base}{reverse('call')}" + (f"?{query}" if query else ""))


@require_safe
@never_cache
async def live(request: HttpRequest, token: str = "") -> JsonResponse:
    """How many are in a call that this stand led to, and how many were lately."""
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
