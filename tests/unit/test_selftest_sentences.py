"""The page and Python use the same sentences for the self-test."""

from pathlib import Path

import pytest

from wire.findings import Status
from wire.selftest import SelfTestRow
from wire.selftest_sentences import FOUND, render_selftest_sentences, sentence_for

pytestmark = pytest.mark.unit

GENERATED = Path(__file__).parents[2] / "static/js/generated/selftest_sentences.js"


def test_the_pages_sentences_are_these() -> None:
    assert GENERATED.read_text() == render_selftest_sentences()


def test_a_report_knows_these_statuses() -> None:
    for status in Status:
        row = {"name": "x", "status": status.value, "found": "x"}
        assert SelfTestRow.model_validate(row).status is status


def test_a_way_that_works_badly_has_a_sentence_of_its_own() -> None:
    assert sentence_for("way_works", Status.GOOD, is_elsewhere=False) == FOUND["way_works"]
    assert sentence_for("way_works", Status.WARNING, is_elsewhere=False) == FOUND["way_poor"]
    assert sentence_for("mic_denied", Status.BAD, is_elsewhere=False) is None
