from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_GET, require_safe

from . import brand, limits, metrics, tickets, words
from .ice import registry
from .models import Call
from .protocol import ProtocolError

FOR_GOOD_S = 365 * 24 * 3600

# Named in the page so that the browser fetches them all at once, not import by import.
PAGE_MODULES = sorted(
    f"js/{path.name}" for path in (settings.BASE_DIR / "static" / "js").glob("*.js")
)


@require_safe
@never_cache
async def page(request: HttpRequest) -> HttpResponse:
    """The call page, with the ticket for one call in it."""
    shown = {
        "ticket": tickets.issue(),
        "modules": PAGE_MODULES,
        "brand": brand.context(),
        "words": words.for_scripts(),
    }
    return render(request, "call.html", shown)


@require_safe
@cache_control(max_age=FOR_GOOD_S, immutable=True)
async def brand_css(request: HttpRequest) -> HttpResponse:
    """The colours of the settings; the page asks for them by their hash."""
    return HttpResponse(brand.style_sheet(), content_type="text/css")


@require_safe
@cache_control(max_age=FOR_GOOD_S, immutable=True)
async def logo(request: HttpRequest) -> HttpResponse:
    picture = brand.logo()
    if picture is None:
        raise Http404
    response = HttpResponse(picture.read_bytes(), content_type=brand.LOGO_TYPES[picture.suffix])
    # Firefox applies an SVG's own policy to it, inside an <img> too: its colours are inline.
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


@require_GET
@never_cache
@limits.limited
async def ticket(request: HttpRequest) -> JsonResponse:
    """A fresh ticket, for a page whose own grew old or has had its call."""
    return JsonResponse(
        {"ticket": tickets.issue(), "expiresIn": int(tickets.MAX_AGE.total_seconds())}
    )


@require_GET
@never_cache
@limits.limited
async def ice(request: HttpRequest) -> JsonResponse:
    """The ICE configuration for the call of the ticket in ``X-Call-Ticket``, until it is made."""
    try:
        admitted = tickets.read_fresh(request.headers.get("X-Call-Ticket", ""))
        if await Call.objects.filter(pk=admitted.call_id).aexists():
            raise ProtocolError("ticket_used", "this ticket has had its call")
    except ProtocolError as exc:
        return JsonResponse({"error": {"code": exc.code, "message": exc.message}}, status=401)
    message, _ = await registry.issue(str(admitted.call_id))
    body = message.model_dump(by_alias=True, exclude={"type"}, exclude_none=True)
    return JsonResponse({"iceTransportPolicy": "all", **body})


@require_GET
async def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_GET
async def readyz(request: HttpRequest) -> HttpResponse:
    """The process can take a call: there is a free line."""
    free = await metrics.free_lines()
    status = 200 if free > 0 else 503
    return HttpResponse(f"{free} free\n", content_type="text/plain", status=status)


@require_GET
async def prometheus(request: HttpRequest) -> HttpResponse:
    return HttpResponse(await metrics.exposition(), content_type=metrics.CONTENT_TYPE)
