"""The security headers of every response: pages, answers to programs, static files, and errors.

Django's ``SecurityMiddleware`` adds ``nosniff``, the referrer policy and the opener policy to what
Django answers.
"""

from collections.abc import Awaitable, Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import async_only_middleware

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]


LOADS_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The policy of what is no page."""


def content_security_policy(style: str) -> str:
    """Return a page's policy. It loads everything from this origin and allows no inline script.

    :param style: where styles may come from (CSP level 3, "style-src").
    """
    return "; ".join(
        (
            LOADS_NOTHING,
            "script-src 'self'",
            f"style-src {style}",
            "img-src 'self' data:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "manifest-src 'self'",
        )
    )


PERMISSIONS = "microphone=(self), camera=(), geolocation=(), display-capture=(), payment=(), usb=()"


def of_every_answer() -> dict[str, str]:
    """Return the headers that do not depend on what is answered, without those of Django's own."""
    headers = {"Permissions-Policy": PERMISSIONS, "Cross-Origin-Resource-Policy": "same-origin"}
    if settings.SECURE_HSTS_SECONDS:
        # Browsers heed it over HTTPS only (RFC 6797, 8.1). So it needs no proxy that says by
        # which of the two a request came, for which SecurityMiddleware would wait.
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    return headers


def without_django() -> dict[str, str]:
    """Return all security headers of an answer that Django does not make. It shows no page."""
    return {
        "Content-Security-Policy": LOADS_NOTHING,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        **of_every_answer(),
    }


@async_only_middleware
def page_headers(get_response: Handler) -> Handler:
    """Add the policies for content, for permissions and for other sites.

    It has to be the first middleware, as others answer some requests by themselves.
    """

    async def middleware(request: HttpRequest) -> HttpResponse:
        response = await get_response(request)
        response.headers.setdefault("Content-Security-Policy", LOADS_NOTHING)
        for name, value in of_every_answer().items():
            response[name] = value
        return response

    return middleware
