"""The links of a stand: to its screen, and in the QR code on its posters."""

import segno
from django.conf import settings
from django.urls import reverse


def qr_code(url: str) -> segno.QRCode:
    """The QR code of a link. It is readable with an eighth of it covered (level M or better)."""
    return segno.make(url, error="m", micro=False)


def address(path: str, base: str = "") -> str:
    """Return the public URL of a path.

    :param base: the address to use if ``VOICEDEMO_PUBLIC_URL`` is not set.
    """
    return (settings.VOICEDEMO_PUBLIC_URL or base).rstrip("/") + path


def screen(token: str) -> str:
    """The path of a stand's screen.

    :param token: the stand's signed label; '' for a screen that counts calls without a label.
    """
    return reverse("stand", args=[token] if token else [])


def scanned(token: str) -> str:
    """The path in a QR code. It is printed, so it must never change.

    :param token: the stand's signed label; '' for none.
    """
    return reverse("scanned", args=[token] if token else [])
