"""What a page's scripts say, in the language of the request."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JavaScriptCatalog

DOMAIN = "djangojs"
SCRIPTS = settings.BASE_DIR / "static" / "js"


def modules(*scripts: Path) -> tuple[str, ...]:
    """The names of a page's modules among the static files."""
    return tuple(sorted(f"js/{path.relative_to(SCRIPTS)}" for path in scripts))


def for_scripts(modules: Iterable[str]) -> dict[str, str]:
    """Translations of what these modules say, by their English; none for English itself."""
    language = get_language()
    return {} if language in (None, settings.LANGUAGE_CODE) else _said(language, tuple(modules))


@cache
def _said(language: str, modules: tuple[str, ...]) -> dict[str, str]:
    sources = "".join((SCRIPTS.parent / name).read_text() for name in modules)
    return {key: told for key, told in _catalog(language).items() if f"'{key}'" in sources}


@cache
def _catalog(language: str) -> dict[str, str]:
    view = JavaScriptCatalog()
    view.translation = DjangoTranslation(
        language, domain=DOMAIN, localedirs=[str(path) for path in settings.LOCALE_PATHS]
    )
    # Lists are of words with a plural of their own, of which the scripts have none.
    return {key: told for key, told in view.get_catalog().items() if isinstance(told, str)}
