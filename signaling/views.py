from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from calls import labels, metrics, selftests, tickets
from calls.models import Call
from wire.protocol import ProtocolError, parse_checkup

from . import limits
from .ice import registry


@require_POST
@never_cache
@limits.limited(limits.reports)
async def keep_checkup(request: HttpRequest) -> JsonResponse:
    """Keep what ``/check/`` found, under a code for support."""
    try:
        report = parse_checkup(request.body)
    except ProtocolError as exc:
        return JsonResponse({"error": {"code": exc.code, "message": exc.message}}, status=400)
    return JsonResponse({"code": await selftests.keep(report)}, status=201)


@require_GET
@never_cache
@limits.limited(limits.requests)
async def ticket(request: HttpRequest) -> JsonResponse:
    """A fresh ticket, for a page whose own grew old or has had its call."""
    fresh = tickets.issue(labels.read(request.GET.get("from", "")))
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
