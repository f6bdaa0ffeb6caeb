"""Everything for a home screen: a manifest, a page for no network, a service worker."""

from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..render import brand, headers, page

ICON_SIZES = (192, 512)


@require_safe
async def manifest(request: HttpRequest) -> JsonResponse:
    """The Web Application Manifest (W3C)."""
    title = gettext("Talk to the bot")
    icons = [
        {
            "src": static(f"img/icon-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": "any maskable",
        }
        for size in ICON_SIZES
    ]
    return JsonResponse(
        {
            "name": f"{title} · {settings.VOICEDEMO_NAME}" if settings.VOICEDEMO_NAME else title,
            "short_name": settings.VOICEDEMO_NAME or title,
            "lang": get_language(),
            "start_url": "/",
            "display": "standalone",
            "background_color": brand.PAPER,
            "theme_color": brand.PAPER,
            "icons": icons,
        },
        content_type="application/manifest+json",
    )


@require_safe
async def offline(request: HttpRequest) -> HttpResponse:
    """The page that is shown without a network. The service worker keeps a copy of it."""
    return page.render(request, "offline.html", style="call")


@require_safe
@never_cache
async def worker(request: HttpRequest) -> HttpResponse:
    """The service worker. It controls only URLs below its own, so it is served from the root."""
    kept = page.render(request, "offline.html", style="call").content
    shown = {"version": sha256(kept).hexdigest()[:12]}
    response = render(request, "worker.js", shown, content_type="text/javascript")
    # A worker fetches under the policy that came with its own script, not under the page's
    # (MDN, Content-Security-Policy, "CSP in workers").
    response["Content-Security-Policy"] = f"{headers.LOADS_NOTHING}; connect-src 'self'"
    return response
