from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from calls import labels, metrics, selftests, tickets
from calls.models import Call
from wire.constants import TICKET_LIFE_S
from wire.errors import ProtocolError
from wire.selftest import parse_selftest

from . import admission, clients, database, dispatch, limits, networks
from .ice import issuing


@require_POST
@never_cache
@limits.limited(limits.reports)
async def keep_selftest(request: ASGIRequest) -> JsonResponse:
    """Keep the report of a self-test under a code for support."""
    try:
        report = parse_selftest(request.body)
    except ProtocolError as exc:
        return JsonResponse({"error": {"code": exc.code, "message": exc.message}}, status=400)
    code = await selftests.keep(report, network=networks.key(clients.address(request.scope)))
    return JsonResponse({"code": code}, status=201)


@require_GET
@never_cache
@limits.limited(limits.requests)
async def ticket(request: HttpRequest) -> JsonResponse:
    """Issue a ticket, for a page whose own ticket has expired or been used."""
    fresh = tickets.issue(labels.read(request.GET.get("from", "")))
    return JsonResponse({"ticket": fresh, "expiresIn": TICKET_LIFE_S})


@require_GET
@never_cache
@limits.limited(limits.requests)
async def ice(request: ASGIRequest) -> JsonResponse:
    """The ICE configuration for the call of the ticket in ``X-Call-Ticket``.

    A ticket that has been used gets none.
    """
    try:
        admitted = tickets.read_fresh(request.headers.get("X-Call-Ticket", ""))
        if await database.read(Call.objects.filter(pk=admitted.call_id).exists):
            raise ProtocolError("ticket_used", "this ticket was used: get another")
    except ProtocolError as exc:
        status = 503 if exc.code == "internal" else 401
        return JsonResponse({"error": {"code": exc.code, "message": exc.message}}, status=status)
    client = clients.address(request.scope)
    message, _ = await issuing.issue(str(admitted.call_id), client, in_call=False)
    body = message.model_dump(by_alias=True, exclude={"type"}, exclude_none=True)
    return JsonResponse({"iceTransportPolicy": "all", **body})


@require_GET
async def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_GET
async def readyz(request: HttpRequest) -> HttpResponse:
    """The process can take a call: there is a worker, and a free line."""
    status, told = 503, "every line is taken\n"
    workers = await dispatch.workers_up()
    if workers is None:
        told = "Redis is away\n"
    elif not workers:
        told = "no bot worker is up\n"
    else:
        try:
            if await database.read(admission.free_lines) > 0:
                status, told = 200, "ready\n"
        except ProtocolError as exc:
            told = f"{exc.message}\n"
    return HttpResponse(told, content_type="text/plain", status=status)


@require_GET
async def prometheus(request: ASGIRequest) -> HttpResponse:
    """What the server counts, for the networks of ``VOICEDEMO_METRICS_FROM`` only."""
    if not clients.is_operator(request.scope):
        told = "Your address is not in VOICEDEMO_METRICS_FROM.\n"
        return HttpResponse(told, content_type="text/plain", status=403)
    try:
        live = await database.read(Call.objects.live().count)
    except ProtocolError:
        live = None
    workers = await dispatch.workers_up()
    return HttpResponse(metrics.exposition(live, workers), content_type=metrics.CONTENT_TYPE)
