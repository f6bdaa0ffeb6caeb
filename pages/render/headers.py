"""The security headers of every response: pages, answers to programs, static files, and errors.

Django's ``SecurityMiddleware`` adds ``nosniff``, the referrer policy and the opener policy.
"""

from collections.abc import Awaitable, Callable

from django.conf import settings
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


PERMISSIONS = "microphone=(self), camera=(), geolocation=(), display-capture=(), payment=(), usb=()"


@async_only_middleware
def page_headers(get_response: Handler) -> Handler:
    """Add the policies for content, for permissions and for other sites.

    It has to be the first middleware, as others answer some requests by themselves.
    """

    async def middleware(request: HttpRequest) -> HttpResponse:
        response = await get_response(request)
        response.headers.setdefault("Content-Security-Policy", content_security_policy())
        response["Permissions-Policy"] = PERMISSIONS
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        if settings.SECURE_HSTS_SECONDS:
            # Browsers heed it over HTTPS only (RFC 6797, 8.1). So it needs no proxy that says by
            # which of the two a request came, for which SecurityMiddleware would wait.
            response["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
        return response

    return middleware
