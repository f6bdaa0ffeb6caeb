"""Every text of the page is translated, and the page uses the phone's language."""

import re
from pathlib import Path

import polib
import pytest
from django.test import AsyncClient

from voicedemo import settings

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("plain_static")]

ROOT = Path(__file__).parents[2]
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
IN_TEMPLATES = re.compile(r'{% translate "(.+?)" %}')
IN_SCRIPTS = (
    re.compile(r"\bsay\(\s*'(.+?)'"),
    re.compile(r"^    (?:sentence|nextStep): '(.+)',$", re.MULTILINE),
    re.compile(r"^  [\w'-]+: '(.*[A-Za-z ]{3}.*)',$", re.MULTILINE),
)
SPOKEN_SCRIPTS = (
    "page/sharing",
    "page/stand_visitor",
    "page/state_view",
    "generated/reasons",
    "call/verdict",
    "selftest/main",
    "selftest/page",
    "generated/selftest_sentences",
    "stand/main",
)
FROM_SETTINGS = {"Get in touch"}


def used(domain: str) -> set[str]:
    if domain == "django":
        templates = (ROOT / "templates").rglob("*.html")
        found = (IN_TEMPLATES.findall(path.read_text()) for path in templates)
        return FROM_SETTINGS.union(*found)
    sources = [(ROOT / f"static/js/{name}.js").read_text() for name in SPOKEN_SCRIPTS]
    return {
        word for source in sources for pattern in IN_SCRIPTS for word in pattern.findall(source)
    }


def catalog(language: str, domain: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / f"{domain}.po"


@pytest.mark.parametrize("domain", ["django", "djangojs"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_translated_and_no_other(language: str, domain: str) -> None:
    entries = polib.pofile(str(catalog(language, domain)))
    translated = {entry.msgid for entry in entries if entry.msgstr and not entry.fuzzy}
    assert translated == used(domain)


@pytest.mark.parametrize("domain", ["django", "djangojs"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_survive_translation(language: str, domain: str) -> None:
    for entry in polib.pofile(str(catalog(language, domain))):
        assert re.findall(r"{\w+}", entry.msgid) == re.findall(r"{\w+}", entry.msgstr)


@pytest.mark.parametrize("domain", ["django", "djangojs"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogs_are_up_to_date(language: str, domain: str) -> None:
    """``make words`` compiles them."""
    path = catalog(language, domain)
    written, compiled = polib.pofile(str(path)), polib.mofile(str(path.with_suffix(".mo")))
    assert {e.msgid: e.msgstr for e in compiled} == {e.msgid: e.msgstr for e in written}


@pytest.mark.parametrize(
    ("wanted", "language", "title"),
    [
        ("de-CH,de;q=0.9,en;q=0.8", "de", "Mit dem Bot sprechen"),
        ("fr-CA", "fr", "Parler au bot"),
        ("es-419,es;q=0.9", "es", "Habla con el bot"),
        ("ja", "ja", "ボットと話す"),
        ("pt-BR,pt;q=0.9", "en", "Talk to the bot"),
        ("", "en", "Talk to the bot"),
    ],
)
async def test_the_page_is_in_the_phones_language(
    async_client: AsyncClient, wanted: str, language: str, title: str
) -> None:
    response = await async_client.get("/", headers={"Accept-Language": wanted})
    page = response.content.decode()
    assert f'<html lang="{language}">' in page
    assert f"<h1>{title}</h1>" in page
    assert ("Connecting\\u2026" in page) is (language != "en")
    assert "Accept-Language" in response["Vary"]
