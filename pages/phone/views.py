"""Pages for phones in a developer's network. They exist only under ``manage.py phone``."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ..render.page import render


@require_safe
@never_cache
async def steps(request: HttpRequest) -> HttpResponse:
    """How to open the call page. It is read over HTTP, as the phone does not trust us yet."""
    if settings.PHONE_URL is None:
        raise Http404
    return render(request, "phone.html", style="phone", url=settings.PHONE_URL)


@require_safe
@never_cache
async def authority(request: HttpRequest) -> HttpResponse:
    """The certificate of the authority that an iPhone has to trust."""
    if settings.PHONE_AUTHORITY is None:
        raise Http404
    response = HttpResponse(
        settings.PHONE_AUTHORITY.read_bytes(), content_type="application/x-x509-ca-cert"
    )
    response["Content-Disposition"] = 'attachment; filename="voicedemo.crt"'
    return response
