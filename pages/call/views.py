from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from calls import labels, tickets

from ..render import brand
from ..render.page import render

YEAR_S = 365 * 24 * 3600


@require_safe
@never_cache
async def page(request: HttpRequest) -> HttpResponse:
    """The call page. It contains the ticket for one call."""
    visitor = labels.read(request.GET.get("from", ""))
    return render(
        request,
        "call.html",
        style="call",
        script="js/main.js",
        ticket=tickets.issue(visitor),
        at_stand="stand" in request.GET,
        visitor=labels.sign(visitor) if visitor else "",
    )


@require_safe
@cache_control(max_age=YEAR_S, immutable=True)
async def logo(request: HttpRequest) -> HttpResponse:
    picture = brand.logo()
    if picture is None:
        raise Http404
    response = HttpResponse(picture.read_bytes(), content_type=brand.LOGO_TYPES[picture.suffix])
    # Firefox applies this policy to an SVG inside <img> too, and its colours are inline styles
    # (docs/browsers.md#firefox-svg-policy).
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
