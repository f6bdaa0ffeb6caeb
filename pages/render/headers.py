"""The security headers of every response."""

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import async_only_middleware

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]


def content_security_policy(style: str = "'none'") -> str:
    """Return a policy that loads everything from this origin and allows no inline script.

    :param style: where styles may come from (CSP level 3, "style-src").
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src {style}",
            "img-src 'self' data:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


@async_only_middleware
def page_headers(get_response: Handler) -> Handler:
    """Add the content security policy and the permission to use the microphone."""

    async def middleware(request: HttpRequest) -> HttpResponse:
        response = await get_response(request)
        response.headers.setdefault("Content-Security-Policy", content_security_policy())
        response["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=()"
        return response

    return middleware
