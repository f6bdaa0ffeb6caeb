"""The translations of a page's script, in the language of the request."""

from functools import cache

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JavaScriptCatalog

from . import bundle

DOMAIN = "djangojs"
STATIC = settings.BASE_DIR / "static"


def for_script(entry: str) -> dict[str, str]:
    """Return the translations of the texts in a script and its imports, by their English.

    For English it is empty.

    :param entry: one of :data:`pages.render.bundle.ENTRIES`.
    """
    language = get_language()
    return {} if language in (None, settings.LANGUAGE_CODE) else _said(language, entry)


@cache
def _said(language: str, entry: str) -> dict[str, str]:
    def read(name: str) -> str:
        return (STATIC / name).read_text()

    sources = "".join(map(read, bundle.modules(read, entry)))
    return {key: told for key, told in _catalog(language).items() if f"'{key}'" in sources}


@cache
def _catalog(language: str) -> dict[str, str]:
    view = JavaScriptCatalog()
    view.translation = DjangoTranslation(
        language, domain=DOMAIN, localedirs=[str(path) for path in settings.LOCALE_PATHS]
    )
    # A list holds plural forms. The scripts use none.
    return {key: told for key, told in view.get_catalog().items() if isinstance(told, str)}
