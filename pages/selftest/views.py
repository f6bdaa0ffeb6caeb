from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from calls import labels, tickets

from ..render.page import render


@require_safe
@never_cache
async def page(request: HttpRequest) -> HttpResponse:
    """The self-test. The page contains the ticket for its first call."""
    visitor = labels.read(request.GET.get("from", ""))
    return render(
        request,
        "selftest.html",
        style="selftest",
        script="js/selftest/main.js",
        ticket=tickets.issue(labels.SELF_TEST),
        source=labels.sign(labels.SELF_TEST),
        visitor=labels.sign(visitor) if visitor else "",
    )
