from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from . import brand, checkups, limits, metrics, pages, sources, tickets
from .ice import registry
from .models import Call
from .protocol import ProtocolError, parse_checkup

FOR_GOOD_S = 365 * 24 * 3600


@require_safe
@never_cache
async def page(request: HttpRequest) -> HttpResponse:
    """The call page, with the ticket for one call in it."""
    return _page(request, "call", "js/main.js")


@require_safe
@never_cache
async def check(request: HttpRequest) -> HttpResponse:
    """The self-test, with the ticket for its first call in it."""
    return _page(request, "check", "js/check/main.js", sources.SELF_TEST)


def _page(request: HttpRequest, name: str, script: str, source: str = "") -> HttpResponse:
    """:param source: of the calls that this page makes, where that is not the visitor's."""
    visitor = _source(request)
    return pages.render(
        request,
        f"{name}.html",
        style=name,
        script=script,
        ticket=tickets.issue(source or visitor),
        source=sources.sign(source) if source else "",
        at_stand="stand" in request.GET,
        visitor=sources.sign(visitor) if visitor else "",
    )


def _source(request: HttpRequest) -> str:
    return sources.read(request.GET.get("from", ""))


@require_POST
@never_cache
@limits.limited(limits.reports)
async def keep_checkup(request: HttpRequest) -> JsonResponse:
    """Keep what ``/check/`` found, under a code for support."""
    try:
        report = parse_checkup(request.body)
    except ProtocolError as exc:
        return JsonResponse({"error": {"code": exc.code, "message": exc.message}}, status=400)
    return JsonResponse({"code": await checkups.keep(report)}, status=201)


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
@limits.limited(limits.requests)
async def ticket(request: HttpRequest) -> JsonResponse:
    """A fresh ticket, for a page whose own grew old or has had its call."""
    fresh = tickets.issue(_source(request))
    return JsonResponse({"ticket": fresh, "expiresIn": int(tickets.MAX_AGE.total_seconds())})


@require_GET
@never_cache
@limits.limited(limits.requests)
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
