"""What a visitor sees in place of a page. Django calls these; they have to be synchronous."""

from django.http import HttpRequest, HttpResponse

from ..render.page import render


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A ``Host`` that is not ours, or a request that Django finds suspicious.

    Somebody else's name may lead here (DNS rebinding), so it gets no page.
    """
    told = "This request is not valid, or its host is not in ALLOWED_HOSTS.\n"
    return HttpResponse(told, content_type="text/plain", status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    response = render(request, "not_found.html", style="call")
    response.status_code = 404
    return response


def failed(request: HttpRequest) -> HttpResponse:
    response = render(request, "server_error.html", style="call")
    response.status_code = 500
    return response
