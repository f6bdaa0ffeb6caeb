"""What the page's scripts say, in the language of the request."""

from functools import cache

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JavaScriptCatalog

DOMAIN = "djangojs"


def for_scripts() -> dict[str, str]:
    """Translations by their English; none for English itself."""
    language = get_language()
    return {} if language in (None, settings.LANGUAGE_CODE) else _catalog(language)


@cache
def _catalog(language: str) -> dict[str, str]:
    view = JavaScriptCatalog()
    view.translation = DjangoTranslation(
        language, domain=DOMAIN, localedirs=[str(path) for path in settings.LOCALE_PATHS]
    )
    # Lists are of words with a plural of their own, of which the scripts have none.
    return {key: told for key, told in view.get_catalog().items() if isinstance(told, str)}
