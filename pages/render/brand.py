"""The brand of the page: name, logo, colours, and the link to follow after a call."""

import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}
PAPER = "#f6f5f2"
SURFACES, SURFACES_DARK = (PAPER, "#ffffff"), ("#12151a", "#1c2027")
"""The backgrounds of the colours: the page, and raised boxes on it (static/css/base.css)."""
INKS = ("#ffffff", "#0b0d0f")


@dataclass(frozen=True)
class Colors:
    """The two colours of the brand in light or in dark mode, as CSS colours.

    :ivar accent: the person's voice, and the button.
    :ivar bot: the bot's voice.
    """

    accent: str
    bot: str

    @property
    def css(self) -> str:
        ink = max(INKS, key=lambda ink: contrast(ink, self.accent))
        return f":root{{--accent:{self.accent};--accent-ink:{ink};--bot:{self.bot}}}"


def light() -> Colors:
    return Colors(settings.VOICEDEMO_COLOR, settings.VOICEDEMO_BOT_COLOR)


def dark() -> Colors:
    return Colors(settings.VOICEDEMO_COLOR_DARK, settings.VOICEDEMO_BOT_COLOR_DARK)


def style_sheet() -> str:
    return f"{light().css}@media (prefers-color-scheme: dark){{{dark().css}}}"


def logo() -> Path | None:
    return Path(settings.VOICEDEMO_LOGO) if settings.VOICEDEMO_LOGO else None


def context() -> dict[str, str]:
    """The variables that the page's template needs."""
    picture = logo()
    return {
        "name": settings.VOICEDEMO_NAME,
        "logo": str(picture.stat().st_mtime_ns) if picture else "",
        "tagline": settings.VOICEDEMO_TAGLINE,
        "bot_language": settings.VOICEDEMO_BOT_LANGUAGE,
        "contact_url": settings.VOICEDEMO_CONTACT_URL,
        "contact_label": settings.VOICEDEMO_CONTACT_LABEL,
        "paper": PAPER,
        "paper_dark": SURFACES_DARK[0],
    }


def is_color(value: str) -> bool:
    return re.fullmatch(r"#[\da-fA-F]{6}", value) is not None


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    """The relative luminance of a colour, 0 to 1 (WCAG 2.2, "relative luminance")."""
    channels = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
