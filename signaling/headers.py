"""Headers of every response that this app renders."""

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import async_only_middleware

# Everything comes from this origin, and nothing is inline.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]


@async_only_middleware
def page_headers(get_response: Handler) -> Handler:
    """Content security policy and microphone permission."""

    async def middleware(request: HttpRequest) -> HttpResponse:
        response = await get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=()"
        return response

    return middleware
