"""The vocabulary that the page's self-test and ``manage.py doctor`` share."""

from enum import StrEnum


class Status(StrEnum):
    """How a check turned out."""

    GOOD = "good"
    WARNING = "warning"
    """Calls work, but not everywhere or not well; or production needs more than this."""
    BAD = "bad"
    SKIPPED = "skipped"
    """It was not checked, or it could not be."""

    @property
    def mark(self) -> str:
        """The sign that a terminal shows in front of it."""
        return {"good": "✓", "warning": "!", "bad": "✗", "skipped": "–"}[self]
